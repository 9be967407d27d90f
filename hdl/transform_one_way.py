"""Transforms of one vector, from a polynomial's coefficients to its values or back, where a
transform unit has them: what is otherwise in its passes."""

from amaranth import *

from proofmill.hdl.transform_shape import PLANES
from proofmill.hdl.transform_steps import TABLES, Pass, Steps

FREE = PLANES - 1
"""The plane that has no values of the only vector."""


class OneWay:
    """The order of the passes, and what their slots read and write, of `hdl.transform_passes.
    Passes`, whose registers it sets after `steps` has set them.

    The exponent is of h, of order 4n: a butterfly's ``e = (4 (i mod m) + j) n / (2 m)`` modulo 2n,
    or 2n less e. It is so much more at the end of a block as at its beginning that it is the same
    again: `offset` is where it begins, ``j n / (2 m)``.
    """

    def __init__(self, passes, steps: Steps):
        self.passes, self.steps, self.way = passes, steps, passes.way
        self.offset = Signal.like(steps.exponent, name="offset")
        self.around = passes.size << 1
        self.step = steps.stride << 1

    def next_pass(self, m):
        """After the last slot of a pass."""
        passes, steps, way, offset = self.passes, self.steps, self.way, self.offset
        action, block, size = passes.action, passes.block, passes.size
        m.d.sync += passes.vector.eq(0)
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.sync += [action.eq(Pass.SEED), steps.constant.eq(0)]
            with m.Case(Pass.SEED):
                m.d.sync += steps.constant.eq(passes.power + 2)
            with m.Case(Pass.TABLE):
                m.d.sync += action.eq(Pass.TABLE)
                with m.If(block == size):
                    with m.If(way.inverse):
                        m.d.sync += [action.eq(Pass.INVERSE), block.eq(size >> 1),
                                     steps.stride.eq(2)]
                        self._from(m, way.coset)
                    with m.Else():
                        m.d.sync += [action.eq(Pass.FORWARD), block.eq(1), steps.stride.eq(size)]
                        self._from(m, way.coset << passes.power >> 1)
            with m.Case(Pass.INVERSE):
                m.d.sync += [block.eq(block >> 1), steps.stride.eq(steps.stride << 1)]
                self._from(m, offset << 1)
                with m.If(block == 1):
                    m.d.sync += action.eq(Pass.HAND_OUT)
            with m.Case(Pass.FORWARD):
                m.d.sync += [block.eq(block << 1), steps.stride.eq(steps.stride >> 1)]
                self._from(m, offset >> 1)
                with m.If(block == size >> 1):
                    m.d.sync += action.eq(Pass.HAND_OUT)
            with m.Case(Pass.HAND_OUT):
                m.d.sync += [action.eq(Pass.LOAD), steps.running.eq(0)]

    def _from(self, m, offset):
        """Where the exponents of a stage begin, in the direction of `way`."""
        m.d.sync += [self.offset.eq(offset), self.steps.exponent.eq(
            Mux(self.way.inverse, self.around - offset, offset) & (self.around - 1))]

    def say(self, m, slot, low):
        """What `slot` reads and writes: the table is in one plane, and coefficients, at places
        `low`, are in the order of these with their bits turned round."""
        passes, way = self.passes, self.way
        action = passes.action
        with m.If(sum((action == each for each in TABLES), C(0, 2)) != 0):
            m.d.comb += [slot.left.eq(FREE), slot.target.eq(FREE)]
        with m.If(Mux(way.inverse, action == Pass.HAND_OUT, action == Pass.LOAD)):
            with m.Switch(passes.power):
                for power in range(2, passes.shape.one_way_most + 1):
                    with m.Case(power):
                        m.d.comb += low.eq(passes.count[:power][::-1])

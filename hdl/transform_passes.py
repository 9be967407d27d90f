"""The passes of a transform unit: which slot does what with which words, and when it may."""

from amaranth import *
from amaranth.lib import data, enum, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.transform_shape import PLANES, TransformShape


class Pass(enum.Enum, shape=4):
    """What a slot does; T is the table of powers of the root of unity."""

    LOAD = 0      # a value from outside into a or b
    SEED = 1      # T[0] = R
    TABLE = 2     # T[j + 2^k] = T[j] g^(2^k)
    FIRST = 3     # c = a b / R
    INVERSE = 4   # (u, v) -> ((u + v) / 2, (u - v) g^-e / 2)
    FORWARD = 5   # (u, v) -> (u + v g^e, u - v g^e)
    MIDDLE = 6    # c = c - a b / R
    LAST = 7      # c = -c R
    HAND_OUT = 8  # a value of c to the outside


BUTTERFLIES = (Pass.INVERSE, Pass.FORWARD)
OUTSIDE = (Pass.LOAD, Pass.HAND_OUT)
"""Passes that wait for somebody else, and take no product."""

NONE = PLANES
"""No plane, where one is said."""


def slot_layout(shape: TransformShape) -> data.StructLayout:
    """A slot as it goes along the pipeline.

    `first`, `second`, `third`: rows that are read, in the planes `first_plane`, `second_plane` and
    the others; `left`, `right`, `beside`: planes of the words that go to the left and the right of
    the multiplier and beside it. What is made of a butterfly goes back to its places; of other
    passes, to row `second` of plane `target`, or of all planes. `last`: of its pass.
    """
    row = shape.power + 1
    return data.StructLayout({
        "valid": 1, "last": 1, "action": Pass, "first": row, "second": row, "third": row,
        "first_plane": 2, "second_plane": 2, "left": 2, "right": 2, "beside": 2, "target": 2,
        "constant": range(len(shape.constants))})


def modulo_planes(number):
    """`number`, below 6, modulo 3."""
    return Mux(number >= PLANES, number - PLANES, number)[:2]


class Passes(wiring.Component):
    """Issue the slots of all passes, one after another.

    Value i of vector o (a, b, c: 0, 1, 2) lies in plane ``(o + parity(i)) mod 3``, row
    ``i >> 1`` with i's parity above. Two indices that differ in one bit differ in parity, so the
    two words of a butterfly are never in one plane, at any stage, in any order (L. G. Johnson,
    "Conflict free memory addressing for dedicated FFT hardware", IEEE TCAS-II 39(5), 1992), and
    the third plane, which the vector leaves free, gives the power of the root: all of them are in
    each plane, from row ``2 ** power`` on.

    A pass reads what passes before it have written. The vectors take turns stage by stage, so a
    stage's words are of three passes ago, and a pass of butterflies begins once that one is
    written; any other once all are. No word is looked at for this, and nothing waits within a pass.

    Powers come in order, without a product or a shift: e goes on by ``2 n / (2 m)`` from
    butterfly to butterfly, modulo n, and comes back to where it began at the end of a block of m.

    Members
    -------
    start : begin, in; only while `ready`
    power : of vectors of 2 ** power values, 1 to ``shape.power``, in; to be held
    slot : a slot may be issued, in; of passes from and to the outside `loaded`, `room` say so
    written : a pass is: what is issued from the next cycle on may read it, in
    ready : nothing is left to be issued, out
    computing : a product is under way or waited for, out
    waits_for_words : it is the outside's turn to give values, out
    issued : the slot, a cycle after its issue, out

    Attributes
    ----------
    What a proof may look at, besides the members:

    action, vector, count : the pass, of which vector, and its slot that is next
    size, block : values of a vector; how far apart those of a butterfly are, or how many powers
        the table has
    unfinished : passes that have begun and are not yet written
    """

    def __init__(self, shape: TransformShape):
        self.shape = shape
        super().__init__({
            "start": In(1), "power": In(range(shape.power + 1)), "slot": In(1), "loaded": In(1),
            "room": In(1), "written": In(1), "ready": Out(1), "computing": Out(1),
            "waits_for_words": Out(1), "issued": Out(slot_layout(shape)),
        })
        self.action = Signal(Pass)
        self.vector = Signal(range(PLANES))
        self.count = Signal(shape.power)
        self.size, self.block = (Signal(shape.power + 1, name=name) for name in ("size", "block"))
        self.unfinished = Signal(range(PLANES + 1))

    def elaborate(self, platform):
        m = Module()
        bits = self.shape.power
        running = Signal()
        action, vector, count, unfinished = self.action, self.vector, self.count, self.unfinished
        size, block, stride = self.size, self.block, Signal(bits + 1)
        exponent = Signal(bits)
        constant = Signal.like(self.issued.constant)

        butterfly = Signal()
        outside = Signal()
        slots = Signal(bits + 1)
        may = Signal()
        issue = Signal()
        last = Signal()
        m.d.comb += [
            butterfly.eq((action == Pass.INVERSE) | (action == Pass.FORWARD)),
            outside.eq((action == Pass.LOAD) | (action == Pass.HAND_OUT)),
            slots.eq(size), last.eq(count == (slots - 1)[:bits]),
            may.eq((count != 0) | (unfinished == 0) | (butterfly & (unfinished != PLANES))),
            issue.eq(running & may & self.slot),
            self.ready.eq(~running),
            self.computing.eq((unfinished != 0) | (running & ~outside & (
                issue | (action != Pass.SEED)))),
            self.waits_for_words.eq(running & (action == Pass.LOAD)),
        ]
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.comb += issue.eq(running & self.loaded)
            with m.Case(Pass.HAND_OUT):
                m.d.comb += issue.eq(running & may & self.room)
            with m.Case(Pass.SEED):
                m.d.comb += slots.eq(1)
            with m.Case(Pass.TABLE):
                m.d.comb += slots.eq(block)
            with m.Case(*BUTTERFLIES):
                m.d.comb += slots.eq(size >> 1)

        begun = issue & ~outside & (count == 0)
        m.d.sync += unfinished.eq(unfinished + begun - self.written)
        with m.If(self.start):
            m.d.sync += [running.eq(1), action.eq(Pass.LOAD), vector.eq(0), count.eq(0),
                         size.eq(1 << self.power)]
        with m.If(issue):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
            with m.If(action == Pass.INVERSE):
                m.d.sync += exponent.eq((exponent - stride) & (size - 1))
            with m.Else():
                m.d.sync += exponent.eq((exponent + stride) & (size - 1))
            with m.If(last):
                self._next_pass(m, running, action, vector, size, block, stride, exponent, constant)
        self._say(m, issue, last, action, count, block, exponent, vector, constant)
        return m

    def _next_pass(self, m, running, action, vector, size, block, stride, exponent, constant):
        half = size >> 1
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.sync += vector.eq(1)
                with m.If(vector == 1):
                    m.d.sync += [action.eq(Pass.SEED), vector.eq(0), constant.eq(0)]
            with m.Case(Pass.SEED):
                m.d.sync += [action.eq(Pass.TABLE), block.eq(1), constant.eq(self.power + 1)]
            with m.Case(Pass.TABLE):
                m.d.sync += [block.eq(block << 1), constant.eq(constant - 1)]
                with m.If(block == half):
                    m.d.sync += action.eq(Pass.FIRST)
            with m.Case(Pass.FIRST):
                m.d.sync += [action.eq(Pass.INVERSE), block.eq(half), stride.eq(2), exponent.eq(0)]
            with m.Case(Pass.INVERSE):  # the exponent is 0 again
                m.d.sync += vector.eq(vector + 1)
                with m.If(vector == PLANES - 1):
                    m.d.sync += [vector.eq(0), block.eq(block >> 1), stride.eq(stride << 1)]
                    with m.If(block[0]):
                        m.d.sync += [action.eq(Pass.FORWARD), block.eq(1), stride.eq(size),
                                     exponent.eq(half)]
            with m.Case(Pass.FORWARD):  # the exponent is half a stride again
                m.d.sync += vector.eq(vector + 1)
                with m.If(vector == PLANES - 1):
                    m.d.sync += [vector.eq(0), block.eq(block << 1), stride.eq(stride >> 1),
                                 exponent.eq(stride >> 2)]
                    with m.If(block == half):
                        m.d.sync += action.eq(Pass.MIDDLE)
            with m.Case(Pass.MIDDLE):
                m.d.sync += [action.eq(Pass.LAST), constant.eq(1)]
            with m.Case(Pass.LAST):
                m.d.sync += action.eq(Pass.HAND_OUT)
            with m.Case(Pass.HAND_OUT):
                m.d.sync += running.eq(0)

    def _say(self, m, issue, last, action, count, block, exponent, vector, constant):
        """What the slot reads and writes, and where."""
        bits, slot = self.shape.power, Signal(slot_layout(self.shape))
        mask = Signal(bits)
        low, high = Signal(bits), Signal(bits)
        odd = Signal()
        butterfly = Signal()

        def value_row(index):
            return Cat(index[1:], index.xor())

        def table_row(index):
            return Cat(index, 1)

        m.d.comb += [
            mask.eq(block - 1), low.eq(count), high.eq(low | block),
            odd.eq(low.xor()),
            slot.valid.eq(issue), slot.last.eq(last), slot.action.eq(action),
            slot.constant.eq(constant),
            slot.first.eq(value_row(low)), slot.second.eq(value_row(low)),
            slot.third.eq(value_row(low)),
            slot.first_plane.eq(NONE), slot.second_plane.eq(NONE),
            slot.left.eq(odd), slot.right.eq(odd + 1), slot.beside.eq(modulo_planes(2 + odd)),
            slot.target.eq(slot.beside),
        ]
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.comb += slot.target.eq(vector + odd)
            with m.Case(Pass.SEED, Pass.TABLE):
                m.d.comb += [slot.third.eq(table_row(count)), slot.left.eq(0),
                             slot.second.eq(table_row((count | block)[:bits])),
                             slot.target.eq(NONE)]
                with m.If(action == Pass.SEED):
                    m.d.comb += slot.second.eq(table_row(Const(0, bits)))
            with m.Case(*BUTTERFLIES):
                m.d.comb += [
                    butterfly.eq(1),
                    low.eq((count & ~mask) << 1 | (count & mask)),
                    slot.second.eq(value_row(high)), slot.third.eq(table_row(exponent)),
                    slot.first_plane.eq(modulo_planes(vector + odd)),
                    slot.second_plane.eq(modulo_planes(vector + ~odd)),
                    slot.beside.eq(modulo_planes(vector + 2)), slot.target.eq(slot.second_plane),
                    slot.left.eq(slot.second_plane), slot.right.eq(slot.first_plane),
                ]
                # g^-e is -g^(n - e): for e > 0 the difference is the other way round.
                with m.If((action == Pass.INVERSE) & (exponent == 0)):
                    m.d.comb += [slot.left.eq(slot.first_plane), slot.right.eq(slot.second_plane)]
            with m.Case(Pass.LAST, Pass.HAND_OUT):
                m.d.comb += slot.left.eq(slot.beside)
        m.d.sync += self.issued.eq(slot)

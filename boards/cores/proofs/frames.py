"""Frames keep step with multipliers that take operands every few cycles, whatever the groups do:
proven."""

from amaranth import *
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import frames as frames_module

DEPTH = 4
"""Of the induction: so long a frame's end is on its way."""


class InStep(wiring.Component):
    """Cycles of a frame are told by a count that knows of no group, which may change at any time.

    Parameters
    ----------
    shape : of an adder, `hdl.point_adder.AdderShape`; none is made of it.
    module : where `Frames` is from.
    """

    def __init__(self, shape, module=frames_module):
        self.shape, self.module = shape, module
        super().__init__({"group": In(range(max(2, len(shape.groups))))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.module.Frames(self.shape)
        every = self.shape.multiplier.interval
        phase = Signal(range(every))
        m.d.sync += phase.eq(Mux(phase == every - 1, 0, phase + 1))
        m.d.comb += [
            dut.group.eq(self.group), Assert(dut.cycle < max(self.shape.interval.values())),
            Assert(dut.cycle % every == phase),
            Assert(dut.next.cycle == Mux(dut.last, 0, dut.cycle + 1)),
            Assert(~dut.last | (phase == every - 1))]
        return m

"""An inverter's result comes in time and stays until it is taken: proven."""

from amaranth import *
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import inverter as inverter_module

DEPTH = 2
"""Of the induction."""


class Held(wiring.Component):
    """An inverter between streams that do as they like.

    Parameters
    ----------
    shape : of the inverter, `hdl.inverter.InverterShape`.
    module : where `Inverter` is from.
    """

    def __init__(self, shape, module=inverter_module):
        self.shape, self.module = shape, module
        super().__init__({"valid": In(1), "ready": In(1), "operand": In(shape.operand_bits)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.module.Inverter(self.shape)
        m.d.comb += [dut.operands.valid.eq(self.valid), dut.operands.payload.eq(self.operand),
                     dut.results.ready.eq(self.ready)]
        taken, given = self.valid & dut.operands.ready, dut.results.valid & self.ready
        inside, age, before = Signal(), Signal(range(self.shape.latency + 1)), Signal(2)
        held = Signal.like(dut.results.payload.as_value())
        m.d.sync += [before.eq(Mux(dut.results.valid & ~self.ready, 1, 0)),
                     held.eq(dut.results.payload.as_value())]
        with m.If(taken):
            m.d.sync += [inside.eq(1), age.eq(1)]
        with m.Elif(given):
            m.d.sync += inside.eq(0)
        with m.Elif(inside & (age < self.shape.latency)):
            m.d.sync += age.eq(age + 1)
        m.d.comb += [
            Assert(dut.operands.ready == ~inside),
            Assert(dut.results.valid == (inside & (age == self.shape.latency))),
            Assert((before == 0) | (dut.results.valid & (
                dut.results.payload.as_value() == held))),
            Assert(dut.left == Mux(inside & (age <= self.shape.steps),
                                   self.shape.steps + 1 - age, 0)),
            Assert(dut.finishing == (inside & (age == self.shape.steps + 1))),
            Assert(~inside | (age != 0))]
        return m

"""Frames keep step with multipliers that take operands every few cycles: proven, whatever the
groups do."""

from dataclasses import replace

import pytest
from amaranth import Module, Mux, Signal
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import frames
from proofmill.hdl.curve import Group
from proofmill.hdl.field import TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import TOY_SHAPE
from tests.hdl.proofs import broken, prove

EVERY = 3
# No adder is made of it: frames of few cycles keep the proof short.
SHAPE = replace(
    TOY_SHAPE.adder, multipliers=1, adders=2, intervals=((Group.G1, 6), (Group.G2, 18)),
    multiplier=FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=EVERY))

ANYWHERE = ("range(interval, longest + 1, every)", "range(interval, longest + 1)")
"""A short group ends a long frame in whichever cycle it is."""


class InStep(wiring.Component):
    """Cycles of a frame are told by a count that knows of no group; `group` is any at any time."""

    def __init__(self, module):
        self.module = module
        super().__init__({"group": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.module.Frames(SHAPE)
        phase = Signal(range(EVERY))
        m.d.sync += phase.eq((phase + 1) % EVERY)
        m.d.comb += [
            dut.group.eq(self.group), Assert(dut.cycle < 18), Assert(dut.cycle % EVERY == phase),
            Assert(dut.next.cycle == Mux(dut.last, 0, dut.cycle + 1)),
            Assert(~dut.last | (phase == EVERY - 1))]
        return m


@pytest.mark.parametrize("edits, result", [((), "PASS"), (ANYWHERE, "FAIL")],
                         ids=["as it is", "ends anywhere"])
def test_a_frame_is_a_multiple_of_the_multipliers_interval(tmp_path, edits, result):
    assert prove(InStep(broken(frames, *edits)), tmp_path, mode="prove", depth=12) == result

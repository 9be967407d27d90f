"""The control of a batch-affine adder, proven: whatever comes when, batches pass its pointers one
by one, none is collected where another still is, and every sum has a place."""

import pytest
from amaranth import Module, Signal
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import batch_control
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.presets import TOY_SHAPE
from tests.hdl.proofs import broken, prove

SHAPE = BatchShape(multiplier=TOY_SHAPE.adder.multiplier, pairs=4, least=2, buffers=2, queue=2,
                   tag_bits=1)

NO_ROOM = ("!= shape.buffers)\n        m.d.comb", ">= 0)\n        m.d.comb")
"""A batch is collected where another still is."""

NO_PLACE = ("ready & (places != 0)", "ready")
"""A pair begins its way back without a place for its sum."""

TWO_ROOTS = ("\n                         & (self.combined == self.inverted)", "")
"""A root is made before the inverter has taken the last one."""


class Order(wiring.Component):
    """The control with pairs at any time, an inverter that takes any time for one root after
    another, and sums that are taken at any time."""

    def __init__(self, module):
        self.module = module
        super().__init__({name: In(1) for name in (
            "known", "empty", "drain", "accepted", "inverse", "given")} | {"kind": In(2)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.module.Control(SHAPE)
        m.d.comb += [getattr(dut, name).eq(getattr(self, name))
                     for name in self.signature.members if name != "kind"]
        m.d.comb += dut.kind.as_value().eq(self.kind)
        pointers = [getattr(dut, name) for name in (
            "collected", "combined", "inverted", "found", "spread", "begun", "finished")]
        bits = len(dut.collected)
        between = [(one - other)[:bits] for one, other in zip(
            pointers[:-1], pointers[1:], strict=True)]
        collecting, combining, inverting, finding, beginning, finishing = between
        on_the_way = sum(between[1:], between[0])
        sums = sum((at.valid for at in dut.at), Signal(8))
        ends = sum((at.valid & at.last for at in dut.at), Signal(8))
        # The last of them is read in slot 4; then it is no more on its way, but still there.
        gone, waiting = Signal(), Signal(range(SHAPE.results + 1))
        with m.If(dut.tick & (dut.slot == 0)):
            m.d.sync += gone.eq(0)
        with m.If(dut.tick & (dut.slot == 4)):
            m.d.sync += gone.eq(1)
        past = gone & dut.at[-1].valid
        m.d.sync += waiting.eq(waiting + dut.sums_y - self.given)
        tree = [dut.steps["up"] != 0, dut.steps["down"] != 0]
        m.d.comb += [
            # The inverter takes a root that there is, and has an inverse of one that it took.
            Assume(~self.accepted | (combining != 0)), Assume(~self.inverse | (inverting != 0)),
            Assume(~dut.inverse_used | self.inverse), Assume(~self.given | (waiting != 0)),
            # What is claimed.
            Assert(on_the_way <= SHAPE.buffers), Assert(combining <= 1),
            Assert((dut.size == 0) | (on_the_way < SHAPE.buffers)),
            Assert(dut.size <= SHAPE.pairs),
            Assert(dut.places + sums - past + waiting == SHAPE.results),
            # What holds it together, for the induction.
            Assert(finding + dut.inverse_used == (dut.steps["down"] >= 2)),
            Assert(~dut.inverse_used | (inverting != 0)),
            Assert(~tree[0] | (collecting != 0) & (combining == 0)),
            Assert(dut.steps["up"] < len(SHAPE.up)), Assert(dut.steps["down"] < len(SHAPE.down)),
            Assert(~dut.active | (beginning != 0)),
            Assert(finishing == ends - (past & dut.at[-1].last)),
            Assert((dut.slot == 0) | (gone == (dut.slot > 4))), Assert(dut.slot <= 6),
            Assert((dut.slot != 0) | gone | ~dut.at[-1].valid)]
        return m


@pytest.mark.parametrize("edits, proven", [
    pytest.param((), True, id="as it is"), pytest.param(NO_ROOM, False, id="no room"),
    pytest.param(NO_PLACE, False, id="no place", marks=pytest.mark.slow),
    pytest.param(TWO_ROOTS, False, id="two roots", marks=pytest.mark.slow)])
def test_batches_pass_one_by_one_and_sums_have_places(tmp_path, edits, proven):
    """By induction, for any number of cycles."""
    found = prove(Order(broken(batch_control, *edits)), tmp_path, mode="prove", depth=1)
    assert (found == "PASS") == proven

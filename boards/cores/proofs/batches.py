"""The control of a batch-affine adder, proven: whatever comes when, batches pass its pointers one
by one, none is collected where another still is, and every sum has a place."""

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import batch_control, quadratic_control

DEPTH = 1
"""Of the induction."""

LEAST_CHAINS = 3


CONTROLS = {1: (batch_control, "Control"), 2: (quadratic_control, "QuadraticControl")}
"""Where the control is from, by the degree of the field."""


class Order(wiring.Component):
    """The control with pairs at any time, an inverter that takes any time for one root after
    another, and sums that are taken at any time.

    Parameters
    ----------
    shape : of the adder, `hdl.batch_shape.BatchShape`, with `LEAST_CHAINS`: of two, the next
        inverse may be wanted before the last one is counted.
    module : where its control is from, of `CONTROLS`.
    """

    def __init__(self, shape, module=None):
        self.shape, (own, self.name) = shape, CONTROLS[shape.degree]
        self.module = own if module is None else module
        super().__init__({name: In(1) for name in (
            "known", "empty", "drain", "accepted", "inverse", "given",
            *(("soon",) if shape.early else ()))} | {"kind": In(2)})

    def elaborate(self, platform):
        m, shape = Module(), self.shape
        m.submodules.dut = dut = getattr(self.module, self.name)(shape)
        m.d.comb += [getattr(dut, name).eq(getattr(self, name))
                     for name in self.signature.members if name != "kind"]
        m.d.comb += dut.kind.as_value().eq(self.kind)
        pointers = [getattr(dut, name) for name in (
            "collected", "combined", "inverted", "found", "spread", "begun", "finished")]
        bits = len(dut.collected)
        between = [(one - other)[:bits] for one, other in zip(
            pointers[:-1], pointers[1:], strict=True)]
        collecting, combining, inverting, finding, beginning, finishing = between
        # Batches that are closed, of which some product in a chain is still to come.
        late = getattr(dut, "closing", [])
        gathered = (dut.gathered - dut.combined)[:bits]
        on_the_way = sum(between[1:], between[0])
        sums = sum((at.valid for at in dut.at), C(0, 1))
        ends = sum((at.valid & at.last for at in dut.at), C(0, 1))
        # The last of them is read in a late slot; then it is no more on its way, but still there.
        gone, waiting = Signal(), Signal(range(shape.results + 1))
        with m.If(dut.tick & (dut.slot == 0)):
            m.d.sync += gone.eq(0)
        with m.If(dut.tick & (dut.slot == shape.last_slot)):
            m.d.sync += gone.eq(1)
        past = gone & dut.at[-1].valid
        m.d.sync += waiting.eq(waiting + dut.sums_y - self.given)
        tree = [dut.steps["up"] != 0, dut.steps["down"] != 0]
        m.d.comb += [
            # The inverter takes a root that there is, and has an inverse of one that it took.
            Assume(~self.accepted | (combining != 0)), Assume(~self.inverse | (inverting != 0)),
            Assume(~dut.inverse_used | self.inverse), Assume(~self.given | (waiting != 0)),
            # What is claimed.
            Assert(on_the_way <= shape.buffers), Assert(combining <= 1),
            Assert((dut.size == 0) | (on_the_way < shape.buffers)),
            Assert(dut.size <= shape.pairs),
            Assert(dut.places + sums - past + waiting == shape.results),
            # What holds it together, for the induction.
            Assert(finding + dut.inverse_used == (dut.steps["down"] >= 2)),
            Assert(~dut.inverse_used | (inverting != 0)),
            Assert(~tree[0] | (gathered != 0) & (combining == 0)),
            Assert(gathered + sum(late, C(0, 1)) == collecting),
            Assert((dut.slot != 1) | ~Cat(late)[:1].any()),
            Assert(dut.steps["up"] < len(shape.up)), Assert(dut.steps["down"] < len(shape.down)),
            Assert(~dut.active | (beginning != 0)),
            Assert(finishing == ends - (past & dut.at[-1].last)),
            Assert((dut.slot == 0) | (gone == (dut.slot > shape.last_slot))),
            Assert(dut.slot <= shape.slots),
            Assert((dut.slot != 0) | gone | ~dut.at[-1].valid)]
        return m

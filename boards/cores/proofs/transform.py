"""The order of a transform's passes, proven: no pass reads what is not written, no plane is asked
for two words at once, whenever slots may be issued and however late results are written."""

from dataclasses import replace

from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import transform_passes as passes_module
from proofmill.hdl.transform_one_way import FREE
from proofmill.hdl.transform_passes import OUTSIDE, WAY
from proofmill.hdl.transform_steps import BUTTERFLIES, TABLES, Part, Pass

POWER = 2
"""Transforms of two and of four values are looked at, and in tiles of four those of eight and of
sixteen; they have every kind of pass."""

DEPTH = 4
"""Of the induction."""


class Order(wiring.Component):
    """Passes, with slots, words and room at any time; a pass is written at any time after its last
    slot, in order. All of it is counted here once more, by what is issued. `tiles` False leaves out
    those; where the shape says so, transforms are also of one vector, one way."""

    def __init__(self, shape, module=passes_module, *, tiles=True):
        self.shape = replace(shape, power=POWER, reach=2 * POWER if tiles else None)
        self.module = module
        super().__init__({name: In(1) for name in ("start", "slot", "loaded", "room", "written")}
                         | {"power": In(3)} | ({"way": In(WAY)} if shape.one_way else {}))

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.module.Passes(self.shape)
        for name in self.signature.members:
            m.d.comb += getattr(dut, name).eq(getattr(self, name))
        slot, power = dut.issued, Signal(3)
        begun = Signal()            # in the middle of a pass, by what has been issued
        before = Signal(range(8))   # passes begun and not written, before this slot
        ended = Signal(range(8))    # ... whose last slot has been issued
        written, known = Signal(), Signal()
        computes, first, late = Signal(), Signal(), Signal()
        m.d.sync += [
            written.eq(self.written), power.eq(self.power), known.eq(1),
            begun.eq(Mux(slot.valid, ~slot.last, begun)),
            before.eq(before + (first & computes) - written),
            ended.eq(ended + (slot.valid & slot.last & computes) - self.written),
        ]

        def one_of(action, *passes):
            return sum((action == each for each in passes), Signal(3)) != 0

        def outside(action):
            return one_of(action, *OUTSIDE)

        butterfly = one_of(slot.action, *BUTTERFLIES)
        made, table = Signal(), Signal()  # the slot before this one, and this one, make a table
        m.d.sync += made.eq(table)
        m.d.comb += table.eq(Mux(slot.valid, one_of(slot.action, *TABLES), made))
        m.d.comb += [
            computes.eq(~outside(slot.action)), first.eq(slot.valid & ~begun),
            Assume((self.power >= 1) & (self.power <= self.shape.most)),
            Assume(~known | (self.power == power)),
            Assume(~self.written | (ended != 0)), Assume(~self.start | dut.ready),
            late.eq((dut.count != 0) & ~outside(dut.action)),
        ]
        # What holds them together, for the induction.
        one = self._one_way(m, dut, known)
        slots, laid_out = Signal(4), Signal()
        at = {each: dut.action == each for each in Pass}
        halves = at[Pass.INVERSE] | at[Pass.FORWARD]
        columns = (dut.part == Part.UPPER) | (dut.part == Part.LAST)
        tiled, half = self.power > POWER, Signal(3)
        m.d.comb += [
            half.eq(dut.size >> 1),
            laid_out.eq(~dut.ready & (at[Pass.TABLE] | at[Pass.TWIST] | halves)),
            slots.eq(Mux(at[Pass.SEED] | at[Pass.ROOT], 1, Mux(
                at[Pass.TABLE] | at[Pass.TWIST], dut.block, Mux(halves, half, dut.size)))),
        ]
        # In tiles: which tables there are, and how far apart a butterfly's values may be.
        m.d.comb += [
            Assert(dut.ready | ((dut.part == Part.WHOLE) == ~tiled)),
            Assert(dut.ready | ~tiled | (dut.run == 1 << (2 * POWER - self.power)[:POWER])),
            Assert(~(at[Pass.LOAD] & ((dut.part == Part.WHOLE) | (dut.part == Part.UPPER)))
                   | (dut.vector < 2)),
            Assert(dut.ready | ~(at[Pass.ROOT] | at[Pass.TABLE]) | ~columns | (
                ((dut.base == 1) | (dut.base == 2)) & (dut.base >= dut.run))),
            Assert(dut.ready | ~(at[Pass.TABLE] & columns) | (dut.block < dut.base)),
            Assert(dut.ready | ~((halves | at[Pass.TWIST]) & columns) | (dut.block >= dut.run)),
            Assert(dut.table == table),
            Assert(dut.ready | columns | ~(at[Pass.ROOT] | at[Pass.TWIST])),
        ]
        m.d.comb += [
            Assert(dut.action.as_value() <= len(Pass) - 1), Assert(dut.vector < 3),
            Assert(~dut.ready | (outside(dut.action) & (dut.count == 0))),
            Assert(Mux(slot.valid, ~slot.last, begun) == (dut.count != 0)),
            Assert(dut.ready | (
                dut.size == Mux(tiled, 1 << POWER, 1 << self.power))),
            Assert(dut.ready | (dut.count < slots)),
            Assert(~laid_out | (dut.block == 1) | (dut.block == 2) & (self.power != 1)
                   | one & at[Pass.TABLE] & ((dut.block == 2) | (dut.block == 4))
                   & (dut.block <= dut.size)),
            Assert(dut.unfinished == before + (first & computes) - written),
            Assert(dut.unfinished == ended + (slot.valid & slot.last & computes) + late),
        ]
        # What is claimed.
        with m.If(first):
            with m.If((butterfly | (slot.action == Pass.TWIST)) & ~made & ~one):
                m.d.comb += Assert(before <= 2)
            with m.Elif(computes | (slot.action == Pass.HAND_OUT)):
                m.d.comb += Assert(before == 0)
        with m.If(slot.valid & butterfly):
            m.d.comb += [
                Assert(slot.first_plane != slot.second_plane),
                Assert(slot.first_plane != slot.beside), Assert(slot.second_plane != slot.beside),
                Assert(slot.first_plane < 3), Assert(slot.second_plane < 3),
                Assert(slot.beside < 3)]
        m.d.comb += Cover(first & (slot.action == Pass.FORWARD))
        return m

    def _one_way(self, m, dut, known):
        """Whether one vector is transformed, and what holds of it."""
        if not self.shape.one_way:
            return C(0)
        way, action, slot = Signal(WAY), dut.action, dut.issued
        passes = Pass.LOAD, Pass.SEED, Pass.TABLE, Pass.INVERSE, Pass.FORWARD, Pass.HAND_OUT
        m.d.sync += way.eq(self.way)
        m.d.comb += [
            Assume(~known | (self.way.as_value() == way.as_value())),
            Assume(~self.way.one | (self.power <= self.shape.one_way_most)),
            Assert(~self.way.one | dut.ready | (dut.vector == 0)),
            Assert(~self.way.one | dut.ready | (sum((action == each for each in passes), C(0, 3))
                                                != 0)),
        ]
        # The table's plane has no value of the vector, and nothing else is written there.
        made = sum((slot.action == each for each in TABLES), C(0, 2)) != 0
        halves = sum((slot.action == each for each in BUTTERFLIES), C(0, 2)) != 0
        with m.If(self.way.one & slot.valid & known):
            with m.If(made):
                m.d.comb += Assert((slot.target == FREE) & (slot.left == FREE))
            with m.If(halves):
                m.d.comb += Assert((slot.first_plane != FREE) & (slot.second_plane != FREE))
            with m.If(slot.action == Pass.LOAD):
                m.d.comb += Assert(slot.target != FREE)
        return self.way.one

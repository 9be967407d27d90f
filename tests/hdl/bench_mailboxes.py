"""Runs inside the Verilog simulator; test_verilog.py starts it.

A mailbox unit alone: the loader, the adder and whoever takes the buckets are played here, and the
loader and the taker pause.
"""

import os
from random import Random

import cocotb
from amaranth.lib.wiring import Flow
from cocotb.triggers import RisingEdge

from proofmill.boards.cores.proofs.recoder import told_of
from proofmill.hdl.curve import Group
from proofmill.hdl.mailbox_unit import MailboxUnit
from proofmill.hdl.operands import READ
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.hdl.slicer import SLICE
from proofmill.hdl.windows import halves
from proofmill.sim.curve import complete_sum, loaded, to_affine
from proofmill.sim.recoding import slices_of
from tests.cocotb_streams import start
from tests.hdl.points import toy_points
from tests.hdl.words import Expected, patterns, plan_for

PAUSE = float(os.environ["PAUSE"])
GROUP = Group(os.environ["GROUP"])
ADDER = TOY_SHAPE.adder
CURVE, BEATS, FRAME = ADDER.curve, 3 * GROUP.degree, ADDER.frame[GROUP]
FRAMES = ADDER.schedules[GROUP].frames
UNIT = MailboxUnit(TOY_SHAPE, 0)
INPUTS = ["__".join(map(str, path)) for path, member, _ in UNIT.signature.flatten(UNIT)
          if member.flow is Flow.In]
FIRST_TOTAL = 2
"""The cycle of a frame in which a sum's first coordinate is there."""


class Surroundings:
    """Frames and the adder, cycle by cycle, beside whatever else the bench does."""

    def __init__(self, dut):
        self.dut, self.cycle, self.totals, self.pair = dut, 0, {}, {}
        self.additions = 0

    def add(self, started):
        """The sum of the pair brought in, in the frame that many after `started`."""
        p, q = ([tuple(self.pair[n * GROUP.degree + k][side] for k in range(GROUP.degree))
                 for n in range(3)] for side in range(2))
        total = complete_sum(CURVE, GROUP, tuple(p), tuple(q))
        first = (started + FRAMES) * FRAME + FIRST_TOTAL
        assert first > self.cycle
        for n, part in enumerate(part for coordinate in total for part in coordinate):
            assert first + n not in self.totals, "two sums at once"
            self.totals[first + n] = part
        self.additions += 1

    async def tick(self):
        """One cycle."""
        dut = self.dut
        dut.frame_last.value = self.cycle % FRAME == FRAME - 1
        dut.totals__0.value = self.totals.pop(self.cycle, 0)
        await RisingEdge(dut.clk)
        if dut.pair__load.value == 1:
            position = dut.pair__position.value.to_unsigned()
            assert position == len(self.pair), "coordinates out of order"
            self.pair[position] = (dut.pair__p.value.to_unsigned(),
                                   dut.pair__q.value.to_unsigned())
            if position == BEATS - 1:
                self.add(dut.pair__start.value.to_unsigned())
                self.pair = {}
        self.cycle += 1

    async def pause(self, rng):
        while rng.random() < PAUSE:
            await self.tick()

    async def until_at_rest(self):
        for _ in range(20_000):
            await self.tick()
            if self.dut.at_rest.value:
                return
        raise TimeoutError("the unit does not come to rest")


async def fill(dut, world, plan, scalars, points, rng):
    """What the loader does, for points and scalars that are not zero."""
    modulus = CURVE.base.modulus
    for scalar, point in zip(scalars, points, strict=True):
        if scalar == 0 or point is None:
            continue
        while not dut.room.value:
            await world.tick()
        rows = [*loaded(CURVE, GROUP, point), *CURVE.unit[GROUP]]
        for row, coordinate in enumerate(rows):
            await world.pause(rng)
            dut.load__write.value, dut.load__row.value = 1, row
            dut.load__coordinate.value = coordinate
            dut.load__negative.value = modulus - coordinate
            await world.tick()
            dut.load__write.value = 0
        (given,) = slices_of(scalar, plan)
        dut.load__slice.value = SLICE.const(given).as_bits()
        dut.load__commit.value = 1
        await world.tick()
        dut.load__commit.value = 0
        await world.tick()


async def hand_out(dut, world, begin, rng):
    """The groups of the last level, as they come: {number: point}."""
    found = {}
    for _ in range(20_000):
        await world.tick()
        if dut.entry__valid.value:
            group = dut.entry__mailbox.value.to_unsigned() - begin >> 1
            parts = []
            for row in range(BEATS):
                await world.pause(rng)
                dut.entry__row.value = row
                for _ in range(READ + 1):  # the last one sees it
                    await world.tick()
                parts.append(dut.entry__coordinate.value.to_unsigned())
            dut.entry__left.value = 1
            await world.tick()
            dut.entry__left.value = 0
            assert group not in found, "a group came twice"
            found[group] = to_affine(
                tuple(tuple(parts[GROUP.degree * k:GROUP.degree * (k + 1)]) for k in range(3)),
                CURVE.base.modulus)
        elif dut.at_rest.value:
            return found
    raise TimeoutError("the unit does not come to rest")


@cocotb.test(timeout_time=500, timeout_unit="us")
async def groups_match_the_definition(dut):
    rng = Random(cocotb.RANDOM_SEED)
    await start(dut, *(dut[name] for name in INPUTS))
    world = Surroundings(dut)
    dut.group.value = ADDER.groups.index(GROUP)
    dut.orders__clearing.value = 1
    for place in range(1 << TOY_SHAPE.mailbox_bits):
        dut.orders__clear_place.value = place
        await world.tick()
    dut.orders__clearing.value = 0
    plan = plan_for(TOY_SHAPE, 3 if GROUP is Group.G1 else 2)
    for scalars in list(patterns(CURVE.scalar.modulus, 9, 5).values())[:3]:
        points = [None, *rng.choices(toy_points(GROUP), k=8)]
        for name, value in told_of(plan).items():
            dut[name.replace(".", "__")].value = value
        dut.level__first.value, dut.level__begin.value = 1, 0
        while world.cycle % FRAME:
            await world.tick()
        dut.orders__enable.value = 1
        await fill(dut, world, plan, scalars, points, rng)
        await world.until_at_rest()

        begin, region = 0, plan.second_region
        widths = [plan.window, *halves(plan.window)]
        for level, width in enumerate(widths):
            begin = region if level % 2 else 0
            dut.level__window.value, dut.level__window_ones.value = width, (1 << width) - 1
            half = (width + 1) // 2
            dut.level__half.value, dut.level__half_ones.value = half, (1 << half) - 1
            dut.level__first.value = level == 0
            dut.level__begin.value, dut.level__end.value = begin, begin + plan.sizes[level]
            dut.level__destination.value = 0 if level % 2 else region
            dut.orders__restart.value, dut.orders__down.value = 1, width == 1
            await world.tick()
            dut.orders__restart.value, dut.orders__down.value = 0, 0
            if width > 1:
                dut.orders__again.value = 1
                await world.until_at_rest()
                dut.orders__again.value = 0
        dut.orders__hand_out.value = 1
        found = await hand_out(dut, world, begin, rng)
        dut.orders__hand_out.value, dut.orders__enable.value = 0, 0
        await world.tick()
        run = Expected(TOY_SHAPE, GROUP, plan, scalars, points)
        assert {plan.exponent(group): point for group, point in found.items()} == run.sums
    assert world.additions

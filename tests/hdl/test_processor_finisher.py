# amaranth: UnusedElaboratable=no
"""From the groups of the last level to one affine point, as it lies in a file."""

from dataclasses import replace
from random import Random

import pytest
from amaranth import *
from amaranth.lib import wiring

from proofmill.firmware.library import TARGETS, program, with_inverter
from proofmill.hdl.curve import FILE_RADIX, FILE_WORDS, Group
from proofmill.hdl.inverter import Inverter
from proofmill.hdl.processor_finisher import Finisher, GroupExponent
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.hdl.windows import MAX_WINDOW, WindowPlan, halves
from proofmill.sim.curve import equation, from_scaled_twist, to_homogeneous
from proofmill.sim.msm import group_of_bit, last_level, multi_scalar_product
from tests.hdl.points import bn254_generator, toy_points
from tests.simulation import simulate
from tests.streams import receive, send

GROUPS = list(Group)


def shared(target):
    """A multiplier behind one register, as in the point adder."""
    return replace(target.shape, latency=target.shape.latency + 1)


class WithMultiplier(wiring.Component):
    """A finisher, and the multiplier it shares, which has other operands while it is not used; and
    the inverter, if `target` has one."""

    def __init__(self, target, *, datapath=True):
        self.shape: ProcessorShape = shared(target)
        self.finisher = Finisher(
            self.shape, program("finish", replace(target, shape=self.shape)), GROUPS,
            self.shape.multiplier.operand_bits, datapath=datapath)
        outside = {"a", "b", "multiplying", "product", "accept", "inverter"}
        super().__init__({name: member for name, member in
                          self.finisher.signature.members.items() if name not in outside})

    def elaborate(self, platform):
        m = Module()
        m.submodules.finisher = finisher = self.finisher
        m.submodules.multiplier = multiplier = self.shape.multiplier.build()
        if self.shape.inverter is not None:
            m.submodules.inverter = inverter = Inverter(
                self.shape.inverter, datapath=finisher.processor.datapath)
            wiring.connect(m, finisher.inverter.operands, inverter.operands)
            wiring.connect(m, finisher.inverter.results, inverter.results)
        noise = Signal(16)
        m.d.sync += [
            noise.eq(noise * 5 + 1),
            multiplier.a.eq(Mux(finisher.multiplying, finisher.a, noise)),
            multiplier.b.eq(Mux(finisher.multiplying, finisher.b, noise)),
        ]
        m.d.comb += [
            finisher.product.eq(multiplier.product), finisher.accept.eq(1),
            finisher.start.eq(self.start), finisher.group.eq(self.group),
            finisher.window.eq(self.window), finisher.wide.eq(self.wide),
            self.ready.eq(finisher.ready),
            self.resting.eq(finisher.resting),
            self.cycles.eq(finisher.cycles), self.waited.eq(finisher.waited),
        ]
        for name in ("entries", "coordinates", "words"):
            wiring.connect(m, getattr(finisher, name), wiring.flipped(getattr(self, name)))
        return m


def file_words(point, group, modulus):
    """An affine point as it lies in a file."""
    values = ([0] * 2 * group.degree if point is None else
              [part * FILE_RADIX % modulus for coordinate in point for part in coordinate])
    return [value >> 64 * n & ((1 << 64) - 1) for value in values for n in range(FILE_WORDS)]


def run_finisher(dut, jobs, *, rng, pause, modulus, cycles):
    """Run jobs (group, plan, {number: point}) one after another; the words and cycles of each.

    Coordinates are scaled at random and lifted by multiples of the modulus.
    """
    results = []

    async def feed_entries(ctx):
        for _, _, level in jobs:
            numbers = sorted(level, reverse=True)
            await send(ctx, dut.entries, [
                *({"group": number, "first": 0, "last": 0} for number in numbers),
                {"group": 0, "first": 0, "last": 1}],
                rng=rng, pause=pause)

    async def feed_coordinates(ctx):
        for group, _, level in jobs:
            for number in sorted(level, reverse=True):
                scale = tuple(rng.randrange(1, modulus) for _ in range(group.degree))
                point = to_homogeneous(level[number], scale, modulus)
                await send(ctx, dut.coordinates,
                           [part + rng.randrange(4) * modulus for c in point for part in c],
                           rng=rng, pause=pause)

    async def control(ctx):
        for group, plan, _ in jobs:
            ctx.set(dut.group, GROUPS.index(group))
            ctx.set(dut.window, plan.window)
            ctx.set(dut.wide, plan.wide)
            ctx.set(dut.start, 1)
            await ctx.tick().until(dut.ready)
            ctx.set(dut.start, 0)
            ctx.set(dut.window, 0)  # only read at the start
            ctx.set(dut.wide, 0)
            words = await receive(ctx, dut.words, 2 * group.degree * FILE_WORDS, rng=rng,
                                  pause=pause)
            while not ctx.get(dut.ready):
                await ctx.tick()
            results.append((words, ctx.get(dut.cycles)))

    simulate(dut, feed_entries, feed_coordinates, control, cycles=cycles)
    return results


@pytest.mark.parametrize("window", range(2, MAX_WINDOW + 1))
def test_the_exponent_of_every_group(window):
    plan, dut = WindowPlan(254, window), GroupExponent()
    groups = [group_of_bit(plan, n, bit)
              for n in range(plan.windows) for bit in range(plan.width(n))]
    assert max(groups) < 1 << 16
    assert [plan.exponent(group) for group in groups] == list(range(len(groups)))

    async def check(ctx):
        ctx.set(dut.window, window)
        ctx.set(dut.wide, plan.wide)
        for group in groups:
            ctx.set(dut.group, group)
            await ctx.tick().repeat(2)
            assert ctx.get(dut.exponent) == plan.exponent(group)

    simulate(dut, check)


@pytest.mark.parametrize("units", [2, 3])
def test_the_exponents_where_units_share_the_windows(units):
    plan, dut = WindowPlan(254, 13), GroupExponent(units)

    async def check(ctx):
        ctx.set(dut.window, 13)
        ctx.set(dut.wide, plan.wide)
        for window in range(1, plan.windows):
            for bit in range(plan.width(window)):
                unit = (window - 1) % units  # the first window is 1
                ctx.set(dut.first, 1 + unit)
                ctx.set(dut.group, group_of_bit(plan, (window - 1) // units, bit))
                await ctx.tick().repeat(2)
                assert ctx.get(dut.exponent) == plan.position(window) + bit

    simulate(dut, check)


def test_groups_may_come_in_passes_with_the_multiplier_free_between_them():
    target, rng = TARGETS["toy"], Random(4)
    modulus, law = target.curve.base.modulus, equation(target.curve, Group.G1)
    points = toy_points(Group.G1)
    dut, total, window = WithMultiplier(target), None, 3

    async def run(ctx):
        nonlocal total
        ctx.set(dut.window, window)
        ctx.set(dut.wide, 10)
        ctx.set(dut.start, 1)
        await ctx.tick().until(dut.ready)
        ctx.set(dut.start, 0)
        for first in (9, 5, 4, 0):  # passes of one window each, from the top
            plan = WindowPlan(8, window)
            for bit in (2, 0):
                point = rng.choice(points)
                total = law.add(total, law.multiply(1 << (first * window + bit), point))
                await send(ctx, dut.entries, [
                    {"group": group_of_bit(plan, 0, bit), "first": first, "last": 0}],
                    rng=rng, pause=0)
                assert not ctx.get(dut.resting)
                await send(ctx, dut.coordinates, [part for c in to_homogeneous(
                    point, (rng.randrange(1, modulus),), modulus) for part in c], rng=rng, pause=0)
            while not ctx.get(dut.resting):
                await ctx.tick()
            for _ in range(2 * dut.shape.latency):  # nothing of it is in the multiplier
                assert ctx.get(dut.resting) and not ctx.get(dut.finisher.multiplying)
                await ctx.tick()
        await send(ctx, dut.entries, [{"group": 0, "first": 0, "last": 1}], rng=rng, pause=0)
        words = await receive(ctx, dut.words, 2 * FILE_WORDS, rng=rng, pause=0)
        assert words == file_words(total, Group.G1, modulus)

    simulate(dut, run, cycles=20_000)


BOTH = pytest.mark.parametrize("target", [TARGETS["toy"], with_inverter(TARGETS["toy"])],
                               ids=["by products", "on the inverter"])


@pytest.mark.parametrize("pause", [0, 0.4], ids=["flowing", "stalling"])
@BOTH
def test_every_window_of_the_toy_curve_in_both_groups(target, pause):
    rng = Random(pause)
    modulus, jobs, expected = target.curve.base.modulus, [], []
    for group in GROUPS:
        law, points = equation(target.curve, group), toy_points(group)
        for window in (2, 3, 5, 8) if pause else range(2, 9):
            plan = WindowPlan(target.curve.scalar.bits, window)
            assert len(halves(window)) <= 4
            chosen = [rng.choice(points) for _ in range(rng.randrange(0, 5))]
            scalars = [rng.randrange(target.curve.scalar.modulus) for _ in chosen]
            if window == 5:  # P - P, in all digits
                chosen, scalars = [points[7], law.negate(points[7])], [77, 77]
            jobs.append((group, plan, last_level(law, plan, scalars, chosen)))
            expected.append(file_words(multi_scalar_product(law, scalars, chosen), group, modulus))
    results = run_finisher(WithMultiplier(target), jobs, rng=rng, pause=pause, modulus=modulus,
                           cycles=200_000)
    assert [words for words, _ in results] == expected


@BOTH
def test_without_a_datapath_the_cycles_are_the_same(target):
    jobs = [(group, WindowPlan(8, 4), {number: toy_points(group)[9] for number in numbers})
            for group in GROUPS for numbers in ([], [0], [3, 2, 1], [11, 7, 0])]
    runs = [run_finisher(WithMultiplier(target, datapath=datapath), jobs, rng=Random(1), pause=0,
                         modulus=target.curve.base.modulus, cycles=100_000)
            for datapath in (True, False)]
    assert [cycles for _, cycles in runs[0]] == [cycles for _, cycles in runs[1]]
    assert [words for words, _ in runs[0]] != [words for words, _ in runs[1]]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.value)
@pytest.mark.slow
def test_bn254_with_all_256_exponents(group):
    target, rng = with_inverter(TARGETS["bn254-base"]), Random(5)
    modulus, law = target.curve.base.modulus, equation(target.curve, group)
    plan, generator = WindowPlan(target.curve.scalar.bits, 8), bn254_generator(group)
    multiples = [law.multiply(n, generator) for n in range(1, 50)]
    level, scalar = {}, 0
    for window in range(plan.windows):
        for bit in range(plan.width(window)):
            number, factor = group_of_bit(plan, window, bit), rng.randrange(1, 50)
            level[number] = multiples[factor - 1]
            scalar += factor << plan.exponent(number)
    total = law.multiply(scalar % target.curve.scalar.modulus, generator)
    if group is Group.G2:
        total = from_scaled_twist(total, modulus)
    ((words, _),) = run_finisher(WithMultiplier(target), [(group, plan, level)], rng=rng, pause=0,
                                 modulus=modulus, cycles=200_000)
    assert words == file_words(total, group, modulus)


def test_wrong_parameters_are_refused():
    target = TARGETS["toy"]
    with pytest.raises(ValueError, match="coordinates of 23 bits do not fit .* takes 22"):
        Finisher(target.shape, program("finish", target), GROUPS, 23)
    with pytest.raises(ValueError, match="no label combine_g2; assemble finish.asm"):
        Finisher(target.shape, program("combine_g1", target), GROUPS, 22)

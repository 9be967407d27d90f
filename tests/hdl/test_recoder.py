"""The recoder: what it makes of every scalar, and of every bucket, is what it stands for."""

from operator import attrgetter
from random import Random

import pytest

from proofmill.boards.cores.proofs.recoder import told_of
from proofmill.hdl.curve import BN254
from proofmill.hdl.recoder import Recoder
from proofmill.hdl.windows import WindowPlan, halves
from proofmill.sim.msm import signed_digits
from proofmill.sim.recoding import operands_of_bucket, operands_of_scalar, slices_of
from tests.simulation import simulate

MAILBOX_BITS = 13


def drive(dut, entries, rng, pause, configuration):
    """Feed `entries` one after another; return the operands that each gave."""
    operands = [[]]

    async def check(ctx):
        for name, value in configuration.items():
            ctx.set(attrgetter(name)(dut), value)
        waiting = list(entries)
        while waiting or not ctx.get(dut.idle):
            if waiting:
                ctx.set(dut.entry.slice, waiting[0].get("slice", {}))
                ctx.set(dut.entry.mailbox, waiting[0].get("mailbox", 0))
            ctx.set(dut.entry.valid, bool(waiting))
            taken = ctx.get(dut.operand.valid) and rng.random() >= pause
            ctx.set(dut.operand.taken, taken)
            left = ctx.get(dut.entry.left)
            if taken:
                operands[-1].append((ctx.get(dut.operand.mailbox), ctx.get(dut.operand.negative)))
            await ctx.tick()
            if left:
                waiting.pop(0)

    simulate(dut, check, cycles=200_000)
    return operands[0]


def entries_of(scalars, plan):
    """Of all of their slices."""
    return [{"slice": part} for scalar in scalars for part in slices_of(scalar, plan)]


@pytest.mark.parametrize("window, stride, units", [
    *((window, 0, units) for window in range(2, 9) for units in (1, 2, 3)),
    (2, 2, 1), (3, 3, 1), (4, 4, 1), (3, 5, 1), (3, 5, 2), (2, 4, 2), (3, 8, 3)])
def test_every_scalar_of_eight_bits(window, stride, units):
    """Every unit's recoder gives the digits of its windows, and together they give all."""
    plan = WindowPlan(8, window, units, stride=stride)
    for unit in range(units):
        expected = [operand for scalar in range(256)
                    for operand in operands_of_scalar(scalar, plan, unit)]
        found = drive(Recoder(MAILBOX_BITS, units), entries_of(range(256), plan),
                      Random(1), 0.2, told_of(plan, unit))
        assert found == expected


@pytest.mark.parametrize("window, stride", [
    *((window, 0) for window in (2, 3, 4, 5, 7, 8, 11, 13, 16)), (13, 13), (7, 13), (9, 26)])
def test_scalars_at_full_width(window, stride):
    bits, rng = BN254.scalar.bits, Random(window)
    plan = WindowPlan(bits, window, stride=stride)
    scalars = [1, BN254.scalar.modulus - 1, (1 << bits) - 1, 1 << bits - 1,
               int("10" * 127, 2), sum(1 << window * n + window - 1 for n in range(bits // window)),
               sum((1 << window - 1) + 1 << window * n for n in range(bits // window))]
    scalars += [rng.randrange(BN254.scalar.modulus) for _ in range(20)]
    found = drive(Recoder(24), entries_of(scalars, plan), rng, 0.3, told_of(plan))
    assert found == [operand for scalar in scalars
                     for operand in operands_of_scalar(scalar, plan)]


@pytest.mark.parametrize("window", range(2, 8))
def test_the_halves_of_every_bucket(window):
    """Every bucket of every level goes to the two halves of its number, where they are not zero."""
    plan = WindowPlan(8, window)
    groups, width, source, destination = plan.windows, window, 0, plan.second_region
    for level, half in enumerate(halves(window)):
        first = level == 0
        entries, expected = [], []
        for group in range(groups):
            for number in range(1, (1 << width - 1) + 1 if first else 1 << width):
                place = (group << width - 1) + number - 1 if first else (group << width) + number
                entries.append({"mailbox": source + place})
                low, high = number % (1 << half), number >> half
                assert low + (high << half) == number and high < 1 << half
                expected += operands_of_bucket(group, number, half, destination)
        dut = Recoder(MAILBOX_BITS)
        assert drive(dut, entries, Random(level), 0.2, {
            "again": 1, "level.first": first, "level.window": width,
            "level.window_ones": (1 << width) - 1, "level.half": half,
            "level.half_ones": (1 << half) - 1, "level.begin": source,
            "level.destination": destination}) == expected
        assert len(entries) <= plan.sizes[level]
        assert max(mailbox for mailbox, _ in expected) < destination + plan.sizes[level + 1]
        groups, width, source, destination = 2 * groups, half, destination, source


@pytest.mark.parametrize("window, stride", [(2, 0), (5, 0), (8, 0), (13, 13), (7, 13)])
def test_one_operand_every_other_cycle_and_no_cycle_for_nothing(window, stride):
    """With an operand taken as soon as it is there: the cycles that recoding itself costs."""
    plan, rng = WindowPlan(254, window, stride=stride), Random(window)
    dut = Recoder(MAILBOX_BITS)

    async def check(ctx):
        for name, value in told_of(plan).items():
            ctx.set(attrgetter(name)(dut), value)
        ctx.set(dut.operand.taken, 1)
        for bits in (1, 64, 65, 128, 200, 254):
            scalar = rng.getrandbits(bits - 1) | 1 << bits - 1 if bits > 1 else 1
            digits = signed_digits(scalar, plan)
            for copy, part in enumerate(slices_of(scalar, plan)):
                ctx.set(dut.entry.slice, part)
                ctx.set(dut.entry.valid, 1)
                cycles = 0
                while not ctx.get(dut.entry.left):
                    await ctx.tick()
                    cycles += 1
                await ctx.tick()
                # Of this slice, as far as the scalar's highest digit.
                highest = max(n for n, digit in enumerate(digits) if digit)
                own = digits[copy * plan.windows:highest + 1][:plan.windows]
                assert cycles == len(own) + 2 + sum(digit != 0 for digit in own[:-1])
                ctx.set(dut.entry.valid, 0)
                await ctx.tick()

    simulate(dut, check)


@pytest.mark.parametrize("low", range(4))
@pytest.mark.parametrize("high", range(4))
def test_a_bucket_takes_five_cycles_and_one_where_its_lower_half_is_not_zero(low, high):
    dut = Recoder(MAILBOX_BITS)

    async def check(ctx):
        for name, value in {"again": 1, "level.window": 4, "level.window_ones": 15, "level.half": 2,
                            "level.half_ones": 3, "level.destination": 64, "operand.taken": 1,
                            "entry.mailbox": low + 4 * high, "entry.valid": 1}.items():
            ctx.set(attrgetter(name)(dut), value)
        cycles = 0
        while not ctx.get(dut.entry.left):
            await ctx.tick()
            cycles += 1
        assert cycles == 5 + (low != 0)

    simulate(dut, check)

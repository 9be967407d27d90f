"""The recoder: what it makes of every scalar, and of every bucket, is what it stands for."""

from random import Random

import numpy as np
import pytest

from hdl.curve import BN254
from hdl.operands import Recoder
from hdl.windows import WindowPlan, halves
from sim.msm import signed_digits
from tests.hdl.compiled import Compiled
from tests.simulation import simulate

MAILBOX_BITS = 13


def operands_of_scalar(scalar, plan):
    """(mailbox, negative) of every digit that is not zero, the lowest window first."""
    return [((window << plan.window - 1) + abs(digit) - 1, int(digit < 0))
            for window, digit in enumerate(signed_digits(scalar, plan)) if digit]


def drive(dut, entries, rng, pause, **configuration):
    """Feed `entries` one after another; return the operands that each gave."""
    operands = [[]]

    async def check(ctx):
        for name, value in configuration.items():
            ctx.set(getattr(dut, name), value)
        waiting = list(entries)
        while waiting or not ctx.get(dut.idle):
            if waiting:
                ctx.set(dut.entry_scalar, waiting[0].get("scalar", 0))
                ctx.set(dut.entry_mailbox, waiting[0].get("mailbox", 0))
            ctx.set(dut.entry_valid, bool(waiting))
            taken = ctx.get(dut.operand_valid) and rng.random() >= pause
            ctx.set(dut.operand_taken, taken)
            left = ctx.get(dut.entry_left)
            if taken:
                operands[-1].append((ctx.get(dut.operand_mailbox), ctx.get(dut.operand_negative)))
            await ctx.tick()
            if left:
                waiting.pop(0)

    simulate(dut, check, cycles=200_000)
    return operands[0]


@pytest.mark.parametrize("window", range(2, 9))
def test_every_scalar_of_eight_bits(window):
    """Compiled: all scalars in one run, an operand taken as soon as it is there."""
    plan = WindowPlan(8, window)
    expected = [operand for scalar in range(256) for operand in operands_of_scalar(scalar, plan)]
    dut = Recoder(8, MAILBOX_BITS)
    found = drive(dut, [{"scalar": scalar} for scalar in range(256)], Random(1), 0.2,
                  window=window)
    assert found == expected


@pytest.mark.parametrize("window", [2, 3, 4, 5, 7, 8, 11, 13, 16])
def test_scalars_at_full_width(window):
    bits, rng = BN254.scalar.bits, Random(window)
    plan = WindowPlan(bits, window)
    scalars = [1, BN254.scalar.modulus - 1, (1 << bits) - 1, 1 << bits - 1,
               int("10" * 127, 2), sum(1 << window * n + window - 1 for n in range(bits // window)),
               sum((1 << window - 1) + 1 << window * n for n in range(bits // window))]
    scalars += [rng.randrange(BN254.scalar.modulus) for _ in range(20)]
    dut = Recoder(bits, 24)
    found = drive(dut, [{"scalar": scalar} for scalar in scalars], rng, 0.3, window=window)
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
                for side, part in enumerate((low, high)):
                    if part:
                        expected.append((destination + (2 * group + side << half) + part, 0))
        dut = Recoder(8, MAILBOX_BITS)
        assert drive(dut, entries, Random(level), 0.2, again=1, first=first, window=width,
                     half=half, source=source, destination=destination) == expected
        assert len(entries) <= plan.sizes[level]
        assert max(mailbox for mailbox, _ in expected) < destination + plan.sizes[level + 1]
        groups, width, source, destination = 2 * groups, half, destination, source


def test_one_operand_a_cycle_and_no_cycle_for_nothing():
    """Compiled, with an operand taken in every cycle: the cycles that recoding itself costs."""
    scalars = np.arange(1, 256, dtype=np.uint64)
    compiled = Compiled(Recoder(8, MAILBOX_BITS))
    for window in (2, 3, 4):
        plan, taken = WindowPlan(8, window), []
        for scalar in scalars[::16]:
            outputs = compiled.run(
                20, again=0, first=0, window=window, half=0, source=0, destination=0,
                entry_valid=1, entry_scalar=scalar, entry_mailbox=0, operand_taken=1)
            leaves = int(np.flatnonzero(outputs["entry_left"])[0])
            digits = signed_digits(int(scalar), plan)
            used = max(n for n, digit in enumerate(digits) if digit) + 1
            assert leaves == used  # one cycle to take the scalar up, one for every digit
            taken.append(leaves)
        assert taken

"""The slicer: scalars in words become slices, in order, each with its copy's address."""

from random import Random

import pytest

from proofmill.hdl.commands import CODES
from proofmill.hdl.curve import BN254
from proofmill.hdl.slicer import Slicer
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import scalar_words
from proofmill.sim.msm import signed_digits
from tests.simulation import simulate
from tests.streams import send

ADDRESS, POINT_WORDS, COPY_WORDS = 1000, 170, 8
ORDER = BN254.scalar.modulus
EDGES = [0, 1, ORDER - 1, (1 << 64) - 1, 1 << 64, (1 << 128) - 1, 1 << 128, 1 << 200]


def expected(plan, scalars):
    """(address, scalar, bits up to the highest digit's end, begin, final) of every slice."""
    slices = []
    for n, scalar in enumerate(scalars):
        digits = signed_digits(scalar, plan)
        used = max((digit // plan.windows for digit, value in enumerate(digits) if value),
                   default=-1)
        slices += [(ADDRESS + n * POINT_WORDS + copy * COPY_WORDS, scalar + plan.bias,
                    copy * plan.stride, copy == plan.copies - 1) for copy in range(used + 1)]
    return slices


def check_highest(plan, slices):
    """The highest bit lies in the highest digit that is not zero."""
    for _, biased, highest, *_ in slices:
        digits = signed_digits(biased - plan.bias, plan)
        top = max(n for n, value in enumerate(digits) if value)
        assert plan.position(top) <= highest < plan.position(top) + plan.width(top)


def run(plan, words, count, pause, **otherwise):
    """The slices that come, how many scalars were skipped, and in how many cycles; `otherwise` are
    inputs that are not the plan's."""
    dut, found, seen = Slicer(any_base=bool(plan.base)), [], {"skipped": 0, "cycles": 0}
    based = {"based": 1, "window": plan.window, "bias": plan.base} if plan.base else {}

    async def feed(ctx):
        for name, value in ({
                "count": count, "bias": plan.bias, "stride": plan.stride or plan.bits,
                "copies": plan.copies, "address": ADDRESS, "point_words": POINT_WORDS,
                "copy_words": COPY_WORDS} | based | otherwise).items():
            ctx.set(getattr(dut, name), value)
        await ctx.tick()
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        await send(ctx, dut.words, words, rng=Random(1), pause=pause)
        while not ctx.get(dut.done):
            await ctx.tick()

    async def take(ctx):
        rng = Random(2)
        while True:
            ctx.set(dut.points.ready, ready := rng.random() >= pause)
            _, _, valid, point, skipped, done = await ctx.tick().sample(
                dut.points.valid, dut.points.payload, dut.skipped, dut.done)
            seen["skipped"] += skipped
            seen["cycles"] += not done
            if ready and valid:
                part = point.slice
                found.append((point.address, part.scalar, part.highest, part.begin, part.final))

    simulate(dut, feed, background=[take], cycles=100_000)
    return found, seen


@pytest.mark.parametrize("window, stride, pause", [
    (13, 13, 0.3), (7, 13, 0), (8, 0, 0.3), (9, 26, 0), (16, 64, 0)])
def test_every_slice_up_to_the_highest_digit(window, stride, pause):
    plan, rng = WindowPlan(BN254.scalar.bits, window, stride=stride), Random(window)
    scalars = [*EDGES, *(rng.getrandbits(rng.randrange(1, 254)) for _ in range(CODES))]
    found, seen = run(plan, scalar_words(scalars), len(scalars), pause)
    assert [(place, scalar, *rest) for place, scalar, _, *rest in found] == expected(plan, scalars)
    check_highest(plan, found)
    assert seen["skipped"] == scalars.count(0)


def test_a_zero_that_is_sent_is_skipped_too():
    plan = WindowPlan(BN254.scalar.bits, 13, stride=13)
    found, seen = run(plan, [0b01_11_01, 0, 0, 0, 0, 0, 5], 3, 0)
    assert [(place, scalar - plan.bias) for place, scalar, *_ in found] == [
        (ADDRESS + 2 * POINT_WORDS, 5)]
    assert seen["skipped"] == 2


@pytest.mark.parametrize("count", [0, 1, CODES, CODES + 1])
def test_zeros_take_a_cycle_each(count):
    plan = WindowPlan(BN254.scalar.bits, 13, stride=13)
    found, seen = run(plan, scalar_words([0] * count), count, 0)
    assert not found
    assert seen == {"skipped": count, "cycles": count + -(-count // CODES)}


def test_another_scalar_takes_seven_cycles_and_one_a_slice():
    plan = WindowPlan(BN254.scalar.bits, 13, stride=13)
    scalars = [1, ORDER - 1, 1 << 100]
    found, seen = run(plan, scalar_words(scalars), len(scalars), 0)
    assert seen["cycles"] == 1 + 7 * len(scalars) + len(found)


@pytest.mark.parametrize("base, pause", [(10421, 0), (6562, 0.4), (2952, 0.9), (65535, 0), (3, 0)])
def test_every_digit_to_a_base(base, pause):
    """Of both ends of what there is, and of random ones; of a digit that is zero nothing comes."""
    plan, rng = WindowPlan(BN254.scalar.bits, base.bit_length(), base=base, order=ORDER), Random(1)
    largest = base ** plan.copies - 1 - plan.bias
    scalars = [1, 0, ORDER - 1, min(largest, ORDER - 1), largest + 1 if largest < ORDER else 2,
               base // 2, base // 2 + 1, base ** 5, *(rng.randrange(ORDER) for _ in range(8))]
    found, seen = run(plan, scalar_words([plan.sent(scalar) for scalar in scalars]), len(scalars),
                      pause)
    wanted = []
    for n, scalar in enumerate(scalars):
        digits = signed_digits(scalar, plan)
        assert all(abs(digit) <= base // 2 for digit in digits)
        assert (sum(digit * plan.multiple(copy) for copy, digit in enumerate(digits)) - scalar
                ) % ORDER == 0
        wanted += [(ADDRESS + n * POINT_WORDS + copy * COPY_WORDS,
                    digit + (1 << plan.window - 1), 0, 0, 0)
                   for copy, digit in enumerate(digits) if digit]
    assert found == wanted
    assert seen["skipped"] == 1
    if pause == 0:
        assert seen["cycles"] == 3 + (len(scalars) - 1) * (5 + 4 * plan.copies)


@pytest.mark.parametrize("copies, stride", [(1, 13), (3, 13), (1, 1024)])
def test_no_copy_is_asked_for_that_is_not_there(copies, stride):
    """Slices too few for the scalar: its upper bits are left out. A stride of 1,024 bits, which the
    place of a slice does not hold, once made slices without an end."""
    plan = WindowPlan(BN254.scalar.bits, 13, stride=13)
    found, _ = run(plan, scalar_words([ORDER - 1, 1]), 2, 0, copies=copies, stride=stride)
    assert [place for place, *_ in found] == [
        *(ADDRESS + copy * COPY_WORDS for copy in range(copies)), ADDRESS + POINT_WORDS]
    assert [final for *_, final in found] == [*(copy == copies - 1 for copy in range(copies)),
                                              copies == 1]

"""What sums are expected to take, and what is stored and how scalars are cut because of that."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from proofmill.hdl.cost import machine
from proofmill.hdl.curve import BN254, Group
from proofmill.hdl.plans import (
    MOST_COPIES,
    Store,
    best_plan,
    expected_cycles,
    expected_work,
    share_memory,
    stores,
    uniform,
)
from proofmill.hdl.presets import STANDARD, at_interval, control_only
from proofmill.hdl.windows import WindowPlan

ORDER = BN254.scalar.modulus
G1, G2 = machine(STANDARD, Group.G1), machine(STANDARD, Group.G2)


def reach_of(scalars):
    """How many are longer than so many bits."""
    return tuple(float(sum(scalar >> bit > 0 for scalar in scalars)) for bit in range(254))


def witness(rng):
    """Seven in ten 0 or 1, one short, the rest random."""
    return rng.choices((rng.randrange(2), rng.randrange(1 << 16), rng.randrange(ORDER)),
                       (7, 1, 2))[0]


def random(rng):
    """Any scalar."""
    return rng.randrange(ORDER)


def small(rng):
    """One of 16 bits."""
    return rng.getrandbits(16)


@pytest.mark.parametrize("window, stride, points, draw", [
    *((*case, random) for case in (
        (2, 0, 30), (3, 0, 12), (5, 0, 400), (8, 0, 700), (9, 0, 2000), (13, 13, 100), (8, 8, 300),
        (7, 13, 300), (9, 26, 500))),
    *((*case, draw) for case in ((6, 0, 300), (13, 13, 1000), (7, 13, 300))
      for draw in (small, witness))], ids=lambda value: getattr(value, "__name__", value))
def test_the_expected_work_is_the_mean_of_what_is_counted(window, stride, points, draw):
    """Against the definition; the levels as sets of full mailboxes."""
    from proofmill.sim.msm import count_additions, signed_digits

    plan, rng = WindowPlan(254, window, stride=stride), Random(3)
    repeats, loads, digits, additions, expected = 2 + 60 // points, 0, 0, 0, []
    for _ in range(repeats):
        scalars = [draw(rng) for _ in range(points)]
        expected.append(expected_work(plan, reach_of(scalars)))
        cut = [signed_digits(scalar, plan) for scalar in scalars]
        digits += sum(digit != 0 for each in cut for digit in each)
        loads += sum(max((n // plan.windows + 1 for n, digit in enumerate(each) if digit),
                         default=0) for each in cut)
        additions += count_additions(plan, scalars, [((1,), (2,))] * points)
    near = 0.015 if draw is random else 0.05
    for name, found in (("loads", loads), ("digits", digits), ("additions", additions)):
        assert found == pytest.approx(
            sum(getattr(work, name) for work in expected), rel=near, abs=repeats), name


@pytest.mark.parametrize("interval", [
    12, *(pytest.param(interval, marks=pytest.mark.slow) for interval in (6, 4, 3, 2, 1))])
@pytest.mark.parametrize("window, points, at_once, stride", [
    (4, 512, 0, 0), (8, 256, 0, 0), (8, 2048, 0, 0), (8, 1024, 12, 0), (10, 1024, 12, 0),
    (7, 1500, 0, 0), (10, 512, 0, 120), (12, 1024, 0, 36), (13, 2048, 0, 13),
    (10, 256, 0, 10), (11, 1024, 0, 33)])
def test_expected_cycles_are_near_the_simulated(interval, window, points, at_once, stride):
    from proofmill.host.prover.curve.limbs import to_limbs
    from proofmill.host.prover.devices.accelerator import Accelerator
    from proofmill.sim.verilated import Simulation, build

    shape = at_interval(interval)
    units = shape.adder.units
    plan, rng = WindowPlan(254, window, units, at_once, stride), Random(1)
    if stride and -(-stride // window) % units:
        pytest.skip("units would wait for others")
    if plan.mailboxes > shape.mailboxes(Group.G1):
        pytest.skip("the mailboxes are too few")
    gateware, library = build(control_only(shape))
    accelerator = Accelerator(Simulation(library), gateware.identity)
    scalars = to_limbs([rng.randrange(ORDER) for _ in range(points)])
    address = accelerator.load(np.ones((points * plan.copies, 8), dtype=np.uint64))
    counters = accelerator.multiply(Group.G1, address, scalars, plan, stored=stride).counters
    accelerator.close()
    assert counters["fill"] + counters["sum"] == pytest.approx(
        expected_cycles(machine(shape, Group.G1), plan, uniform(ORDER, points)), rel=0.03)


def test_units_that_wait_for_others_cost_their_share():
    """37 windows over 12 units take the time of 48."""
    even, uneven = (expected_cycles(
        replace(machine(at_interval(1), Group.G1), order=1 << bits), WindowPlan(bits, 8, 12),
        (float(1 << 16),) * bits) for bits in (287, 288))
    assert WindowPlan(287, 8, 12).windows == 36 and WindowPlan(288, 8, 12).windows == 37
    assert uneven / even == pytest.approx(48 / 36, rel=0.01)


def plan_for(points, on=G1, **options):
    return best_plan(on, uniform(ORDER, points), **options)


def test_more_points_take_wider_windows_and_too_few_mailboxes_are_refused():
    widths = [plan_for(1 << n, replace(G1, mailbox_bits=22)).window for n in range(0, 22)]
    assert widths == sorted(widths)
    smallest = WindowPlan(254, 2, at_once=1).mailboxes
    assert smallest == 6
    with pytest.raises(ValueError, match=(
            "^4 mailboxes are too few for any window of 254-bit scalars; the smallest takes 6$")):
        plan_for(10, replace(G1, mailbox_bits=2))


@pytest.mark.parametrize("bits, units", [(13, 1), (12, 1), (11, 4)])
def test_the_best_plan_fits_and_covers_every_window_once(bits, units):
    on = replace(G1, mailbox_bits=bits, units=units)
    for points in (1, 100, 4096, 65536, 1 << 20):
        plan = plan_for(points, on)
        assert plan.mailboxes <= on.mailboxes
        covered = [window for first, count in plan.passes for window in range(first, first + count)]
        assert covered == list(range(plan.windows))
    few = [plan_for(points, on) for points in (1, 100)]
    assert not any(plan.at_once for plan in few)  # passes do not pay


def test_where_scalars_travel_slowly_they_are_sent_once():
    """A pass takes as long as sending or adding: 18 additions are the time of a scalar."""
    on = replace(G1, mailbox_bits=11)
    near, far = (plan_for(65536, replace(on, scalar_cycles=additions * on.interval))
                 for additions in (0, 18))
    assert len(near.passes) > 10 and len(far.passes) <= 2


def test_what_is_forced_is_kept_or_refused():
    assert plan_for(100, window=11).at_once
    assert plan_for(100, window=8, at_once=3).at_once == 3
    with pytest.raises(ValueError, match="^8192 mailboxes are too few for windows of 16 bits"):
        plan_for(100, window=16)
    with pytest.raises(ValueError, match="^there are 32 windows of 8 bits, so not 33 at once$"):
        plan_for(100, window=8, at_once=33)


@pytest.mark.parametrize("on", [G1, G2], ids=["g1", "g2"])
@pytest.mark.parametrize("points", [16, 300, 4096, 1 << 16])
def test_more_copies_take_more_memory_and_fewer_cycles(on, points):
    found = stores(on, points, uniform(ORDER, points))
    assert found[0] == Store(0, points * on.point_words, expected_cycles(
        on, plan_for(points, on), uniform(ORDER, points)))
    for one, other in zip(found, found[1:], strict=False):
        assert other.words > one.words and other.cycles < 0.99 * one.cycles
        assert other.stride and other.words <= MOST_COPIES * found[0].words


def test_slow_memory_takes_fewer_copies_with_more_windows_each():
    """A point is loaded once for the digits of its slice: from an SDRAM, that has to be several."""
    fast, slow = (stores(replace(G1, memory_cycles=cycles), 4096,
                          uniform(ORDER, 4096))[-1] for cycles in (8, 40))
    assert fast.words > 2 * slow.words and fast.cycles < slow.cycles
    assert best_plan(replace(G1, memory_cycles=40), uniform(ORDER, 4096), [slow.stride]).windows > 1


def test_memory_goes_where_a_word_saves_most_and_never_more_than_there_is():
    sums = [stores(on, points, uniform(ORDER, points))
            for on, points in ((G1, 2000), (G2, 1000), (G1, 4000))]
    least = sum(options[0].words for options in sums)
    before = float("inf")
    for words in (0, least, 2 * least, 8 * least, 100 * least):
        chosen = share_memory(sums, words)
        assert all(store in options for store, options in zip(chosen, sums, strict=True))
        assert sum(store.words for store in chosen) <= max(words, least)
        cycles = sum(store.cycles for store in chosen)
        assert cycles <= before
        before = cycles
    assert chosen == [options[-1] for options in sums]


def test_short_scalars_take_narrower_windows_of_the_same_copies():
    long, short = (best_plan(G1, reach, [0, 13, 26]) for reach in (
        uniform(ORDER, 4096), (4096.0,) * 16 + (0.0,) * 238))
    assert (long.window, long.copies) == (13, 20)
    assert short.window < 10

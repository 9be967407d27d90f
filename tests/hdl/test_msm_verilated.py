"""The whole accelerator over the toy curve, in compiled Verilog: each answer by the definition."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from proofmill.hdl.commands import IDENTITY, PLACE, Command, Error, pack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval, control_only
from proofmill.hdl.windows import MAX_WINDOW, WindowPlan
from proofmill.sim.commands import multiply_words
from proofmill.sim.curve import equation
from proofmill.sim.msm import count_additions, signed_digits
from proofmill.sim.verilated import Simulation, build
from tests.hdl.points import bn254_generator, toy_points
from tests.hdl.words import Expected, Link, answer, header, patterns

ORDER = TOY_CURVE.scalar.modulus
SLICED = [(2, 2), (3, 3), (4, 4), (3, 5), (5, 5), (2, 6), (3, 8)]
"""Windows and the bits of slices that are cut into such."""

PLANS = [(group, plan) for group in Group
         for plan in (*(WindowPlan(TOY_CURVE.scalar.bits, window)
                        for window in range(2, MAX_WINDOW + 1)),
                      *(WindowPlan(TOY_CURVE.scalar.bits, window, stride=stride)
                        for window, stride in SLICED))
         if plan.mailboxes <= TOY_SHAPE.mailboxes(group)]
NARROW = WindowPlan(TOY_CURVE.scalar.bits, 2)


@pytest.fixture(scope="module")
def gateware():
    return build(TOY_SHAPE)


@pytest.fixture
def link(gateware):
    simulation = Simulation(gateware[1])
    yield Link(simulation)
    simulation.close()


def expected(group, plan, scalars, points):
    return Expected(TOY_SHAPE, group, plan, scalars, points)


@pytest.mark.parametrize("interval, group, window, stride", [
    (12, Group.G1, 3, 3), *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        (12, Group.G1, 3, 0), (12, Group.G2, 2, 0), (12, Group.G2, 3, 5), (3, Group.G1, 4, 0),
        (3, Group.G1, 2, 8), (1, Group.G1, 2, 0)))],
    ids=lambda value: getattr(value, "value", value))
def test_every_pair_of_scalars(interval, group, window, stride):
    """181 * 181 products of two points, the points themselves going round."""
    shape = at_interval(interval, TOY_SHAPE)
    simulation = Simulation(build(shape)[1])
    link, points = Link(simulation), toy_points(group)[1:]
    Random(1).shuffle(points)
    points = points + points[:1]
    plan = WindowPlan(8, window, shape.adder.units, stride=stride)
    link.load_copies(TOY_CURVE, group, plan, points)
    assert plan.mailboxes <= shape.mailboxes(group)
    for one in range(ORDER):
        runs = []
        for two in range(ORDER):
            n = (one + two) % 180
            runs.append((8 * group.degree * plan.copies * n,
                         Expected(shape, group, plan, [one, two], points[n:n + 2])))
        words = [word for address, run in runs
                 for word in multiply_words(group, plan, run.scalars, address=address)]
        answers = link.ask(words, sum(run.words for _, run in runs))
        for _, run in runs:
            run.check(answers[:run.words])
            del answers[:run.words]
    simulation.close()


def name(value):
    """A group's, or a plan's windows and slices."""
    return value.value if isinstance(value, Group) else f"{value.window}-{value.stride}"


@pytest.mark.parametrize("group, plan", PLANS, ids=name)
def test_random_sums_and_their_counters(link, group, plan):
    rng, law = Random(plan.window), equation(TOY_CURVE, group)
    for count in [0, 1, 2, 3, 5, 8, 13, 34, 89]:
        points = rng.choices(toy_points(group), k=count)
        p = rng.choice(toy_points(group)[1:])
        for chosen in (points, [p] * count,
                       [rng.choice([p, law.negate(p), None]) for _ in range(count)]):
            link.load_copies(TOY_CURVE, group, plan, chosen)
            for scalars in patterns(ORDER, count, count).values():
                run = expected(group, plan, scalars, chosen)
                link.multiply(run)
                counters = link.counters()
                used = [scalar for scalar, point in zip(scalars, chosen, strict=True)
                        if scalar and point is not None]
                # Zeros, and every copy of infinity that a slice is for.
                assert counters["skipped"] == scalars.count(0) + sum(
                    1 + max(n for n, digit in enumerate(signed_digits(scalar, plan)) if digit)
                    // plan.windows for scalar, point in zip(scalars, chosen, strict=True)
                    if scalar and point is None)
                assert counters["digits"] == sum(
                    digit != 0 for scalar in used for digit in signed_digits(scalar, plan))
                assert counters["additions"] == count_additions(plan, scalars, chosen)


def test_points_may_lie_anywhere(link):
    points = toy_points(Group.G2)[5:25]
    link.load(TOY_CURVE, Group.G2, points, address=1000)
    link.multiply(expected(Group.G2, NARROW, [3, 4], points[7:9]), address=1000 + 16 * 7)


def test_the_identity(link, gateware):
    ware, _ = gateware
    first, *words = link.ask([header(Command.IDENTIFY)], 1 + len(IDENTITY))
    assert first == answer(Command.IDENTIFY)
    assert dict(zip(IDENTITY, words, strict=True)) == ware.identity


@pytest.mark.parametrize("number", [0, 7, 77, 255])
def test_an_unknown_command_is_answered_with_an_error(link, number):
    link.counters()
    assert link.ask([header(number)], 1) == [answer(number, error=Error.UNKNOWN_COMMAND)]
    link.assert_silent()
    still_works(link)


def still_works(link):
    """The link is in step: the accelerator does what it is asked next."""
    points = toy_points(Group.G1)[2:6]
    link.load(TOY_CURVE, Group.G1, points)
    link.multiply(expected(Group.G1, NARROW, [5, 0, 180, 93], points))
    link.assert_silent()


@pytest.mark.parametrize("fields, error", [
    ({"window": 0}, Error.WINDOW), ({"window": 1}, Error.WINDOW), ({"window": 17}, Error.WINDOW),
    ({"window": 255}, Error.WINDOW), ({"stride": 0}, Error.WINDOW),
    ({"second_region": 64}, Error.MAILBOXES),
    ({"second_region": 1 << 31}, Error.MAILBOXES),
    # Regions that reach into each other or past the memory's end, at the first level or a later.
    ({"second_region": NARROW.second_region - 1}, Error.MAILBOXES),
    ({"second_region": 63}, Error.MAILBOXES), ({"window": 8}, Error.MAILBOXES),
    ({"second_region": 64 - NARROW.sizes[1] + 1}, Error.MAILBOXES),
    ({"windows": 60}, Error.MAILBOXES), ({"windows": 0xFFFF}, Error.MAILBOXES),
    ({"window": 16, "windows": 0xFFFF}, Error.MAILBOXES),
    ({"group": 2}, Error.GROUP), ({"group": 255}, Error.GROUP),
])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_wrong_multiply_is_answered_with_an_error(link, fields, error, count):
    link.counters()  # which leaves the accelerator's word counter elsewhere than a RESET does
    words = multiply_words(Group.G1, NARROW, [9] * count, **fields)
    assert link.ask(words, 1) == [answer(Command.MULTIPLY, error=error)]
    link.assert_silent()
    still_works(link)


def test_what_fits_for_one_group_may_not_for_the_other(link):
    plan = WindowPlan(8, 3)
    assert TOY_SHAPE.mailboxes(Group.G2) < plan.mailboxes <= TOY_SHAPE.mailboxes(Group.G1)
    link.load(TOY_CURVE, Group.G2, toy_points(Group.G2)[1:3])
    assert link.ask(multiply_words(Group.G2, plan, [1, 2]), 1) == [
        answer(Command.MULTIPLY, error=Error.MAILBOXES)]
    still_works(link)


@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
def test_every_plan_that_fits_is_taken_at_the_last_place_it_does(link, group):
    """The second region as far up as it goes, which the driver never asks for."""
    for _, plan in ((g, plan) for g, plan in PLANS if g is group):
        points = toy_points(group)[3:6]
        link.load_copies(TOY_CURVE, group, plan, points)
        run = expected(group, plan, [7, 180, 99], points)
        last = TOY_SHAPE.mailboxes(group) - max(plan.sizes[1::2])
        for place, right in ((last, True), (last + 1, False)):
            words = multiply_words(group, plan, run.scalars, second_region=place)
            if right:
                run.check(link.ask(words, run.words))
            else:
                assert link.ask(words, 1) == [answer(Command.MULTIPLY, error=Error.MAILBOXES)]


def test_loading_nothing(link):
    assert link.ask([header(Command.LOAD), pack(PLACE, address=0, count=0)], 1) == [
        answer(Command.LOAD)]
    still_works(link)


def test_reset_empties_the_mailboxes_and_zeroes_the_counters(link):
    points = toy_points(Group.G1)[2:6]
    link.load(TOY_CURVE, Group.G1, points)
    # Reset in the middle, with buckets full ...
    words = multiply_words(Group.G1, NARROW, [255] * 4)
    assert not link.simulation.exchange(words, 100, 300)[1].size
    link.simulation.reset()
    right = expected(Group.G1, NARROW, [1, 2, 3, 255], points)
    # ... it begins anew, and so it does with RESET.
    assert link.ask([header(Command.RESET)], 1) == [answer(Command.RESET)]
    assert set(link.counters().values()) == {0}
    link.multiply(right)


def test_the_reset_line_ends_whatever_is_going_on(link):
    rng, points = Random(5), toy_points(Group.G1)[2:12]
    link.load(TOY_CURVE, Group.G1, points)
    words = multiply_words(Group.G1, NARROW, [93] * len(points))
    for cycles in [1, 10, 100, 300, 500, 700, 1000, 1500]:
        link.simulation.exchange(words, rng.randrange(3), cycles)
        link.simulation.reset()
        still_works(link)
        link.load(TOY_CURVE, Group.G1, points)


def test_the_same_work_takes_the_same_cycles(link):
    points = toy_points(Group.G1)[1:60]
    link.load(TOY_CURVE, Group.G1, points)
    for scalars in patterns(ORDER, len(points), 1).values():
        seen = []
        for _ in range(2):
            link.multiply(expected(Group.G1, NARROW, scalars, points))
            seen.append(link.counters())
        assert seen[0] == seen[1]


def counters_of(shape, runs):
    """The counters of each of `runs`: (group, plan, scalars, points), pass by pass."""
    simulation = Simulation(build(shape)[1])
    link, found = Link(simulation), []
    for group, plan, scalars, points in runs:
        link.load_copies(shape.adder.curve, group, plan, points)
        for one_pass in plan.passes:
            link.multiply(Expected(shape, group, plan, scalars, points, one_pass))
            found.append(link.counters())
    simulation.close()
    return found


def plans_of(shape, group):
    """Plans that fit: every window all at once, or else as many windows in a pass as fit."""
    bits, units = TOY_CURVE.scalar.bits, shape.adder.units
    for window, stride in (*((window, 0) for window in range(2, MAX_WINDOW + 1)), *SLICED):
        windows = WindowPlan(bits, window, units, stride=stride).windows
        for at_once in (0, 1, 2, 3) if not stride else (0, 1):
            if at_once <= windows:
                plan = WindowPlan(bits, window, units, at_once, stride)
                if plan.mailboxes <= shape.mailboxes(group):
                    yield plan


@pytest.mark.parametrize("interval", [
    12, *(pytest.param(interval, marks=pytest.mark.slow) for interval in (6, 4, 3, 2, 1))])
def test_control_alone_takes_the_same_cycles(interval):
    """With one mailbox unit or several, in one pass or several: right sums, equal counters."""
    rng, runs = Random(6), []
    shape = at_interval(interval, replace(TOY_SHAPE, mailbox_bits=6 if interval > 2 else 7))
    assert shape.adder.units == 12 // interval
    for group in Group:
        for plan, count in product(plans_of(shape, group), [1, 4, 30]):
            points = rng.choices([None, *toy_points(group)], k=count)
            runs += [(group, plan, scalars, points)
                     for scalars in patterns(ORDER, count, count).values()]
    full, control = counters_of(shape, runs), counters_of(control_only(shape), runs)
    assert full == control
    assert all(counters["sum"] for counters in full)
    assert any(counters["waited"] for counters in full)


@pytest.mark.slow
def test_control_alone_takes_the_same_cycles_on_bn254():
    rng, runs, scalar = Random(7), [], STANDARD.adder.curve.scalar
    for group in Group:
        law = equation(STANDARD.adder.curve, group)
        base = bn254_generator(group)
        multiples = [None, base]
        while len(multiples) < 20:
            multiples.append(law.add(multiples[-1], base))
        points = rng.choices(multiples, k=40)
        for window in (4, 6):
            plan = WindowPlan(scalar.bits, window)
            assert plan.mailboxes <= STANDARD.mailboxes(group)
            runs += [(group, plan, scalars, points)
                     for scalars in patterns(scalar.modulus, 40, window).values()]
    assert counters_of(STANDARD, runs) == counters_of(control_only(STANDARD), runs)

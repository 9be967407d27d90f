"""Sums in batches on the whole accelerator, over the toy curve: each answer by the definition."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.hdl.commands import IDENTITY, PLACE, Command, Error, pack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.mailbox_batches import PairPort, most_flying
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval, control_only, with_batches
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import multiply_words
from proofmill.sim.curve import equation, loaded
from proofmill.sim.msm import count_additions, multi_scalar_product
from proofmill.sim.verilated import Simulation, build
from tests.hdl.points import toy_points
from tests.hdl.test_finish_verilated import file_words, finished
from tests.hdl.words import Expected, Link, answer, header, patterns

SHAPE = with_batches(TOY_SHAPE, pairs=16)
ORDER = TOY_CURVE.scalar.modulus
UNIT = SHAPE.unit(Group.G1)
PLANS = [WindowPlan(8, window, stride=stride, batched=batched)
         for window, stride in ((3, 0), (3, 3), (4, 4), (2, 6), (3, 8)) for batched in (0, 1, 2, 3)]
PLANS += [WindowPlan(8, base.bit_length(), batched=batched, base=base, order=ORDER)
          for base in (3, 6, 8, 14, 15, 27) for batched in (0, 1, 2)]


@pytest.fixture(scope="module")
def link():
    simulation = Simulation(build(SHAPE)[1])
    yield Link(simulation)
    simulation.close()


def compute(link, plan, scalars, points, group=Group.G1):
    """Multiply, compare with the definition, return the counters."""
    link.load_copies(TOY_CURVE, group, plan, points, unit=SHAPE.unit(group))
    link.multiply(Expected(SHAPE, group, plan, scalars, points))
    return link.counters()


def doublings(counters, group=Group.G1):
    """Of equal points: what is left of the products."""
    shape = SHAPE.batches[group]
    left = counters["products"] - shape.slots * counters["batched"] - (
        counters["batches"] * shape.products)
    assert left % shape.squares == 0
    return left // shape.squares


def name_of(plan):
    """What tells it from the others."""
    return f"{plan.base or plan.window}-{plan.stride}-{plan.batched}"


CASES = [(group, plan) for group in Group for plan in PLANS
         if plan.mailboxes <= SHAPE.mailboxes(group)]


@pytest.mark.parametrize("group, plan", CASES, ids=[
    f"{group.value}-{name_of(plan)}" for group, plan in CASES])
def test_random_sums_and_their_counters(link, group, plan):
    rng, points, law = Random(plan.window), toy_points(group), equation(TOY_CURVE, group)
    for count in (0, 1, 2, 3, 5, 13, 89) if group is Group.G1 else (0, 1, 3, 13, 55):
        p = rng.choice(points[1:])
        for chosen in (rng.choices(points, k=count), [p] * count,
                       [rng.choice([p, law.negate(p), None]) for _ in range(count)]):
            for scalars in patterns(ORDER, count, count).values():
                counters = compute(link, plan, scalars, chosen, group)
                assert counters["additions"] == count_additions(plan, scalars, chosen)
                assert counters["batched"] <= counters["additions"]
                assert (counters["batched"] > 0) <= (plan.batched > 0)
                assert 0 <= doublings(counters, group) <= counters["batched"]
                assert counters["batches"] * SHAPE.batch >= counters["batched"]


def test_the_first_levels_are_those_in_batches(link):
    """Of the buckets one: all that fill them. Of two: those of the level after, too."""
    scalars, points = [181 - 1] * 40, toy_points(Group.G1)[1:41]
    found = [compute(link, WindowPlan(8, 4, batched=batched), scalars, points)
             for batched in range(4)]
    digits = found[0]["digits"]
    buckets = 2  # 180 = 11 * 16 + 4 has the digits 4, -5 and 1
    assert [each["batched"] for each in found[:2]] == [0, digits - buckets - 1]
    assert found[1]["batched"] <= found[2]["batched"] <= found[3]["batched"]
    assert found[3]["batched"] <= found[3]["additions"]


@pytest.mark.slow
@pytest.mark.parametrize("plan", [
    WindowPlan(8, 3, stride=3, batched=1), WindowPlan(8, 3, batched=2),
    WindowPlan(8, 3, batched=1, base=6, order=ORDER),
    WindowPlan(8, 4, batched=2, base=15, order=ORDER)], ids=name_of)
def test_every_pair_of_scalars(link, plan):
    """181 * 181 products of two points, the points themselves going round."""
    points = toy_points(Group.G1)[1:]
    Random(1).shuffle(points)
    points = points + points[:1]
    link.load_copies(TOY_CURVE, Group.G1, plan, points, unit=UNIT)
    for one in range(ORDER):
        for two in range(ORDER):
            n = (one + two) % 180
            run = Expected(SHAPE, Group.G1, plan, [one, two], points[n:n + 2])
            run.check(link.ask(multiply_words(Group.G1, plan, run.scalars,
                                              address=8 * plan.copies * n), run.words))


def test_cycles_are_those_of_the_control_alone(link):
    """Where no two equal points meet; on so small a curve they do in most sums."""
    simulation, rng = Simulation(build(control_only(SHAPE))[1]), Random(3)
    same = dict.fromkeys(Group, 0)
    bare = Link(simulation)
    for turn in range(160):
        group = Group.G2 if turn >= 120 else Group.G1
        plan, count = PLANS[turn % len(PLANS)], rng.choice((2, 3, 5, 8, 20))
        if plan.mailboxes > SHAPE.mailboxes(group):
            continue
        points = rng.sample(toy_points(group)[1:], k=count)
        scalars = [rng.randrange(ORDER) for _ in points]
        counters = compute(link, plan, scalars, points, group)
        link_words = multiply_words(group, plan, scalars)
        bare.load_copies(TOY_CURVE, group, plan, points, unit=SHAPE.unit(group))
        run = Expected(control_only(SHAPE), group, plan, scalars, points)
        run.check(bare.ask(link_words, run.words))
        alone = bare.counters()
        if doublings(counters, group) == 0:
            assert alone == counters
            same[group] += counters["batched"] > 0
        for name in ("digits", "additions", "batched", "skipped"):
            assert alone[name] == counters[name]
    assert same[Group.G1] >= 10 and same[Group.G2] >= 3
    simulation.close()


def test_every_sum_is_finished_on_the_inverter_that_the_levels_had(link):
    """All multiples of a point, infinity among them, after levels in batches and without any; the
    control alone takes the same cycles."""
    simulation = Simulation(build(control_only(SHAPE))[1])
    bare = Link(simulation)
    for group, plan in CASES[::9]:
        law, own = equation(TOY_CURVE, group), toy_points(group)
        p, q = own[7], own[9]
        for points in ([p, q], [p, law.negate(p)]):
            for device in (link, bare):
                device.load_copies(TOY_CURVE, group, plan, points, unit=SHAPE.unit(group))
            for n in range(0, ORDER, 1 if plan == PLANS[0] else 30):
                scalars = [n, 180 - n if points[1] == q else n]
                words, counters = finished(link, group, plan, scalars)
                assert words == file_words(TOY_CURVE, group, multi_scalar_product(
                    law, scalars, points))
                if doublings(counters[-1], group) == 0 and n % 30 == 0:
                    assert finished(bare, group, plan, scalars)[1] == counters
    simulation.close()


def test_refusals(link):
    """No batches without the adder; a unit that shares it with others has none."""
    plan = WindowPlan(8, 2, batched=1)
    simulation = Simulation(build(TOY_SHAPE)[1])
    assert Link(simulation).ask(multiply_words(Group.G1, plan, [1]), 1) == [
        answer(Command.MULTIPLY, error=Error.BATCHES)]
    simulation.close()
    based = WindowPlan(8, 3, batched=1, base=6, order=ORDER)
    for wrong, error in (({"windows": 2}, Error.WINDOW), ({"first": 1}, Error.WINDOW),
                         ({"wide": 0}, Error.WINDOW), ({"copies": 0}, Error.WINDOW),
                         ({"window": 2}, Error.MAILBOXES), ({"second_region": 2}, Error.MAILBOXES)):
        assert link.ask(multiply_words(Group.G1, based, [1], **wrong), 1) == [
            answer(Command.MULTIPLY, error=error)], wrong
    with pytest.raises(ValueError, match="one mailbox unit"):
        with_batches(at_interval(3, TOY_SHAPE))
    first, *words = link.ask([header(Command.IDENTIFY)], 1 + len(IDENTITY))
    identity = dict(zip(IDENTITY, words, strict=True))
    assert first == answer(Command.IDENTIFY)
    assert (identity["batch"], 1 << identity["scale"]) == (16, SHAPE.adder.multiplier.radix)


def test_points_within_a_transfer_are_refused(link):
    """Two words come in a cycle: a point at an odd address would be taken from its second one."""
    plan = WindowPlan(8, 2, batched=1)
    for wrong in ({"address": 1}, {"point_words": 9}, {"copy_words": 15}):
        assert link.ask(multiply_words(Group.G1, plan, [1], **wrong), 1) == [
            answer(Command.MULTIPLY, error=Error.MEMORY)], wrong
    compute(link, plan, [1], toy_points(Group.G1)[1:2])


def test_a_point_that_is_not_canonical_is_told(link):
    """A point twice, its x once 163 more: no doubling, and a batch without an inverse."""
    plan = WindowPlan(8, 2, batched=1)
    point = next(point for point in toy_points(Group.G1)[1:]
                 if loaded(TOY_CURVE, Group.G1, point, UNIT)[0] + 163 < 256)
    x, y = loaded(TOY_CURVE, Group.G1, point, UNIT)
    words = [0] * 16
    words[0], words[4], words[8], words[12] = x, y, x + 163, y
    assert link.ask([header(Command.LOAD), pack(PLACE, address=0, count=16), *words], 1) == [
        answer(Command.LOAD)]
    run = Expected(SHAPE, Group.G1, plan, [1, 1], [point] * 2)
    *_, last = link.ask(multiply_words(Group.G1, plan, [1, 1]), run.words)
    assert last == answer(Command.MULTIPLY, error=Error.POINTS)
    compute(link, plan, [1, 1], [point] * 2)


def test_pairs_on_their_way_leave_the_adder_a_buffer():
    for shape in (SHAPE, with_batches(STANDARD), replace(SHAPE, batch=64)):
        batches = shape.batches[Group.G1]
        assert most_flying(batches) < (batches.buffers - 1) * batches.pairs
    with pytest.raises(ValueError, match="12 of 16 pairs"):
        PairPort({Group.G1: replace(SHAPE.batches[Group.G1], least=12)}, 16, 6, 1)

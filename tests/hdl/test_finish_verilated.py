"""The accelerator's finish in compiled Verilog: one affine point, as it lies in a file."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.hdl.commands import ANSWER, Command, Error, split, unpack
from proofmill.hdl.curve import BN254, TOY_CURVE, Group
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval, control_only
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import multiply_words
from proofmill.sim.curve import equation, from_scaled_twist
from proofmill.sim.msm import multi_scalar_product
from proofmill.sim.verilated import Simulation, build
from tests.hdl.points import bn254_generator, toy_points
from tests.hdl.test_msm_verilated import plans_of
from tests.hdl.words import Expected, Link, answer, patterns

ORDER = TOY_CURVE.scalar.modulus


def file_words(curve, group, point):
    """An affine point on the accelerator's curve as it lies in a file."""
    if curve is BN254 and group is Group.G2:
        point = from_scaled_twist(point, curve.base.modulus)
    values = [0] * 2 * group.degree if point is None else [
        part * curve.file_radix % curve.base.modulus
        for coordinate in point for part in coordinate]
    return [word for value in values for word in split(value, curve.words)]


def finished(link, group, plan, scalars, coordinate_words=4):
    """The words of the affine point after the last pass, and the counters of every pass."""
    words, found = [], []
    for first, windows in reversed(plan.passes):
        size = 0 if first else 2 * coordinate_words * group.degree
        head, *words = link.ask(
            multiply_words(group, plan, scalars, first=first, windows=windows,
                           coordinate_words=coordinate_words, finish=1), 1 + size)
        assert head == answer(Command.MULTIPLY)
        found.append(link.counters())
    return words, found


def check(shape, runs):
    """Each of `runs`, (group, plan, scalars, points); their counters."""
    curve, found = shape.adder.curve, []
    simulation = Simulation(build(shape)[1])
    link = Link(simulation)
    for group, plan, scalars, points in runs:
        link.load_copies(curve, group, plan, points)
        words, counters = finished(link, group, plan, scalars, curve.words)
        found.append(counters)
        if shape.datapath:
            point = multi_scalar_product(equation(curve, group), scalars, points)
            assert words == file_words(curve, group, point)
    simulation.close()
    return found


def toy_at(interval):
    """The toy accelerator with ``12 / interval`` mailbox units."""
    return at_interval(interval, replace(TOY_SHAPE, mailbox_bits=6 if interval > 2 else 7))


def toy_folded():
    """The toy accelerator with a multiplier that takes operands every third cycle."""
    parts = TOY_SHAPE.adder.multiplier
    multiplier = FoldedShape(field=parts.field, operand_bits=parts.operand_bits,
                             digit=parts.digit, limb=parts.limb, interval=3)
    intervals = tuple((group, 3 * cycles) for group, cycles in TOY_SHAPE.adder.intervals)
    return replace(TOY_SHAPE, adder=replace(TOY_SHAPE.adder, multiplier=multiplier,
                                            intervals=intervals))


QUICK = 5
"""Of so many plans of windows one is tried every time, and all of them with `make test-slow`."""


@pytest.mark.parametrize("shape, step", [
    (toy_at(12), QUICK), *(pytest.param(shape, 1, marks=pytest.mark.slow)
                           for shape in (*map(toy_at, (12, 6, 4, 3, 2, 1)), toy_folded()))],
    ids=["some of 12", "12", "6", "4", "3", "2", "1", "folded"])
def test_every_window_of_the_toy_curve_with_and_without_a_datapath(shape, step):
    rng, runs = Random(1), []
    for group in Group:
        for plan in list(plans_of(shape, group))[::step]:
            for count in (0, 1, 40):
                points = rng.choices([None, *toy_points(group)], k=count)
                runs += [(group, plan, scalars, points)
                         for scalars in patterns(ORDER, count, count).values()]
    found = check(shape, runs)
    assert found == check(control_only(shape), runs)
    assert all(counters["finish"] and not counters["output"]
               for passes in found for counters in passes)
    assert all(counters["drain"] <= counters["fill"] + counters["sum"]
               for passes in found for counters in passes)


def test_a_pass_that_never_came_does_no_harm():
    """The first pass of another sum begins anew, and so does a sum that is not finished here."""
    rng = Random(4)
    points = rng.choices(toy_points(Group.G1), k=9)
    scalars = [rng.randrange(ORDER) for _ in points]
    simulation = Simulation(build(TOY_SHAPE)[1])
    link = Link(simulation)
    link.load(TOY_CURVE, Group.G1, points)
    expected = file_words(TOY_CURVE, Group.G1, multi_scalar_product(
        equation(TOY_CURVE, Group.G1), scalars, points))
    passes, whole = WindowPlan(8, 3, 1, 1), WindowPlan(8, 3)
    first, windows = passes.passes[-1]
    abandoned = multiply_words(Group.G1, passes, scalars, first=first, windows=windows, finish=1)
    for plan in (passes, whole):
        assert unpack(ANSWER, link.ask(abandoned, 1)[0])["error"] == 0
        assert finished(link, Group.G1, plan, scalars)[0] == expected
    assert unpack(ANSWER, link.ask(abandoned, 1)[0])["error"] == 0
    link.multiply(Expected(TOY_SHAPE, Group.G1, whole, scalars, points))
    assert finished(link, Group.G1, whole, scalars)[0] == expected
    link.assert_silent()
    simulation.close()


def test_without_a_finisher_it_is_refused():
    shape = control_only(replace(TOY_SHAPE, finisher=False))
    simulation = Simulation(build(shape)[1])
    link = Link(simulation)
    plan = WindowPlan(8, 3)
    refused = [answer(Command.MULTIPLY, error=Error.FINISH)]
    assert link.ask(multiply_words(Group.G1, plan, [3, 5], finish=1), 1) == refused
    points = toy_points(Group.G1)[:2]
    link.load(TOY_CURVE, Group.G1, points)
    link.multiply(Expected(shape, Group.G1, plan, [3, 5], points))
    simulation.close()


@pytest.mark.slow
def test_bn254():
    rng, runs = Random(2), []
    for group in Group:
        law, multiples = equation(BN254, group), [bn254_generator(group)]
        while len(multiples) < 20:
            multiples.append(law.add(multiples[-1], multiples[0]))
        for count, window, at_once in ((0, 4, 0), (1, 4, 0), (8, 4, 0), (64, 5, 17)):
            points = rng.choices(multiples, k=count)
            scalars = [rng.randrange(BN254.scalar.modulus) for _ in points]
            runs.append((group, WindowPlan(BN254.scalar.bits, window, at_once=at_once), scalars,
                         points))
    check(STANDARD, runs)

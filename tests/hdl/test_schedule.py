"""Schedules run by an interpreter that trusts nothing: overlapping evaluations, golden sums."""

from dataclasses import replace
from functools import partial
from random import Random

import pytest

from proofmill.hdl.curve import BN254, TOY_CURVE, Group
from proofmill.hdl.field import BN254_BASE, TOY
from proofmill.hdl.formulas import complete_addition
from proofmill.hdl.graph import trace
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.schedule import Bank, Resources, schedule
from proofmill.sim.curve import equation, to_affine, to_homogeneous
from proofmill.sim.field import montgomery_product
from proofmill.sim.schedule import run
from tests.hdl.points import toy_points

SHAPES = {
    "toy": MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8),
    "bn254": MultiplierShape(field=BN254_BASE, operand_bits=264, digit=26, limb=34),
}


def graph_of(curve, group):
    return trace(partial(complete_addition, times_3b=curve.times_3b[group]), group.degree,
                 SHAPES[curve.name])


def cases(curve, group, count, bound, rng):
    """(coordinates of P, coordinates of Q, their affine sum), unreduced up to `bound`."""
    law, modulus = equation(curve, group), curve.base.modulus
    if curve is TOY_CURVE:
        points = toy_points(group)
    else:
        points = [law.multiply(n, ((1,), (2,))) for n in range(20)]

    def unreduced(point):
        scale = tuple(rng.randrange(1, modulus) for _ in range(group.degree))
        parts = [part for coordinate in to_homogeneous(point, scale, modulus)
                 for part in coordinate]
        return [part + modulus * rng.randrange((bound - part) // modulus + 1) for part in parts]

    for n in range(count):
        p, q = rng.choice(points), rng.choice(points)
        q = {0: p, 1: law.negate(p), 2: None}.get(n % 8, q)
        p = None if n % 8 in (2, 3) else p
        yield unreduced(p), unreduced(q), law.add(p, q)


def gather(group, parts):
    """Homogeneous coordinates from the outputs of the graph."""
    d = group.degree
    return tuple(tuple(parts[n * d:(n + 1) * d]) for n in range(3))


@pytest.mark.parametrize("curve, group, multipliers, interval, adders, units", [
    (TOY_CURVE, Group.G1, 1, 12, 2, 1), (TOY_CURVE, Group.G1, 1, 12, 3, 1),
    (TOY_CURVE, Group.G1, 2, 6, 3, 1), (TOY_CURVE, Group.G1, 3, 4, 4, 3),
    (TOY_CURVE, Group.G1, 4, 3, 6, 4), (TOY_CURVE, Group.G1, 6, 2, 8, 6),
    (TOY_CURVE, Group.G1, 12, 1, 16, 12), (TOY_CURVE, Group.G1, 12, 1, 16, 3),
    (BN254, Group.G1, 1, 12, 3, 1), (BN254, Group.G1, 2, 6, 3, 2), (BN254, Group.G1, 12, 1, 16, 12),
    (TOY_CURVE, Group.G2, 1, 36, 3, 1), (TOY_CURVE, Group.G2, 2, 18, 5, 1),
    (TOY_CURVE, Group.G2, 3, 12, 7, 3), (TOY_CURVE, Group.G2, 6, 6, 14, 6),
    (TOY_CURVE, Group.G2, 12, 3, 27, 12), (TOY_CURVE, Group.G2, 36, 1, 79, 12),
])
def test_overlapping_evaluations_give_the_golden_sums(
        curve, group, multipliers, interval, adders, units):
    shape = SHAPES[curve.name]
    graph, bound = graph_of(curve, group)
    placed = schedule(graph, interval, Resources(
        multipliers=multipliers, adders=adders, product_latency=shape.latency + 2, sum_latency=2),
        units=units)
    assert placed.lanes == -(-3 * group.degree // interval)
    rng = Random(1)
    sums = list(cases(curve, group, 150, bound, rng))
    results = run(placed, [case[:2] for case in sums], partial(montgomery_product, shape),
                  shape.field.modulus, rng)
    for outputs, (_, _, expected) in zip(results, sums, strict=True):
        assert to_affine(gather(group, outputs), shape.field.modulus) == expected


@pytest.mark.parametrize("group, interval, resources, sentence", [
    (Group.G1, 11, dict(multipliers=1, adders=3),
     r"^12 multiplications do not fit 1 multiplier\(s\) at interval 11; take 2 .*interval 12$"),
    (Group.G1, 12, dict(multipliers=1, adders=1),
     r"^16 additions do not fit 1 adder\(s\) at interval 12; take 2 adders, or interval 16$"),
    (Group.G1, 35, dict(multipliers=1, adders=3, product_interval=3),
     r"^an interval of 35 is no multiple of a multiplier's own, 3$"),
    (Group.G1, 33, dict(multipliers=1, adders=3, product_interval=3),
     r"^12 .* do not fit 1 .* interval 33, each taking one every 3 cycles; take 2 .* interval 36$"),
    (Group.G2, 36, dict(multipliers=1, adders=2),
     r"^79 additions do not fit 2 adder\(s\) at interval 36; take 3 adders, or interval 40$"),
    (Group.G1, 2, dict(multipliers=6, adders=8),
     r"^the 3 coordinates of a point come in and go out one a cycle, .* 1 interval\(s\) of 2$"),
    (Group.G2, 5, dict(multipliers=8, adders=16), r"^the 6 coordinates .* interval\(s\) of 5$"),
])
def test_what_does_not_fit_is_refused(group, interval, resources, sentence):
    graph, _ = graph_of(TOY_CURVE, group)
    with pytest.raises(ValueError, match=sentence):
        schedule(graph, interval, Resources(product_latency=16, sum_latency=2, **resources))


@pytest.mark.parametrize("group, multipliers, interval, every, adders", [
    (Group.G1, 1, 36, 3, 2), (Group.G1, 3, 12, 3, 3), (Group.G1, 2, 30, 5, 2),
    (Group.G1, 12, 15, 15, 2), (Group.G1, 1, 180, 15, 1), (Group.G2, 4, 45, 5, 2),
])
def test_multipliers_that_take_a_pair_every_few_cycles(group, multipliers, interval, every, adders):
    """The interpreter knows when they do; everything else stays as it is."""
    shape = SHAPES["toy"]
    graph, bound = graph_of(TOY_CURVE, group)
    placed = schedule(graph, interval, Resources(
        multipliers=multipliers, adders=adders, product_latency=41, sum_latency=2,
        product_interval=every))
    rng = Random(1)
    sums = list(cases(TOY_CURVE, group, 40, bound, rng))
    results = run(placed, [case[:2] for case in sums], partial(montgomery_product, shape),
                  shape.field.modulus, rng)
    for outputs, (_, _, expected) in zip(results, sums, strict=True):
        assert to_affine(gather(group, outputs), shape.field.modulus) == expected


def test_a_schedule_does_not_depend_on_where_nodes_lie_in_memory():
    """Else the same parameters would give another Verilog, and another identity, each time."""

    def placed():
        graph, _ = graph_of(TOY_CURVE, Group.G1)
        found = schedule(graph, 12, Resources(
            multipliers=1, adders=3, product_latency=16, sum_latency=2))
        return [(o.node.name, o.unit, o.time, [(x.port, x.node.name) for x in o.operands])
                for o in found.operations]

    first, kept = placed(), []
    for _ in range(10):
        kept.append([object() for _ in range(1000)])
        assert placed() == first


def test_a_broken_schedule_is_noticed():
    """The interpreter itself: a unit used twice, a value overwritten, a read too early."""
    shape = SHAPES["toy"]
    graph, bound = graph_of(TOY_CURVE, Group.G1)
    resources = Resources(multipliers=1, adders=3, product_latency=16, sum_latency=2)

    def outcome(change):
        placed = schedule(graph, 12, resources)
        change(placed)
        pairs = [case[:2] for case in cases(TOY_CURVE, Group.G1, 40, bound, Random(2))]
        run(placed, pairs, partial(montgomery_product, shape), 163, Random(3))

    def crowd(placed):
        one, two = [n for n, o in enumerate(placed.operations) if o.unit == "multiplier0"][:2]
        placed.operations[two] = replace(
            placed.operations[two], time=placed.operations[one].time + 12)

    def squeeze(placed):
        placed.depth[Bank("multiplier0")] //= 2

    def hurry(placed):
        last = placed.operations[-1]
        placed.operations[-1] = replace(last, time=last.time - 1)

    def idle(placed):
        placed.resources = replace(resources, product_interval=3)

    outcome(lambda placed: None)
    with pytest.raises(AssertionError, match="multiplier0 takes no operands in cycle"):
        outcome(idle)
    with pytest.raises(AssertionError, match="multiplier0 is used twice in cycle"):
        outcome(crowd)
    with pytest.raises(AssertionError, match="multiplier0 does not hold"):
        outcome(squeeze)
    with pytest.raises(AssertionError, match="does not hold|used twice"):
        outcome(hurry)

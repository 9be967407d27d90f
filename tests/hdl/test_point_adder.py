from dataclasses import replace
from random import Random

import numpy as np
import pytest

from proofmill.boards.shapes import FIVE_ROWS
from proofmill.hdl.curve import BLS12_377, BLS12_381, TOY_CURVE, Group
from proofmill.hdl.field import TOY, PrimeField
from proofmill.hdl.framed_adder import FramedAdder, Timetable
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, of_curve
from proofmill.sim.curve import equation, to_affine, to_homogeneous
from tests.hdl.compiled import Compiled
from tests.hdl.points import generator, toy_points
from tests.simulation import simulate

TOY_ADDER = TOY_SHAPE.adder


def unreduced(shape, group, point, rng):
    """Coordinates of `point`, scaled at random and lifted up to the bound the adder states."""
    modulus, (_, bound) = shape.curve.base.modulus, shape.traces[group]
    scale = tuple(rng.randrange(1, modulus) for _ in range(group.degree))
    parts = [part for c in to_homogeneous(point, scale, modulus) for part in c]
    highest = [(bound - part) // modulus for part in parts]
    lifts = rng.choice([highest, [0] * len(parts), [rng.randint(0, high) for high in highest]])
    return [part + modulus * lift for part, lift in zip(parts, lifts, strict=True)]


def timetable(shape, group, slots):
    """For every pair the cycles in which its coordinates are loaded, and those of its sum."""
    table = Timetable(shape, group)
    return ([table.loads(k, slot) for k, slot in enumerate(slots)],
            [table.totals(k) for k in range(len(slots))])


def affine(shape, group, parts):
    degree = group.degree
    return to_affine(tuple(tuple(parts[degree * n:degree * (n + 1)]) for n in range(3)),
                     shape.curve.base.modulus)


@pytest.mark.parametrize("sum_latency", [2, 6])
@pytest.mark.parametrize("group", Group, ids=lambda group: group.value)
def test_every_pair_of_points(group, sum_latency):
    """All 181 * 181 pairs of the toy curve's group, infinity, doublings and opposites included."""
    check_every_pair(replace(TOY_ADDER, sum_latency=sum_latency), group, toy_points(group))


def check_every_pair(shape, group, points):
    """Sums of all pairs of these points, by the compiled RTL, against the group law."""
    law, rng = equation(shape.curve, group), Random(1)
    interval, beats = shape.interval[group], 3 * group.degree
    count = len(points) ** 2
    pairs = [(i, j) for i in range(len(points)) for j in range(len(points))]
    rng.shuffle(pairs)
    slots = [rng.randrange(interval // beats) for _ in pairs]
    loads, totals = timetable(shape, group, slots)
    cycles = totals[-1][-1] + 1
    inputs = {name: np.zeros(cycles, dtype=np.uint64) for name in ("load", "position", "p", "q")}
    scaled = [[unreduced(shape, group, point, rng) for _ in range(8)] for point in points]
    for (i, j), when in zip(pairs, loads, strict=True):
        for position, (p, q) in enumerate(zip(rng.choice(scaled[i]), rng.choice(scaled[j]),
                                              strict=True)):
            cycle = when[position]
            assert not inputs["load"][cycle]
            inputs["load"][cycle], inputs["position"][cycle] = 1, position
            inputs["p"][cycle], inputs["q"][cycle] = p, q
    outputs = Compiled(FramedAdder(shape)).run(
        cycles, group=shape.groups.index(group),
        **{f"pairs__0__{name}": values for name, values in inputs.items()})
    assert [int(cycle) for cycle in outputs["cycle"][:interval + 1]] == [*range(interval), 0]
    sums = outputs["totals__0"].astype(int)[np.array(totals)]
    assert sums.shape == (count, beats)
    assert sums.max() <= shape.traces[group][1]
    for (i, j), coordinates in zip(pairs, sums.tolist(), strict=True):
        assert affine(shape, group, coordinates) == law.add(points[i], points[j])


@pytest.mark.parametrize("modulus, order", [
    pytest.param(7, 63, id="63"), pytest.param(19, 373, id="373", marks=pytest.mark.slow)])
def test_every_pair_of_points_of_a_toy_of_bls12_381s_twist(modulus, order):
    """y^2 = x^3 + 4 + 4 u over a few bits: an odd number of points, as there."""
    base = PrimeField(name="few", modulus=modulus)
    toy = replace(BLS12_381, name="toy-bls", base=base,
                  unit={group: (1,) + (0,) * (group.degree - 1) for group in Group})
    points = list(equation(toy, Group.G2).points())
    assert len(points) == order
    check_every_pair(of_curve(toy, TOY_SHAPE).adder, Group.G2, points)


def wide(curve_shape, multipliers, intervals, adders):
    return replace(curve_shape, multipliers=multipliers, intervals=intervals, adders=adders)


SHAPES = {
    "toy": TOY_ADDER,
    "bn254": STANDARD.adder,
    "bls12-381": of_curve(BLS12_381).adder,
    "bls12-377": of_curve(BLS12_377).adder,
    "toy-2-multipliers": wide(TOY_ADDER, 2, ((Group.G1, 6), (Group.G2, 18)), 5),
    "toy-3-multipliers": wide(TOY_ADDER, 3, ((Group.G2, 12), (Group.G1, 6)), 7),
    "toy-late-sums": replace(TOY_ADDER, sum_latency=6),
    "bn254-five-rows": FIVE_ROWS.adder,
    "toy-g2-only": wide(TOY_ADDER, 1, ((Group.G2, 40),), 2),
}


@pytest.mark.parametrize("name, group", [
    (name, group) for name, shape in SHAPES.items() for group in shape.groups],
    ids=lambda value: getattr(value, "value", value))
def test_random_and_special_pairs(name, group):
    """One pair a frame, in any service slot, coordinates up to the bound; some frames empty."""
    shape, rng = SHAPES[name], Random(2)
    law = equation(shape.curve, group)
    if shape.curve is TOY_CURVE:
        points, count = toy_points(group), 120
    else:
        base = generator(shape.curve, group)
        points, count = [law.multiply(rng.randrange(1 << 60), base) for _ in range(8)], 24
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(count)]
    p = points[1]
    pairs += [(p, p), (p, law.negate(p)), (p, None), (None, p), (None, None)]
    rng.shuffle(pairs)
    interval = shape.interval[group]
    slots = [rng.randrange(interval // (3 * group.degree)) for _ in pairs]
    loads, totals = timetable(shape, group, slots)
    inputs, outputs = {}, {}
    for k, pair in enumerate(pairs):
        sides = zip(*(unreduced(shape, group, point, rng) for point in pair), strict=True)
        for position, (one, two) in enumerate(sides):
            inputs[loads[k][position]] = (position, one, two)
        for position, cycle in enumerate(totals[k]):
            outputs[cycle] = (k, position)
    dut = FramedAdder(shape)
    sums = [[0] * (3 * group.degree) for _ in pairs]

    async def check(ctx):
        ctx.set(dut.group, shape.groups.index(group))
        while True:  # the first frame may be one of the other group's length
            await ctx.tick()
            if ctx.get(dut.cycle) == 0:
                break
        for cycle in range(max(outputs) + 1):
            assert ctx.get(dut.cycle) == cycle % interval
            position, one, two = inputs.get(cycle, (0, 0, 0))
            ctx.set(dut.pairs[0].load, cycle in inputs)
            ctx.set(dut.pairs[0].position, position)
            ctx.set(dut.pairs[0].p, one)
            ctx.set(dut.pairs[0].q, two)
            if cycle in outputs:
                k, position = outputs[cycle]
                sums[k][position] = ctx.get(dut.totals[0])
            await ctx.tick()

    simulate(dut, check, cycles=20_000)
    for (one, two), coordinates in zip(pairs, sums, strict=True):
        assert max(coordinates) <= shape.traces[group][1]
        assert affine(shape, group, coordinates) == law.add(one, two)


def test_sums_of_another_number_of_cycles_are_refused():
    with pytest.raises(ValueError, match=r"^a sum takes 2 cycles or 6, not 3$"):
        replace(TOY_ADDER, sum_latency=3)


def test_a_narrow_multiplier_is_refused_by_the_name_of_the_value_that_overflows():
    shape = AdderShape(
        curve=TOY_CURVE, multiplier=MultiplierShape(field=TOY, operand_bits=11, digit=6, limb=8),
        multipliers=1, adders=3, intervals=((Group.G1, 12),))
    with pytest.raises(ValueError, match=r"^sum\d+ = .* can reach \d+\.\d times the modulus, 1\d "
                                         r"bits, but the multiplier takes 11; give it wider"):
        shape.schedules  # noqa: B018

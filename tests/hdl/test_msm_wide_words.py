"""Sums on curves whose coordinates have six words: a toy of BLS12-381's equation, exhausted, and
that curve itself at full width."""

from dataclasses import replace
from random import Random

import pytest
from py_ecc import bls12_381

from proofmill.hdl import curve as curves
from proofmill.hdl import field as fields
from proofmill.hdl.curve import BLS12_381, Curve, Group
from proofmill.hdl.field import TOY_SCALAR, PrimeField
from proofmill.hdl.formulas import times_12, times_12_plus_12u
from proofmill.hdl.presets import TOY_SHAPE, control_only, of_curve
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.curve import equation
from proofmill.sim.msm import multi_scalar_product
from proofmill.sim.verilated import Simulation, build
from tests.hdl.points import from_py_ecc
from tests.hdl.test_finish_verilated import file_words, finished
from tests.hdl.words import Expected, Link, patterns

BASE = PrimeField(name="toy-4", modulus=139)
"""y^2 = x^3 + 4 has an odd number of points over it, so the complete formula is right on all."""

UNIT = (1 << 384) % BASE.modulus

TOY = Curve(
    name="toy-4", base=BASE, scalar=TOY_SCALAR, b=BLS12_381.b,
    times_3b={Group.G1: times_12, Group.G2: times_12_plus_12u},
    unit={Group.G1: (UNIT,), Group.G2: (UNIT, 0)}, least_words=6)

POINTS = list(equation(TOY, Group.G1).points())


@pytest.fixture(scope="module")
def named():
    """The toy has a name while this module runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(curves.CURVES, TOY.name, TOY)
        patch.setitem(fields.FIELDS, BASE.name, BASE)
        yield


def shape_of(curve, base, **changes):
    return replace(of_curve(curve, base), **changes)


def summed(shape, runs):
    """Each of `runs`, (plan, scalars, points), finished on the chip and not; their counters."""
    curve, found = shape.adder.curve, []
    law, simulation = equation(curve, Group.G1), Simulation(build(shape)[1])
    link = Link(simulation)
    for plan, scalars, points in runs:
        link.load_copies(curve, Group.G1, plan, points)
        words, counters = finished(link, Group.G1, plan, scalars, curve.words)
        found.append(counters)
        if shape.datapath:
            assert words == file_words(curve, Group.G1,
                                       multi_scalar_product(law, scalars, points))
            link.multiply(Expected(shape, Group.G1, plan, scalars, points))
    simulation.close()
    return found


def test_the_words_of_curves():
    assert (TOY.words, TOY.file_radix) == (6, 1 << 384)
    assert (BLS12_381.words, BLS12_381.file_radix) == (6, 1 << 384)
    assert BLS12_381.unit_at(Group.G1, 384, affine=False) == BLS12_381.unit[Group.G1]
    assert [curves.BN254.point_words(group) for group in Group] == [8, 16]
    assert len(POINTS) % 2


@pytest.mark.slow
def test_every_point_with_every_sign(named):
    """Each point once and as its negative, beside every other residue of a bucket's place."""
    plan, rng, runs = WindowPlan(8, 3), Random(1), []
    for point in POINTS:
        runs += [(plan, [scalar, rng.randrange(181)], [point, rng.choice(POINTS)])
                 for scalar in (1, 3, 4, 180)]
    shape = shape_of(TOY, TOY_SHAPE)
    assert summed(shape, runs) == summed(control_only(shape), runs)


@pytest.mark.slow
def test_every_pair_of_points(named):
    """P + Q for all of them: doublings, opposites and infinity included."""
    shape, plan = shape_of(TOY, TOY_SHAPE), WindowPlan(8, 2)
    curve, law = TOY, equation(TOY, Group.G1)
    simulation = Simulation(build(shape)[1])
    link = Link(simulation)
    for one in POINTS:
        for other in POINTS:
            link.load(curve, Group.G1, [one, other])
            words, _ = finished(link, Group.G1, plan, [1, 1], curve.words)
            assert words == file_words(curve, Group.G1, law.add(one, other))
    simulation.close()


@pytest.mark.slow
def test_bls12_381_is_the_model_and_py_ecc():
    """At full width, what ``kzg --device rtl`` runs on: every kind of scalars, few windows."""
    rng, shape = Random(2), of_curve(BLS12_381)
    order = BLS12_381.scalar.modulus
    base = [bls12_381.multiply(bls12_381.G1, rng.randrange(1 << 64)) for _ in range(5)]
    points = [from_py_ecc(point) for point in (*base, bls12_381.neg(base[0]))] + [None]
    runs = [(WindowPlan(255, window, stride=stride), scalars, points)
            for window, stride in ((4, 0), (8, 0), (4, 64))
            for scalars in patterns(order, len(points), window).values()]
    assert summed(shape, runs) == summed(control_only(shape), runs)
    scalars = [rng.randrange(order) for _ in base]
    total = None
    for scalar, point in zip(scalars, base, strict=True):
        total = bls12_381.add(total, bls12_381.multiply(point, scalar))
    simulation = Simulation(build(shape)[1])
    link, plan = Link(simulation), WindowPlan(255, 5)
    link.load(BLS12_381, Group.G1, points[:len(base)])
    assert finished(link, Group.G1, plan, scalars, BLS12_381.words)[0] == file_words(
        BLS12_381, Group.G1, from_py_ecc(total))
    simulation.close()

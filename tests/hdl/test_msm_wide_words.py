"""Sums on curves whose coordinates have six words: toys of BLS12-381's and BLS12-377's equations,
exhausted, and these curves themselves at full width."""

from random import Random

import pytest
from py_ecc import bls12_381

from proofmill.hdl import curve as curves
from proofmill.hdl import field as fields
from proofmill.hdl.curve import BLS12_377, BLS12_381, GENERATOR_BLS12_377, Curve, Group
from proofmill.hdl.field import TOY_SCALAR, PrimeField
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, control_only, of_curve, with_batches
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.curve import equation
from proofmill.sim.msm import multi_scalar_product
from proofmill.sim.verilated import Simulation, build
from tests.hdl.points import from_py_ecc, odd_points
from tests.hdl.test_finish_verilated import file_words, finished
from tests.hdl.words import Expected, Link, patterns


def toy(like, modulus):
    """The equation of a curve over a few bits, with coordinates of as many words as there."""
    base = PrimeField(name=f"toy-{like.b[Group.G1][0]}-{modulus}", modulus=modulus)
    return Curve(
        name=base.name, base=base, scalar=TOY_SCALAR, b=like.b, times_3b=like.times_3b,
        unit={group: ((1 << 384) % modulus, 0)[:group.degree] for group in like.b}, least_words=6)


TOYS = [toy(BLS12_381, 139), toy(BLS12_377, 181)]
"""y^2 = x^3 + 4 has an odd number of points, so the complete formula is right on all of them;
y^2 = x^3 + 1 has 156, of which 39 are of odd order, as G1's are."""

TWIST = toy(BLS12_381, 19)
"""y^2 = x^3 + 4 + 4 u has 373 points over Fp2, all of them of odd order."""


@pytest.fixture(scope="module")
def named():
    """The toys have names while this module runs."""
    with pytest.MonkeyPatch.context() as patch:
        for curve in (*TOYS, TWIST):
            patch.setitem(curves.CURVES, curve.name, curve)
            patch.setitem(fields.FIELDS, curve.base.name, curve.base)
        yield


def in_g1(curve, base=STANDARD):
    return of_curve(curve, base, (Group.G1,))


def summed(shape, runs, group=Group.G1):
    """Each of `runs`, (plan, scalars, points), finished on the chip and not; their counters."""
    curve, found = shape.adder.curve, []
    law, simulation = equation(curve, group), Simulation(build(shape)[1])
    link = Link(simulation)
    for plan, scalars, points in runs:
        link.load_copies(curve, group, plan, points)
        words, counters = finished(link, group, plan, scalars, curve.words)
        found.append(counters)
        if shape.datapath:
            assert words == file_words(curve, group, multi_scalar_product(law, scalars, points))
            link.multiply(Expected(shape, group, plan, scalars, points))
    simulation.close()
    return found


def test_the_words_of_curves():
    for curve in (*TOYS, TWIST, BLS12_381, BLS12_377):
        assert (curve.words, curve.file_radix) == (6, 1 << 384)
        for group in curve.b:
            assert curve.unit_at(group, 384, affine=False) == curve.unit[group]
    assert [curves.BN254.point_words(group) for group in Group] == [8, 16]
    assert [BLS12_381.point_words(group) for group in Group] == [12, 24]
    assert [len(odd_points(equation(curve, Group.G1))) for curve in TOYS] == [147, 39]
    assert len(odd_points(equation(TWIST, Group.G2))) == 373


@pytest.mark.slow
@pytest.mark.parametrize("curve", TOYS, ids=lambda curve: curve.name)
def test_every_point_with_every_sign(named, curve):
    """Each point once and as its negative, beside every other residue of a bucket's place."""
    plan, rng, runs = WindowPlan(8, 3), Random(1), []
    points = odd_points(equation(curve, Group.G1))
    for point in points:
        runs += [(plan, [scalar, rng.randrange(181)], [point, rng.choice(points)])
                 for scalar in (1, 3, 4, 180)]
    shape = in_g1(curve, TOY_SHAPE)
    assert summed(shape, runs) == summed(control_only(shape), runs)


@pytest.mark.slow
def test_every_point_of_the_twist_with_every_sign(named):
    """Of a point of twenty-four words; tests/hdl/test_point_adder.py has every pair. (There
    are half as many mailboxes in G2, so windows are narrower.)"""
    plan, rng, runs = WindowPlan(8, 2), Random(1), []
    points = list(equation(TWIST, Group.G2).points())
    for point in points:
        runs += [(plan, [scalar, rng.randrange(181)], [point, rng.choice(points)])
                 for scalar in (1, 3, 4, 180)]
    shape = of_curve(TWIST, TOY_SHAPE)
    assert summed(shape, runs, Group.G2) == summed(control_only(shape), runs, Group.G2)


@pytest.mark.slow
@pytest.mark.parametrize("curve", TOYS, ids=lambda curve: curve.name)
def test_every_pair_of_points(named, curve):
    """P + Q for all of them: doublings, opposites and infinity included."""
    shape, plan = in_g1(curve, TOY_SHAPE), WindowPlan(8, 2)
    law = equation(curve, Group.G1)
    points = odd_points(law)
    simulation = Simulation(build(shape)[1])
    link = Link(simulation)
    for one in points:
        for other in points:
            link.load(curve, Group.G1, [one, other])
            words, _ = finished(link, Group.G1, plan, [1, 1], curve.words)
            assert words == file_words(curve, Group.G1, law.add(one, other))
    simulation.close()


@pytest.mark.slow
def test_bls12_381_is_the_model_and_py_ecc():
    """At full width, what ``kzg --device rtl`` runs on: every kind of scalars, few windows."""
    rng, shape = Random(2), in_g1(BLS12_381)
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


@pytest.mark.slow
@pytest.mark.parametrize("batches", [False, True], ids=["complete", "in batches"])
def test_bls12_381s_g2_is_the_model_and_py_ecc(batches):
    """At full width, what ``bench msm --curve bls12-381 --group g2`` runs on."""
    rng, shape = Random(4), of_curve(BLS12_381)
    if batches:
        shape = with_batches(shape)
    unit = shape.unit(Group.G2)
    order = BLS12_381.scalar.modulus
    base = [bls12_381.multiply(bls12_381.G2, rng.randrange(1 << 64)) for _ in range(5)]
    scalars, total = [rng.randrange(order) for _ in base], None
    for scalar, point in zip(scalars, base, strict=True):
        total = bls12_381.add(total, bls12_381.multiply(point, scalar))
    expected = file_words(BLS12_381, Group.G2, from_py_ecc(total))
    plan, found = WindowPlan(255, 6), []
    for own in (shape, control_only(shape)):
        simulation = Simulation(build(own)[1])
        link = Link(simulation)
        link.load_copies(BLS12_381, Group.G2, plan, list(map(from_py_ecc, base)), unit)
        words, counters = finished(link, Group.G2, plan, scalars, BLS12_381.words)
        simulation.close()
        assert words == expected or not own.datapath
        found.append(counters)
    assert found[0] == found[1]


@pytest.mark.slow
def test_bls12_377_is_the_model():
    """At full width; tests/sim/test_curve.py holds the model to the law of py_ecc."""
    rng, shape, law = Random(3), in_g1(BLS12_377), equation(BLS12_377, Group.G1)
    order = BLS12_377.scalar.modulus
    base = [law.multiply(rng.randrange(order), GENERATOR_BLS12_377) for _ in range(5)]
    points = [*base, law.negate(base[0]), None]
    runs = [(WindowPlan(253, window, stride=stride), scalars, points)
            for window, stride in ((4, 0), (8, 0), (4, 64))
            for scalars in patterns(order, len(points), window).values()]
    assert summed(shape, runs) == summed(control_only(shape), runs)

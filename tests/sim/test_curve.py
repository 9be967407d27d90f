"""The golden group law: against py_ecc, against the group's axioms, and the formula against it."""

from dataclasses import replace
from random import Random

import pytest
from py_ecc import bls12_381, optimized_bls12_381, optimized_bn128
from py_ecc.bn128 import G1, G2, add, multiply, neg
from py_ecc.fields.field_elements import FQ

from proofmill.hdl.curve import (
    BLS12_377,
    BLS12_381,
    BN254,
    FILE_RADIX,
    GENERATOR_BLS12_377,
    TOY_CURVE,
    TWIST_SCALE,
    Group,
)
from proofmill.hdl.field import PrimeField, is_prime
from proofmill.sim.curve import (
    complete_sum,
    equation,
    from_scaled_twist,
    inverse,
    loaded,
    plus,
    times,
    to_affine,
    to_homogeneous,
    to_scaled_twist,
)
from proofmill.sim.points import small_generator
from tests.hdl.points import from_py_ecc, generator, toy_points

P = BN254.base.modulus


@pytest.mark.parametrize("group", [Group.G1, Group.G2])
def test_points_of_bn254_add_as_in_py_ecc(group):
    law, base = equation(BN254, group), G1 if group is Group.G1 else G2
    rng = Random(1)
    # On the accelerator's curve for G2; the isomorphism there and back.
    there = to_scaled_twist if group is Group.G2 else lambda point, modulus: point
    back = from_scaled_twist if group is Group.G2 else lambda point, modulus: point
    for _ in range(5):
        p, q = (multiply(base, rng.randrange(1, BN254.scalar.modulus)) for _ in range(2))
        for one, two in [(p, q), (p, p), (p, neg(p)), (p, None), (None, p), (None, None)]:
            total = law.add(there(from_py_ecc(one), P), there(from_py_ecc(two), P))
            assert law.holds(total)
            assert back(total, P) == from_py_ecc(add(one, two))
    scalar = rng.randrange(BN254.scalar.modulus)
    product = law.multiply(scalar, there(from_py_ecc(p), P))
    assert back(product, P) == from_py_ecc(multiply(p, scalar))
    assert law.multiply(BN254.scalar.modulus, there(from_py_ecc(p), P)) is None


def test_the_moduli_are_those_of_py_ecc():
    assert BN254.base.modulus == optimized_bn128.field_modulus
    assert BN254.scalar.modulus == optimized_bn128.curve_order
    assert BLS12_381.base.modulus == optimized_bls12_381.field_modulus
    assert BLS12_381.scalar.modulus == optimized_bls12_381.curve_order


@pytest.mark.parametrize("group", Group)
def test_points_of_bls12_381_add_as_in_py_ecc(group):
    """By the law as it is taught, and by the accelerator's formula."""
    curve, modulus = BLS12_381, BLS12_381.base.modulus
    law, rng = equation(curve, group), Random(381)
    base = bls12_381.G1 if group is Group.G1 else bls12_381.G2
    assert law.holds(generator(curve, group)) and generator(curve, group) == from_py_ecc(base)
    p, q = (bls12_381.multiply(base, rng.randrange(1 << 60)) for _ in range(2))
    scale = tuple(rng.randrange(modulus) for _ in range(group.degree))
    for one, two in [(p, q), (p, p), (p, bls12_381.neg(p)), (p, None), (None, p), (None, None)]:
        expected = from_py_ecc(bls12_381.add(one, two))
        assert law.add(from_py_ecc(one), from_py_ecc(two)) == expected
        total = complete_sum(curve, group, to_homogeneous(from_py_ecc(one), scale, modulus),
                             to_homogeneous(from_py_ecc(two), curve.unit[group], modulus))
        assert to_affine(total, modulus) == expected


@pytest.mark.parametrize("curve, group", [
    (curve, group) for curve in (BLS12_381, BLS12_377, TOY_CURVE) for group in curve.b],
    ids=lambda value: getattr(value, "name", value))
def test_generators_have_the_order_of_the_scalars(curve, group):
    """The published ones where small points have others, as (0, 2) of BLS12-381 has 3."""
    law, found = equation(curve, group), small_generator(curve, group)
    assert law.holds(found) and found is not None
    assert law.multiply(curve.scalar.modulus, found) is None
    if curve is not TOY_CURVE:
        assert found == generator(curve, group)
    if curve is BLS12_381 and group is Group.G1:
        assert law.multiply(3, ((0,), (2,))) is None


def test_a_curve_without_a_small_generator_is_told():
    another = replace(BLS12_377, name="another")
    with pytest.raises(ValueError, match="no small generator of another's g1 was found; add one"):
        small_generator(another, Group.G1)


def test_the_constants_of_bls12_377():
    """Those of the family (Barreto, Lynn and Scott) for its x, and a generator of order r."""
    x = 0x8508c00000000001
    r = x ** 4 - x ** 2 + 1
    p = (x - 1) ** 2 * r // 3 + x
    assert (BLS12_377.base.modulus, BLS12_377.scalar.modulus) == (p, r)
    assert is_prime(p) and is_prime(r) and (p.bit_length(), r.bit_length()) == (377, 253)
    law, cofactor = equation(BLS12_377, Group.G1), (x - 1) ** 2 // 3
    assert cofactor * r == p + 1 - (x + 1)
    assert law.holds(GENERATOR_BLS12_377)
    assert law.multiply(r, GENERATOR_BLS12_377) is None
    # (2, 3) is on the curve, of order six: what is not of G1 has an order that the cofactor has.
    other = ((2,), (3,))
    assert law.holds(other) and law.multiply(r, other) is not None
    assert law.multiply(cofactor, other) is None and law.multiply(6, other) is None


class FieldOf377(FQ):
    """py_ecc's arithmetic modulo BLS12-377's p."""

    field_modulus = BLS12_377.base.modulus


def test_points_of_bls12_377_add_as_by_py_eccs_law():
    """py_ecc has no such curve; its addition asks nothing of one but the field."""
    curve, modulus, rng = BLS12_377, BLS12_377.base.modulus, Random(377)
    law, base = equation(curve, Group.G1), GENERATOR_BLS12_377
    p = law.multiply(rng.randrange(curve.scalar.modulus), base)
    q = law.multiply(rng.randrange(curve.scalar.modulus), base)
    for one, two in [(p, q), (p, p), (p, law.negate(p)), (p, None), (None, p), (None, None)]:
        there = [None if point is None else tuple(FieldOf377(part) for part, in point)
                 for point in (one, two)]
        total = bls12_381.add(*there)
        expected = None if total is None else tuple((int(part),) for part in total)
        assert law.add(one, two) == expected and law.holds(expected)
        scale = (rng.randrange(1, modulus),)
        assert expected == to_affine(complete_sum(
            curve, Group.G1, to_homogeneous(one, scale, modulus),
            to_homogeneous(two, curve.unit[Group.G1], modulus)), modulus)


def test_a_toy_of_bls12_377s_equation_is_exhausted():
    """Every pair of points: where the difference is of order two the formula gives zeros, else the
    sum. There are 144 points, of which 9 have an odd order."""
    modulus = 157
    toy = replace(BLS12_377, name="toy-1", base=PrimeField(name="few", modulus=modulus))
    law, rng = equation(toy, Group.G1), Random(6)
    points, wrong = list(law.points()), 0
    of_two = [point for point in points if point is not None and point[1] == (0,)]
    assert len(points) == 144 and len(of_two) == 3
    for one in points:
        for two in points:
            scales = [(rng.randrange(1, modulus),) for _ in range(2)]
            total = complete_sum(toy, Group.G1, to_homogeneous(one, scales[0], modulus),
                                 to_homogeneous(two, scales[1], modulus))
            if law.add(one, law.negate(two)) in of_two:
                assert not any(part for part, in total)
                wrong += 1
            else:
                assert any(part for part, in total)
                assert to_affine(total, modulus) == law.add(one, two)
    assert wrong == 3 * 144


@pytest.mark.parametrize("group, modulus", [(Group.G1, 61), (Group.G2, 7)])
def test_toys_of_bls12_381s_equations_are_exhausted(group, modulus):
    """The same b and the same shifts and sums over a few bits: every pair of points."""
    toy = replace(BLS12_381, name="toy-bls", base=PrimeField(name="few", modulus=modulus))
    law, rng = equation(toy, group), Random(5)
    points = list(law.points())
    assert None in points and len(points) % 2 == 1  # no point of order two, as on the real curves
    for one in points:
        for two in points:
            scales = [(rng.randrange(1, modulus),) + (0,) * (group.degree - 1) for _ in range(2)]
            total = complete_sum(toy, group, to_homogeneous(one, scales[0], modulus),
                                 to_homogeneous(two, scales[1], modulus))
            assert to_affine(total, modulus) == law.add(one, two)


@pytest.mark.parametrize("curve, group", [
    (curve, group) for curve in (BN254, BLS12_381, BLS12_377, TOY_CURVE) for group in curve.b],
    ids=lambda value: value.name)
def test_times_3b_multiplies_by_three_times_b(curve, group):
    modulus, rng = curve.base.modulus, Random(2)
    law = equation(curve, group)
    z = tuple(rng.randrange(1, modulus) for _ in range(group.degree))
    # By the formula, O + O = (0 : y^2 y^2 : 0), and 3 b shows in (0 : 0 : z) + (0 : 0 : z).
    zero = (0,) * group.degree
    _, y, _ = complete_sum(curve, group, (zero, zero, z), (zero, zero, z))
    three_b = tuple(3 * part % modulus for part in curve.b[group])
    zz = times(z, z, modulus)
    expected = times(times(three_b, zz, modulus), times(three_b, zz, modulus), modulus)
    assert plus(y, expected, modulus) == zero
    assert law.b == curve.b[group]


def test_the_scale_of_the_twist():
    """``s^6 * 3 / (9 + u) = 4 + 5 u``, and the constant z of a G2 point as it lies in a file."""
    square = times(TWIST_SCALE, TWIST_SCALE, P)
    sixth = times(times(square, square, P), square, P)
    assert times(sixth, times((3, 0), inverse((9, 1), P), P), P) == BN254.b[Group.G2]
    assert times(BN254.unit[Group.G2], square, P) == (FILE_RADIX % P, 0)


def test_of_a_point_in_a_file_only_y_changes_on_the_way_in():
    x, y = from_py_ecc(multiply(G2, 12345))
    words = loaded(BN254, Group.G2, to_scaled_twist((x, y), P))
    assert words[:2] == tuple(part * FILE_RADIX % P for part in x)
    assert words[2:] == tuple(part * FILE_RADIX % P for part in times(y, TWIST_SCALE, P))


def test_the_toy_groups():
    for group in Group:
        law, points = equation(TOY_CURVE, group), toy_points(group)
        assert len(set(points)) == 181 and all(map(law.holds, points))
        for i, j in [(3, 7), (90, 90), (90, 91), (180, 1), (0, 5), (100, 100)]:
            assert law.add(points[i], points[j]) == points[(i + j) % 181]
            assert law.multiply(i, points[j]) == points[i * j % 181]
    assert len(list(equation(TOY_CURVE, Group.G1).points())) == 181
    assert len(list(equation(TOY_CURVE, Group.G2).points())) == 147 * 181


def test_the_complete_formula_on_every_pair_of_toy_points():
    modulus, points = TOY_CURVE.base.modulus, toy_points(Group.G1)
    rng = Random(3)
    for i, p in enumerate(points):
        for j, q in enumerate(points):
            one, two = (to_homogeneous(point, (rng.randrange(1, modulus),), modulus)
                        for point in (p, q))
            total = complete_sum(TOY_CURVE, Group.G1, one, two)
            assert any(part for coordinate in total for part in coordinate)
            assert to_affine(total, modulus) == points[(i + j) % 181]


@pytest.mark.parametrize("curve", [BN254, TOY_CURVE], ids=lambda curve: curve.name)
def test_the_complete_formula_over_the_quadratic_extension(curve):
    modulus, law, rng = curve.base.modulus, equation(curve, Group.G2), Random(4)
    if curve is TOY_CURVE:
        points = rng.choices(toy_points(Group.G2), k=100)
    else:
        points = [to_scaled_twist(from_py_ecc(multiply(G2, rng.randrange(1, 1 << 254))), modulus)
                  for _ in range(4)]
    first, *others = points
    pairs = [(first, other) for other in others] + [
        (first, first), (first, law.negate(first)), (None, first), (first, None), (None, None)]
    for p, q in pairs:
        one, two = (to_homogeneous(point, tuple(rng.randrange(1, modulus) for _ in range(2)),
                                   modulus) for point in (p, q))
        assert to_affine(complete_sum(curve, Group.G2, one, two), modulus) == law.add(p, q)

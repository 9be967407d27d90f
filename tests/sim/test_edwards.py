"""The twisted Edwards form of BLS12-377's G1: against the published one, against the group law of
the curve it stands for, and toys of it exhausted."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.hdl.curve import BLS12_377, BLS12_381, GENERATOR_BLS12_377, Group
from proofmill.hdl.field import PrimeField, square_root
from proofmill.sim.curve import equation
from proofmill.sim.edwards import NEUTRAL, edwards_form
from tests.hdl.points import odd_points


def toy(modulus):
    return replace(BLS12_377, name=f"toy-1-{modulus}",
                   base=PrimeField(name="few", modulus=modulus))


def test_the_form_is_the_published_one():
    """Of arkworks' ark-bls12-377 0.5 (curves/g1.rs): s is its MB, d its TE2d; so is the point."""
    form = edwards_form(BLS12_377)
    assert form.s == int(
        "1018902363322296329070719492988629409141515724290642829829451279850280"
        "6398782149227503530278436336312243746741931")
    assert form.d == int(
        "1222682835986755594884863391586355290969818869148771395795341535820336"
        "76785385790730042363341236035746924960903179")
    generator = form.of(GENERATOR_BLS12_377)
    assert generator == (int(
        "7122256953170913722937026889632370569028521617518930820233804755962843"
        "8110820800641278662592954630774340654489393"), int(
        "6177051365529633638563236407038680211609544222665285371549726196884440"
        "490905471891908272386851767077598415378235"))
    assert form.holds(generator) and form.back(generator) == GENERATOR_BLS12_377


def test_points_of_bls12_377_add_there_as_on_the_curve():
    law, form, rng = equation(BLS12_377, Group.G1), edwards_form(BLS12_377), Random(7)
    p, q = (law.multiply(rng.randrange(BLS12_377.scalar.modulus), GENERATOR_BLS12_377)
            for _ in range(2))
    for one, two in [(p, q), (p, p), (p, law.negate(p)), (p, None), (None, p), (None, None)]:
        expected = law.add(one, two)
        a, b = form.of(one), form.of(two)
        assert form.add(a, b) == form.of(expected) and form.back(form.of(expected)) == expected
        left = form.extended(a, rng.randrange(1, form.modulus))
        mixed = form.mixed_sum(left, form.prepared(b))
        assert form.affine(mixed) == form.of(expected)
        # The last coordinate is right, too: it comes back as an operand.
        assert mixed[0] * mixed[1] % form.modulus == mixed[2] * mixed[3] % form.modulus
        right = form.extended(b, rng.randrange(1, form.modulus))
        full = form.full_sum(left, right)
        assert form.affine(full) == form.of(expected)
        assert form.affine(form.full_sum(mixed, full)) == form.of(law.add(expected, expected))


@pytest.mark.parametrize("modulus, points, odd, without", [(157, 144, 9, 4), (577, 624, 39, 4)])
def test_toys_of_it_are_exhausted(modulus, points, odd, without):
    """Every pair of points of odd order, by both formulas; every point of the curve has a place,
    but for two of order two and two of order four."""
    curve = toy(modulus)
    law, form, rng = equation(curve, Group.G1), edwards_form(curve), Random(modulus)
    missing = []
    for point in law.points():
        try:
            there = form.of(point)
        except ValueError as error:
            assert "has no place on the twisted Edwards curve" in str(error)
            missing.append(point)
            continue
        assert form.holds(there) and form.back(there) == point
    assert len(list(law.points())) == points and len(missing) == without
    assert all(law.multiply(4, point) is None for point in missing)
    few = odd_points(law)
    assert len(few) == odd and form.of(None) == NEUTRAL
    for one in few:
        for two in few:
            expected = form.of(law.add(one, two))
            a, b = form.of(one), form.of(two)
            assert form.add(a, b) == expected
            left, right = (form.extended(each, rng.randrange(1, modulus)) for each in (a, b))
            for total in (form.mixed_sum(left, form.prepared(b)), form.full_sum(left, right)):
                assert total[2] and form.affine(total) == expected
                assert (total[0] * total[1] - total[2] * total[3]) % modulus == 0


def test_points_of_even_order_have_sums_that_are_none():
    """z is zero then, as never among points of odd order: why the host refuses them."""
    curve = toy(157)
    law, form, nothing = equation(curve, Group.G1), edwards_form(curve), 0
    there = []
    for point in law.points():
        try:
            there.append(form.of(point))
        except ValueError:
            continue
    for a in there:
        for b in there:
            total = form.mixed_sum(form.extended(a), form.prepared(b))
            if total[2] == 0:
                nothing += 1
                with pytest.raises(ValueError, match="not invertible"):
                    form.affine(total)
            else:
                assert form.affine(total) == form.add(a, b)
    assert nothing


def test_curves_without_such_a_form_are_told():
    with pytest.raises(ValueError, match="bls12-381: the point of order two is known"):
        edwards_form(BLS12_381)
    with pytest.raises(ValueError, match="toy-1-181 has no twisted Edwards form"):
        edwards_form(toy(181))
    with pytest.raises(ValueError, match="3 is no square modulo 7"):
        square_root(3, 7)
    for modulus in (13, 157, 193):
        for root in range(modulus):
            assert square_root(root * root, modulus) == min(root, -root % modulus)

"""The pairing: its golden model against py_ecc and mcl, and the program against it."""

from functools import cache
from math import gcd
from random import Random

import pytest
from py_ecc import optimized_bn128

from proofmill.firmware.pairing.exponentiation import MULTIPLE
from proofmill.firmware.pairing.programs import pairing as pairing_program
from proofmill.firmware.pairing.programs import tower_product
from proofmill.hdl.curve import GENERATOR_G1, GENERATOR_G2, Group
from proofmill.hdl.presets import STANDARD_WIDE
from proofmill.host.prover.curve.pairing import coefficients
from proofmill.host.prover.curve.points import encode
from proofmill.sim.pairing import (
    ONE,
    P,
    PointError,
    R,
    add,
    check,
    multiply,
    pairing,
    power,
    program_pairing,
    program_value,
    program_words,
    times,
)
from proofmill.sim.wide_processor import run


def g1(number):
    if number % R == 0:
        return None
    point = optimized_bn128.normalize(optimized_bn128.multiply(optimized_bn128.G1, number))
    return tuple(int(part) for part in point)


def reference(p, q):
    """py_ecc's pairing; its Fp12 is Fp[w] / (w^12 - 18 w^6 + 82), where u = w^6 - 9."""
    field = optimized_bn128.FQ2
    value = optimized_bn128.pairing(
        tuple(field(list(part)) for part in q) + (field.one(),),
        (*map(optimized_bn128.FQ, p), optimized_bn128.FQ(1)))
    parts = [int(part) for part in value.coeffs]
    return [part for n in range(6)
            for part in ((parts[n] + 9 * parts[n + 6]) % P, parts[n + 6])]


def on_twist():
    """A point of the twist that is not of order r: the twist has many more."""
    random = Random(5)
    while True:
        x = optimized_bn128.FQ2([random.randrange(P), random.randrange(P)])
        square = x ** 3 + optimized_bn128.b2
        root = square ** ((P * P + 15) // 32)
        for turn in range(16):  # p^2 is 9 modulo 16
            y = root * optimized_bn128.FQ2([9, 1]) ** (turn * (P * P - 1) // 16)
            if y * y == square:
                return tuple(tuple(int(part) for part in value.coeffs) for value in (x, y))


@cache
def off_order():
    """(a point of the twist of large order, one whose order divides the cofactor)."""
    point = on_twist()
    return point, times(point, R)


def asked(p, q):
    """The program's value, by the model."""
    return program_value(run(pairing_program(STANDARD_WIDE), program_words(p, q)).sent)


def test_the_golden_model_is_py_eccs():
    random = Random(1)
    p, q = g1(random.randrange(R)), times(GENERATOR_G2, random.randrange(R))
    assert pairing(p, q) == reference(p, q)


def test_what_the_program_computes_is_mcls():
    """And so snarkjs', whose final exponentiation gives the same multiple."""
    found = coefficients(encode(Group.G1, [GENERATOR_G1])[0], encode(Group.G2, [GENERATOR_G2])[0])
    flat = [found[n % 2][n // 2][part] for n in range(6) for part in range(2)]
    assert program_pairing(GENERATOR_G1, GENERATOR_G2) == flat


def test_it_is_bilinear_and_of_order_r():
    value = pairing(g1(6), times(GENERATOR_G2, 35))
    assert value == power(pairing(GENERATOR_G1, GENERATOR_G2), 210) != ONE
    assert power(value, R) == ONE
    assert gcd(MULTIPLE, R) == 1


@pytest.mark.parametrize("seed", range(3))
def test_the_program_is_the_golden_model(seed):
    random = Random(seed)
    p, q = g1(random.randrange(R)), times(GENERATOR_G2, random.randrange(R))
    assert asked(p, q) == program_pairing(p, q) == power(reference(p, q), MULTIPLE)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (R - 1, 1), (1, R - 1), (2, R - 2)], ids=str)
def test_the_program_at_the_edges_of_the_groups(a, b):
    p, q = g1(a), times(GENERATOR_G2, b)
    assert asked(p, q) == program_pairing(p, q)


@pytest.mark.parametrize(("p", "q"), [
    (None, GENERATOR_G2), (GENERATOR_G1, None), (None, None)], ids=str)
def test_infinity_drops_out(p, q):
    assert asked(p, q) == ONE == program_pairing(p, q)


@pytest.mark.parametrize(("p", "q", "message"), [
    ((1, 3), GENERATOR_G2, "P is not on"), ((0, 0), GENERATOR_G2, "P is not on"),
    ((1, 3), None, "P is not on"),
    (GENERATOR_G1, (GENERATOR_G2[0], (1, 1)), "Q is not on"),
    (GENERATOR_G1, ((0, 0), (0, 0)), "Q is not on"),
    (GENERATOR_G1, "large", "but not of order r"),
    (GENERATOR_G1, "cofactor", "but not of order r"),
    (GENERATOR_G1, "sum", "but not of order r"),
    (None, "cofactor", "but not of order r"),
], ids=str)
def test_other_points_are_refused(p, q, message):
    if isinstance(q, str):
        large, cofactor = off_order()
        q = {"large": large, "cofactor": cofactor, "sum": add(GENERATOR_G2, cofactor)}[q]
        assert q is not None
    for refuse in (check, asked):
        with pytest.raises(PointError, match=message):
            refuse(p, q)


def test_a_product_and_a_square_in_fp12():
    random = Random(2)
    f, g = ([random.choice([0, 1, P - 1, random.randrange(P)]) for _ in range(12)]
            for _ in range(2))
    sent = run(tower_product(STANDARD_WIDE), f + g).sent
    assert sent[:12] == [4 * part % P for part in multiply(f, g)]
    assert sent[12:] == multiply(f, f)


def test_another_field_is_refused():
    from tests.firmware.wide_programs import TOY_WIDE

    with pytest.raises(ValueError, match="the pairing is in bn254-base, not in toy"):
        pairing_program(TOY_WIDE)

"""The golden model of the pairing: its definition, on plain integers.

G1 is y^2 = x^3 + 3 over Fp, G2 the points of order r on y^2 = x^3 + 3 / (9 + u) over Fp2, and Fp12
is Fp2[w] / (w^6 - 9 - u): an element is a list of twelve integers, re and im of the coefficients of
1, w, ..., w^5. Affine points are tuples, None is infinity.
"""

from collections.abc import Sequence

from proofmill.firmware.pairing.exponentiation import MULTIPLE
from proofmill.firmware.pairing.miller import LOOP
from proofmill.firmware.pairing.programs import MUST_BE_ZERO, VALUES
from proofmill.firmware.straight_line import signed_digits
from proofmill.hdl.curve import (
    GENERATOR_G2,
    quadratic_inverse,
    quadratic_power,
    quadratic_product,
)
from proofmill.hdl.field import BN254_BASE, BN254_SCALAR

P, R = BN254_BASE.modulus, BN254_SCALAR.modulus

Pair = tuple[int, int]
G1 = tuple[int, int] | None
G2 = tuple[Pair, Pair] | None

ONE = [1] + 11 * [0]


class PointError(ValueError):
    """A point that has no pairing; the message says of which, and why."""


def multiply(f: Sequence[int], g: Sequence[int]) -> list[int]:
    """The product in Fp12."""
    found = [0] * 24
    for n in range(6):
        if not (f[2 * n] or f[2 * n + 1]):
            continue
        for k in range(6):
            re, im = quadratic_product((f[2 * n], f[2 * n + 1]), (g[2 * k], g[2 * k + 1]), P)
            found[2 * (n + k)] += re
            found[2 * (n + k) + 1] += im
    low, high = found[:12], found[12:]
    for n in range(6):  # w^6 = 9 + u
        re, im = quadratic_product((high[2 * n], high[2 * n + 1]), (9, 1), P)
        low[2 * n] += re
        low[2 * n + 1] += im
    return [value % P for value in low]


def power(f: Sequence[int], exponent: int) -> list[int]:
    """``f ** exponent``, the exponent not below 0."""
    found = ONE
    for bit in bin(exponent)[2:]:
        found = multiply(found, found)
        if bit == "1":
            found = multiply(found, f)
    return list(found)


def _minus(a: Pair, b: Pair) -> Pair:
    return (a[0] - b[0]) % P, (a[1] - b[1]) % P


def _slope(t: G2, q: G2) -> Pair | None:
    """Of the line through two finite points of the twist; None where it stands upright."""
    assert t is not None and q is not None
    if t[0] != q[0]:
        return quadratic_product(_minus(t[1], q[1]),
                                 quadratic_inverse(_minus(t[0], q[0]), P), P)
    if t[1] != q[1] or t[1] == (0, 0):
        return None
    square = quadratic_product(t[0], t[0], P)
    return quadratic_product((3 * square[0], 3 * square[1]), quadratic_inverse(
        (2 * t[1][0], 2 * t[1][1]), P), P)


def add(t: G2, q: G2) -> G2:
    """The sum of two points of the twist."""
    if t is None or q is None:
        return q if t is None else t
    slope = _slope(t, q)
    if slope is None:
        return None
    x = _minus(_minus(quadratic_product(slope, slope, P), t[0]), q[0])
    return x, _minus(quadratic_product(slope, _minus(t[0], x), P), t[1])


def times(q: G2, number: int) -> G2:
    """`number` times a point of the twist."""
    found: G2 = None
    for bit in bin(number)[2:]:
        found = add(found, found)
        if bit == "1":
            found = add(found, q)
    return found


def _line(t: G2, q: G2, p: G1) -> list[int]:
    """The line through two points, untwisted by (x, y) -> (x w^2, y w^3), at P: divided by -1,
    ``y_P - slope x_P w + (slope x - y) w^3``."""
    assert t is not None and p is not None
    slope = _slope(t, q)
    if slope is None:  # x_P - x w^2
        return [p[0], 0, 0, 0, -t[0][0] % P, -t[0][1] % P, 0, 0, 0, 0, 0, 0]
    constant = _minus(quadratic_product(slope, t[0], P), t[1])
    return [p[1], 0, -slope[0] * p[0] % P, -slope[1] * p[0] % P, 0, 0, *constant, 0, 0, 0, 0]


def _frobenius(q: G2) -> G2:
    """The p-th power of an untwisted point, twisted again."""
    assert q is not None
    images = []
    for part, exponent in zip(q, ((P - 1) // 3, (P - 1) // 2), strict=True):
        factor = quadratic_power((9, 1), exponent, P)
        images.append(quadratic_product((part[0], -part[1]), factor, P))
    return images[0], images[1]


def check(p: G1, q: G2) -> None:
    """`PointError` unless both points have a pairing."""
    if p is not None and (p[1] ** 2 - p[0] ** 3 - 3) % P:
        raise PointError("P is not on y^2 = x^3 + 3")
    if q is not None:
        square = quadratic_product(q[1], q[1], P)
        cube = quadratic_product(quadratic_product(q[0], q[0], P), q[0], P)
        if quadratic_product(_minus(square, cube), (9, 1), P) != (3, 0):
            raise PointError("Q is not on y^2 = x^3 + 3 / (9 + u)")
        if times(q, R) is not None:
            raise PointError("Q is on the twist, but not of order r")


def pairing(p: G1, q: G2) -> list[int]:
    """The optimal ate pairing e(P, Q) (Vercauteren, eprint 2008/096, section IV): f_{6x+2,Q}(P)
    and two lines more, to the power of (p^12 - 1) / r. Raises `PointError`."""
    check(p, q)
    if p is None or q is None:
        return list(ONE)
    f: Sequence[int] = ONE
    t: G2 = q
    for bit in bin(LOOP)[3:]:
        f, t = multiply(multiply(f, f), _line(t, t, p)), add(t, t)
        if bit == "1":
            f, t = multiply(f, _line(t, q, p)), add(t, q)
    first = _frobenius(q)
    second = _frobenius(first)
    assert second is not None
    f, t = multiply(f, _line(t, first, p)), add(t, first)
    f = multiply(f, _line(t, negative(second), p))
    return power(f, (P ** 12 - 1) // R)


def stored_lines(q: G2) -> list[tuple[Pair, Pair]]:
    """(slope, constant) of the lines of a point of order r, in the order in which
    `firmware.pairing.miller.Loop` uses them; see `_line`."""
    assert q is not None
    first = _frobenius(q)
    second = _frobenius(first)
    assert second is not None
    lines: list[tuple[Pair, Pair]] = []
    t: G2 = q

    def step(other: G2) -> None:
        nonlocal t
        slope = _slope(t, other)
        assert t is not None and slope is not None
        lines.append((slope, _minus(quadratic_product(slope, t[0], P), t[1])))
        t = add(t, other)

    for digit in signed_digits(LOOP)[-2::-1]:
        step(t)
        if digit:
            step(q if digit > 0 else negative(q))
    step(first)
    step(negative(second))
    return lines


def negative(q: G2) -> G2:
    """The negative of a point of the twist."""
    return None if q is None else (q[0], _minus((0, 0), q[1]))


def program_pairing(p: G1, q: G2) -> list[int]:
    """What `firmware.pairing.programs.pairing` computes: `pairing` to the power of
    `firmware.pairing.exponentiation.MULTIPLE`. Raises `PointError`."""
    return power(pairing(p, q), MULTIPLE)


def program_words(p: G1, q: G2) -> list[int]:
    """The inputs of `firmware.pairing.programs.pairing`. A pair with Q at infinity goes in as
    infinity and the generator, whose value is 1 too, once P has been looked at: `PointError`."""
    if q is None:
        check(p, None)
        p, q = None, GENERATOR_G2
    x, y, z = (0, 1, 0) if p is None else (*p, 1)
    return [x, y, z, *q[0], *q[1]]


def program_value(sent: Sequence[int]) -> list[int]:
    """The value in what `firmware.pairing.programs.pairing` sends, or `PointError`."""
    value, rest = sent[:VALUES], sent[VALUES:]
    zeros, others = rest[:MUST_BE_ZERO], rest[MUST_BE_ZERO:]
    if zeros[0]:
        raise PointError("P is not on y^2 = x^3 + 3")
    if any(zeros[1:3]):
        raise PointError("Q is not on y^2 = x^3 + 3 / (9 + u)")
    if any(zeros) or not any(others):
        raise PointError("Q is on the twist, but not of order r")
    return list(value)

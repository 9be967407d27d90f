"""BLS12-381 in the native library, its bounds checked, against py_ecc and integers."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.optimized_bls12_381 import G1, Z1, add, b, is_on_curve, multiply, neg, normalize
from py_ecc.optimized_bls12_381.optimized_curve import FQ

from proofmill.hdl.field import BLS12_381_BASE, BLS12_381_SCALAR, BN254_BASE, BN254_SCALAR
from proofmill.host.prover.native import bls12_381
from proofmill.host.prover.native.bls12_381 import (
    INFINITY,
    LAMBDA,
    ORDER,
    POINT_BYTES,
    PROBLEMS,
    compress,
    decompress,
    pack,
    quotient,
    sums_of_rows,
    transform,
    transform_points,
    unpack,
    value_at,
    weighted_sum,
)
from proofmill.host.prover.native.build import SOURCES
from tests.host.prover.native.classes import checked

P, RADIX = BLS12_381_BASE.modulus, 1 << 384
SCALARS = (0, 1, 2, ORDER - 1, ORDER // 2, ORDER // 2 + 1, (1 << 255) - 1 - ORDER, LAMBDA,
           LAMBDA + 1, LAMBDA - 1, ORDER - LAMBDA)
Point = tuple[FQ, FQ, FQ]


@pytest.fixture(autouse=True, scope="module")
def with_checks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bls12_381, "library", lambda: checked("scalar"))
        yield


def words(point: Point) -> bytes:
    if int(point[2]) == 0:
        return INFINITY
    x, y = normalize(point)
    return b"".join((int(each) * RADIX % P).to_bytes(48, "little") for each in (x, y))


def compressed(point: Point) -> bytes:
    """The form of 48 bytes by its definition."""
    if int(point[2]) == 0:
        return bytes([0xc0, *bytes(47)])
    x, y = (int(each) for each in normalize(point))
    flags = 0x80 | (0x20 if y > P // 2 else 0)
    data = bytearray(x.to_bytes(48, "big"))
    data[0] |= flags
    return bytes(data)


def points(count: int) -> list[Point]:
    return [Z1 if i == 2 else multiply(G1, 7 ** i) for i in range(count)]


def total(terms: Iterator[tuple[Point, int]] | list[tuple[Point, int]]) -> Point:
    result = Z1
    for point, scalar in terms:
        result = add(result, multiply(point, scalar % ORDER))
    return result


def test_the_primes_are_those_of_the_table() -> None:
    """`source/modulus.h` and `hdl/field.py` say the same."""
    numbers = []
    for text in re.findall(r"P\[WORDS\] = \{(.*?)\}", (SOURCES / "modulus.h").read_text(), re.S):
        parts = [int(word, 0) for word in text.split(",")]
        numbers.append(sum(part << 64 * place for place, part in enumerate(parts)))
    assert numbers == [field.modulus for field in (
        BLS12_381_BASE, BLS12_381_SCALAR, BN254_BASE, BN254_SCALAR)]
    assert int(b) == 4 and multiply(G1, ORDER)[2] == FQ(0)


def test_points_in_48_bytes_and_back() -> None:
    some = [Z1, *(multiply(G1, scalar) for scalar in SCALARS[1:]), neg(G1)]
    data = b"".join(map(compressed, some))
    found, wrong = decompress(data)
    assert wrong is None and found == b"".join(map(words, some))
    assert compress(found) == data


def outside() -> bytes:
    """A point of the curve that is not in the group of order r, compressed."""
    x = next(x for x in range(1, 100)
             if pow((x ** 3 + 4) % P, (P - 1) // 2, P) == 1)
    y = pow(x ** 3 + 4, (P + 1) // 4, P)
    point = (FQ(x), FQ(y), FQ(1))
    assert is_on_curve(point, b) and multiply(point, ORDER)[2] != FQ(0)
    return compressed(point)


def not_on_curve() -> bytes:
    x = next(x for x in range(1, 100) if pow((x ** 3 + 4) % P, (P - 1) // 2, P) == P - 1)
    return (x | 1 << 383).to_bytes(48, "big")


@pytest.mark.parametrize("data, problem", [
    (bytes(48), 1), (bytes([0x40, *bytes(47)]), 1), (bytes([0xe0, *bytes(47)]), 2),
    (bytes([0xc0, *bytes(46), 1]), 2), ((P | 1 << 383).to_bytes(48, "big"), 3),
    (b"\x9f" + b"\xff" * 47, 3), (not_on_curve(), 4), (outside(), 5)])
def test_bytes_that_are_no_point_of_the_group(data: bytes, problem: int) -> None:
    good = compressed(G1)
    assert decompress(good + data + data)[1] == (1, PROBLEMS[problem])
    assert decompress(outside(), in_subgroup=False)[1] is None


def test_a_sum_of_every_sort_of_scalar() -> None:
    some = points(len(SCALARS))
    data = b"".join(map(words, some))
    expected = total(list(zip(some, SCALARS, strict=True)))
    assert weighted_sum(data, pack(SCALARS)) == words(expected)
    assert weighted_sum(b"", b"") == INFINITY
    # Twice the same point, and a point with its opposite.
    same = words(G1) * 3 + words(neg(G1))
    assert weighted_sum(same, pack([5, 5, 1, 1])) == words(multiply(G1, 10))
    # Numbers that are not below r are taken modulo it.
    above = [ORDER, ORDER + 3, (1 << 256) - 1]
    assert weighted_sum(words(G1) * 3, pack(above)) == words(multiply(G1, sum(above) % ORDER))


def test_sums_of_rows() -> None:
    some = points(6)
    places = [0, 1, 5, 2, 3, 3, 4, 0]
    scalars = [*SCALARS[1:8], ORDER - 1]
    found = sums_of_rows(b"".join(map(words, some)), places, pack(scalars), 4)
    rows = [list(zip((some[i] for i in places[at:at + 4]), scalars[at:at + 4], strict=True))
            for at in (0, 4)]
    assert found == b"".join(words(total(row)) for row in rows)


def root_of(power: int) -> int:
    return pow(7, (ORDER - 1) >> power, ORDER)


@pytest.mark.parametrize("power", [0, 1, 3])
def test_a_transform_of_points(power: int) -> None:
    size, root = 1 << power, root_of(power)
    factors = [7 ** i if i != 2 else 0 for i in range(2 * size)]  # of points 7^i G1, one infinity
    some = b"".join(map(words, points(2 * size)))
    found = transform_points(some, power, root)
    expected = [sum(factors[first + j] * pow(root, i * j, ORDER) for j in range(size)) % ORDER
                for first in (0, size) for i in range(size)]
    assert found == b"".join(words(multiply(G1, each)) for each in expected)
    back = transform_points(found, power, pow(root, -1, ORDER))
    assert back == b"".join(words(multiply(G1, size * each)) for each in factors)


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_transform_of_numbers(data: st.DataObject) -> None:
    power = data.draw(st.integers(0, 5))
    size, root = 1 << power, root_of(power)
    scale = data.draw(st.integers(1, ORDER - 1))
    values = data.draw(st.lists(st.sampled_from(SCALARS) | st.integers(0, ORDER - 1),
                                min_size=2 * size, max_size=2 * size))
    expected = [scale * sum(pow(root, i * j, ORDER) * values[first + j] for j in range(size))
                % ORDER for first in (0, size) for i in range(size)]
    assert unpack(transform(pack(values), power, root, scale)) == expected


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_quotient(data: st.DataObject) -> None:
    """By coefficients: f - f(z) divided by X - z is what Horner's rule leaves."""
    power = data.draw(st.integers(1, 4))
    size, root = 1 << power, root_of(power)
    coefficients = data.draw(st.lists(st.integers(0, ORDER - 1), min_size=size, max_size=size))
    roots = data.draw(st.permutations([pow(root, i, ORDER) for i in range(size)]))
    at = data.draw(st.sampled_from(roots) | st.integers(0, ORDER - 1))
    divided, value = [0] * size, 0
    for i in reversed(range(size)):
        divided[i], value = value, (value * at + coefficients[i]) % ORDER

    def evaluated(polynomial: list[int]) -> list[int]:
        return [sum(c * pow(x, i, ORDER) for i, c in enumerate(polynomial)) % ORDER
                for x in roots]

    values = pack(evaluated(coefficients))
    found, quotients = quotient(values, pack(roots), at)
    assert found == value and unpack(quotients) == evaluated(divided)
    assert value_at(values, pack(roots), at) == value


def test_what_does_not_fit_is_refused() -> None:
    one = words(G1)
    for wrong in (lambda: weighted_sum(one, b""), lambda: sums_of_rows(one, [0], b"", 1),
                  lambda: transform_points(one, 1, ORDER - 1),
                  lambda: transform(bytes(32), 1, ORDER - 1),
                  lambda: quotient(bytes(32), bytes(64), 0)):
        with pytest.raises(ValueError):
            wrong()
    assert len(one) == POINT_BYTES

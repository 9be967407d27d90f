"""Products and sums in lanes against Python's integers."""

import ctypes
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.native.library import Library
from tests.host.prover.native.classes import VECTORS, checked

RADIX_BITS = {"scalar": 256, "avx2": 261, "ifma": 260}
PRODUCT, SUM, DIFFERENCE, NEGATION, SAME, LARGE_LEFT, LARGE_RIGHT, INVERSE = range(8)
MODULI = (BASE_MODULUS, SCALAR_MODULUS)

EACH = pytest.mark.parametrize("vector", VECTORS)


def compute(code: Library, field: int, operation: int, a: Sequence[int],
            b: Sequence[int]) -> list[int]:
    def words(values: Sequence[int]) -> bytes:
        return b"".join(value.to_bytes(32, "little") for value in values)

    out = ctypes.create_string_buffer(32 * len(a))
    code.arithmetic(code.vector, field, operation, words(a), words(b), out, len(a))
    return [int.from_bytes(out.raw[32 * i:32 * i + 32], "little") for i in range(len(a))]


def edges(modulus: int, top: int) -> list[int]:
    """Numbers below `top` at which limbs are empty or full."""
    values = [0, 1, 2, modulus - 1, modulus - 2, (1 << 255), (1 << 256) - 1, modulus, 5 * modulus]
    for bits in (29, 52, 58, 64, 128, 192, 208, 232, 253):
        values += [(1 << bits) - 1, 1 << bits]
    return [value for value in values if value < top]


@EACH
@pytest.mark.parametrize("field", [0, 1])
def test_edges(vector: str, field: int) -> None:
    code, modulus = checked(vector), MODULI[field]
    # One element at a time takes canonical operands alone.
    values = edges(modulus, modulus if vector == "scalar" else 1 << 256)
    pairs = [(a, b) for a in values for b in values]
    check(code, vector, field, pairs)


@EACH
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_numbers(vector: str, data: st.DataObject) -> None:
    code = checked(vector)
    field = data.draw(st.integers(0, 1))
    top = MODULI[field] if vector == "scalar" else 1 << 256
    number = st.integers(0, top - 1)
    check(code, vector, field, data.draw(st.lists(st.tuples(number, number), min_size=1,
                                                  max_size=20)))


def check(code: Library, vector: str, field: int, pairs: Sequence[tuple[int, int]]) -> None:
    p = MODULI[field]
    inverse = pow(1 << RADIX_BITS[vector], -1, p)
    left, right = [a for a, _ in pairs], [b for _, b in pairs]

    def results(operation: int) -> list[int]:
        return compute(code, field, operation, left, right)

    assert results(PRODUCT) == [a * b * inverse % p for a, b in pairs]
    assert results(SUM) == [(a + b) % p for a, b in pairs]
    assert results(DIFFERENCE) == [(a - b) % p for a, b in pairs]
    assert results(NEGATION) == [-a % p for a, b in pairs]
    assert results(SAME) == [a % p for a, b in pairs]
    assert results(LARGE_LEFT) == [(a - b) * (a + b) * inverse % p for a, b in pairs]
    assert results(LARGE_RIGHT) == [(a - b) * b * inverse % p for a, b in pairs]


@pytest.mark.parametrize("field", [0, 1])
def test_inverse(field: int) -> None:
    """Of v * 2^256 it is v^-1 * 2^256; 0 stays 0."""
    code, p = checked("scalar"), MODULI[field]
    values = [value for value in edges(p, p)] + [pow(3, k, p) for k in range(300)]
    square = pow(1 << 256, 2, p)
    assert compute(code, field, INVERSE, values, values) == [
        pow(value, -1, p) * square % p if value else 0 for value in values]

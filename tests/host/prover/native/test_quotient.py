"""The quotient's scalars against the transforms in Python's integers and in NumPy."""

import random

import numpy as np
import pytest

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.native.faults import to_error
from proofmill.host.prover.native.library import Fault, Library, new_control
from tests.host.prover.native.classes import VECTORS, checked, plain

EACH = pytest.mark.parametrize("vector", VECTORS)
RADIX = 1 << 256


@pytest.fixture(autouse=True)
def by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is expected does not come from the library that is tested."""
    monkeypatch.setattr(scalars, "library_if_there", lambda: None)


def quotient(code: Library, a: Vector, b: Vector, threads: int = 2) -> list[int]:
    left, right = (np.array(scalars.to_raw(each)) for each in (a, b))
    control, fault = new_control(threads), Fault()
    if code.quotient(code.vector, left.ctypes.data, right.ctypes.data,
                     len(a).bit_length() - 1, control, fault):
        raise to_error(fault)
    return scalars.to_integers(scalars.from_plain(left))


def expected(a: Vector, b: Vector) -> list[int]:
    shift = scalars.root_of_unity(len(a).bit_length())
    left, right, both = (
        scalars.to_shifted_domain(each, shift) for each in (a, b, a * b))
    return scalars.to_integers(left * right - both)


@EACH
@pytest.mark.parametrize("power", range(1, 14))
def test_against_numpy(vector: str, power: int) -> None:
    draw = random.Random(power)
    a, b = (scalars.from_integers(draw.randrange(SCALAR_MODULUS) for _ in range(1 << power))
            for _ in range(2))
    assert quotient(checked(vector), a, b) == expected(a, b)


@EACH
@pytest.mark.parametrize("value", [0, 1, SCALAR_MODULUS - 1])
def test_the_same_value_everywhere(vector: str, value: int) -> None:
    """A polynomial that is constant has the same values everywhere: the quotient vanishes."""
    a = scalars.from_integers([value] * 512)
    assert quotient(checked(vector), a, a) == [0] * 512


def test_by_evaluating_the_polynomials() -> None:
    """Small enough to evaluate a b - c at every point by its definition."""
    draw, size = random.Random(3), 8
    w, g = scalars.root_of_unity(3), scalars.root_of_unity(4)
    values = [[draw.randrange(SCALAR_MODULUS) for _ in range(size)] for _ in range(2)]
    values.append([a * b % SCALAR_MODULUS for a, b in zip(*values, strict=True)])

    def at(row: list[int], x: int) -> int:
        # Lagrange's formula on the roots of unity.
        return sum(value * (pow(x, size, SCALAR_MODULUS) - 1) * pow(w, i, SCALAR_MODULUS)
                   * pow(size * (x - pow(w, i, SCALAR_MODULUS)), -1, SCALAR_MODULUS)
                   for i, value in enumerate(row)) % SCALAR_MODULUS

    places = [g * pow(w, i, SCALAR_MODULUS) % SCALAR_MODULUS for i in range(size)]
    want = [(at(values[0], x) * at(values[1], x) - at(values[2], x)) % SCALAR_MODULUS
            for x in places]
    a, b = (scalars.from_integers(row) for row in values[:2])
    for vector in VECTORS:
        try:
            assert quotient(checked(vector), a, b) == want
        except pytest.skip.Exception:
            continue


@EACH
def test_a_large_domain(vector: str) -> None:
    draw = np.random.default_rng(4)
    words = draw.integers(0, 1 << 60, size=(2, 1 << 16, 4), dtype=np.uint64)
    a, b = (scalars.from_raw(each) for each in words)
    for threads in (1, 5):
        assert quotient(plain(vector), a, b, threads) == expected(a, b)

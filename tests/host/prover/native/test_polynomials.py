"""Transforms, values and quotients of polynomials against their definition in Python's integers."""

import random

import numpy as np
import pytest

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.native import polynomials
from proofmill.host.prover.native.library import Library
from tests.host.prover.native.classes import VECTORS, checked, plain

EACH = pytest.mark.parametrize("vector", VECTORS)


def transformed(code: Library, values: list[int], shift: int = 1, inverse: bool = False
                ) -> list[int]:
    vector = scalars.from_integers(values)
    polynomials.transform(code, vector.ctypes.data, len(values).bit_length() - 1,
                          scalars.number_bytes(shift), inverse)
    return scalars.to_integers(vector)


def value(coefficients: list[int], point: int) -> int:
    total = 0
    for each in reversed(coefficients):
        total = (total * point + each) % R
    return total


@EACH
@pytest.mark.parametrize("power", range(8))
def test_transforms_by_definition(vector: str, power: int) -> None:
    code, draw, size = checked(vector), random.Random(power), 1 << power
    root, g = scalars.root_of_unity(power), draw.randrange(2, R)
    for coefficients in ([draw.randrange(R) for _ in range(size)], [R - 1] * size):
        for shift in (1, g):
            values = [value(coefficients, shift * pow(root, i, R) % R) for i in range(size)]
            assert transformed(code, coefficients, shift) == values
            assert transformed(code, values, shift, inverse=True) == coefficients


@EACH
def test_transforms_of_several_passes_and_threads(vector: str, monkeypatch: pytest.MonkeyPatch
                                                  ) -> None:
    """2^14 values take three passes; a few values are compared with the definition."""
    monkeypatch.setattr(polynomials, "cores", lambda: 3)
    code, draw, size = plain(vector), random.Random(1), 1 << 14
    coefficients = [draw.randrange(R) for _ in range(size)]
    values = transformed(code, coefficients, 7)
    root = scalars.root_of_unity(14)
    for place in (0, 1, size // 2, size - 1, *draw.sample(range(size), 5)):
        assert values[place] == value(coefficients, 7 * pow(root, place, R) % R)
    assert transformed(code, values, 7, inverse=True) == coefficients


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 30])
def test_values_and_quotients(count: int) -> None:
    code, draw = checked("scalar"), random.Random(count)
    coefficients = [draw.randrange(R) for _ in range(count)]
    for point in (0, 1, R - 1, draw.randrange(R)):
        vector = scalars.from_integers(coefficients)
        found = polynomials.value_at(code, vector.ctypes.data, count, scalars.number_bytes(point))
        want = value(coefficients, point)
        assert scalars.to_integers(np.frombuffer(found, scalars.DTYPE)) == [want]
        polynomials.divide(code, vector.ctypes.data, count, scalars.number_bytes(point))
        rest, *quotient = scalars.to_integers(vector)
        assert rest == want
        # (X - point) times the quotient, plus the rest.
        product = [(high - point * low) % R for high, low in zip(
            [0, *quotient], [*quotient, 0], strict=True)]
        assert [(product[0] + rest) % R, *product[1:]] == coefficients

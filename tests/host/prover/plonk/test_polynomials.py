"""Polynomials against their definition in plain integers."""

import random

import pytest

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.native.library import library
from proofmill.host.prover.plonk import polynomials
from proofmill.host.prover.plonk.polynomials import (
    blinded,
    divide,
    evaluate,
    on_coset,
    quotient_and_rest,
    running_product,
)


@pytest.fixture(params=["native", "numpy"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways by which polynomials are computed."""
    library() if request.param == "native" else [
        monkeypatch.setattr(each, "library_if_there", lambda: None)
        for each in (scalars, polynomials)]


DRAW = random.Random(5)
SIZE = 16
ROOT = scalars.root_of_unity(4)


def some(count: int) -> list[int]:
    return [DRAW.randrange(R) for _ in range(count)]


def value(coefficients: list[int], point: int) -> int:
    return sum(each * pow(point, power, R) for power, each in enumerate(coefficients)) % R


@pytest.mark.parametrize("count", [1, 2, SIZE, SIZE + 3, 2 * SIZE + 1])
def test_values(count: int) -> None:
    plain, point, shift = some(count), *some(2)
    vector = scalars.from_integers(plain)
    assert scalars.to_integers(scalars.geometric(point, count)) == [
        pow(point, i, R) for i in range(count)]
    assert evaluate(vector, point) == value(plain, point)
    padded = scalars.from_integers(plain + [0] * (SIZE - count))
    found = scalars.to_integers(on_coset(padded, SIZE, shift))
    assert found == [value(plain, shift * pow(ROOT, i, R)) for i in range(SIZE)]
    rest = scalars.inverse_transform(scalars.from_integers(found), shift)
    assert scalars.to_integers(rest) == [
        sum(each * pow(shift, SIZE * turn, R) for turn, each in enumerate(plain[place::SIZE])) % R
        for place in range(SIZE)]


def test_division_and_blinding() -> None:
    plain, root = some(SIZE), some(1)[0]
    plain[0] = (plain[0] - value(plain, root)) % R
    quotient = scalars.to_integers(divide(scalars.from_integers(plain), root))
    point = some(1)[0]
    assert len(quotient) == SIZE - 1
    assert value(quotient, point) * (point - root) % R == value(plain, point)
    with pytest.raises(ValueError, match="no factor"):
        divide(scalars.from_integers([1, *plain[1:]]), root)
    other, rest = quotient_and_rest(scalars.from_integers([5, *plain[1:]]), root)
    assert rest == (5 - plain[0]) % R and scalars.to_integers(other) == quotient
    hidden = scalars.to_integers(blinded(scalars.from_integers(plain), (3, 5)))
    assert len(hidden) == SIZE + 2
    assert value(hidden, point) == (value(plain, point)
                                    + (3 + 5 * point) * (pow(point, SIZE, R) - 1)) % R


def test_running_products() -> None:
    above, below = some(SIZE), some(SIZE)
    expected = [1]
    for one, other in zip(above, below, strict=True):
        expected.append(expected[-1] * one * pow(other, -1, R) % R)
    product = running_product(scalars.from_integers(above), scalars.from_integers(below))
    assert scalars.to_integers(product) == expected
    with pytest.raises(ZeroDivisionError):
        running_product(scalars.from_integers(above), scalars.from_integers([*below[:-1], 0]))

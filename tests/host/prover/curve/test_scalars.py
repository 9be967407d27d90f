import random

import numpy as np
import pytest

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.native.library import library
from tests.host.prover.curve.reference import random_scalars


@pytest.fixture(params=["native", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways by which transforms are computed."""
    library() if request.param == "native" else monkeypatch.setattr(
        scalars, "library_if_there", lambda: None)


def test_there_and_back() -> None:
    values = [0, 1, SCALAR_MODULUS - 1, *random_scalars(5, 1)]
    vector = scalars.from_integers(values)
    assert scalars.to_integers(vector) == values
    assert np.array_equal(scalars.to_plain(vector), to_limbs(values))
    assert scalars.to_integers(scalars.from_integers([-1, SCALAR_MODULUS])) == [
        SCALAR_MODULUS - 1, 0]
    assert np.array_equal(
        scalars.to_raw(vector),
        to_limbs((value << 256) % SCALAR_MODULUS for value in values))


def test_arithmetic() -> None:
    left, right = random_scalars(10, 2), random_scalars(10, 3)
    a, b = scalars.from_integers(left), scalars.from_integers(right)
    pairs = list(zip(left, right, strict=True))
    assert scalars.to_integers(a * b) == [x * y % SCALAR_MODULUS for x, y in pairs]
    assert scalars.to_integers(a + b) == [(x + y) % SCALAR_MODULUS for x, y in pairs]
    assert scalars.to_integers(a - b) == [(x - y) % SCALAR_MODULUS for x, y in pairs]
    assert scalars.to_integers(a / b) == [
        x * pow(y, -1, SCALAR_MODULUS) % SCALAR_MODULUS for x, y in pairs]


@pytest.mark.parametrize("count", [0, 1, 2, 5, 8, 9])
def test_powers(count: int) -> None:
    assert scalars.to_integers(scalars.powers(7, count)) == [7**power for power in range(count)]


def test_roots_of_unity() -> None:
    assert scalars.root_of_unity(0) == 1
    assert scalars.root_of_unity(1) == SCALAR_MODULUS - 1
    # The value snarkjs has for 2^28.
    assert scalars.root_of_unity(28) == (
        19103219067921713944291392827692070036145651957329286315305642004821462161904)
    with pytest.raises(ValueError, match="2\\^29"):
        scalars.root_of_unity(29)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("power", [0, 1, 2, 3, 6])
def test_transform_by_definition(power: int) -> None:
    size = 1 << power
    coefficients = random_scalars(size, power)
    root = scalars.root_of_unity(power)

    def evaluate(x: int) -> int:
        return sum(c * pow(x, j, SCALAR_MODULUS) for j, c in enumerate(coefficients)) % (
            SCALAR_MODULUS)

    values = scalars.transform(scalars.from_integers(coefficients))
    assert scalars.to_integers(values) == [
        evaluate(pow(root, index, SCALAR_MODULUS)) for index in range(size)]
    assert scalars.to_integers(scalars.inverse_transform(values)) == coefficients
    shift = random.Random(power).randrange(2, SCALAR_MODULUS)
    shifted = scalars.to_shifted_domain(values, shift)
    assert scalars.to_integers(shifted) == [
        evaluate(shift * pow(root, index, SCALAR_MODULUS)) for index in range(size)]
    assert scalars.to_integers(scalars.inverse_transform(shifted, shift)) == coefficients


@pytest.mark.parametrize("power", [10, 13])
def test_large_transforms_are_undone(power: int) -> None:
    vector = scalars.from_integers(random_scalars(1 << power, power))
    assert (scalars.inverse_transform(scalars.transform(vector)) == vector).all()


@pytest.mark.parametrize("size", [0, 3, 12])
def test_only_powers_of_two(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        scalars.transform(scalars.zeros(size))

"""Scalars in halves: they are halves, and what they save is what the page says."""

import json
from pathlib import Path
from random import Random

import pytest

from proofmill.hdl.curve import (
    BLS12_377,
    BLS12_381,
    BN254,
    GENERATOR_BLS12_377,
    GENERATOR_G1,
    Curve,
    Group,
)
from proofmill.host.bench import endomorphism
from proofmill.host.bench.endomorphism import Endomorphism, figures, with_copies
from proofmill.host.cli.bench_endomorphism import PAGE
from proofmill.host.cli.main import main
from proofmill.host.cli.pages import part
from proofmill.sim.curve import Equation

BOARDS = Path(__file__).parents[3] / "docs" / "boards.md"


@pytest.mark.parametrize(("curve", "bits"), [(BN254, 126), (BLS12_381, 127), (BLS12_377, 126)])
def test_a_scalar_is_its_halves(curve: Curve, bits: int) -> None:
    found, order, rng = Endomorphism(curve), curve.scalar.modulus, Random(1)
    assert found.bits == bits
    assert pow(found.eigenvalue, 3, order) == 1 != found.eigenvalue
    for vector in found.basis:
        assert (vector[0] + vector[1] * found.eigenvalue) % order == 0
    for scalar in (0, 1, order - 1, found.eigenvalue, *(rng.randrange(order) for _ in range(500))):
        one, other = found.split(scalar)
        assert (one + other * found.eigenvalue - scalar) % order == 0
        assert max(abs(one), abs(other)).bit_length() <= bits


@pytest.mark.parametrize(("curve", "generator"), [
    (BN254, tuple((part,) for part in GENERATOR_G1)), (BLS12_377, GENERATOR_BLS12_377)])
def test_the_eigenvalue_multiplies_by_another_x(
        curve: Curve, generator: tuple[tuple[int], tuple[int]]) -> None:
    modulus, (x, y) = curve.base.modulus, generator
    image = Equation(modulus, curve.b[Group.G1]).multiply(Endomorphism(curve).eigenvalue, (x, y))
    assert image is not None and image[1] == y
    beta = image[0][0] * pow(x[0], -1, modulus) % modulus
    assert beta != 1 == pow(beta, 3, modulus)


def test_the_pages_table_is_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "endomorphism"]) == 0
    shown = capsys.readouterr().out
    assert part(BOARDS, PAGE) == shown.strip("\n")
    assert shown.count("\n") == 2 + 2 * len(endomorphism.POWERS)


def test_halves_and_a_copy_of_each_point_are_the_same_digits() -> None:
    own, halved = endomorphism.machines(BN254)
    plan = with_copies(own, 1024)
    assert plan.copies == 2 and plan.stride == 128
    found = figures(BN254, 10)
    assert abs(found["images_save"]) < 0.01 and found["copies"] < found["plain"]
    assert 2 * halved.scalar_bits - own.scalar_bits <= 0


@pytest.mark.slow
def test_the_control_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Its exact cycles are within 3 % of the model's."""
    assert main(["bench", "endomorphism", "--power", "10", "--exact", "10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for said, exact in zip(found["sums"], found["exact"], strict=True):
        for name in ("plain", "copies", "images"):
            assert exact[name] == pytest.approx(said[name], rel=0.03)

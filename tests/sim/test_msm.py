"""The definition against py_ecc, and the accelerator's cuts against the definition."""

from random import Random

import pytest
from py_ecc.bn128 import G1, add, multiply

from proofmill.hdl.curve import BN254, TOY_CURVE, Group
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.curve import equation
from proofmill.sim.msm import combine, last_level, multi_scalar_product, signed_digits
from tests.hdl.points import from_py_ecc, toy_points


def test_the_sum_is_that_of_py_ecc():
    rng = Random(1)
    scalars = [0, 1, BN254.scalar.modulus - 1, rng.randrange(BN254.scalar.modulus)]
    points = [multiply(G1, rng.randrange(1, BN254.scalar.modulus)) for _ in scalars]
    total = None
    for scalar, point in zip(scalars, points, strict=True):
        total = add(total, multiply(point, scalar))
    golden = multi_scalar_product(
        equation(BN254, Group.G1), scalars, [from_py_ecc(point) for point in points])
    assert golden == from_py_ecc(total)


@pytest.mark.parametrize("window", range(2, 9))
def test_digits_are_small_and_sum_to_the_scalar(window):
    plan = WindowPlan(8, window)
    for scalar in range(256):
        digits = signed_digits(scalar, plan)
        assert sum(digit << window * place for place, digit in enumerate(digits)) == scalar
        half = 1 << window - 1
        assert all(-half <= digit < half for digit in digits[:-1]) and 0 <= digits[-1] <= half


@pytest.mark.parametrize("window", range(2, 9))
def test_the_last_level_combines_to_the_definition(window):
    law, points, rng = equation(TOY_CURVE, Group.G1), toy_points(Group.G1), Random(window)
    plan = WindowPlan(8, window)
    for size in range(6):
        chosen = rng.choices(points, k=size)
        scalars = [rng.randrange(256) for _ in chosen]
        assert combine(law, plan, last_level(law, plan, scalars, chosen)) == multi_scalar_product(
            law, scalars, chosen)

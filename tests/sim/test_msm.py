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


PLANS = [*(WindowPlan(8, window) for window in range(2, 9)),
         *(WindowPlan(8, window, stride=stride)
           for window, stride in ((2, 2), (2, 4), (3, 3), (3, 5), (4, 4), (5, 5), (3, 8), (3, 9)))]


def name(plan):
    return f"{plan.window}-{plan.stride}"


@pytest.mark.parametrize("plan", PLANS, ids=name)
def test_digits_are_small_and_sum_to_the_scalar(plan):
    for scalar in range(256):
        digits = signed_digits(scalar, plan)
        assert len(digits) == plan.digits
        assert sum(digit << plan.position(n) for n, digit in enumerate(digits)) == scalar
        halves = [1 << plan.width(n) - 1 for n in range(plan.digits)]
        assert all(-half <= digit < half
                   for digit, half in zip(digits[:-1], halves, strict=False))
        assert 0 <= digits[-1] <= halves[-1]
        # The bias makes every digit but the last readable by itself.
        biased = scalar + plan.bias
        for n, digit in enumerate(digits):
            found = biased >> plan.position(n) & ((1 << plan.width(n)) - 1)
            assert digit == found - (halves[n] if n < plan.digits - 1 else 0)


@pytest.mark.parametrize("plan", PLANS, ids=name)
def test_the_last_level_combines_to_the_definition(plan):
    law, points = equation(TOY_CURVE, Group.G1), toy_points(Group.G1)
    rng = Random(plan.window)
    for size in range(6):
        chosen = rng.choices(points, k=size)
        scalars = [rng.randrange(256) for _ in chosen]
        assert combine(law, plan, last_level(law, plan, scalars, chosen)) == multi_scalar_product(
            law, scalars, chosen)

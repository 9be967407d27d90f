"""Points and sums by py_ecc, which shares nothing with the code under test."""

import random
from typing import Any

from py_ecc import bn128

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.points import AffinePoint


def generator(group: Group) -> Any:
    return bn128.G1 if group is Group.G1 else bn128.G2


def plain(group: Group, point: Any) -> AffinePoint:
    """A py_ecc point in this project's form."""
    if point is None:
        return None
    if group is Group.G1:
        return (int(point[0]), int(point[1]))
    (x, y) = ((int(value.coeffs[0]), int(value.coeffs[1])) for value in point)
    return (x, y)


def random_points(group: Group, count: int, seed: int) -> list[Any]:
    """py_ecc points; small multiples, since py_ecc takes 7 ms for a large one."""
    draw = random.Random(seed)
    return [bn128.multiply(generator(group), draw.randrange(1, 1 << 16)) for _ in range(count)]


def random_scalars(count: int, seed: int) -> list[int]:
    draw = random.Random(seed)
    return [draw.randrange(SCALAR_MODULUS) for _ in range(count)]


def weighted_sum(points: list[Any], scalars: list[int]) -> Any:
    total = None
    for point, scalar in zip(points, scalars, strict=True):
        if point is not None:
            total = bn128.add(total, bn128.multiply(point, scalar))
    return total

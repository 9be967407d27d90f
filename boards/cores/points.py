"""Points to compute with in a bench."""

from functools import cache
from random import Random

from proofmill.hdl.curve import BN254, GENERATOR_G2, Curve, Group
from proofmill.sim.curve import Affine, equation, from_scaled_twist, to_scaled_twist
from proofmill.sim.points import small_generator


@cache
def generator(curve: Curve, group: Group) -> Affine:
    """A point that generates the group, on the curve that the accelerator adds on."""
    if curve is BN254 and group is Group.G2:
        return to_scaled_twist(GENERATOR_G2, curve.base.modulus)
    return small_generator(curve, group)


def some_points(curve: Curve, group: Group, count: int, seed: int) -> list[Affine]:
    """`count` points: infinity, one and its opposite, the rest multiples of the generator."""
    rng, law, base = Random(seed), equation(curve, group), generator(curve, group)
    few = [base, law.negate(base), None]
    more = [law.multiply(rng.randrange(1, 1 << 16), base) for _ in range(count - len(few))]
    return (few + more)[:count]


def as_in_a_file(curve: Curve, group: Group, point: Affine) -> list[int]:
    """The coordinates of a point of the accelerator's curve as they lie in a `.zkey`."""
    if point is None:
        return [0] * (2 * group.degree)
    if curve is BN254 and group is Group.G2:
        point = from_scaled_twist(point, curve.base.modulus)
    assert point is not None
    return [part * curve.file_radix % curve.base.modulus
            for coordinate in point for part in coordinate]

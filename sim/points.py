"""Points to compute with, of a curve of any size."""

from functools import cache
from itertools import product

from proofmill.hdl.curve import (
    BLS12_377,
    BLS12_381,
    GENERATOR_BLS12_377,
    GENERATORS_BLS12_381,
    TOY_CURVE,
    Curve,
    Group,
)
from proofmill.sim.curve import Affine, equation

COFACTORS = {(TOY_CURVE.name, Group.G2): 147}
"""Points of the curve for each one of the group, where that is not all; see `hdl.field.TOY`."""

PUBLISHED: dict[tuple[str, Group], Affine] = {
    (BLS12_377.name, Group.G1): GENERATOR_BLS12_377,
    **{(BLS12_381.name, group): point for group, point in GENERATORS_BLS12_381.items()}}
"""Generators of groups with large cofactors: their curves' small points are of other orders, (0, 2)
of BLS12-381's of order 3."""


@cache
def small_generator(curve: Curve, group: Group) -> Affine:
    """A generator of the group, which has the order of the scalars: the published one, or the first
    among the points of the curve that the accelerator adds on, by trying small coordinates; in G1,
    where p = 3 modulo 4, of a small x any y, which is then ``(x^3 + b)^((p + 1) / 4)``. ValueError
    where there is none."""
    if (curve.name, group) in PUBLISHED:
        return PUBLISHED[curve.name, group]
    law, modulus = equation(curve, group), curve.base.modulus
    small = range(min(modulus, 64))
    coordinates = list(product(small, repeat=group.degree))
    for point in product(coordinates, coordinates):
        if law.holds(point):
            found = law.multiply(COFACTORS.get((curve.name, group), 1), point)
            if found is not None and law.multiply(curve.scalar.modulus, found) is None:
                return found
    if group is Group.G1 and modulus % 4 == 3:
        for x in small:
            point = ((x,), (pow(x ** 3 + law.b[0], (modulus + 1) // 4, modulus),))
            if law.holds(point) and law.multiply(curve.scalar.modulus, point) is None:
                return point
    raise ValueError(f"no small generator of {curve.name}'s {group.value} was found; "
                     "add one to proofmill.sim.points.PUBLISHED")

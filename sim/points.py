"""Points to compute with, of a curve whose points are few."""

from functools import cache
from itertools import product

from proofmill.hdl.curve import TOY_CURVE, Curve, Group
from proofmill.sim.curve import Affine, equation

COFACTORS = {(TOY_CURVE.name, Group.G2): 147}
"""Points of the curve for each one of the group, where that is not all; see `hdl.field.TOY`."""


@cache
def small_generator(curve: Curve, group: Group) -> Affine:
    """A generator of the group among the first points of the curve that the accelerator adds on,
    by trying small coordinates; ValueError where there is none."""
    law, small = equation(curve, group), range(min(curve.base.modulus, 64))
    coordinates = list(product(small, repeat=group.degree))
    for point in product(coordinates, coordinates):
        if law.holds(point):
            found = law.multiply(COFACTORS.get((curve.name, group), 1), point)
            if found is not None:
                return found
    raise ValueError(f"no small point of {curve.name}'s {group.value} was found")

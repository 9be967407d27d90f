"""Points to compute with, of a curve of any size."""

from functools import cache
from itertools import product

from proofmill.hdl.curve import BLS12_377, GENERATOR_BLS12_377, TOY_CURVE, Curve, Group
from proofmill.sim.curve import Affine, equation

COFACTORS = {(TOY_CURVE.name, Group.G2): 147}
"""Points of the curve for each one of the group, where that is not all; see `hdl.field.TOY`."""


@cache
def small_generator(curve: Curve, group: Group) -> Affine:
    """A generator of the group among the first points of the curve that the accelerator adds on,
    by trying small coordinates; in G1, where p = 3 modulo 4, of a small x any y, which is then
    ``(x^3 + b)^((p + 1) / 4)``; of BLS12-377 the published one. ValueError where there is none."""
    if curve is BLS12_377 and group is Group.G1:  # its only small points are of small order
        return GENERATOR_BLS12_377
    law, small = equation(curve, group), range(min(curve.base.modulus, 64))
    coordinates = list(product(small, repeat=group.degree))
    for point in product(coordinates, coordinates):
        if law.holds(point):
            found = law.multiply(COFACTORS.get((curve.name, group), 1), point)
            if found is not None:
                return found
    modulus = curve.base.modulus
    if group is Group.G1 and modulus % 4 == 3:
        for x in small:
            y = pow(x ** 3 + law.b[0], (modulus + 1) // 4, modulus)
            if law.holds(((x,), (y,))):
                return (x,), (y,)
    raise ValueError(f"no small point of {curve.name}'s {group.value} was found")

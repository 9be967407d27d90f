"""Points to test with."""

from functools import cache

from py_ecc import bls12_381
from py_ecc.bn128 import FQ, G1, G2

from proofmill.hdl.curve import (
    BLS12_377,
    BLS12_381,
    BN254,
    GENERATOR_BLS12_377,
    TOY_CURVE,
    Group,
)
from proofmill.sim.curve import equation, to_scaled_twist


@cache
def toy_points(group):
    """The toy group of prime order: point n is n times the first; point 0 is infinity."""
    law, order = equation(TOY_CURVE, group), TOY_CURVE.scalar.modulus
    cofactor = 1 if group is Group.G1 else 147
    base = next(point for point in (law.multiply(cofactor, p) for p in law.points())
                if point is not None)
    points, point = [None], base
    while point is not None:
        points.append(point)
        point = law.add(point, base)
    assert len(points) == order
    return points


def from_py_ecc(point):
    """A point of py_ecc as one of `sim.curve`."""
    if point is None:
        return None
    return tuple(
        (int(c),) if isinstance(c, FQ | bls12_381.FQ) else tuple(int(part) for part in c.coeffs)
        for c in point)


def odd_points(law):
    """All points of odd order on the curve of an equation over a few bits."""
    points = list(law.points())
    odd = len(points) // (len(points) & -len(points))
    return [point for point in points if law.multiply(odd, point) is None]


def generator(curve, group):
    """The generator of a group of a curve but the toy, on the curve the accelerator adds on."""
    if curve is BLS12_377:
        return GENERATOR_BLS12_377
    if curve is BLS12_381:
        return from_py_ecc(bls12_381.G1 if group is Group.G1 else bls12_381.G2)
    return bn254_generator(group)


def bn254_generator(group):
    """The generator of a BN254 group, on the curve the accelerator adds on."""
    if group is Group.G1:
        return from_py_ecc(G1)
    return to_scaled_twist(from_py_ecc(G2), BN254.base.modulus)

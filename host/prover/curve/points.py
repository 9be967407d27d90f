"""Points of BN254 in NumPy arrays laid out as a ``.zkey`` stores them.

A point is affine: x then y, each coordinate v kept as v * 2^256 mod p in four little-endian 64-bit
limbs; in G2 a coordinate is a pair, real part first. Shapes are (n, 8) in G1 and (n, 16) in G2, or
(8,) and (16,) for one point. All limbs zero is the point at infinity.
"""

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import GENERATOR_G1, GENERATOR_G2, Group
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    LIMBS,
    Limbs,
    first_not_below,
    from_coordinates,
    to_coordinates,
)
from proofmill.host.prover.curve.mcl import library

Element: TypeAlias = int | tuple[int, int]
"""A coordinate: a number modulo p in G1; in G2 the pair (real, imaginary)."""

AffinePoint: TypeAlias = tuple[Element, Element] | None
"""(x, y) in plain integers; None is infinity."""

ProjectivePoint: TypeAlias = tuple[Element, Element, Element] | None
"""(X, Y, Z) in plain integers with x = X/Z and y = Y/Z; None, or Z = 0, is infinity."""

Flags: TypeAlias = NDArray[np.bool_]
"""One answer a point, shape (n,)."""

ONE = from_coordinates([1])[0]
"""The coordinate 1."""


def width(group: Group) -> int:
    """Limbs of one affine point: 8 in G1, 16 in G2."""
    return 2 * LIMBS * group.degree


def infinity(group: Group) -> Limbs:
    """The neutral element, shape (8,) or (16,)."""
    return np.zeros(width(group), dtype=np.uint64)


def encode(group: Group, points: Iterable[AffinePoint]) -> Limbs:
    """Plain integers to an array of shape (n, 8) or (n, 16). Values are reduced modulo p."""
    zero: Element = 0 if group is Group.G1 else (0, 0)
    return from_coordinates(
        part
        for point in points
        for coordinate in (point if point is not None else (zero, zero))
        for part in _parts(coordinate)).reshape(-1, width(group))


def decode(group: Group, points: Limbs) -> list[AffinePoint]:
    """An array of shape (n, 8) or (n, 16), or one point, to plain integers."""
    values = to_coordinates(points)
    decoded: list[AffinePoint] = []
    for start in range(0, len(values), 2 * group.degree):
        part = values[start:start + 2 * group.degree]
        if not any(part):
            decoded.append(None)
        elif group is Group.G1:
            decoded.append((part[0], part[1]))
        else:
            decoded.append(((part[0], part[1]), (part[2], part[3])))
    return decoded


def point_numbers(group: Group, point: Limbs) -> list[int]:
    """A point's coordinates in the order of EIP-197: of G2, imaginary parts first; infinity: 0."""
    affine = decode(group, point)[0]
    if affine is None:
        return [0] * (2 * group.degree)
    return [part for coordinate in affine for part in reversed(_parts(coordinate))]


def generator(group: Group) -> Limbs:
    """The standard generator, shape (8,) or (16,)."""
    return encode(group, [GENERATOR_G1 if group is Group.G1 else GENERATOR_G2]).reshape(-1)


def is_infinity(points: Limbs) -> Flags:
    """Which of `points` are at infinity, shape (n,)."""
    return np.asarray(~points.any(axis=-1), dtype=np.bool_)


def first_not_canonical(group: Group, points: Limbs) -> int | None:
    """The index of the first point with a coordinate that is not below p; None if there is none."""
    index = first_not_below(points.reshape(-1, LIMBS), BASE_MODULUS)
    return None if index is None else index // (2 * group.degree)


def to_jacobian(group: Group, points: Limbs) -> Limbs:
    """Affine points (n, 8) or (n, 16) as mcl wants them, (n, 12) or (n, 24), Z = 1 or 0."""
    coordinate = LIMBS * group.degree
    jacobian = np.zeros((len(points), 3 * coordinate), dtype=np.uint64)
    jacobian[:, :2 * coordinate] = points
    jacobian[~is_infinity(points), 2 * coordinate:2 * coordinate + LIMBS] = ONE
    return jacobian


def to_affine(group: Group, jacobian: Limbs) -> Limbs:
    """mcl's points (n, 12) or (n, 24) to affine ones; `jacobian` is normalised in place."""
    functions = library().group(group)
    start, step = jacobian.ctypes.data, jacobian.strides[0]
    for index in range(len(jacobian)):
        functions.normalize(start + step * index, start + step * index)
    coordinate = LIMBS * group.degree
    points: Limbs = jacobian[:, :2 * coordinate].copy()
    points[is_infinity(jacobian[:, 2 * coordinate:])] = 0
    return points


def to_affine_point(group: Group, jacobian: Limbs) -> Limbs:
    """One of mcl's points, shape (1, 12) or (1, 24), to an affine one, shape (8,) or (16,)."""
    return to_affine(group, jacobian).reshape(-1)


def projective_to_jacobian(group: Group, points: Iterable[ProjectivePoint]) -> Limbs:
    """Homogeneous (X : Y : Z) in plain integers to mcl's Jacobian (X*Z : Y*Z^2 : Z).

    Both stand for the affine point (X/Z, Y/Z); no inversion is needed.
    """
    values: list[int] = []
    for point in points:
        if point is None:
            values += [0] * (3 * group.degree)
            continue
        x, y, z = point
        if isinstance(x, int) and isinstance(y, int) and isinstance(z, int):
            values += [x * z, y * z * z, z]
        else:
            zr, zi = _parts(z)
            z_square = _times((zr, zi), (zr, zi))
            values += [*_times(_parts(x), (zr, zi)), *_times(_parts(y), z_square), zr, zi]
    return from_coordinates(values).reshape(-1, 3 * LIMBS * group.degree)


def _parts(coordinate: Element) -> tuple[int, ...]:
    return (coordinate,) if isinstance(coordinate, int) else coordinate


def _times(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, int]:
    """The product in Fp2 = Fp[u]/(u^2 + 1)."""
    return ((left[0] * right[0] - left[1] * right[1]) % BASE_MODULUS,
            (left[0] * right[1] + left[1] * right[0]) % BASE_MODULUS)

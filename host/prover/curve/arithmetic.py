"""Sums and multiples of BN254 points. Layouts are those of `host.prover.curve.points`.

Scalars are plain integers below r in four limbs, shape (n, 4), unless said otherwise.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.ground.cores import cores
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.curve.mcl import library
from proofmill.host.prover.curve.points import (
    ProjectivePoint,
    generator,
    is_infinity,
    projective_to_jacobian,
    to_affine,
    to_affine_point,
    to_jacobian,
    width,
)
from proofmill.host.prover.curve.scalars import to_montgomery_limbs

VECTOR = 1 << 15
"""Points that mcl's multiple-point multiplication is given at once. It keeps a few words of each on
the stack, whose eight megabytes end between 2^17 and 2^18 points; 4 % slower than one call."""

PARALLEL_FROM = 256
"""Below so many points, starting threads costs more than it saves."""


def multi_scalar_multiplication(group: Group, points: Limbs, scalars: Limbs) -> Limbs:
    """``sum(scalars[i] * points[i])`` as an affine point, shape (8,) or (16,).

    `points`: (n, 8) or (n, 16); `scalars`: (n, 4). Points at infinity and n = 0 are allowed.
    In G2 every point must be in the subgroup of order r.
    """
    if points.shape != (len(scalars), width(group)):
        raise ValueError(
            f"{group.value}: points {points.shape} do not fit scalars {scalars.shape}")
    finite = ~is_infinity(points)
    if not finite.all():
        points, scalars = points[finite], scalars[finite]
    return multiply_prepared(group, to_jacobian(group, points), scalars)


def multiply_prepared(group: Group, prepared: Limbs, scalars: Limbs) -> Limbs:
    """`multi_scalar_multiplication` on points that `to_jacobian` has prepared, none at infinity.

    `prepared` is not modified, so that several threads may use it at once.
    """
    used = scalars.any(axis=1)
    if not used.all():
        prepared, scalars = prepared[used], scalars[used]
    functions = library().group(group)
    total = np.zeros((1, functions.point_limbs), dtype=np.uint64)
    for start in range(0, len(scalars), VECTOR):
        result = np.zeros_like(total)
        montgomery = to_montgomery_limbs(scalars[start:start + VECTOR])
        part = np.ascontiguousarray(prepared[start:start + VECTOR])
        functions.multiply_vector(
            result.ctypes.data, part.ctypes.data, montgomery.ctypes.data, len(part))
        functions.add(total.ctypes.data, total.ctypes.data, result.ctypes.data)
    return to_affine_point(group, total)


def sum_of_powers(group: Group, points: Sequence[ProjectivePoint]) -> Limbs:
    """``sum(2^k * points[k])``, shape (8,) or (16,), by Horner's rule from the last point on.

    `points` are homogeneous, (X : Y : Z) in plain integers, None for infinity.
    """
    functions = library().group(group)
    jacobian = projective_to_jacobian(group, points)
    total = np.zeros((1, functions.point_limbs), dtype=np.uint64)
    address, start, step = total.ctypes.data, jacobian.ctypes.data, jacobian.strides[0]
    for index in reversed(range(len(jacobian))):
        functions.double(address, address)
        functions.add(address, address, start + step * index)
    return to_affine_point(group, total)


def add(group: Group, *points: Limbs) -> Limbs:
    """The sum of any number of single points, shape (8,) or (16,)."""
    functions = library().group(group)
    jacobian = to_jacobian(group, np.array(points, dtype=np.uint64).reshape(-1, width(group)))
    total = np.zeros((1, functions.point_limbs), dtype=np.uint64)
    for index in range(len(jacobian)):
        functions.add(total.ctypes.data, total.ctypes.data, jacobian[index].ctypes.data)
    return to_affine_point(group, total)


def negate(group: Group, point: Limbs) -> Limbs:
    """``-point``, shape (8,) or (16,)."""
    jacobian = to_jacobian(group, point.reshape(1, -1))
    library().group(group).negate(jacobian.ctypes.data, jacobian.ctypes.data)
    return to_affine_point(group, jacobian)


def multiply(group: Group, point: Limbs, scalar: int) -> Limbs:
    """``scalar * point``, shape (8,) or (16,); any integer, taken modulo r."""
    return _multiply_each(group, point, to_limbs([scalar % SCALAR_MODULUS])).reshape(-1)


def multiply_generator(group: Group, scalars: Limbs) -> Limbs:
    """``scalars[i] * generator`` for every i: shape (n, 8) or (n, 16), on all cores."""
    return multiply_point(group, generator(group), scalars)


def multiply_point(group: Group, point: Limbs, scalars: Limbs) -> Limbs:
    """``scalars[i] * point`` for every i: shape (n, 8) or (n, 16), on all cores."""
    result = np.zeros((len(scalars), width(group)), dtype=np.uint64)

    def part(start: int, stop: int) -> None:
        result[start:stop] = _multiply_each(group, point, scalars[start:stop])

    in_parallel(len(scalars), part)
    return result


def _multiply_each(group: Group, point: Limbs, scalars: Limbs) -> Limbs:
    functions = library().group(group)
    base = to_jacobian(group, point.reshape(1, -1))
    montgomery = to_montgomery_limbs(scalars)
    result = np.zeros((len(scalars), functions.point_limbs), dtype=np.uint64)
    step = result.strides[0]
    source, target, scalar = base.ctypes.data, result.ctypes.data, montgomery.ctypes.data
    for index in np.flatnonzero(scalars.any(axis=1)).tolist():
        functions.multiply(target + step * index, source, scalar + 32 * index)
    return to_affine(group, result)


def in_parallel(count: int, part: Callable[[int, int], None]) -> None:
    """Call ``part(start, stop)`` on slices that cover ``range(count)``, one thread a core."""
    threads = max(1, min(cores(), count // PARALLEL_FROM))
    bounds = [count * index // threads for index in range(threads + 1)]
    if threads == 1:
        part(0, count)
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(part, start, stop)
                       for start, stop in zip(bounds, bounds[1:], strict=False)]:
            future.result()

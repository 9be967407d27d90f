"""A key's points beside their multiples by powers of two, as an accelerator keeps them."""

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import in_parallel
from proofmill.host.prover.curve.combinations import NUMBER, multiply_all
from proofmill.host.prover.curve.limbs import Limbs, to_limbs
from proofmill.host.prover.curve.mcl import library
from proofmill.host.prover.curve.points import to_affine, to_jacobian
from proofmill.host.prover.curve.scalars import to_montgomery_limbs
from proofmill.host.prover.native.library import Library, library_if_there
from proofmill.host.prover.native.sums import copies_in_place


def copies_of_points(group: Group, points: Limbs, stride: int, copies: int, base: int = 0,
                     code: Library | None = None) -> Limbs:
    """``2 ** (stride * k) * points[i]`` for k below `copies`: shape (n * copies, 8) or (.., 16); or
    of a base, if it is not 0, ``base ** (copies - 1 - k) * points[i]``.

    `points`: shape (n, 8) or (n, 16), coordinates below p; the copies of one stand one after the
    other. By the native library where it is compiled already, else by mcl: once a key, some
    ``stride * copies`` doublings a point, or ``copies`` products with the base.
    """
    points = np.require(points, np.uint64, ("C", "A"))
    if copies == 1:
        return points
    code = code or library_if_there()
    if base:
        rows = [points]
        for _ in range(copies - 1):
            rows.insert(0, _multiplied(group, rows[0], base, code))
        return np.stack(rows, axis=1).reshape(-1, points.shape[1])
    if code is None:
        return _by_mcl(group, points, stride, copies)
    result = np.empty((len(points) * copies, points.shape[1]), np.uint64)
    copies_in_place(NUMBER[group], points.ctypes.data, len(points), stride, copies,
                    result.ctypes.data, code=code)
    return result


def _multiplied(group: Group, points: Limbs, scalar: int, code: Library | None) -> Limbs:
    """A few bits times every point."""
    if code is not None:
        return multiply_all(group, points, scalar)
    functions, result = library().group(group), np.zeros_like(points)
    factor = to_montgomery_limbs(to_limbs([scalar]))

    def part(start: int, stop: int) -> None:
        products = to_jacobian(group, points[start:stop])
        first, step = products.ctypes.data, products.strides[0]
        for address in range(first, first + step * len(products), step):
            functions.multiply(address, address, factor.ctypes.data)
        result[start:stop] = to_affine(group, products)

    in_parallel(len(points), part)
    return result


def _by_mcl(group: Group, points: Limbs, stride: int, copies: int) -> Limbs:
    functions = library().group(group)
    result = np.zeros((len(points), copies, points.shape[1]), np.uint64)

    def part(start: int, stop: int) -> None:
        powers = to_jacobian(group, points[start:stop])
        first, step = powers.ctypes.data, powers.strides[0]
        for copy in range(copies):
            result[start:stop, copy] = to_affine(group, powers)
            for address in range(first, first + step * len(powers), step):
                for _ in range(stride if copy < copies - 1 else 0):
                    functions.double(address, address)

    in_parallel(len(points), part)
    return result.reshape(-1, points.shape[1])

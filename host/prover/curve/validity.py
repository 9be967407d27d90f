"""Which points are on the curve, and in the group of prime order."""

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import in_parallel
from proofmill.host.prover.curve.combinations import NUMBER
from proofmill.host.prover.curve.limbs import BASE_MODULUS, MONTGOMERY_RADIX, Limbs, from_limbs
from proofmill.host.prover.curve.mcl import Function, library
from proofmill.host.prover.curve.points import (
    Flags,
    first_not_canonical,
    is_infinity,
    to_jacobian,
)
from proofmill.host.prover.native import points as native
from proofmill.host.prover.native.library import library_if_there

PIECE = 1 << 16
"""Points that are plain integers at once."""


def on_curve(group: Group, points: Limbs) -> Flags:
    """Which of `points`, shape (n, 8) or (n, 16), satisfy the curve's equation; infinity does.

    G1: y^2 = x^3 + 3. G2: y^2 = x^3 + 3 / (9 + u). Coordinates must be below p
    (`host.prover.curve.points.first_not_canonical`). Takes a few microseconds a point.
    """
    if group is Group.G2:
        return _test(group, points, library().group(group).is_on_curve)
    flags = np.zeros(len(points), dtype=np.bool_)
    for start in range(0, len(points), PIECE):
        flags[start:start + PIECE] = _satisfied(points[start:start + PIECE])
    return flags


def first_off_curve(group: Group, points: Limbs) -> int | None:
    """The index of the first of `points` that is not on the curve; None if all are.

    Infinity is. A point with a coordinate that is not below p is not. Points of G2 may have an
    order that does not divide r: see `in_subgroup`. By the native library where it is compiled
    already, in a tenth of a microsecond a point and core; else by `on_curve`.
    """
    code = library_if_there()
    if code is not None:
        points = np.require(points, np.uint64, ("C",))
        return native.first_off_curve(NUMBER[group], points.ctypes.data, len(points), code)
    end = first_not_canonical(group, points)
    outside = np.flatnonzero(~on_curve(group, points[:end]))
    return int(outside[0]) if len(outside) else end


def in_subgroup(group: Group, points: Limbs) -> Flags:
    """Which of `points` are on the curve and have an order that divides r.

    In G1 every point of the curve has; the curve of G2 has points of other orders, on which
    formulas that rely on the order, and so pairings, go wrong.
    """
    flags = on_curve(group, points)
    if group is Group.G2:
        flags[flags] = _test(group, points[flags], library().group(group).is_in_subgroup)
    return flags


def _satisfied(points: Limbs) -> Flags:
    """`on_curve` in G1. Not by mcl, which multiplies every point by r as well, for 80 microseconds.

    With x' = x R and y' = y R, as points are stored: y'^2 R = x'^3 + 3 R^3.
    """
    values, radix = from_limbs(points), MONTGOMERY_RADIX
    constant = 3 * radix ** 3 % BASE_MODULUS
    satisfied = [(y * y * radix - x * x * x - constant) % BASE_MODULUS == 0
                 for x, y in zip(values[0::2], values[1::2], strict=True)]
    return np.array(satisfied, dtype=np.bool_) | is_infinity(points)


def _test(group: Group, points: Limbs, test: Function) -> Flags:
    flags = np.zeros(len(points), dtype=np.bool_)

    def part(start: int, stop: int) -> None:
        jacobian = to_jacobian(group, points[start:stop])
        first, step = jacobian.ctypes.data, jacobian.strides[0]
        flags[start:stop] = [
            bool(test(first + step * index)) for index in range(stop - start)]

    in_parallel(len(points), part)
    return flags

"""Which points are on the curve, and in the group of prime order."""


import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.arithmetic import in_parallel
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.mcl import Function, library
from proofmill.host.prover.curve.points import Flags, to_jacobian


def on_curve(group: Group, points: Limbs) -> Flags:
    """Which of `points`, shape (n, 8) or (n, 16), satisfy the curve's equation; infinity does.

    G1: y^2 = x^3 + 3. G2: y^2 = x^3 + 3 / (9 + u). Coordinates must be below p
    (`host.prover.curve.points.first_not_canonical`).
    """
    return _test(group, points, library().group(group).is_on_curve)


def in_subgroup(group: Group, points: Limbs) -> Flags:
    """Which of `points` are on the curve and have an order that divides r.

    In G1 every point of the curve has; the curve of G2 has points of other orders, on which
    formulas that rely on the order, and so pairings, go wrong.
    """
    flags = on_curve(group, points)
    if group is Group.G2:
        flags[flags] = _test(group, points[flags], library().group(group).is_in_subgroup)
    return flags


def _test(group: Group, points: Limbs, test: Function) -> Flags:
    flags = np.zeros(len(points), dtype=np.bool_)

    def part(start: int, stop: int) -> None:
        jacobian = to_jacobian(group, points[start:stop])
        first, step = jacobian.ctypes.data, jacobian.strides[0]
        flags[start:stop] = [
            bool(test(first + step * index)) for index in range(stop - start)]

    in_parallel(len(points), part)
    return flags

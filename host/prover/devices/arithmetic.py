"""What a device of accelerators leaves to this machine, on each curve that there are devices of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from proofmill.hdl.curve import (
    BN254,
    FILE_RADIX,
    TWIST_SCALE,
    Curve,
    Group,
    quadratic_product,
)
from proofmill.host.prover.curve.arithmetic import multi_scalar_multiplication, sum_of_powers
from proofmill.host.prover.curve.limbs import Limbs, from_limbs, to_limbs
from proofmill.host.prover.curve.points import ProjectivePoint, first_not_canonical
from proofmill.host.prover.curve.validity import on_curve
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.copies import copies_of_points
from proofmill.host.prover.devices.inputs import check_points

MODULUS = BN254.base.modulus


@dataclass(frozen=True)
class Arithmetic:
    """Arithmetic of points as their files have them, shape (n, words of a point).

    Parameters
    ----------
    curve : whose points.
    check_points : raises for what is no points of a group.
    to_device : points as an accelerator wants them, times ``2 ** scale``, `affine` or not.
    copies : points beside their multiples by powers of ``2 ** stride``, so many in all; or of a
        base, if it is not 0, the highest first.
    finish : an answer that was not finished on the chip, as one point.
    is_point : whether one is a point of a group.
    sum : the sum of scalars, shape (n, 4), times points.
    """

    curve: Curve
    check_points: Callable[[Group, Limbs], None]
    to_device: Callable[[Group, Limbs, int, bool], Limbs]
    copies: Callable[[Group, Limbs, int, int, int], Limbs]
    finish: Callable[[Group, Sum], Limbs]
    is_point: Callable[[Group, Limbs], bool]
    sum: Callable[[Group, Limbs, Limbs], Limbs]


FILE_SCALE = FILE_RADIX.bit_length() - 1
"""Coordinates lie in a `.zkey` times 2 ** FILE_SCALE."""


def to_device(group: Group, points: Limbs, scale: int = FILE_SCALE, affine: bool = False
              ) -> Limbs:
    """Points as they lie in a `.zkey`, as the accelerator wants them.

    G1: times ``2 ** scale`` instead of ``2 ** 256``. G2: y times the scale s of the twist, see
    `hdl.curve.TWIST_SCALE`; where sums are made of `affine` points, x times its square, y times its
    cube, and both times ``2 ** scale``.
    """
    points = np.require(points, np.uint64, ("C", "A"))
    if group is Group.G1:
        if scale == FILE_SCALE:
            return points
        factor = pow(2, scale - FILE_SCALE, MODULUS)
        return to_limbs([value * factor % MODULUS for value in from_limbs(points.reshape(-1, 4))]
                        ).reshape(points.shape)
    if not affine:
        return np.concatenate([points[:, :8], _multiplied(points[:, 8:], TWIST_SCALE)], axis=1)
    factor = pow(2, scale - FILE_SCALE, MODULUS)
    square = quadratic_product(TWIST_SCALE, (factor * TWIST_SCALE[0] % MODULUS,
                                             factor * TWIST_SCALE[1] % MODULUS), MODULUS)
    return np.concatenate([
        _multiplied(points[:, :8], square),
        _multiplied(points[:, 8:], quadratic_product(square, TWIST_SCALE, MODULUS))], axis=1)


def _multiplied(coordinates: Limbs, factor: tuple[int, int]) -> Limbs:
    """Coordinates in Fp2, a row each, times a number."""
    values = from_limbs(np.ascontiguousarray(coordinates).reshape(-1, 4))
    return to_limbs([part for re, im in zip(values[0::2], values[1::2], strict=True)
                     for part in quadratic_product((re, im), factor, MODULUS)]).reshape(-1, 8)


def finish(group: Group, answer: Sum) -> Limbs:
    """``sum(2**exponent * point)`` as an affine point: the last few hundred operations, by mcl."""
    powers: list[ProjectivePoint] = [None] * (max(answer.points, default=-1) + 1)
    square = quadratic_product(TWIST_SCALE, TWIST_SCALE, MODULUS)
    cube = quadratic_product(square, TWIST_SCALE, MODULUS)
    for exponent, parts in answer.points.items():
        c = [part % MODULUS for part in parts]
        if group is Group.G1:
            powers[exponent] = (c[0], c[1], c[2])
        else:
            powers[exponent] = (quadratic_product((c[0], c[1]), TWIST_SCALE, MODULUS),
                                (c[2], c[3]),
                                quadratic_product((c[4], c[5]), cube, MODULUS))
    return sum_of_powers(group, powers)


def _is_point(group: Group, point: Limbs) -> bool:
    row = point.reshape(1, -1)
    return first_not_canonical(group, row) is None and bool(on_curve(group, row)[0])


ON_BN254 = Arithmetic(BN254, check_points, to_device, copies_of_points, finish, _is_point,
                      multi_scalar_multiplication)
"""By mcl and the native library, of points as a `.zkey` has them."""

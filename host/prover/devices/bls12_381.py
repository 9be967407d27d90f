"""What accelerators on BLS12-381, in G1, leave to this machine: by the native library.

Points are as that has them (`host.prover.native.bls12_381`): x and y, each times 2^384 modulo p, in
twelve little-endian 64-bit limbs, all zero for infinity, shape (n, 12).
"""

import numpy as np

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.accelerator import Sum
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.host.prover.native.bls12_381 import (
    NUMBER_BYTES,
    POINT_BYTES,
    pack,
    sums_of_rows,
    weighted_sum,
)
from proofmill.sim.commands import stored_words
from proofmill.sim.curve import Affine
from proofmill.sim.msm import sum_of_groups

MODULUS, RADIX = BLS12_381.base.modulus, BLS12_381.file_radix
WIDTH = BLS12_381.point_words(Group.G1)
_B = BLS12_381.b[Group.G1][0] * RADIX ** 3 % MODULUS


def to_points(data: bytes) -> Limbs:
    """Points of the native library as an array; of a length that is no multiple of 96 bytes,
    ValueError."""
    return np.frombuffer(data, "<u8").reshape(-1, WIDTH)


def to_scalars(data: bytes) -> Limbs:
    """Numbers of 32 bytes as the limbs that jobs take."""
    return np.frombuffer(data, "<u8").reshape(-1, NUMBER_BYTES // 8)


def first_wrong(points: Limbs) -> int | None:
    """The index of the first that is no point of the curve with coordinates below p, if any."""
    data = np.ascontiguousarray(points, "<u8").tobytes()
    half = POINT_BYTES // 2
    for index, start in enumerate(range(0, len(data), POINT_BYTES)):
        x = int.from_bytes(data[start:start + half], "little")
        y = int.from_bytes(data[start + half:start + POINT_BYTES], "little")
        # (x R)^3 + b R^3 = (y R)^2 R
        if x >= MODULUS or y >= MODULUS or (x or y) and (
                x * x * x + _B - y * y * RADIX) % MODULUS:
            return index
    return None


def _check_points(group: Group, points: Limbs) -> None:
    if group is not Group.G1 or points.ndim != 2 or points.shape[1] != WIDTH:
        raise ValueError(f"points of BLS12-381 are of g1 and have shape (n, {WIDTH}), not "
                         f"{group.value}, {points.shape}")
    if (index := first_wrong(points)) is not None:
        raise ProofmillError(
            f"point {index:,} of {len(points):,} is not on the curve of {group.value}; give "
            "coordinates times 2^384 modulo p, and zeros for infinity")


def _to_device(group: Group, points: Limbs, scale: int, affine: bool) -> Limbs:
    """Times ``2 ** scale`` instead of ``2 ** 384``."""
    if 1 << scale == RADIX:
        return points
    factor, half = pow(2, scale, MODULUS) * pow(RADIX, -1, MODULUS), POINT_BYTES // 2
    data = points.tobytes()
    return to_points(b"".join(
        (int.from_bytes(data[start:start + half], "little") * factor % MODULUS).to_bytes(
            half, "little") for start in range(0, len(data), half)))


def _copies(group: Group, points: Limbs, stride: int, copies: int) -> Limbs:
    if copies == 1:
        return points
    places = [index for index in range(len(points)) for _ in range(copies)]
    scalars = pack([1 << stride * copy for copy in range(copies)]) * len(points)
    return to_points(sums_of_rows(points.tobytes(), places, scalars, 1))


def _finish(group: Group, answer: Sum) -> Limbs:
    """By the group law as it is taught: some hundred operations."""
    return encoded(sum_of_groups(BLS12_381, group, answer.points))


def encoded(point: Affine) -> Limbs:
    """A point of `sim.curve` as the native library has it, shape (12,)."""
    return np.array(stored_words(BLS12_381, Group.G1, [point]), np.uint64)


def _is_point(group: Group, point: Limbs) -> bool:
    return first_wrong(point.reshape(1, -1)) is None


def _sum(group: Group, points: Limbs, scalars: Limbs) -> Limbs:
    return to_points(weighted_sum(points.tobytes(), scalars.tobytes())).reshape(-1)


ON_BLS12_381 = Arithmetic(BLS12_381, _check_points, _to_device, _copies, _finish, _is_point, _sum)

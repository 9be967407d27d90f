"""What accelerators on BLS12-381 leave to this machine: in G1 by the native library, in G2, which
that has not, in plain integers.

Points of G1 are as the library has them (`host.prover.native.bls12_381`): x and y, each times 2^384
modulo p, in twelve little-endian 64-bit limbs, all zero for infinity, shape (n, 12). Those of G2
have x and y of two parts each, the real one first: shape (n, 24).
"""

from functools import partial

import numpy as np

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.arithmetic import Arithmetic
from proofmill.host.prover.devices.plain import Plain, check_on_curve
from proofmill.host.prover.native.bls12_381 import (
    NUMBER_BYTES,
    pack,
    sums_of_rows,
    weighted_sum,
)


def to_points(data: bytes, group: Group = Group.G1) -> Limbs:
    """Points that lie one after the other as an array; of a length that is no multiple of a
    point's, 96 bytes or in G2 192, ValueError."""
    return np.frombuffer(data, "<u8").reshape(-1, BLS12_381.point_words(group))


def to_scalars(data: bytes) -> Limbs:
    """Numbers of 32 bytes as the limbs that jobs take."""
    return np.frombuffer(data, "<u8").reshape(-1, NUMBER_BYTES // 8)


def _copies(group: Group, points: Limbs, stride: int, copies: int, base: int) -> Limbs:
    if copies == 1 or group is not Group.G1:
        return _PLAIN.copies(group, points, stride, copies, base)
    places = [index for index in range(len(points)) for _ in range(copies)]
    multiples = ([base ** copy for copy in reversed(range(copies))] if base
                 else [1 << stride * copy for copy in range(copies)])
    scalars = pack(multiples) * len(points)
    return to_points(sums_of_rows(points.tobytes(), places, scalars, 1))


def _sum(group: Group, points: Limbs, scalars: Limbs) -> Limbs:
    if group is not Group.G1:
        return _PLAIN.sum(group, points, scalars)
    return to_points(weighted_sum(points.tobytes(), scalars.tobytes())).reshape(-1)


_PLAIN = Plain(BLS12_381)

ON_BLS12_381 = Arithmetic(BLS12_381, partial(check_on_curve, BLS12_381), _PLAIN.to_device, _copies,
                          _PLAIN.finish, _PLAIN.is_point, _sum)
"""Neither curve has points of order two, so what is on one may be added, of the group or not."""

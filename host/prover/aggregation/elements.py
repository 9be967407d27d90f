"""Points as an aggregate has them: as EIP-197 lays them out, 64 bytes in G1 and 128 in G2.

Coordinates are big-endian, in G2 the imaginary part of each first; infinity is all zero.
"""

import numpy as np

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import (
    LIMBS,
    NUMBER_BYTES,
    Limbs,
    coordinate_bytes,
    from_coordinate_bytes,
)
from proofmill.host.prover.groth16.verify import is_valid_point


def point_bytes(group: Group) -> int:
    """Of one point."""
    return 2 * group.degree * NUMBER_BYTES


def to_bytes(group: Group, points: Limbs) -> bytes:
    """Points, shape (n, 8) or (n, 16), or one, one after the other."""
    return coordinate_bytes(_turned(group, points))


def from_bytes(group: Group, data: bytes) -> Limbs | None:
    """The one point with these bytes; None where there is none in its group of order r."""
    if len(data) != point_bytes(group):
        return None
    coordinates = from_coordinate_bytes(data)
    if coordinates is None:
        return None
    point = _turned(group, coordinates)
    return point if is_valid_point(group, point) else None


def _turned(group: Group, points: Limbs) -> Limbs:
    """The parts of each coordinate the other way round, in one row."""
    return np.ascontiguousarray(points.reshape(-1, group.degree, LIMBS)[:, ::-1]).reshape(-1)

"""Points as an aggregate has them: as EIP-197 lays them out, 64 bytes in G1 and 128 in G2.

Coordinates are big-endian, in G2 the imaginary part of each first; infinity is all zero.
"""

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    MONTGOMERY_RADIX,
    NUMBER_BYTES,
    Limbs,
    from_limbs,
    to_limbs,
)
from proofmill.host.prover.curve.points import RADIX_INVERSE
from proofmill.host.prover.groth16.verify import is_valid_point


def point_bytes(group: Group) -> int:
    """Of one point."""
    return 2 * group.degree * NUMBER_BYTES


def to_bytes(group: Group, points: Limbs) -> bytes:
    """Points, shape (n, 8) or (n, 16), or one, one after the other."""
    numbers = [value * RADIX_INVERSE % BASE_MODULUS for value in from_limbs(points)]
    if group is Group.G2:
        numbers[0::2], numbers[1::2] = numbers[1::2], numbers[0::2]
    return b"".join([number.to_bytes(NUMBER_BYTES, "big") for number in numbers])


def from_bytes(group: Group, data: bytes) -> Limbs | None:
    """The one point with these bytes; None where there is none in its group of order r."""
    if len(data) != point_bytes(group):
        return None
    numbers = [int.from_bytes(data[start:start + NUMBER_BYTES], "big")
               for start in range(0, len(data), NUMBER_BYTES)]
    if max(numbers) >= BASE_MODULUS:
        return None
    if group is Group.G2:
        numbers[0::2], numbers[1::2] = numbers[1::2], numbers[0::2]
    point: Limbs = to_limbs(number * MONTGOMERY_RADIX % BASE_MODULUS for number in numbers
                            ).reshape(-1)
    return point if is_valid_point(group, point) else None

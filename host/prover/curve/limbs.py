"""Numbers of 256 bits as four little-endian 64-bit limbs, many at a time."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.field import BN254_BASE, BN254_SCALAR

Limbs = NDArray[np.uint64]
"""Little-endian 64-bit limbs; the last axis is one number or one point."""

BASE_MODULUS = BN254_BASE.modulus
"""p: coordinates are numbers below it."""

SCALAR_MODULUS = BN254_SCALAR.modulus
"""r: scalars are numbers below it; the order of both groups."""

LIMBS = 4
NUMBER_BYTES = 32

MONTGOMERY_RADIX = 1 << 256
"""R: both mcl and a ``.zkey`` keep a value v as v*R modulo its field's prime."""

RADIX_INVERSE = pow(MONTGOMERY_RADIX, -1, BASE_MODULUS)
"""1 / R modulo p."""


def to_limbs(values: Iterable[int]) -> Limbs:
    """The numbers `values` (0 <= v < 2^256) as an array of shape (n, 4)."""
    data = b"".join(value.to_bytes(NUMBER_BYTES, "little") for value in values)
    return np.frombuffer(data, dtype="<u8").reshape(-1, LIMBS).copy()


def from_limbs(limbs: Limbs) -> list[int]:
    """The numbers in `limbs`, whose last axis or axes hold four limbs each, in memory's order."""
    data = np.ascontiguousarray(limbs, dtype="<u8").tobytes()
    return [int.from_bytes(data[start:start + NUMBER_BYTES], "little")
            for start in range(0, len(data), NUMBER_BYTES)]


def from_coordinates(values: Iterable[int]) -> Limbs:
    """Plain integers, taken modulo p, as limbs that hold v*R modulo p, shape (n, 4)."""
    return to_limbs(value * MONTGOMERY_RADIX % BASE_MODULUS for value in values)


def to_coordinates(limbs: Limbs) -> list[int]:
    """The plain integers below p of which `limbs` hold v*R modulo p, in memory's order."""
    return [value * RADIX_INVERSE % BASE_MODULUS for value in from_limbs(limbs)]


def coordinate_bytes(limbs: Limbs) -> bytes:
    """`to_coordinates`, 32 bytes each, big-endian."""
    return b"".join([value.to_bytes(NUMBER_BYTES, "big") for value in to_coordinates(limbs)])


def from_coordinate_bytes(data: bytes) -> Limbs | None:
    """What `coordinate_bytes` took, shape (n, 4); None where a number is not below p."""
    values = [int.from_bytes(data[start:start + NUMBER_BYTES], "big")
              for start in range(0, len(data), NUMBER_BYTES)]
    return None if max(values) >= BASE_MODULUS else from_coordinates(values)


def first_not_below(limbs: Limbs, modulus: int) -> int | None:
    """The index of the first number in `limbs`, shape (n, 4), that is not below `modulus`.

    None if there is none. Nearly always one pass over the highest limbs decides.
    """
    if len(limbs) == 0:
        return None
    top = limbs[:, LIMBS - 1]
    bound = modulus >> 192
    if int(top.max()) < bound:
        return None
    for index in np.flatnonzero(top >= np.uint64(bound)).tolist():
        if from_limbs(limbs[index])[0] >= modulus:
            return int(index)
    return None

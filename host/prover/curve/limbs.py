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


def to_limbs(values: Iterable[int]) -> Limbs:
    """The numbers `values` (0 <= v < 2^256) as an array of shape (n, 4)."""
    data = b"".join(value.to_bytes(NUMBER_BYTES, "little") for value in values)
    return np.frombuffer(data, dtype="<u8").reshape(-1, LIMBS).copy()


def from_limbs(limbs: Limbs) -> list[int]:
    """The numbers in `limbs`, whose last axis or axes hold four limbs each, in memory's order."""
    data = np.ascontiguousarray(limbs, dtype="<u8").tobytes()
    return [int.from_bytes(data[start:start + NUMBER_BYTES], "little")
            for start in range(0, len(data), NUMBER_BYTES)]


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

"""GT, the group of order r in Fp12 that pairings go to: products, powers, and 192 bytes for each.

An element is 48 limbs, as mcl keeps it: Fp12 = Fp6[w] / (w^2 - v), Fp6 = Fp2[v] / (v^3 - 9 - u),
Fp2 = Fp[u] / (u^2 + 1), lowest powers first, each coordinate times 2^256 modulo p.

An element f = a + b w of GT has norm 1: ``a^2 - b^2 v = 1``. So g = (1 + a) / b in Fp6 says it
all: ``f = (g + w) / (g - w)``. 1 has no such g, and is written as g = 0, which would be -1, an
element of order two that is not in GT. (K. Rubin, A. Silverberg, "Torus-Based Cryptography",
CRYPTO 2003; for pairings M. Naehrig, P. Barreto, P. Schwabe, "On Compressible Pairings and Their
Computation", AFRICACRYPT 2008.)
"""

import numpy as np

from proofmill.host.prover.curve.limbs import (
    LIMBS,
    NUMBER_BYTES,
    SCALAR_MODULUS,
    Limbs,
    coordinate_bytes,
    from_coordinate_bytes,
    from_coordinates,
    to_coordinates,
    to_limbs,
)
from proofmill.host.prover.curve.mcl import TARGET_LIMBS, library
from proofmill.host.prover.curve.points import ONE
from proofmill.host.prover.curve.scalars import to_montgomery_limbs

HALF = TARGET_LIMBS // 2
"""Limbs of an element of Fp6."""

COMPRESSED_BYTES = HALF // LIMBS * NUMBER_BYTES
"""192: six coordinates of Fp, plain, big-endian."""


def one() -> Limbs:
    """The neutral element."""
    value = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    value[:LIMBS] = ONE
    return value


def times(left: Limbs, right: Limbs) -> Limbs:
    """The product in Fp12."""
    value = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    library().target_multiply(value.ctypes.data, left.ctypes.data, right.ctypes.data)
    return value


def product_of_powers(values: Limbs, exponents: Limbs) -> Limbs:
    """``values[0] ** exponents[0] * ...``, (n, 48) and (n, 4) plain integers below r.

    All in GT: elsewhere the result is another.
    """
    if values.shape != (len(exponents), TARGET_LIMBS):
        raise ValueError(f"elements {values.shape} do not fit exponents {exponents.shape}")
    used = exponents.any(axis=1)  # mcl takes no exponent 0 in a product of several
    values, exponents = np.ascontiguousarray(values[used]), exponents[used]
    if not len(values):
        return one()
    montgomery = to_montgomery_limbs(exponents)
    value = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    library().target_powers(value.ctypes.data, values.ctypes.data, montgomery.ctypes.data,
                            len(values))
    return value


def is_in_group(value: Limbs) -> bool:
    """Whether ``value ** r == 1``, of an element of norm 1."""
    exponent = to_montgomery_limbs(to_limbs([SCALAR_MODULUS - 1]))
    power = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    library().target_power(power.ctypes.data, value.ctypes.data, exponent.ctypes.data)
    return bool(library().target_is_one(times(power, value).ctypes.data))


def compress(value: Limbs) -> bytes:
    """`COMPRESSED_BYTES` bytes of an element of GT."""
    upper, lower = np.zeros_like(value), np.zeros_like(value)
    upper[:HALF], lower[:HALF] = value[:HALF], value[HALF:]
    if not lower.any():
        return bytes(COMPRESSED_BYTES)
    upper[:LIMBS] = from_coordinates([to_coordinates(value[:LIMBS])[0] + 1])[0]
    return coordinate_bytes(_divided(upper, lower)[:HALF])


def decompress(data: bytes) -> Limbs | None:
    """The element of GT that has these bytes; None where none has."""
    if len(data) != COMPRESSED_BYTES:
        return None
    parts = from_coordinate_bytes(data)
    if parts is None:
        return None
    if not parts.any():
        return one()
    upper = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    upper[:HALF] = parts.reshape(-1)
    lower = upper.copy()
    upper[HALF:HALF + LIMBS] = ONE
    lower[HALF:HALF + LIMBS] = from_coordinates([-1])[0]
    value = _divided(upper, lower)  # g - w is not 0, for g is in Fp6
    return value if is_in_group(value) else None


def _divided(upper: Limbs, lower: Limbs) -> Limbs:
    value = np.zeros(TARGET_LIMBS, dtype=np.uint64)
    library().target_divide(value.ctypes.data, upper.ctypes.data, lower.ctypes.data)
    return value

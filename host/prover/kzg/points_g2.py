"""Points of BLS12-381's G2: their 96 bytes, and the 192 that devices take.

As the consensus layer writes them (the ZCash form): x, its imaginary part first, 48 bytes each and
big-endian, the three highest bits saying that it is compressed, infinity, and which of the two y.
Devices take x and y times 2^384 modulo p, real parts first, little-endian.
"""

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.host.prover.curve.points_by_x import is_larger, point_at
from proofmill.host.prover.native.bls12_381 import COMPRESSED_BYTES, POINT_BYTES
from proofmill.sim.curve import equation

COMPRESSED_G2_BYTES = 2 * COMPRESSED_BYTES
POINT_G2_BYTES = 2 * POINT_BYTES

COMPRESSED, INFINITE, GREATER = 0x80, 0x40, 0x20
"""Bits of the first byte; the last: y is the greater one, by its imaginary part first."""

P, RADIX = BLS12_381.base.modulus, BLS12_381.file_radix
CURVE = equation(BLS12_381, Group.G2)


def decompress_g2(data: bytes) -> bytes:
    """A point as devices take it; that it is of the group is not looked at.

    Raises ValueError for bytes that are no point of the curve.
    """
    flags, x = data[0], (int.from_bytes(data[COMPRESSED_BYTES:], "big"), int.from_bytes(
        bytes([data[0] & 0x1f]) + data[1:COMPRESSED_BYTES], "big"))
    if len(data) != COMPRESSED_G2_BYTES or not flags & COMPRESSED or max(x) >= P:
        raise ValueError(f"0x{data.hex()} is no compressed point of G2")
    if flags & INFINITE:
        if flags & GREATER or any(x):
            raise ValueError(f"0x{data.hex()} is marked as infinity and says more than that")
        return bytes(POINT_G2_BYTES)
    point = point_at(CURVE, x, larger=bool(flags & GREATER))
    if point is None:
        raise ValueError(f"0x{data.hex()}: no point of the curve y^2 = x^3 + 4 + 4 u has this x")
    return b"".join((part * RADIX % P).to_bytes(COMPRESSED_BYTES, "little")
                    for coordinate in point for part in coordinate)


def compress_g2(words: bytes) -> bytes:
    """The 96 bytes of a point that a device computed."""
    if not any(words):
        return bytes([COMPRESSED | INFINITE]) + bytes(COMPRESSED_G2_BYTES - 1)
    inverse = pow(RADIX, -1, P)
    re, im, *y = (int.from_bytes(words[at:at + COMPRESSED_BYTES], "little") * inverse % P
                  for at in range(0, POINT_G2_BYTES, COMPRESSED_BYTES))
    data = bytearray(b"".join(part.to_bytes(COMPRESSED_BYTES, "big") for part in (im, re)))
    data[0] |= COMPRESSED | (GREATER if is_larger(tuple(y), P) else 0)
    return bytes(data)

"""Points of BLS12-381's G2: their 96 bytes, and the 192 that devices take.

As the consensus layer writes them (the ZCash form): x, its imaginary part first, 48 bytes each and
big-endian, the three highest bits saying that it is compressed, infinity, and which of the two y.
Devices take x and y times 2^384 modulo p, real parts first, little-endian.
"""

from proofmill.hdl.curve import (
    BLS12_381,
    Group,
    quadratic_power,
    quadratic_product,
)
from proofmill.host.prover.native.bls12_381 import COMPRESSED_BYTES, POINT_BYTES

COMPRESSED_G2_BYTES = 2 * COMPRESSED_BYTES
POINT_G2_BYTES = 2 * POINT_BYTES

COMPRESSED, INFINITE, GREATER = 0x80, 0x40, 0x20
"""Bits of the first byte; the last: y is the greater one, by its imaginary part first."""

P, RADIX = BLS12_381.base.modulus, BLS12_381.file_radix

Pair = tuple[int, int]
"""A number of Fp2, the real part first."""


def square_root(value: Pair) -> Pair | None:
    """One in Fp2 = Fp[u] / (u^2 + 1), p being 3 modulo 4; None where there is none.

    G. Adj and F. Rodriguez-Henriquez, "Square root computation over even extension fields"
    (eprint 2012/685), algorithm 9.
    """
    power = quadratic_power(value, (P - 3) // 4, P)
    root = quadratic_product(power, value, P)
    alpha = quadratic_product(power, root, P)
    if alpha == (P - 1, 0):
        root = (-root[1] % P, root[0])
    else:
        root = quadratic_product(
            quadratic_power(((alpha[0] + 1) % P, alpha[1]), (P - 1) // 2, P), root, P)
    return root if quadratic_product(root, root, P) == value else None


def _is_greater(y: Pair) -> bool:
    return y[::-1] > ((-y[1]) % P, (-y[0]) % P)


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
    b = BLS12_381.b[Group.G2]
    cube = quadratic_product(quadratic_product(x, x, P), x, P)
    y = square_root(((cube[0] + b[0]) % P, (cube[1] + b[1]) % P))
    if y is None:
        raise ValueError(f"0x{data.hex()}: no point of the curve y^2 = x^3 + 4 + 4 u has this x")
    if _is_greater(y) != bool(flags & GREATER):
        y = (-y[0] % P, -y[1] % P)
    return b"".join((part * RADIX % P).to_bytes(COMPRESSED_BYTES, "little") for part in x + y)


def compress_g2(words: bytes) -> bytes:
    """The 96 bytes of a point that a device computed."""
    if not any(words):
        return bytes([COMPRESSED | INFINITE]) + bytes(COMPRESSED_G2_BYTES - 1)
    inverse = pow(RADIX, -1, P)
    re, im, *y = (int.from_bytes(words[at:at + COMPRESSED_BYTES], "little") * inverse % P
                  for at in range(0, POINT_G2_BYTES, COMPRESSED_BYTES))
    data = bytearray(b"".join(part.to_bytes(COMPRESSED_BYTES, "big") for part in (im, re)))
    data[0] |= COMPRESSED | (GREATER if _is_greater((y[0], y[1])) else 0)
    return bytes(data)

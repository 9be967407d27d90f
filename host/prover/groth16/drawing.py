"""Numbers and points that follow from a seed, as snarkjs and its ffjavascript draw them.

A seed is 32 bytes: the key of a ChaCha20 stream (RFC 8439, nonce 0), in words that are big-endian
in the seed. Numbers below a prime are drawn of its length in bits until one is below it; points are
the x drawn first for which there is a y, of which one more bit says which. What is drawn are the
numbers as they are kept: times 2^256.
"""

import hashlib
import struct
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    MONTGOMERY_RADIX,
    RADIX_INVERSE,
    SCALAR_MODULUS,
    Limbs,
)
from proofmill.host.prover.curve.points import AffinePoint, encode
from proofmill.sim.curve import Coordinate, Equation, inverse, plus, times

SEED_BYTES = 32

COFACTOR_G2 = 2 * BASE_MODULUS - SCALAR_MODULUS
"""How many points the curve of G2 has, over r."""

_B_G2 = times((3, 0), inverse((9, 1), BASE_MODULUS), BASE_MODULUS)
CURVES = {Group.G1: Equation(BASE_MODULUS, (3,)), Group.G2: Equation(BASE_MODULUS, _B_G2)}
_MASK = (1 << BASE_MODULUS.bit_length()) - 1


class Draw:
    """What follows from one seed, one after the other."""

    def __init__(self, seed: bytes) -> None:
        key = struct.pack("<8I", *struct.unpack(">8I", seed[:SEED_BYTES]))
        self._stream = Cipher(ChaCha20(key, bytes(16)), None).encryptor()

    def scalar(self) -> int:
        """A number below r."""
        return self._below(SCALAR_MODULUS) * pow(MONTGOMERY_RADIX, -1, SCALAR_MODULUS) % (
            SCALAR_MODULUS)

    def point(self, group: Group) -> Limbs:
        """A point of the group, shape (8,) or (16,); nobody knows its logarithm."""
        curve = CURVES[group]
        while True:
            x = tuple(self._below(BASE_MODULUS) * RADIX_INVERSE % BASE_MODULUS
                      for _ in range(group.degree))
            larger = bool(self._word() & 1)
            y = square_root(plus(times(times(x, x, BASE_MODULUS), x, BASE_MODULUS), curve.b,
                                 BASE_MODULUS))
            if y is not None:
                break
        if _is_larger(y) != larger:
            y = tuple(-part % BASE_MODULUS for part in y)
        if group is Group.G1:
            point: AffinePoint = (x[0], y[0])
        else:
            multiple = curve.multiply(COFACTOR_G2, (x, y))
            assert multiple is not None
            (x0, x1), (y0, y1) = multiple
            point = ((x0, x1), (y0, y1))
        return encode(group, [point]).reshape(-1)

    def _word(self) -> int:
        value: int = struct.unpack("<I", self._stream.update(bytes(4)))[0]
        return value

    def _below(self, modulus: int) -> int:
        while True:
            value = 0
            for place in range(4):
                value += ((self._word() << 32) + self._word()) << 64 * place
            value &= _MASK
            if value < modulus:
                return value


def beacon_seed(beacon: bytes, exponent: int, told: Callable[[int, int], None] | None = None
                ) -> bytes:
    """SHA-256 of `beacon`, 2^exponent times over: what takes long to compute from a public event
    cannot be chosen while the event is. `told` hears of the work."""
    total = 1 << exponent
    for done in range(total):
        beacon = hashlib.sha256(beacon).digest()
        if told is not None and not done & 0xffff:
            told(done, total)
    return beacon


def square_root(value: Coordinate) -> Coordinate | None:
    """A root in Fp or Fp2 = Fp[u]/(u^2 + 1); None where there is none.

    p = 3 mod 4. Fp2: with n^2 the norm of a + b u, a root is x + b / (2 x) u for x^2 = (a + n) / 2,
    or (a - n) / 2 (G. Adj, F. Rodriguez-Henriquez, "Square Root Computation over Even Extension
    Fields", the complex method).
    """
    p = BASE_MODULUS
    if len(value) == 1:
        root = pow(value[0], (p + 1) // 4, p)
        return (root,) if root * root % p == value[0] % p else None
    a, b = value
    if b == 0:
        real = square_root((a,))
        if real is not None:
            return (real[0], 0)
        imaginary = square_root((-a % p,))
        return None if imaginary is None else (0, imaginary[0])
    norm = square_root(((a * a + b * b) % p,))
    if norm is None:
        return None
    half = pow(2, -1, p)
    for sign in (norm[0], -norm[0]):
        found = square_root(((a + sign) * half % p,))
        if found is not None and found[0]:
            return (found[0], b * half * pow(found[0], -1, p) % p)
    return None


def _is_larger(value: Coordinate) -> bool:
    """Whether it is the larger of a value and its negative: by the imaginary part, if there is one,
    else by the real one."""
    part = value[-1] if value[-1] else value[0]
    return part > BASE_MODULUS // 2

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
from proofmill.host.prover.curve.points_by_x import CURVES, point_at

SEED_BYTES = 32

COFACTOR_G2 = 2 * BASE_MODULUS - SCALAR_MODULUS
"""How many points the curve of G2 has, over r."""

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
        found = None
        while found is None:
            x = tuple(self._below(BASE_MODULUS) * RADIX_INVERSE % BASE_MODULUS
                      for _ in range(group.degree))
            found = point_at(CURVES[group], x, larger=bool(self._word() & 1))
        if group is Group.G1:
            (x0,), (y0,) = found
            point: AffinePoint = (x0, y0)
        else:
            multiple = CURVES[group].multiply(COFACTOR_G2, found)
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

"""EdDSA over Baby Jubjub with Poseidon, in circomlib's form.

    secret     s = the first half of BLAKE-512(key), pruned as Ed25519 prunes
    public     A = (s / 8) B
    nonce      r = BLAKE-512(second half, message) mod l
    signature  R = r B,  S = r + h s mod l,  h = Poseidon(R.x, R.y, A.x, A.y, message)
    valid      S B = R + h (8 A),  0 <= S < l,  A on the curve with 8 A not zero

A message is one number below r. What circomlibjs and zk-kit sign (with BLAKE-1) verifies here, and
the other way round; so does what the circuit of `eddsa_gadget` accepts.
"""

from dataclasses import dataclass

from proofmill.host.prover.circuits.baby_jubjub import (
    COFACTOR,
    ORDER,
    ZERO,
    Point,
    add,
    is_on_curve,
    multiply,
    multiply_base,
    pack,
    unpack,
)
from proofmill.host.prover.circuits.blake import blake512
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.poseidon import poseidon

KEY_BYTES = 32
SIGNATURE_BYTES = 64


@dataclass(frozen=True)
class Signature:
    """``(R, S)``."""

    nonce_point: Point
    scalar: int

    def to_bytes(self) -> bytes:
        """64 bytes as circomlibjs packs them: R packed, S little-endian."""
        return pack(self.nonce_point) + self.scalar.to_bytes(32, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> "Signature":
        """The signature in 64 bytes; `ValueError` where they are none."""
        if len(data) != SIGNATURE_BYTES:
            raise ValueError(f"a signature has {SIGNATURE_BYTES} bytes, not {len(data)}")
        return cls(unpack(data[:32]), int.from_bytes(data[32:], "little"))


def secret_scalar(key: bytes) -> int:
    """s: 254 bits with the top one set, a multiple of 8. `ValueError` for a key of another length.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a private key has {KEY_BYTES} bytes, not {len(key)}")
    half = bytearray(blake512(key)[:32])
    half[0] &= 0xf8
    half[31] = half[31] & 0x7f | 0x40
    return int.from_bytes(half, "little")


def public_key(key: bytes) -> Point:
    """A, a point of the subgroup."""
    return multiply_base(secret_scalar(key) // COFACTOR)


def challenge(nonce_point: Point, public: Point, message: int) -> int:
    """h, below r."""
    return poseidon((*nonce_point, *public, message))


def sign(key: bytes, message: int) -> Signature:
    """The signature of `message`, the same at every call; `ValueError` for no number below r."""
    if not 0 <= message < MODULUS:
        raise ValueError(f"a message is a number from 0 to r - 1, not {message}")
    secret = secret_scalar(key)
    nonce = int.from_bytes(
        blake512(blake512(key)[32:] + message.to_bytes(32, "little")), "little") % ORDER
    nonce_point = multiply_base(nonce)
    h = challenge(nonce_point, public_key(key), message)
    return Signature(nonce_point, (nonce + h * secret) % ORDER)


def refusal(public: Point, message: int, signature: Signature) -> str:
    """Why the signature does not hold, or nothing."""
    if not is_on_curve(public):
        return "the public key is no point of the curve in canonical coordinates"
    cleared = multiply(public, COFACTOR)
    if cleared == ZERO:
        return "the public key has a small order, so anybody could sign for it"
    if not 0 <= message < MODULUS:
        return "the message is no number below r"
    if not is_on_curve(signature.nonce_point):
        return "R is no point of the curve in canonical coordinates"
    if not 0 <= signature.scalar < ORDER:
        return "S is not below the subgroup's order"
    h = challenge(signature.nonce_point, public, message)
    right = add(signature.nonce_point, multiply(cleared, h))
    if multiply_base(signature.scalar) != right:
        return "S B is not R + h (8 A): another key, another message, or another signature"
    return ""


def verify(public: Point, message: int, signature: Signature) -> bool:
    """Whether `refusal` has none."""
    return not refusal(public, message, signature)

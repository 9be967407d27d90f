"""Verification of gnark's proofs over BN254 whose circuit has commitments to wires.

(`Verify` of gnark's backend/groth16/bn254, `BatchVerifyMultiVk` of gnark-crypto's pedersen.) Of
each commitment C_i the circuit has a challenge, a public signal that the verifier computes:

    x_i = H("bsb22-commitment", C_i and the committed public signals) mod r

H is `expand_message_xmd` with SHA-256 to 48 bytes (RFC 9380, 5.3.1). The verification equation has
the challenges after the public signals, and every C_i added to the signals' sum. One point proves
that the commitments are to something: with y = H("G16-BSB22", all x_i) mod r,

    e(C_0, [-sigma_0]2) e(y C_1, [-sigma_1]2) e(y^2 C_2, ...) ... e(proof, [1]2) = 1
"""

from collections.abc import Sequence
from dataclasses import replace

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_SCALAR
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.gnark import Form, GnarkKey, GnarkProof
from proofmill.host.prover.groth16.gnark_points import encoded, number_bytes
from proofmill.host.prover.groth16.json_fields import NotValid
from proofmill.host.prover.groth16.plain import (
    Numbers,
    PlainKey,
    check_public,
    verify,
)

CHALLENGE, KNOWLEDGE = b"bsb22-commitment", b"G16-BSB22"
"""What is hashed with, for a commitment's challenge and for the proof of knowledge."""

HASH_BYTES = 48


def verify_committed(key: GnarkKey, public: Sequence[int], proof: GnarkProof) -> bool:
    """Whether the proof is valid. Raises `NotValid` where it has not as many commitments as the
    key, `ProofmillError` where the key, of gnark before 0.11, has another form."""
    count = len(key.committed)
    if count and (key.form is not Form.KEYS or len(key.commitment_keys) != count):
        raise ProofmillError(
            f"{key.plain.name}: {count} commitments and {len(key.commitment_keys)} keys of them: "
            "by gnark before 0.11, whose proofs are not sound with several; make the keys again "
            "with a later one")
    made = proof.commitments or ()
    if len(made) != count:
        raise NotValid(f"the proof has {len(made)} commitments, {key.plain.name} has {count}")
    if not count:
        return verify(key.plain, public, proof.plain)
    check_public(key.plain.name, key.plain.public - count, public)
    signals = [*public]
    for wires, point in zip(key.committed, made, strict=True):
        if not all(0 < wire <= len(signals) for wire in wires):
            raise ProofmillError(f"{key.plain.name}: a commitment to wires {wires}, but there are "
                                 f"{len(signals)} public ones; make the key again")
        signals.append(_hash(
            encoded(point, True) + number_bytes(signals[wire - 1] for wire in wires), CHALLENGE))
    return _are_known(key, made, proof.knowledge, signals[len(public):]) and verify(
        _with_commitments(key.plain, made), signals, proof.plain)


def expand_message(message: bytes, tag: bytes, size: int) -> bytes:
    """`expand_message_xmd` with SHA-256, of RFC 9380, 5.3.1; `size` bytes, at most 8,160."""
    import hashlib

    ending = tag + bytes([len(tag)])
    first = hashlib.sha256(bytes(64) + message + size.to_bytes(2, "big") + b"\0" + ending).digest()
    block, found = bytes(32), b""
    for number in range(1, -(-size // 32) + 1):
        mixed = bytes(one ^ other for one, other in zip(first, block, strict=True))
        block = hashlib.sha256(mixed + bytes([number]) + ending).digest()
        found += block
    return found[:size]


def _hash(message: bytes, tag: bytes) -> int:
    return int.from_bytes(expand_message(message, tag, HASH_BYTES), "big") % BN254_SCALAR.modulus


def _with_commitments(key: PlainKey, made: Sequence[Numbers]) -> PlainKey:
    """The key with the commitments added to the constant's point: so they are in every sum."""
    from proofmill.host.prover.curve.arithmetic import add
    from proofmill.host.prover.groth16.plain_points import from_array, to_array

    first, *others = key.public_points
    (total,) = from_array(Group.G1, add(Group.G1, *(to_array(Group.G1, point)
                                                    for point in (first, *made))))
    return replace(key, public_points=(total, *others))


def _are_known(key: GnarkKey, made: Sequence[Numbers], knowledge: Numbers,
               challenges: Sequence[int]) -> bool:
    """Whether who made the commitments knew what they are to."""
    import numpy as np

    from proofmill.host.prover.curve.arithmetic import multiply
    from proofmill.host.prover.curve.pairing import product_is_one
    from proofmill.host.prover.groth16.plain_points import to_array

    if len({each for each, _ in key.commitment_keys}) != 1:
        raise ProofmillError(f"{key.plain.name}: the commitments' keys have not one generator; "
                             "make the key again")
    y, factor, points = _hash(number_bytes(challenges), KNOWLEDGE), 1, []
    for point in made:
        points.append(multiply(Group.G1, to_array(Group.G1, point), factor))
        factor = factor * y % BN254_SCALAR.modulus
    points.append(to_array(Group.G1, knowledge))
    others = [sigma for _, sigma in key.commitment_keys] + [key.commitment_keys[0][0]]
    return product_is_one(np.stack(points),
                          np.stack([to_array(Group.G2, each) for each in others]))

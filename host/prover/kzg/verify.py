"""EIP-4844: whether values are those of committed polynomials, by one product of two pairings.

``f(z) = y`` with a commitment C and a proof Q: ``e(C - y G1 + z Q, -G2) e(Q, s G2) = 1``. Many are
verified as one, each times a power of a number that depends on all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.prover.kzg.blobs import hash_to_scalar
from proofmill.host.prover.kzg.inputs import Point
from proofmill.host.prover.kzg.pairing import product_is_one
from proofmill.host.prover.kzg.parameters import BLOB_ELEMENTS, ELEMENT_BYTES
from proofmill.host.prover.kzg.trusted_setup import cell_powers
from proofmill.host.prover.native.bls12_381 import (
    ORDER,
    POINT_BYTES,
    pack,
    powers_of,
    weighted_sum,
)

BATCH_DOMAIN = b"RCKZGBATCH___V1_"
"""RANDOM_CHALLENGE_KZG_BATCH_DOMAIN."""


@dataclass(frozen=True)
class Opening:
    """The statement ``f(at) = value`` of the polynomial that is committed to, and its proof."""

    commitment: Point
    at: int
    value: int
    proof: Point

    def data(self) -> bytes:
        """The bytes that are hashed."""
        return (self.commitment.compressed + self.at.to_bytes(ELEMENT_BYTES, "big")
                + self.value.to_bytes(ELEMENT_BYTES, "big") + self.proof.compressed)


def are_valid(openings: Sequence[Opening]) -> bool:
    """verify_kzg_proof_batch; of none, True. Wrong ones pass with a chance below 2^-240 each."""
    if not openings:
        return True
    factor = hash_to_scalar(
        BATCH_DOMAIN + BLOB_ELEMENTS.to_bytes(8, "big") + len(openings).to_bytes(8, "big")
        + b"".join(opening.data() for opening in openings))
    weights = powers_of(factor if len(openings) > 1 else 1, len(openings))
    points, scalars, proofs, constant = [], [], [], 0
    for opening, weight in zip(openings, weights, strict=True):
        points += [opening.commitment.words, opening.proof.words]
        scalars += [weight, weight * opening.at % ORDER]
        proofs.append(opening.proof.words)
        constant += weight * opening.value
    points.append(cell_powers()[:POINT_BYTES])
    scalars.append(-constant % ORDER)
    left = weighted_sum(b"".join(points), pack([-scalar % ORDER for scalar in scalars]))
    right = weighted_sum(b"".join(proofs), pack(weights))
    return product_is_one([(Point.of_words(left), 0), (Point.of_words(right), 1)])

"""EIP-4844: commitments to blobs, and proofs of their polynomials' values.

(`polynomial-commitments.md` of the consensus specification, Deneb; A. Kate, G. Zaverucha,
I. Goldberg, "Constant-size commitments to polynomials and their applications", 2010.)
"""

import hashlib

from proofmill.host.prover.kzg.inputs import Elements, Point
from proofmill.host.prover.kzg.parameters import BLOB_ELEMENTS, blob_domain
from proofmill.host.prover.kzg.sums import ON_PROCESSOR, Sums
from proofmill.host.prover.kzg.trusted_setup import lagrange
from proofmill.host.prover.native.bls12_381 import (
    ORDER,
    pack,
    quotient,
    value_at,
)
from proofmill.host.prover.native.library import Progress

CHALLENGE_DOMAIN = b"FSBLOBVERIFY_V1_"
"""FIAT_SHAMIR_PROTOCOL_DOMAIN."""


def hash_to_scalar(data: bytes) -> int:
    """hash_to_bls_field: SHA-256 as a big-endian number, modulo r."""
    return int.from_bytes(hashlib.sha256(data).digest(), "big") % ORDER


def challenge(blob: Elements, commitment: Point) -> int:
    """compute_challenge: where a blob's polynomial is opened."""
    return hash_to_scalar(CHALLENGE_DOMAIN + BLOB_ELEMENTS.to_bytes(16, "big") + blob.data
                          + commitment.compressed)


def commit(blob: Elements, sums: Sums = ON_PROCESSOR, progress: Progress | None = None) -> Point:
    """blob_to_kzg_commitment: ``f(s) G1``, f of degree below 4,096 with the blob's values."""
    return Point.of_words(sums.weighted_sum(lagrange(), pack(blob.values), progress))


def prove(blob: Elements, at: int, sums: Sums = ON_PROCESSOR, progress: Progress | None = None
          ) -> tuple[Point, int]:
    """compute_kzg_proof: ``q(s) G1`` with ``q = (f - f(at)) / (X - at)``, and f(at)."""
    value, values = quotient(pack(blob.values), blob_domain(), at)
    return Point.of_words(sums.weighted_sum(lagrange(), values, progress)), value


def evaluate(blob: Elements, at: int) -> int:
    """f(at), by the barycentric formula."""
    return value_at(pack(blob.values), blob_domain(), at)

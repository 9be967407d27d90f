"""Challenges from a transcript: Keccak-256 over 32-byte words, as a contract hashes them.

Every challenge hashes what came since the last one, that one first, so that all before goes in
(A. Fiat, A. Shamir, "How to Prove Yourself", CRYPTO 1986).
"""

from typing import TypeAlias

from eth_hash.auto import keccak

from proofmill.hdl.field import BN254_SCALAR
from proofmill.host.prover.groth16.plain import Numbers

WORD_BYTES = 32

Item: TypeAlias = int | Numbers
"""A scalar, or a point of G1 as (x, y): two words, both zero at infinity."""


def challenge(*items: Item) -> int:
    """The hash of `items` as big-endian words, modulo r."""
    words = [part for item in items for part in ((item,) if isinstance(item, int) else item)]
    data = b"".join(word.to_bytes(WORD_BYTES, "big") for word in words)
    return int.from_bytes(keccak(data), "big") % BN254_SCALAR.modulus

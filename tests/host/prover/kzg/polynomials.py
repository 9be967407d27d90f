"""Blobs whose polynomials are known by their coefficients, in plain integers."""

from collections.abc import Sequence

from proofmill.host.prover.native.bls12_381 import ORDER

ROOT = pow(7, (ORDER - 1) >> 12, ORDER)


def value_of(coefficients: Sequence[int], at: int) -> int:
    total = 0
    for coefficient in reversed(coefficients):
        total = (total * at + coefficient) % ORDER
    return total


def blob_with(coefficients: Sequence[int]) -> bytes:
    """The polynomial's values at the roots of unity whose exponents have their bits reversed."""
    return b"".join(
        value_of(coefficients, pow(ROOT, int(f"{i:012b}"[::-1], 2), ORDER)).to_bytes(32, "big")
        for i in range(4096))

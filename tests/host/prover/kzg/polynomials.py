"""Blobs whose polynomials are known by their coefficients, in plain integers."""

import json
from collections.abc import Sequence
from importlib.metadata import distribution

from proofmill.host.prover.kzg import trusted_setup
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


def setup_powers() -> list[bytes]:
    """The secret's powers times G1, compressed, as the setup's file has them."""
    path = distribution(trusted_setup.PACKAGE).locate_file(trusted_setup.PLACE)
    with open(str(path)) as stream:
        return [bytes.fromhex(point[2:]) for point in json.load(stream)["g1_monomial"]]

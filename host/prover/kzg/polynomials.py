"""Polynomials by their coefficients, and by their values at the roots of unity in their order."""

from collections.abc import Sequence

from proofmill.host.prover.kzg.parameters import root_of_unity
from proofmill.host.prover.native.bls12_381 import ORDER, powers_of, transform


def to_values(coefficients: bytes, power: int, threads: int | None = None) -> bytes:
    """Of every 2^power packed coefficients in turn the values, packed."""
    return transform(coefficients, power, root_of_unity(power), threads=threads)


def to_coefficients(values: bytes, power: int, threads: int | None = None) -> bytes:
    """What `to_values` took."""
    return transform(values, power, pow(root_of_unity(power), -1, ORDER),
                     pow(1 << power, -1, ORDER), threads)


def scaled(coefficients: Sequence[int], by: int) -> list[int]:
    """Of f(by * X)."""
    return [coefficient * factor % ORDER for coefficient, factor in zip(
        coefficients, powers_of(by, len(coefficients)), strict=True)]

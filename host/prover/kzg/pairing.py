"""The pairing of BLS12-381, by arkworks (the Python package py_arkworks_bls12381)."""

from collections.abc import Sequence

from proofmill.host.prover.kzg.inputs import Point
from proofmill.host.prover.kzg.trusted_setup import power_in_g2


def product_is_one(pairs: Sequence[tuple[Point, int]]) -> bool:
    """Whether the product of ``e(P, s^k G2)`` over pairs (P, k) is 1, s being the setup's secret.

    The points have been checked (`host.prover.kzg.inputs`); the setup is known by its hash.
    """
    return _is_one([(point.compressed, power_in_g2(power)) for point, power in pairs])


def are_equal(one: tuple[bytes, bytes], other: tuple[bytes, bytes]) -> bool:
    """Whether ``e(P, Q) = e(R, S)``, compressed points of G1 and G2 that have been checked."""
    return _is_one([one, (_negative(other[0]), other[1])])


def _negative(point: bytes) -> bytes:
    """A compressed point's opposite: the other y, which infinity has not."""
    return point if point[0] & 0x40 else bytes([point[0] ^ 0x20]) + point[1:]


def _is_one(pairs: Sequence[tuple[bytes, bytes]]) -> bool:
    from py_arkworks_bls12381 import GT, G1Point, G2Point

    return bool(GT.pairing_check(
        [G1Point.from_compressed_bytes_unchecked(point) for point, _ in pairs],
        [G2Point.from_compressed_bytes_unchecked(point) for _, point in pairs]))

"""The pairing of BLS12-381, by arkworks (the Python package py_arkworks_bls12381)."""

from collections.abc import Sequence

from proofmill.host.prover.kzg.inputs import Point
from proofmill.host.prover.kzg.trusted_setup import power_in_g2


def product_is_one(pairs: Sequence[tuple[Point, int]]) -> bool:
    """Whether the product of ``e(P, s^k G2)`` over pairs (P, k) is 1, s being the setup's secret.

    The points have been checked (`host.prover.kzg.inputs`); the setup is known by its hash.
    """
    from py_arkworks_bls12381 import GT, G1Point, G2Point

    left = [G1Point.from_compressed_bytes_unchecked(point.compressed) for point, _ in pairs]
    right = [G2Point.from_compressed_bytes_unchecked(power_in_g2(power)) for _, power in pairs]
    return bool(GT.pairing_check(left, right))

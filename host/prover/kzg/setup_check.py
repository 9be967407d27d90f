"""Whether a trusted setup is of one secret s, by random sums in both groups and pairings:

    e(sum a_i P_i+1, Q_0) = e(sum a_i P_i, Q_1)        P_i = s^i G1
    e(P_0, sum b_j Q_j+1) = e(P_1, sum b_j Q_j)        Q_j = s^j G2
    sum v_i L_i = sum c_i P_i                          c: coefficients of the values v

with P_0 and Q_0 the groups' generators, s not 0, and all points of the groups of order r. What is
not so passes with a chance of 1 / r, since the numbers a, b and v are random below r. That nobody
knows s, no calculation says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import randbelow

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg.cells import coefficients_of
from proofmill.host.prover.kzg.inputs import Elements, points_of
from proofmill.host.prover.kzg.pairing import are_equal
from proofmill.host.prover.kzg.parameters import BLOB_POWER, ELEMENT_BYTES, reversal
from proofmill.host.prover.kzg.points_g2 import POINT_G2_BYTES, compress_g2, decompress_g2
from proofmill.host.prover.kzg.sums import Sums
from proofmill.host.prover.native.bls12_381 import (
    INFINITY,
    ORDER,
    POINT_BYTES,
    compress,
    pack,
)
from proofmill.host.prover.native.library import Progress


@dataclass(frozen=True)
class Setup:
    """A trusted setup's points, compressed: s^i G1, s^j G2, and L_i(s) G1 in the file's order."""

    powers: Sequence[bytes]
    powers_g2: Sequence[bytes]
    lagrange: Sequence[bytes]


def problem_of(setup: Setup, sums: Sums, progress: Progress | None = None) -> str | None:
    """What is wrong with a setup, its sums computed by `sums`; None if nothing is.

    Raises `ProofmillError` for bytes that are no point of their group.
    """
    powers, lagrange = (b"".join([point.words for point in points_of(list(points), name)])
                        for points, name in ((setup.powers, "g1_monomial"),
                                             (setup.lagrange, "g1_lagrange")))
    powers_g2 = b"".join(map(_checked_g2, range(len(setup.powers_g2)), setup.powers_g2))
    if setup.powers[0] != _generator() or setup.powers_g2[0] != _generator_g2():
        return "the first power is not the group's generator"
    if powers[POINT_BYTES:2 * POINT_BYTES] == INFINITY:
        return "the secret is 0"
    numbers = _random(len(setup.powers) - 1)
    low, high = (sums.weighted_sum(points, pack(numbers), progress)
                 for points in (powers[:-POINT_BYTES], powers[POINT_BYTES:]))
    if not are_equal((compress(high), setup.powers_g2[0]), (compress(low), setup.powers_g2[1])):
        return "the powers in G1 are not those of one secret, or of another than in G2"
    numbers = _random(len(setup.powers_g2) - 1)
    low, high = (sums.weighted_sum_g2(points, pack(numbers), progress)
                 for points in (powers_g2[:-POINT_G2_BYTES], powers_g2[POINT_G2_BYTES:]))
    if not are_equal((setup.powers[0], compress_g2(high)), (setup.powers[1], compress_g2(low))):
        return "the powers in G2 are not those of one secret"
    values = _random(len(setup.lagrange))
    # The file has L_i at the roots in their own order, a blob in that of reversed bits.
    reordered = tuple(values[i] for i in reversal(BLOB_POWER))
    blob = Elements(b"".join(v.to_bytes(ELEMENT_BYTES, "big") for v in reordered), reordered)
    if sums.weighted_sum(lagrange, pack(values), progress) != sums.weighted_sum(
            powers, coefficients_of(blob), progress):
        return "the combinations for values are not those of the powers in G1"
    return None


def _random(count: int) -> list[int]:
    return [randbelow(ORDER) for _ in range(count)]


def _checked_g2(index: int, data: bytes) -> bytes:
    from py_arkworks_bls12381 import G2Point

    try:
        G2Point.from_compressed_bytes(data)  # which also looks at its order
        return decompress_g2(data)
    except ValueError as error:
        raise ProofmillError(f"g2_monomial {index}: {error}; copy it again from where it was made"
                             ) from error


def _generator() -> bytes:
    from py_arkworks_bls12381 import G1Point

    return bytes(G1Point().to_compressed_bytes())


def _generator_g2() -> bytes:
    from py_arkworks_bls12381 import G2Point

    return bytes(G2Point().to_compressed_bytes())

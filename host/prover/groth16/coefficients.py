"""What a key has of a circuit apart from points: its domain, and the entries of A and B."""

from collections.abc import Sequence

import numpy as np

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import LIMBS, Limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.proving_key import COEFFICIENT, Coefficients
from proofmill.host.prover.groth16.r1cs import R1cs


def domain_power(r1cs: R1cs) -> int:
    """The k for which the key's domain is 2^k: a point for each constraint and each public wire.

    Raises `ProofmillError` where the circuit is too large for BN254's roots of unity.
    """
    power = max(1, (r1cs.constraints + r1cs.public).bit_length())
    if power >= scalars.TWO_ADICITY:
        raise ProofmillError(
            f"{r1cs.name}: {r1cs.constraints} constraints need a domain of 2^{power}, the largest "
            f"here is 2^{scalars.TWO_ADICITY - 1}; split the circuit")
    return power


def extra_rows(r1cs: R1cs) -> SparseMatrix:
    """One more row of A for the constant and each public wire, which keeps these independent of
    each other."""
    wires = np.arange(r1cs.public + 1, dtype=np.int32)
    one = np.zeros((len(wires), LIMBS), dtype=np.uint64)
    one[:, 0] = 1
    return SparseMatrix(r1cs.constraints + wires, wires, one)


def entries(r1cs: R1cs) -> Coefficients:
    """Section 4 of a ``.zkey``: the entries of A and B by constraint, then A's additional rows."""
    return matrix_entries((r1cs.a, r1cs.b, extra_rows(r1cs)))


def matrix_entries(matrices: Sequence[SparseMatrix]) -> Coefficients:
    """The entries of A, B, and perhaps more rows of A, by constraint."""
    count_a, count_b = (len(matrix.rows) for matrix in matrices[:2])
    found = np.zeros(sum(len(matrix.rows) for matrix in matrices), dtype=COEFFICIENT)
    found["matrix"][count_a:count_a + count_b] = 1
    found["constraint"] = np.concatenate([matrix.rows for matrix in matrices])
    found["signal"] = np.concatenate([matrix.columns for matrix in matrices])
    values: Limbs = np.concatenate([matrix.values for matrix in matrices])
    found["value"] = scalars.to_double_montgomery_limbs(values)
    return found[np.argsort(found["constraint"], kind="stable")]

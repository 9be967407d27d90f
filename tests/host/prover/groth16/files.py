"""The vectors' paths, and small circuits."""

from pathlib import Path

import numpy as np

from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs

VECTORS = Path(__file__).resolve().parents[3] / "vectors"
ALL = ("chain4", "merkle8", "semaphore10")
WITH_CIRCUIT = ("chain4", "merkle8")


def matrix(entries: list[tuple[int, int, int]]) -> SparseMatrix:
    """From (row, column, value), rows ascending."""
    return SparseMatrix(
        np.array([row for row, _, _ in entries], dtype=np.int32),
        np.array([column for _, column, _ in entries], dtype=np.int32),
        to_limbs(value % SCALAR_MODULUS for _, _, value in entries))


def cube_circuit() -> R1cs:
    """Wires 1, y, x, x^2 with y = x^3 + 5: one public output, one private input."""
    return R1cs(wires=4, public_outputs=1, public_inputs=0, private_inputs=1, constraints=2,
                a=matrix([(0, 2, 1), (1, 3, 1)]), b=matrix([(0, 2, 1), (1, 2, 1)]),
                c=matrix([(0, 3, 1), (1, 1, 1), (1, 0, -5)]), name="cube")


def cube_witness(x: int) -> Limbs:
    return to_limbs([1, (x**3 + 5) % SCALAR_MODULUS, x, x * x % SCALAR_MODULUS])


def public_circuit() -> R1cs:
    """y = x * x where all wires are public: the key's section 8 is empty."""
    return R1cs(wires=3, public_outputs=1, public_inputs=1, private_inputs=0, constraints=1,
                a=matrix([(0, 2, 1)]), b=matrix([(0, 2, 1)]), c=matrix([(0, 1, 1)]), name="square")

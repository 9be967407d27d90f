"""The vectors' paths, and small circuits."""

from pathlib import Path

import numpy as np

from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs

VECTORS = Path(__file__).resolve().parents[3] / "vectors"
ALL = ("chain4", "merkle8", "semaphore10")
WITH_CIRCUIT = ("chain4", "merkle8")
POWERS = VECTORS / "powers" / "powers08.ptau"
"""Powers of tau of degree 2^8, by snarkjs."""


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


def dense_circuit(constraints: int = 40) -> R1cs:
    """Coefficients of every length, wires in many constraints and in none, the constant in all."""
    draw = np.random.default_rng(constraints)
    wires = constraints // 2 + 6

    def entries(count: int) -> SparseMatrix:
        found = []
        for row in range(constraints):
            columns = [0, *sorted(draw.choice(np.arange(1, wires - 3), count, replace=False))]
            found += [(row, int(column), int(draw.integers(1, 1 << 62)) ** int(draw.integers(1, 5))
                       * int(draw.choice([1, -1]))) for column in columns]
        return matrix(found)

    return R1cs(wires=wires, public_outputs=2, public_inputs=1, private_inputs=3,
                constraints=constraints, a=entries(2), b=entries(1), c=entries(3), name="dense")

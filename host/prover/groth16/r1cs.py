"""Rank-1 constraint systems: (A w) * (B w) = C w, row by row, over BN254's scalar field."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix


@dataclass(frozen=True)
class R1cs:
    """A constraint system, read from a ``.r1cs`` or built in memory.

    A witness w has `wires` values: the constant 1, then `public_outputs`, `public_inputs`, then
    private inputs and what the circuit computes in between. `private_inputs` are those that the
    circuit declares; the compiler's simplifier drops wires of theirs that no constraint needs.
    Row i of each matrix is constraint i; columns are wires. `labels[k]` is wire k's number before
    the compiler simplified, 0..wires-1 if left empty.
    """

    wires: int
    public_outputs: int
    public_inputs: int
    private_inputs: int
    constraints: int
    a: SparseMatrix
    b: SparseMatrix
    c: SparseMatrix
    labels: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    name: str = "constraint system"
    """What messages call it: the file's path."""

    def __post_init__(self) -> None:
        if self.wires < 1 + self.public:
            raise ProofmillError(
                f"{self.name}: {self.wires} wires cannot hold the constant 1 and {self.public} "
                "public signals; compile the circuit again")
        for letter, matrix in (("A", self.a), ("B", self.b), ("C", self.c)):
            if len(matrix.rows) == 0:
                continue
            if int(matrix.columns.min()) < 0 or int(matrix.columns.max()) >= self.wires:
                place = int(np.flatnonzero(
                    (matrix.columns < 0) | (matrix.columns >= self.wires))[0])
                raise ProofmillError(
                    f"{self.name}: constraint {int(matrix.rows[place])}, {letter}: wire "
                    f"{int(matrix.columns[place])}, but there are {self.wires}; "
                    "compile the circuit again")
            if int(matrix.rows[0]) < 0 or int(matrix.rows[-1]) >= self.constraints:
                raise ProofmillError(
                    f"{self.name}: {letter} has constraint {int(matrix.rows[-1])}, but there are "
                    f"{self.constraints}; compile the circuit again")

    @property
    def public(self) -> int:
        """Public signals: outputs and inputs, without the constant 1."""
        return self.public_outputs + self.public_inputs

    def first_unsatisfied(self, witness: Limbs) -> int | None:
        """The first constraint that `witness` breaks, None if it satisfies all of them.

        `witness`: shape (wires, 4), plain integers below r. Raises `ProofmillError` where its
        length is not the number of wires.
        """
        if len(witness) != self.wires:
            raise ProofmillError(
                f"the witness has {len(witness)} values, {self.name} has {self.wires} wires; "
                "compute the witness with this circuit")
        vector = scalars.from_plain(witness)
        a, b, c = (matrix.times(vector, self.constraints) for matrix in (self.a, self.b, self.c))
        broken = np.flatnonzero(a * b != c)
        return int(broken[0]) if len(broken) else None

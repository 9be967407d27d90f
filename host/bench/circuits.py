"""Circuits to measure provers on, with witnesses: how many values are random is what differs."""

import random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.prover.circuits.constraints import ConstraintSystem
from proofmill.host.prover.circuits.poseidon import trace
from proofmill.host.prover.circuits.poseidon_gadget import poseidon_gadget
from proofmill.host.prover.curve.limbs import LIMBS, SCALAR_MODULUS, Limbs, to_limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs

Places: TypeAlias = tuple[NDArray[np.integer], NDArray[np.integer]]
"""Rows and columns of a matrix's entries."""

HASHES = 40
"""In the chain of Poseidon hashes: 9,600 constraints, a domain of 2^14."""


def chain(constraints: int, second: int = 98765432109876543210) -> tuple[R1cs, Limbs]:
    """w(i+2) = w(i+1) w(i), w(1) public: all values are random, and all wires in A and B.

    `second`: w(2); another one gives another witness of the same circuit.
    """
    values = [1, 12345678901234567890, second]
    for i in range(constraints):
        values.append(values[i + 2] * values[i + 1] % SCALAR_MODULUS)
    rows = np.arange(constraints)
    return _system("chain", len(values), constraints, (rows, rows + 2), (rows, rows + 1),
                   (rows, rows + 3)), to_limbs(values)


def mixed(constraints: int) -> tuple[R1cs, Limbs]:
    """Values as circuits for hashes and ranges have them: of ten wires seven are 0 or 1, two below
    2^16, one random.

    Bits are the roots of x x = x, random values a chain as above; for the small values s and the
    bit b before, (s + b) 1 = s + b.
    """
    draw = random.Random(constraints)
    values = [1, 12345678901234567890, 98765432109876543210]
    last = [1, 2]
    a: list[tuple[int, int]] = []
    b: list[tuple[int, int]] = []
    c: list[tuple[int, int]] = []
    for row in range(constraints):
        wire, kind = len(values), row % 10
        if kind == 9:
            values.append(values[last[0]] * values[last[1]] % SCALAR_MODULUS)
            a.append((row, last[1]))
            b.append((row, last[0]))
            c.append((row, wire))
            last = [last[1], wire]
        elif kind >= 7:
            values.append(draw.randrange(1 << 16))
            both = [(row, wire), (row, wire - 1)]
            (a if kind == 7 else b).extend(both)
            (b if kind == 7 else a).append((row, 0))
            c.extend(both)
        else:
            values.append(draw.randrange(2))
            for matrix in (a, b, c):
                matrix.append((row, wire))
    in_a, in_b, in_c = ((each[:, 0], each[:, 1]) for each in map(np.array, (a, b, c)))
    return _system("mixed", len(values), constraints, in_a, in_b, in_c), to_limbs(values)


def _system(name: str, wires: int, constraints: int,
            a: Places, b: Places, c: Places) -> R1cs:
    """Matrices whose entries are all 1, at (row, column); the first wire is public."""
    def sparse(places: Places) -> SparseMatrix:
        values = np.zeros((len(places[0]), LIMBS), dtype=np.uint64)
        values[:, 0] = 1
        return SparseMatrix(places[0].astype(np.int32), places[1].astype(np.int32), values)

    return R1cs(wires=wires, public_outputs=1, public_inputs=0, private_inputs=1,
                constraints=constraints, a=sparse(a), b=sparse(b), c=sparse(c), name=name)


def poseidon(hashes: int = HASHES) -> tuple[R1cs, Limbs]:
    """x(i+1) = H(x(i), x(i)) with the last one public: 240 constraints a hash, of random values."""
    system = ConstraintSystem()
    last = system.public_output("last")
    value = system.private_input("first")
    for number in range(hashes - 1):
        value = poseidon_gadget(system, (value, value), f"hash {number}")
    poseidon_gadget(system, (value, value), "last hash", last)
    system.hint(lambda values: (trace(values)[0],), (value, value), (last,))
    r1cs = system.to_r1cs("Poseidon chain")
    return r1cs, to_limbs(system.witness({"first": 12345678901234567890}))

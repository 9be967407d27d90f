"""PLONK's gates from a constraint system, the same and in the same order as snarkjs makes them.

A gate adds up ``Qm a b + Ql a + Qr b + Qo c + Qc`` to 0. First comes one for every public signal,
then those of each constraint. A constraint whose A or B has wires on both sides is a product of
three wires and constants; a sum of more than one wire gets a variable first, and an addition that
says how to compute it. One where A or B is only a constant is linear, and takes three wires.
(ePrint 2019/953, section 6; how sums are cut was found by giving snarkjs 0.7 constraints of each
shape.)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS as R
from proofmill.host.prover.curve.limbs import from_limbs
from proofmill.host.prover.curve.scalars import Vector
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.plonk.verification_key import KEY_POINTS
from proofmill.host.prover.plonk.zkey import ADDITION, LEAST_DOMAIN, MOST_DOMAIN, Circuit

Terms = dict[int, int]
"""Wires and their factors in ascending order; wire 0 is the constant 1."""


@dataclass
class Gates:
    """Gates in the making. `variables`: how many there are so far."""

    variables: int
    columns: tuple[list[int], list[int], list[int]] = field(default_factory=lambda: ([], [], []))
    selectors: dict[str, list[int]] = field(
        default_factory=lambda: {name: [] for name in KEY_POINTS[:5]})
    additions: list[tuple[int, int, int, int]] = field(default_factory=list)

    def add(self, wires: tuple[int, int, int], qm: int, ql: int, qr: int, qo: int,
            qc: int) -> None:
        """One gate; factors are any integers."""
        for column, wire in zip(self.columns, wires, strict=True):
            column.append(wire)
        for values, value in zip(self.selectors.values(), (qm, ql, qr, qo, qc), strict=True):
            values.append(value)

    def add_constraint(self, a: Terms, b: Terms, c: Terms) -> None:
        """The gates of A B = C."""
        if not a or not b:
            self._add_linear(c)
        elif set(a) == {0}:
            self._add_linear(_difference(b, a[0], c))
        elif set(b) == {0}:
            self._add_linear(_difference(a, b[0], c))
        else:
            (left, qa), (right, qb), (out, qc) = (self._few(terms, 1)[0] for terms in (a, b, c))
            ka, kb, kc = (terms.get(0, 0) for terms in (a, b, c))
            self.add((left, right, out), qm=qa * qb, ql=qa * kb, qr=qb * ka, qo=-qc,
                     qc=ka * kb - kc)

    def _add_linear(self, terms: Terms) -> None:
        """The gate of a sum that is 0."""
        (a, ql), (b, qr), (c, qo) = self._few(terms, 3)
        self.add((a, b, c), qm=0, ql=ql, qr=qr, qo=qo, qc=terms.get(0, 0))

    def _few(self, terms: Terms, most: int) -> list[tuple[int, int]]:
        """`most` wires and factors with the same sum, without the constant: the first two make a
        variable that goes to the end, until they are few enough; wire 0 fills up."""
        queue = [(wire, factor) for wire, factor in terms.items() if wire]
        first = 0
        while len(queue) - first > most:
            (left, by_left), (right, by_right) = queue[first:first + 2]
            first += 2
            own = self.variables
            self.variables += 1
            self.additions.append((left, right, by_left, by_right))
            self.add((left, right, own), qm=0, ql=-by_left, qr=-by_right, qo=1, qc=0)
            queue.append((own, 1))
        left_over = queue[first:]
        return left_over + [(0, 0)] * (most - len(left_over))


@dataclass(frozen=True)
class Gated:
    """A circuit, and the selectors' values at its gates, shape (n,) each, by name."""

    circuit: Circuit
    selectors: dict[str, Vector]


def gates_of(r1cs: R1cs, free: int = 0) -> Gated:
    """The gates of a constraint system, with `free` places of the domain more than there are gates.

    Raises `ProofmillError` where the domain is too large for BN254's roots of unity, and where a
    wire comes twice in one sum, of which snarkjs takes the last.
    """
    gates = Gates(r1cs.wires)
    for signal in range(1, r1cs.public + 1):
        gates.add((signal, 0, 0), qm=0, ql=1, qr=0, qo=0, qc=0)
    for row in zip(*(_rows(r1cs, letter, matrix) for letter, matrix in (
            ("A", r1cs.a), ("B", r1cs.b), ("C", r1cs.c))), strict=True):
        gates.add_constraint(*row)
    columns = np.array(gates.columns, dtype=np.uint32).reshape(3, -1)
    count = columns.shape[1]
    size = max(LEAST_DOMAIN, 1 << max(0, count + free - 1).bit_length())
    if size > MOST_DOMAIN:
        raise ProofmillError(f"{r1cs.name}: {count} gates need a domain of {size}, the largest "
                             f"here is {MOST_DOMAIN}; split the circuit")
    additions = np.zeros(len(gates.additions), dtype=ADDITION)
    for place, name in enumerate(("left", "right")):
        additions[name] = [each[place] for each in gates.additions]
        additions[f"{name}_factor"] = scalars.to_raw(scalars.from_integers(
            each[2 + place] for each in gates.additions))
    selectors = {}
    for name, values in gates.selectors.items():
        selectors[name] = scalars.zeros(size)
        selectors[name][:count] = scalars.from_integers(values)
    return Gated(Circuit(variables=gates.variables, public=r1cs.public, domain_size=size,
                         additions=additions, columns=columns), selectors)


def permuted(circuit: Circuit, factors: tuple[int, int, int], free: int = 0) -> list[Vector]:
    """The values of S1, S2, S3 at the domain's places w^i, shape (n,) each.

    Wire j of gate i stands at ``factors[j] w^i``; what is there names the place before it, gate by
    gate, with the same variable, and the first one names the last. The last `free` gates name
    themselves: any values may stand there.
    """
    size = circuit.domain_size
    padded = np.zeros((size, 3), dtype=np.uint32)
    padded[:circuit.gates] = circuit.columns.T
    padded = padded[:size - free]
    order = np.argsort(padded.reshape(-1), kind="stable")
    sorted_variables = padded.reshape(-1)[order]
    starts = np.flatnonzero(np.concatenate(
        ([True], sorted_variables[1:] != sorted_variables[:-1])))
    before = np.roll(order, 1)
    before[starts] = order[np.concatenate((starts[1:], [len(order)])) - 1]
    target = np.arange(3 * size)
    target[order] = before
    places = scalars.geometric(scalars.root_of_unity(circuit.power), size)
    columns = scalars.from_integers(factors)
    values = places[target // 3] * columns[target % 3]
    return [np.ascontiguousarray(values[column::3]) for column in range(3)]


def _difference(terms: Terms, factor: int, others: Terms) -> Terms:
    """``factor * terms - others``; what cancels stays, with factor 0."""
    return {wire: (factor * terms.get(wire, 0) - others.get(wire, 0)) % R
            for wire in sorted(terms.keys() | others.keys())}


def _rows(r1cs: R1cs, letter: str, matrix: SparseMatrix) -> Iterator[Terms]:
    """Every row of a matrix."""
    order = np.lexsort((matrix.columns, matrix.rows))
    rows, columns = matrix.rows[order], matrix.columns[order]
    twice = np.flatnonzero((rows[1:] == rows[:-1]) & (columns[1:] == columns[:-1]))
    if len(twice):
        raise ProofmillError(
            f"{r1cs.name}: constraint {int(rows[twice[0]])}, {letter}: wire "
            f"{int(columns[twice[0]])} comes twice, and snarkjs takes only the last; compile the "
            "circuit with circom")
    starts = np.searchsorted(rows, np.arange(r1cs.constraints + 1)).tolist()
    wires, values = columns.tolist(), matrix.values[order]
    for row in range(r1cs.constraints):
        first, last = starts[row:row + 2]
        yield dict(zip(wires[first:last], from_limbs(values[first:last]), strict=True))

"""Does a circuit say what it should? Wires that its inputs do not determine, constraints too many.

Three tests of a rank-1 constraint system, ``<A_i, w> <B_i, w> = <C_i, w>``, at a witness w:

1. *Loose wires.* The constraints' derivatives at w, by the wires that are no inputs::

       J_i = <A_i, w> B_i + <B_i, w> A_i - C_i

   A wire at which some solution of J x = 0 is not 0 can move while the inputs stay, to first
   order.
2. *Other roots.* A wire that a constraint lets have one of two values (a bit) gets the other one,
   and every constraint that breaks then sets one wire that is neither an input nor such a wire,
   until none is broken or nothing is left to set. What comes out is a second witness for the same
   inputs: no suspicion, but a proof that something is missing.
3. *Constraints too many.* Where a row of J, by all wires, is no sum of multiples of the others, the
   others have solutions, to first order, that break this constraint: it is needed. The other rows
   are listed: one of them says what the rest say already, at this witness.

What it cannot see: a second witness that differs in more than one bit at once, or that takes a
choice among several wires other than the last one, as for most bits of a number that is compared
with a bound; whether the circuit computes what was meant;
inputs that should be refused and are not. And it looks at one witness: try several. At a singular
point (x x = 0 at x = 0) a wire counts as loose though it is not.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import square_root
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.circuits.elimination import Elimination
from proofmill.host.prover.curve.limbs import from_limbs, to_limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs

REACH = 300
"""Wires after which a second witness is not looked for any further."""

Row = dict[int, int]
"""A linear combination: factors by wire."""


@dataclass(frozen=True)
class Forgery:
    """A second witness for the same inputs: the wire that was given its other value, and the values
    of all wires that changed with it."""

    wire: int
    values: dict[int, int]


@dataclass(frozen=True)
class Report:
    """What was found; wires and constraints by number, from 0.

    `loose`: wires that can move while the inputs stay, to first order; `forgeries`: second
    witnesses; `dependent`: constraints that say together what fewer of them say. `at_random`: not
    at a witness, but at random values, where no second witness can be looked for.
    """

    wires: int
    constraints: int
    outputs: int
    loose: tuple[int, ...]
    forgeries: tuple[Forgery, ...]
    dependent: tuple[int, ...]
    at_random: bool

    @property
    def is_determined(self) -> bool:
        """Whether no wire was found that the inputs do not determine."""
        return not self.loose and not self.forgeries


class Checker:
    """A circuit's constraints, to be tested at one witness after the other.

    `reach`: how many wires a second witness may change before the search for it is given up.
    """

    def __init__(self, r1cs: R1cs, reach: int = REACH) -> None:
        self.r1cs, self._reach = r1cs, reach
        self.inputs = input_wires(r1cs)
        sides = [_rows(matrix, r1cs.constraints) for matrix in (r1cs.a, r1cs.b, r1cs.c)]
        self._constraints = list(zip(*sides, strict=True))
        self._containing: list[list[int]] = [[] for _ in range(r1cs.wires)]
        self._wires_of = [sorted({*a, *b, *c} - {0}) for a, b, c in self._constraints]
        for number, wires in enumerate(self._wires_of):
            for wire in wires:
                self._containing[wire].append(number)

    def check(self, witness: Sequence[int] | None = None, quick: bool = False) -> Report:
        """Test at `witness`, all wires' values; at random values without one.

        `quick`: for loose wires alone, in a few seconds for 16,000 constraints, of which the rest
        takes some twenty.

        Raises `ProofmillError` where it does not satisfy the constraints.
        """
        at_random = witness is None
        if witness is None:
            values = [1, *(secrets.randbelow(MODULUS) for _ in range(self.r1cs.wires - 1))]
        else:
            values = list(witness)
            broken = self.r1cs.first_unsatisfied(to_limbs(values))
            if broken is not None:
                raise ProofmillError(
                    f"the witness does not satisfy constraint {broken} of {self.r1cs.constraints} "
                    f"(counted from 0) in {self.r1cs.name}; compute the witness with this circuit")
        rows = [self._derivative(number, values) for number in range(len(self._constraints))]
        inner = {wire for wire in range(1, self.r1cs.wires) if wire not in self.inputs}
        if quick:
            rows = [{wire: factor for wire, factor in row.items() if wire in inner} for row in rows]
        eliminated = Elimination(rows, inner)
        return Report(
            wires=self.r1cs.wires, constraints=self.r1cs.constraints,
            outputs=self.r1cs.public_outputs, loose=tuple(eliminated.loose_columns()),
            forgeries=() if at_random or quick else tuple(self._forgeries(values)),
            dependent=() if quick else tuple(eliminated.dependent_rows()), at_random=at_random)

    def _derivative(self, number: int, values: Sequence[int]) -> Row:
        a, b, c = self._constraints[number]
        at_a, at_b = _value(a, values), _value(b, values)
        row: Row = {wire: -factor for wire, factor in c.items()}
        for side, by in ((a, at_b), (b, at_a)):
            for wire, factor in side.items():
                row[wire] = row.get(wire, 0) + factor * by
        return {wire: reduced for wire, factor in row.items()
                if wire and (reduced := factor % MODULUS)}

    def _forgeries(self, witness: Sequence[int]) -> list[Forgery]:
        """One for each wire whose other value leads to a second witness."""
        other: dict[int, int] = {}
        for number, wires in enumerate(self._wires_of):
            if len(wires) == 1 and wires[0] not in self.inputs:
                for root in self._solutions(number, wires[0], witness):
                    if root != witness[wires[0]]:
                        other[wires[0]] = root
        found = []
        for wire, value in other.items():
            changed = self._follow(witness, wire, value, other.keys() | self.inputs)
            if changed is not None:
                found.append(Forgery(wire, changed))
        return found

    def _follow(self, witness: Sequence[int], wire: int, value: int, fixed: set[int]
                ) -> dict[int, int] | None:
        """All that changes with a wire, None where a constraint cannot be mended."""
        values, changed = list(witness), {wire: value}
        values[wire] = value
        broken: dict[int, list[int]] = {}  # constraints, and what may yet be set in each
        last = wire
        while True:
            for number in self._containing[last]:
                if self._holds(number, values):
                    broken.pop(number, None)
                    continue
                broken[number] = [each for each in self._wires_of[number]
                                  if each not in fixed and each not in changed]
                if not broken[number]:
                    return None
            if not broken:
                return changed
            # Where there is the least choice; of several wires the last one, which was made last.
            number = min(broken, key=lambda each: len(broken[each]))
            last = broken[number][-1]
            solutions = self._solutions(number, last, values)
            if not solutions or len(changed) >= self._reach:
                return None
            values[last] = changed[last] = solutions[0]

    def _holds(self, number: int, values: Sequence[int]) -> bool:
        a, b, c = self._constraints[number]
        return (_value(a, values) * _value(b, values) - _value(c, values)) % MODULUS == 0

    def _solutions(self, number: int, wire: int, values: Sequence[int]) -> list[int]:
        """The values of a wire with which a constraint holds, the others' values kept."""
        (a, a0), (b, b0), (c, c0) = (
            (side.get(wire, 0), _value(side, values) - side.get(wire, 0) * values[wire])
            for side in self._constraints[number])
        return roots(a * b, a * b0 + a0 * b - c, a0 * b0 - c0)


def check_system(system: ConstraintSystem, witness: Sequence[int], name: str = "the circuit"
                 ) -> Report:
    """`Checker.check` of a circuit that was built here."""
    return Checker(system.to_r1cs(name)).check(witness)


def input_wires(r1cs: R1cs) -> set[int]:
    """The wires of public and private inputs. Where the compiler dropped inputs that it needs not,
    the wires' labels say which are left."""
    first = 1 + r1cs.public_outputs
    last = first + r1cs.public_inputs + r1cs.private_inputs
    if not len(r1cs.labels):
        return set(range(first, min(last, r1cs.wires)))
    return {wire for wire, label in enumerate(r1cs.labels.tolist()) if first <= label < last}


def _rows(matrix: SparseMatrix, count: int) -> list[Row]:
    found: list[Row] = [{} for _ in range(count)]
    for row, wire, factor in zip(matrix.rows.tolist(), matrix.columns.tolist(),
                                 from_limbs(matrix.values), strict=True):
        found[row][wire] = (found[row].get(wire, 0) + factor) % MODULUS
    return [{wire: factor for wire, factor in row.items() if factor} for row in found]


def _value(side: Row, values: Sequence[int]) -> int:
    return sum([factor * values[wire] for wire, factor in side.items()]) % MODULUS


def roots(a: int, b: int, c: int) -> list[int]:
    """All x with ``a x^2 + b x + c = 0`` modulo r, ascending; none too where every x does."""
    a, b, c = a % MODULUS, b % MODULUS, c % MODULUS
    if a == 0:
        return [] if b == 0 else [-c * pow(b, -1, MODULUS) % MODULUS]
    root = square_root((b * b - 4 * a * c) % MODULUS)
    if root is None:
        return []
    scale = pow(2 * a, -1, MODULUS)
    return sorted({(-b + sign * root) * scale % MODULUS for sign in (1, -1)})

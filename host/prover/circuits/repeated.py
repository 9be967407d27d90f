"""A circuit of many parts that are alike, from the same circuit with two of them.

Compiling takes time with every constraint, and the parts' constraints differ in nothing but their
wires. What has to be so, in the order in which `ConstraintSystem` numbers wires and constraints:

    inputs       common ones, then those of each part, as many and in the same order for each
    constraints  common ones, the first part's, those of each further part, the rest
    other wires  likewise

A further part's constraints are about common wires, its own, and inputs of the part before it: so
those of the second, moved along, are those of all that follow. The rest may add up wires of parts,
each part's in the same way, but the first's; how its wires are computed does not depend on them.
A test holds what is made here to the circuit that is compiled as a whole, entry by entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs


@dataclass(frozen=True)
class Reached:
    """How far a system had come: its wires, constraints and steps."""

    wires: int
    constraints: int
    steps: int

    @classmethod
    def of(cls, system: ConstraintSystem) -> "Reached":
        """Where it is now."""
        return cls(system.wires, len(system.constraints), len(system.steps))


@dataclass(frozen=True)
class Bounds:
    """Of a system with two parts: the first wire of the first part's inputs, where other wires
    begin, and where the first part, the second and the rest do."""

    inputs: int
    other: int
    first: Reached
    second: Reached
    rest: Reached

    @property
    def given(self) -> int:
        """The inputs of a part."""
        return (self.other - self.inputs) // 2

    @property
    def found(self) -> int:
        """The other wires of the second part, and of each that follows."""
        return self.rest.wires - self.second.wires

    @property
    def height(self) -> int:
        """The constraints of the second part, and of each that follows."""
        return self.rest.constraints - self.second.constraints


class Repeated:
    """The circuit of `parts` parts, at least two, of which `system` has two.

    `prefix`: what the names of a part's inputs begin with, by its number from 0. Raises
    `ValueError` for a system that is not as the module's head says.
    """

    def __init__(self, system: ConstraintSystem, bounds: Bounds, parts: int,
                 prefix: Callable[[int], str]) -> None:
        self._system, self._bounds, self._parts, self._prefix = system, bounds, parts, prefix
        found = range(bounds.first.wires, bounds.rest.wires)
        if any(wire in found for step in system.steps[bounds.rest.steps:]
               for each in step.inputs for wire in each.terms):
            raise ValueError("wires of the rest are computed from those of parts")
        first = range(bounds.first.wires, bounds.second.wires)
        rows = system.constraints[bounds.second.constraints:bounds.rest.constraints]
        if any(wire in first for row in rows for side in (row.a, row.b, row.c)
               for wire in side.terms):
            raise ValueError("the second part's constraints are about what the first has computed")
        name, names = prefix(0), system.names[bounds.inputs:bounds.inputs + bounds.given]
        self._own = [each.removeprefix(name) for each in names]

    def witness(self, inputs: Mapping[str, int]) -> list[int]:
        """As `ConstraintSystem.witness` of the whole."""
        bounds, system = self._bounds, self._system
        names = [*system.names[1:bounds.inputs], *(
            self._prefix(part) + own for part in range(self._parts) for own in self._own)]
        if wrong := sorted(inputs.keys() ^ set(names)):
            raise ProofmillError(
                f"inputs of the circuit that are missing or unknown: {', '.join(wrong)}")
        given = [inputs[name] % MODULUS for name in names]
        values = [0] * system.wires
        values[0] = 1
        values[1:bounds.other] = given[:bounds.other - 1]
        system.compute(system.steps[:bounds.rest.steps], values)
        found = values[bounds.other:bounds.rest.wires]
        steps = system.steps[bounds.second.steps:bounds.rest.steps]
        for part in range(2, self._parts):
            start = bounds.inputs - 1 + (part - 1) * bounds.given
            values[bounds.inputs:bounds.other] = given[start:start + 2 * bounds.given]
            system.compute(steps, values)
            found += values[bounds.second.wires:bounds.rest.wires]
        system.compute(system.steps[bounds.rest.steps:], values)
        return [1, *given, *found, *values[bounds.rest.wires:]]

    @property
    def more_constraints(self) -> int:
        """Those of the parts after the second."""
        return (self._parts - 2) * self._bounds.height

    def r1cs(self, small: R1cs) -> R1cs:
        """As `ConstraintSystem.to_r1cs` of the whole. `small`: as of the system with two parts."""
        bounds, more = self._bounds, self._parts - 2
        return replace(
            small, wires=small.wires + more * (bounds.given + bounds.found),
            private_inputs=small.private_inputs + more * bounds.given,
            constraints=small.constraints + self.more_constraints,
            a=self._matrix(small.a), b=self._matrix(small.b), c=self._matrix(small.c))

    def _matrix(self, small: SparseMatrix) -> SparseMatrix:
        bounds, more = self._bounds, self._parts - 2
        wires = np.arange(self._system.wires, dtype=np.int64)
        wires[bounds.other:] += more * bounds.given
        wires[bounds.rest.wires:] += more * bounds.found
        of_second = np.zeros_like(wires)
        """How much further a wire of the second part is in the next."""
        of_second[bounds.inputs + bounds.given:bounds.other] = bounds.given
        of_second[bounds.second.wires:bounds.rest.wires] = bounds.found
        moved = of_second.copy()
        """The same, and of the part before."""
        moved[bounds.inputs:bounds.inputs + bounds.given] = bounds.given
        height = bounds.height
        second, rest = np.searchsorted(
            small.rows, (bounds.second.constraints, bounds.rest.constraints))
        head, middle, tail = slice(0, second), slice(second, rest), slice(rest, None)
        again = np.arange(more + 1, dtype=np.int64)[:, None]
        # What the rest says of the second part, it says of each that follows.
        each = np.where(of_second[small.columns[tail]] > 0, more + 1, 1)
        tail_columns = small.columns[tail].repeat(each)
        which = np.concatenate([np.arange(count) for count in each]) if len(each) else each
        tail_rows = small.rows[tail].astype(np.int64).repeat(each) + more * height
        columns = wires[tail_columns] + which * of_second[tail_columns]
        order = np.lexsort((columns, tail_rows))
        return SparseMatrix(
            np.concatenate((small.rows[head],
                            (small.rows[middle] + again * height).ravel(),
                            tail_rows[order])).astype(np.int32),
            np.concatenate((wires[small.columns[head]],
                            (wires[small.columns[middle]]
                             + again * moved[small.columns[middle]]).ravel(),
                            columns[order])).astype(np.int32),
            np.concatenate((small.values[head], _tiled(small.values[middle], more + 1),
                            small.values[tail].repeat(each, axis=0)[order])))


def _tiled(values: NDArray[np.uint64], times: int) -> NDArray[np.uint64]:
    return np.tile(values, (times, 1))

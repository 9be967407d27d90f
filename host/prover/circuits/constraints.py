"""A builder of rank-1 constraint systems over the scalar field of BN254.

A constraint is ``<a, w> * <b, w> = <c, w>`` modulo r, with w the witness and w[0] = 1. The
constraints are compiled once; every wire that is no input belongs to a *hint*, a function that
computes its value from earlier wires, so that witnesses are made at the speed of plain integers.

A hint is a convenience of the honest prover and never a constraint: what the verifier may rely
on is `ConstraintSystem.constraints` alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS, to_limbs
from proofmill.host.prover.groth16.matrix import SparseMatrix
from proofmill.host.prover.groth16.r1cs import R1cs

MODULUS = SCALAR_MODULUS
"""r, the order of BN254's groups."""

Hint = Callable[[list[int]], Sequence[int]]
"""Takes the values of some linear combinations, returns the values of some wires."""


class LinearCombination:
    """``sum(coefficient * wire)``; wire 0 is the constant one. Immutable."""

    __slots__ = ("terms",)

    terms: dict[int, int]
    """Wire to coefficient; the coefficients are canonical and never zero."""

    def __init__(self, terms: Mapping[int, int] | None = None) -> None:
        self.terms = {} if terms is None else {
            wire: reduced for wire, value in terms.items() if (reduced := value % MODULUS)}

    @property
    def constant(self) -> int | None:
        """The value, where it does not depend on any wire."""
        if not self.terms:
            return 0
        return self.terms.get(0) if len(self.terms) == 1 else None

    def __add__(self, other: "LinearCombination | int") -> "LinearCombination":
        return weighted_sum((1, 1), (self, as_combination(other)))

    def __sub__(self, other: "LinearCombination | int") -> "LinearCombination":
        return weighted_sum((1, -1), (self, as_combination(other)))

    def __rsub__(self, other: int) -> "LinearCombination":
        return as_combination(other) - self

    def __mul__(self, factor: int) -> "LinearCombination":
        return weighted_sum((factor,), (self,))

    __radd__ = __add__
    __rmul__ = __mul__

    def value(self, witness: Sequence[int]) -> int:
        """The canonical value under `witness`."""
        return sum([factor * witness[wire] for wire, factor in self.terms.items()]) % MODULUS

    def __repr__(self) -> str:
        return " + ".join(f"{factor}*w{wire}" for wire, factor in self.terms.items()) or "0"


def as_combination(value: LinearCombination | int) -> LinearCombination:
    """`value` itself, or the constant."""
    return value if isinstance(value, LinearCombination) else LinearCombination({0: value})


def weighted_sum(factors: Iterable[int],
                 combinations: Iterable[LinearCombination]) -> LinearCombination:
    """``sum(factor * combination)``, reduced once at the end."""
    terms: dict[int, int] = {}
    for factor, combination in zip(factors, combinations, strict=True):
        if factor:
            for wire, value in combination.terms.items():
                terms[wire] = terms.get(wire, 0) + factor * value
    return LinearCombination(terms)


ONE = LinearCombination({0: 1})


@dataclass(frozen=True)
class Constraint:
    """``a * b = c``; `label` says what it is there for."""

    label: str
    a: LinearCombination
    b: LinearCombination
    c: LinearCombination

    def holds(self, witness: Sequence[int]) -> bool:
        """Whether `witness` satisfies it."""
        product = self.a.value(witness) * self.b.value(witness)
        return product % MODULUS == self.c.value(witness)


@dataclass(frozen=True)
class Violation:
    """The first constraint a witness does not satisfy."""

    index: int
    constraint: Constraint

    def __str__(self) -> str:
        return f"constraint {self.index} ({self.constraint.label}) is not satisfied"


@dataclass(frozen=True)
class Step:
    """A hint: the values of wires `targets` from those of `inputs`."""

    function: Hint
    inputs: tuple[LinearCombination, ...]
    targets: tuple[int, ...]


@dataclass
class ConstraintSystem:
    """Wires and constraints, in circom's wire order.

    That is: the constant one, public outputs, public inputs, private inputs, internal wires. Wires
    must be made in this order, which is checked.
    """

    names: list[str] = field(default_factory=lambda: ["one"])
    """The name of every wire."""
    constraints: list[Constraint] = field(default_factory=list)
    outputs: int = 0
    public_inputs: int = 0
    private_inputs: int = 0
    steps: list[Step] = field(default_factory=list)
    """The hints, in the order in which they can be computed."""
    short_sums: bool = False
    """Whether gadgets should keep long sums as wires: R1CS has sums for nothing, PLONK takes a gate
    for every wire in one."""
    _inputs: dict[str, int] = field(default_factory=dict)

    @property
    def wires(self) -> int:
        """How many wires there are, the constant one among them."""
        return len(self.names)

    def public_output(self, name: str) -> LinearCombination:
        """A public wire whose value a later `hint` computes."""
        if self.public_inputs or self.private_inputs or self._internal:
            raise ValueError(f"output {name}: outputs come before all other wires")
        self.outputs += 1
        return self._wire(name)

    def public_input(self, name: str) -> LinearCombination:
        """A public wire whose value is given."""
        if self.private_inputs or self._internal:
            raise ValueError(f"public input {name}: comes before private and internal wires")
        wire = self._input(name)
        self.public_inputs += 1
        return wire

    def private_input(self, name: str) -> LinearCombination:
        """A wire whose value is given and known to the prover alone."""
        if self._internal:
            raise ValueError(f"private input {name}: comes before internal wires")
        wire = self._input(name)
        self.private_inputs += 1
        return wire

    def internal(self, name: str) -> LinearCombination:
        """A wire whose value a later `hint` computes."""
        return self._wire(name)

    def hint(self, function: Hint, inputs: Iterable[LinearCombination],
             targets: Iterable[LinearCombination]) -> None:
        """Say how the wires `targets` follow from `inputs`; constrains nothing."""
        wires = []
        for target in targets:
            (wire, factor), = target.terms.items()
            if factor != 1 or wire == 0:
                raise ValueError(f"a hint computes wires, not {target!r}")
            wires.append(wire)
        self.steps.append(Step(function, tuple(inputs), tuple(wires)))

    def multiply(self, a: LinearCombination, b: LinearCombination,
                 name: str) -> LinearCombination:
        """``a * b``: one constraint and one wire, or none where a factor is constant.

        A wire that is nowhere in a right factor costs the prover no multiplication in G2: where
        there is a choice, let `b` be the factor whose wires are in right factors already.
        """
        for factor, other in ((a, b), (b, a)):
            if (constant := factor.constant) is not None:
                return other * constant
        product = self.internal(name)
        self.hint(lambda values: (values[0] * values[1] % MODULUS,), (a, b), (product,))
        self.assert_product(a, b, product, name)
        return product

    def shortened(self, value: LinearCombination, name: str) -> LinearCombination:
        """`value`; where `short_sums`, two wires or more as a wire of their own: 1 constraint."""
        if not self.short_sums or len(value.terms.keys() - {0}) < 2:
            return value
        wire = self.internal(name)
        self.hint(lambda values: values, (value,), (wire,))
        self.assert_equal(value, wire, name)
        return wire

    def assert_product(self, a: LinearCombination, b: LinearCombination, c: LinearCombination,
                       label: str) -> None:
        """``a * b = c``: one constraint."""
        self.constraints.append(Constraint(label, a, b, c))

    def assert_equal(self, a: LinearCombination, b: LinearCombination | int, label: str) -> None:
        """``a = b``: one constraint."""
        self.assert_product(a - b, ONE, LinearCombination(), label)

    def assert_boolean(self, value: LinearCombination, label: str) -> None:
        """``value * (value - 1) = 0``: one constraint."""
        self.assert_product(value, value - 1, LinearCombination(), label)

    def witness(self, inputs: Mapping[str, int]) -> list[int]:
        """The value of every wire, from the inputs by name.

        Raises `ProofmillError` for a missing or unknown input; does not check the constraints.
        """
        if inputs.keys() != self._inputs.keys():
            wrong = sorted(inputs.keys() ^ self._inputs.keys())
            raise ProofmillError(
                f"inputs of the circuit that are missing or unknown: {', '.join(wrong)}")
        values = [0] * self.wires
        values[0] = 1
        for name, wire in self._inputs.items():
            values[wire] = inputs[name] % MODULUS
        self.compute(self.steps, values)
        return values

    @staticmethod
    def compute(steps: Iterable[Step], values: list[int]) -> None:
        """Compute the wires of `steps` in `values`, one after the other."""
        for step in steps:
            results = step.function([combination.value(values) for combination in step.inputs])
            for wire, result in zip(step.targets, results, strict=True):
                values[wire] = result

    def check(self, witness: Sequence[int]) -> Violation | None:
        """The first constraint that `witness` does not satisfy, or None."""
        if len(witness) != self.wires or witness[0] != 1:
            raise ValueError(f"a witness has {self.wires} values, the first of them 1")
        for index, constraint in enumerate(self.constraints):
            if not constraint.holds(witness):
                return Violation(index, constraint)
        return None

    def to_r1cs(self, name: str) -> R1cs:
        """The constraints as sparse matrices; `name` is what messages call the circuit."""
        a, b, c = (_matrix(side) for side in zip(
            *((constraint.a, constraint.b, constraint.c) for constraint in self.constraints),
            strict=True))
        return R1cs(self.wires, self.outputs, self.public_inputs, self.private_inputs,
                    len(self.constraints), a, b, c, name=name)

    @property
    def _internal(self) -> bool:
        return self.wires > 1 + self.outputs + self.public_inputs + self.private_inputs

    def _input(self, name: str) -> LinearCombination:
        if name in self._inputs:
            raise ValueError(f"there is an input {name} already")
        self._inputs[name] = self.wires
        return self._wire(name)

    def _wire(self, name: str) -> LinearCombination:
        self.names.append(name)
        return LinearCombination({len(self.names) - 1: 1})


def _matrix(rows: Sequence[LinearCombination]) -> SparseMatrix:
    """One combination a row; its entries by ascending wire."""
    entries = [(number, wire, value) for number, row in enumerate(rows)
               for wire, value in sorted(row.terms.items())]
    return SparseMatrix(np.array([number for number, _, _ in entries], dtype=np.int32),
                        np.array([wire for _, wire, _ in entries], dtype=np.int32),
                        to_limbs(value for _, _, value in entries))

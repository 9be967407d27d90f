"""What a cheating prover tries: witnesses that differ from the honest one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from proofmill.host.prover.circuits.checker import Checker
from proofmill.host.prover.circuits.constraints import MODULUS, ConstraintSystem


def unnoticed_changes(system: ConstraintSystem, witness: Sequence[int]) -> list[str]:
    """The wires that can be changed alone without any constraint noticing.

    Each is flipped (1 - value), set one higher and set to a random element; a wire is reported if
    any of these goes unnoticed. Only constraints that contain the wire are evaluated.
    """
    random = Random(20_19_458)
    containing = [[] for _ in range(system.wires)]
    for constraint in system.constraints:
        for wire in {*constraint.a.terms, *constraint.b.terms, *constraint.c.terms}:
            containing[wire].append(constraint)
    changed = list(witness)
    unnoticed = []
    for wire in range(1, system.wires):
        honest = witness[wire]
        others = {(1 - honest) % MODULUS, (honest + 1) % MODULUS, random.randrange(MODULUS)}
        for other in others - {honest}:
            changed[wire] = other
            if all(constraint.holds(changed) for constraint in containing[wire]):
                unnoticed.append(system.names[wire])
                break
        changed[wire] = honest
    return unnoticed


def forge(system: ConstraintSystem, inputs: Mapping[str, int],
          pinned: Mapping[str, int]) -> list[int]:
    """The witness of a prover who sets the wires `pinned` (by name) as it likes and computes every
    other wire from them, as the hints have it."""
    places = {system.names.index(name): value % MODULUS for name, value in pinned.items()}
    values = system.witness(inputs)
    for wire, value in places.items():
        values[wire] = value
    for step in system.steps:
        results = step.function([combination.value(values) for combination in step.inputs])
        for wire, result in zip(step.targets, results, strict=True):
            values[wire] = places.get(wire, result)
    return values


def violated(system: ConstraintSystem, witness: Sequence[int]) -> set[str]:
    """The labels of all constraints that do not hold."""
    return {constraint.label for constraint in system.constraints
            if not constraint.holds(witness)}


def is_needed(system: ConstraintSystem, place: int, witnesses: Sequence[Sequence[int]]) -> bool:
    """Whether without the constraint at `place` some wire is not determined any more, at one of
    `witnesses` or another."""
    rest = replace(system, constraints=system.constraints[:place] + system.constraints[place + 1:])
    checker = Checker(rest.to_r1cs("without one"))
    return any(not checker.check(witness).is_determined for witness in witnesses)

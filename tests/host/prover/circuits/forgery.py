"""What a cheating prover tries: witnesses that differ from the honest one."""

from collections.abc import Mapping, Sequence
from random import Random

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


def rank_of_internal_wires(system: ConstraintSystem, witness: Sequence[int]) -> int:
    """The rank of the constraints' Jacobian at `witness`, by the wires that are no inputs.

    Where it is the number of these wires, none of them can be moved, alone or together with others,
    while the inputs stay: the linearised constraints have no solution but zero.
    """
    first = 1 + system.outputs + system.public_inputs + system.private_inputs
    # d(a * b - c) = a * db + b * da - dc
    rows: list[dict[int, int]] = []
    for constraint in system.constraints:
        a, b = constraint.a.value(witness), constraint.b.value(witness)
        row: dict[int, int] = {}
        for factor, side in ((b, constraint.a), (a, constraint.b), (-1, constraint.c)):
            for wire, value in side.terms.items():
                if wire >= first:
                    row[wire] = (row.get(wire, 0) + factor * value) % MODULUS
        rows.append({wire: value for wire, value in row.items() if value})
    # Gauss's elimination, always with the shortest row, by its wire that fewest other rows have.
    rank = 0
    rows = [row for row in rows if row]
    having: dict[int, set[int]] = {}
    for number, row in enumerate(rows):
        for wire in row:
            having.setdefault(wire, set()).add(number)
    left = set(range(len(rows)))
    while left:
        number = min(left, key=lambda candidate: len(rows[candidate]))
        left.remove(number)
        row = rows[number]
        for wire in row:
            having[wire].discard(number)
        if not row:
            continue
        rank += 1
        pivot = min(row, key=lambda wire: len(having[wire]))
        inverse = pow(row[pivot], -1, MODULUS)
        for other in list(having[pivot]):
            target = rows[other]
            factor = target[pivot] * inverse
            for wire, value in row.items():
                if changed := (target.get(wire, 0) - factor * value) % MODULUS:
                    target[wire] = changed
                    having[wire].add(other)
                elif wire in target:
                    del target[wire]
                    having[wire].discard(other)
    return rank

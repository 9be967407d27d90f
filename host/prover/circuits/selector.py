"""Choosing one of several by bits.

`place` is a list of wires constrained to be 0 or 1 (`ConstraintSystem.assert_boolean`), the least
significant first; ``2^len(place)`` things can be chosen from. Sound on that condition alone: every
gadget here is then a function of its inputs.
"""

from collections.abc import Sequence

from proofmill.host.prover.circuits.constraints import ONE, ConstraintSystem, LinearCombination


def select(system: ConstraintSystem, values: Sequence[LinearCombination],
           place: Sequence[LinearCombination], label: str) -> LinearCombination:
    """``values[place]``: a tree of two-way choices, ``len(values) - 1`` constraints."""
    _check_length(len(values), place, label)
    chosen = list(values)
    for level, bit in reversed(list(enumerate(place))):
        half = len(chosen) // 2
        chosen = [
            low + system.multiply(high - low, bit, f"{label}: level {level}, choice {number}")
            for number, (low, high) in enumerate(zip(chosen[:half], chosen[half:], strict=True))]
    return chosen[0]


def distribute(system: ConstraintSystem, value: LinearCombination,
               place: Sequence[LinearCombination], label: str) -> list[LinearCombination]:
    """A list of ``2^len(place)``: `value` at `place`, zero elsewhere, ``2^len(place) - 1``
    constraints. The sum of the list is `value` identically, whatever the witness."""
    parts = [value]
    for level, bit in reversed(list(enumerate(place))):
        upper = [system.multiply(part, bit, f"{label}: level {level}, part {number}")
                 for number, part in enumerate(parts)]
        lower = [part - high for part, high in zip(parts, upper, strict=True)]
        # A more significant bit is settled first, so the parts stay in order.
        parts = [part for pair in zip(lower, upper, strict=True) for part in pair]
    return parts


def one_hot(system: ConstraintSystem, place: Sequence[LinearCombination],
            label: str) -> list[LinearCombination]:
    """1 at `place`, 0 elsewhere; ``2^len(place) - 1 - len(place)`` constraints.

    As `distribute` with the value 1, but the parts of a level that were multiplied by the bit add
    up to the bit itself, so that the last one needs no constraint.
    """
    parts = [ONE]
    for level, bit in reversed(list(enumerate(place))):
        upper: list[LinearCombination] = []
        rest = bit
        for number, part in enumerate(parts[:-1]):
            upper.append(system.multiply(part, bit, f"{label}: level {level}, part {number}"))
            rest = rest - upper[-1]
        upper.append(rest)
        lower = [part - high for part, high in zip(parts, upper, strict=True)]
        parts = [part for pair in zip(lower, upper, strict=True) for part in pair]
    return parts


def _check_length(count: int, place: Sequence[LinearCombination], label: str) -> None:
    if count != 1 << len(place):
        raise ValueError(f"{label}: {len(place)} bits choose from {1 << len(place)}, not {count}")

"""Sparse matrices times a vector by their definition, the order in which the unit wants entries,
and the cycles that it takes."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.commands import pack
from proofmill.hdl.evaluation import SPACING, EvaluationShape, Kind
from proofmill.hdl.field import PrimeField
from proofmill.sim.field import to_montgomery


class Entry(NamedTuple):
    """A coefficient, from 0 to below the modulus, of a row and a wire."""

    row: int
    wire: int
    coefficient: int


class Numbered(NamedTuple):
    """An entry whose coefficient is a number of the dictionary, see `hdl.evaluation.Kind`."""

    row: int
    wire: int
    number: int


NOTHING = Numbered(0, 0, Kind.NOTHING)


def evaluate(field: PrimeField, entries: Iterable[Entry], witness: Sequence[int],
             rows: int) -> list[int]:
    """The sum of every row's coefficients times their wires' values, modulo the modulus."""
    found = [0] * rows
    for row, wire, coefficient in entries:
        found[row] = (found[row] + coefficient * witness[wire]) % field.modulus
    return found


def numbered(shape: EvaluationShape,
             entries: Iterable[Entry]) -> tuple[list[Numbered], dict[int, int]]:
    """(the entries with numbers of coefficients, the dictionary: coefficients by number).

    Zeros are left out. Raises ValueError where what there is does not fit the unit.
    """
    numbers: dict[int, int] = {1: Kind.ONE, shape.field.modulus - 1: Kind.MINUS_ONE}
    found = []
    for row, wire, coefficient in entries:
        if not 0 <= coefficient < shape.field.modulus:
            raise ValueError(f"coefficient {coefficient} of row {row} is not below the modulus")
        if row >> shape.row_bits or wire >> shape.wire_bits:
            raise ValueError(f"row {row} or wire {wire} does not fit {shape.row_bits} and "
                             f"{shape.wire_bits} bits: make the unit's larger")
        if coefficient:
            number = numbers.setdefault(coefficient, len(numbers) + 1)
            found.append(Numbered(row, wire, number))
    if len(numbers) + 1 > 1 << shape.number_bits:
        raise ValueError(f"{len(numbers) - 2} different coefficients do not fit "
                         f"{shape.number_bits} bits: make the unit's number_bits larger")
    return found, {number: coefficient for coefficient, number in numbers.items()
                   if number >= Kind.STORED}


def order(rows: NDArray[np.int64], spacing: int = SPACING) -> NDArray[np.int64]:
    """Indices of entries, given their rows, such that those of a row are `spacing` apart; -1 where
    there is none.

    Rows are dealt to as many lanes, the longest first to the shortest lane (Graham, "Bounds on
    multiprocessing timing anomalies", 1969), and a lane's entries come every `spacing` places; at
    the end of a lane that is shorter there are none.
    """
    _, own, counts = np.unique(rows, return_inverse=True, return_counts=True)
    lane_of, begins = (np.zeros(len(counts), np.int64) for _ in range(2))
    lengths = [(0, lane) for lane in range(spacing)]
    for row in np.argsort(-counts, kind="stable").tolist():
        begins[row], lane_of[row] = lengths[0]
        heapq.heapreplace(lengths, (lengths[0][0] + int(counts[row]), lengths[0][1]))
    turn = np.zeros(spacing, np.int64)
    for place, (_, lane) in enumerate(sorted(lengths, key=lambda each: -each[0])):
        turn[lane] = place
    together = np.argsort(own, kind="stable")
    within = np.empty(len(rows), np.int64)
    within[together] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = (begins[own] + within) * spacing + turn[lane_of[own]]
    found = np.full(places.max() + 1 if len(rows) else 0, -1, np.int64)
    found[places] = np.arange(len(rows))
    return found


def in_order(entries: Iterable[Numbered], spacing: int = SPACING) -> list[Numbered]:
    """The entries in `order`, with `NOTHING` where there is none."""
    given = list(entries)
    rows = np.array([entry.row for entry in given], np.int64)
    return [NOTHING if index < 0 else given[index] for index in order(rows, spacing).tolist()]


def given_words(shape: EvaluationShape, witness: Sequence[int],
                dictionary: Mapping[int, int]) -> list[int]:
    """What comes in before the entries, `EvaluationShape.given`: the wires' values, and the
    coefficients of `numbered`."""
    return [*(pack(shape.given, value=value, address=wire) for wire, value in enumerate(witness)),
            *(pack(shape.given, value=to_montgomery(shape.multiplier, value), address=number,
                   coefficient=1) for number, value in dictionary.items())]


def entry_words(shape: EvaluationShape, ordered: Sequence[Numbered]) -> list[int]:
    """The entries as they come in, `EvaluationShape.entry`, the last one marked."""
    return [pack(shape.entry, **entry._asdict(), last=n == len(ordered) - 1)
            for n, entry in enumerate(ordered)]


def sums_cycles(shape: EvaluationShape, entries: int) -> int:
    """From the first entry's being taken to the last sum's being written, both included."""
    return entries + shape.written


def cycles(shape: EvaluationShape, entries: int, rows: int) -> int:
    """... to the last result's being taken, if nobody waits: the first is looked up in the cycle
    after the last sum's, and is there two cycles later."""
    return sums_cycles(shape, entries) + 2 + rows

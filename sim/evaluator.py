"""A key's matrices as programs for the accelerator's evaluation: made, run by their definition, and
the cycles that they take."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.commands import (
    ENTRY,
    FIRST,
    HEADER,
    PHASES,
    PLACE,
    SEGMENT,
    SIZE,
    WORD,
    Command,
    Segment,
    pack,
    split,
    unpack,
)
from proofmill.hdl.evaluation import EvaluationShape, Kind
from proofmill.hdl.evaluator import OUT
from proofmill.sim.evaluation import order

Words = NDArray[np.uint64]
Indices = NDArray[np.int64]

GAP = 16
"""Wires between two that are wanted are brought too where there are so many or fewer: a segment of
their own would take longer."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What an accelerator says of its evaluation: see `hdl.commands.ROOM`."""

    places: int
    spacing: int
    radix: int
    value_words: int
    proves: int = 0


@dataclass(frozen=True)
class Matrices:
    """Entries: in row `rows[i]`, of wire `wires[i]`, the coefficient ``coefficients[which[i]]``;
    B's rows after A's, 2 ** power of each."""

    power: int
    rows: Indices
    wires: Indices
    which: Indices
    coefficients: Sequence[int]

    def same_as(self, other: "Matrices") -> bool:
        """Whether the entries are the same, in the same order."""
        return (self.power == other.power and self.coefficients == other.coefficients
                and np.array_equal(self.rows, other.rows)
                and np.array_equal(self.wires, other.wires)
                and np.array_equal(self.which, other.which))


class _Place:
    """Where the values of entries lie: a wire's, or a stored coefficient's by its number.

    `values`: of every entry; of those that are `stored`. `limit`: for how many there is room;
    where that is enough for all, they are brought `once`. `segments`: from different ones in order
    to their places, and the words that bring them there.
    """

    def __init__(self, values: Indices, stored: NDArray[np.bool_], limit: int,
                 segments: Callable[[Indices], tuple[Indices, list[Words]]]) -> None:
        self.values, self.stored, self.limit = values, stored, limit
        self._segments = segments
        self._found, self._where = np.zeros(0, np.int64), np.zeros(0, np.int64)
        different = np.unique(values[stored])
        self.once = len(different) <= limit
        self._waiting = [different] if self.once and len(different) else []

    def bring(self, entries: Indices) -> list[Words]:
        """The words before those of `entries`."""
        if not self.once:
            self._waiting = [np.unique(self.values[entries[self.stored[entries]]])]
        words: list[Words] = []
        while self._waiting:
            self._found = self._waiting.pop()
            if len(self._found):
                self._where, words = self._segments(self._found)
        return words

    def of(self, entries: Indices) -> Indices:
        """The places, 0 of what is not stored."""
        found = np.zeros(len(entries), np.int64)
        own = self.stored[entries]
        found[own] = self._where[np.searchsorted(self._found, self.values[entries[own]])]
        return found


def program(room: Room, modulus: int, matrices: Matrices) -> Words:
    """The words of a program, see `hdl.commands.Segment`.

    Rows are cut into blocks of as many as there are places, and a block's entries into chunks with
    no more different wires and coefficients than these. What has room for all of the program is
    brought once. Coefficients below `modulus`; raises ValueError for others, and for rows beyond.
    """
    for coefficient in matrices.coefficients:
        if not 0 <= coefficient < modulus:
            raise ValueError(f"coefficient {coefficient} is not below the modulus")
    results, places = 2 << matrices.power, 1 << room.places
    if len(matrices.rows) and matrices.rows.max() >= results:
        raise ValueError(f"row {matrices.rows.max()} is beyond the {results:,} of two matrices")
    alone = {0: Kind.NOTHING, 1: Kind.ONE, modulus - 1: Kind.MINUS_ONE}
    kinds = np.array([alone.get(value, Kind.STORED) for value in matrices.coefficients],
                     np.int64)[matrices.which]
    wires = _Place(matrices.wires, kinds != Kind.NOTHING, places,
                   lambda found: _wire_segments(found, places))
    numbers = _Place(
        matrices.which, kinds == Kind.STORED, places - Kind.STORED,
        lambda found: _number_segments(room, modulus, [
            matrices.coefficients[each] for each in found.tolist()]))
    blocks = -(-results // places)
    words: list[Words] = []
    of_block = matrices.rows // places
    for block in range(blocks):
        own = np.flatnonzero(wires.stored & (of_block == block))
        own = own[np.argsort(matrices.rows[own], kind="stable")]
        for entries in _chunks(own, wires, numbers):
            words += [*wires.bring(entries), *numbers.bring(entries)]
            ordered = order(matrices.rows[entries], room.spacing)
            there = ordered >= 0
            entries = entries[ordered[there]]
            packed = np.zeros(len(ordered) + len(ordered) % 2, np.uint64)
            packed[:len(ordered)][there] = sum(
                values.astype(np.uint64) << np.uint64(ENTRY[name].offset) for name, values in (
                    ("row", matrices.rows[entries] % places), ("wire", wires.of(entries)),
                    ("number", np.maximum(kinds[entries] % Kind.STORED, numbers.of(entries)))))
            words += [_head(Segment.ENTRIES, 0, len(packed)), packed]
        words.append(_head(Segment.ROWS, 0, min(places, results - block * places)))
    return np.concatenate(words)


def _chunks(entries: Indices, wires: _Place, numbers: _Place) -> Iterator[Indices]:
    """Entries of a block, in order of their rows, cut where there is no room for more."""
    if wires.once and numbers.once:
        if len(entries):
            yield entries
        return
    seen: list[set[int]] = [set(), set()]
    begin = 0
    for end, entry in enumerate(entries.tolist()):
        for kind in range(2):
            place = (wires, numbers)[kind]
            value = int(place.values[entry])
            if (not place.once and place.stored[entry] and value not in seen[kind]
                    and len(seen[kind]) == place.limit):
                yield entries[begin:end]
                begin, seen = end, [set(), set()]
        for kind, place in enumerate((wires, numbers)):
            if place.stored[entry]:
                seen[kind].add(int(place.values[entry]))
    if begin < len(entries):
        yield entries[begin:]


def _head(kind: Segment, at: int, count: int, first: int = 0) -> Words:
    return np.array([pack(SEGMENT, kind=kind, at=at, count=count), pack(FIRST, first=first)],
                    np.uint64)


def _wire_segments(found: Indices, places: int) -> tuple[Indices, list[Words]]:
    """(Places of wires, ascending; the segments that bring them there)."""
    for gap in (GAP, 0):
        steps = np.diff(found)
        skip = np.where(steps <= gap + 1, steps, 1)
        where = np.concatenate([[0], np.cumsum(skip)]).astype(np.int64)
        if where[-1] < places:
            break
    starts = np.concatenate([[0], np.flatnonzero(steps > gap + 1) + 1])
    ends = np.append(starts[1:], len(found)) - 1
    return where, [_head(Segment.WIRES, int(where[start]), int(found[end] - found[start]) + 1,
                         int(found[start])) for start, end in zip(starts, ends, strict=True)]


def _number_segments(room: Room, modulus: int, coefficients: Sequence[int]
                     ) -> tuple[Indices, list[Words]]:
    """(Numbers of coefficients, in order; the segment that brings them)."""
    values = [word for value in coefficients
              for word in split((value << room.radix) % modulus, room.value_words)]
    return (np.arange(len(coefficients)) + Kind.STORED,
            [_head(Segment.NUMBERS, Kind.STORED, len(coefficients)), np.array(values, np.uint64)])


def evaluate_words(program_place: tuple[int, int], witness_place: tuple[int, int], power: int, *,
                   finish: bool = False, stays: bool = False, tiles: tuple[int, int] = (0, 0)
                   ) -> list[int]:
    """The words of EVALUATE, whose results stay in the memory or not; places are (address, words).
    """
    return [pack(HEADER, command=Command.EVALUATE, finish=finish | stays << 1),
            *(pack(PLACE, address=address, count=count)
              for address, count in (program_place, witness_place, tiles)),
            pack(SIZE, power=power)]


def prove_words(data: tuple[int, int], commands: tuple[int, int]) -> list[int]:
    """The words of PROVE before those that go to the place of `data`; places are (address, words).
    """
    return [pack(HEADER, command=Command.PROVE),
            *(pack(PLACE, address=address, count=count) for address, count in (data, commands))]


@dataclass(frozen=True)
class Evaluated:
    """What a program gives: results; whether it is none; and the cycles of each phase."""

    results: list[int]
    fault: bool
    phases: dict[str, int]


def run(room: Room, shape: EvaluationShape, words: Sequence[int], witness: Sequence[int],
        power: int, *, direct: bool = True, latency: int = 24) -> Evaluated:
    """Run a program by the definition of its segments.

    Cycles are the gateware's behind a memory that gives a word a cycle, the first of a request
    `latency` cycles after it, for `direct` results or words that nobody makes wait, at interval 1.
    """
    modulus, places, size = shape.field.modulus, 1 << room.places, room.value_words
    unscale = pow(1 << room.radix, -1, modulus)
    wires, numbers, sums = ([0] * places for _ in range(3))
    results: list[int] = []
    phases = dict.fromkeys(PHASES, 0)
    at, missing, fault, clock, clear = 0, 2 << power, False, 0, places

    def value(source: Sequence[int], place: int) -> int:
        return sum(source[place + n] << WORD * n for n in range(size))

    flat = [word for each in witness for word in split(each, size)]
    while len(words) - at >= 2:
        segment = unpack(SEGMENT, words[at])
        first = unpack(FIRST, words[at + 1] & ((1 << 32) - 1))["first"]
        kind, place, count = segment["kind"], segment["at"], segment["count"]
        at += 2
        phases["brought"] += latency + 3
        clock += latency + 3
        taken = count if kind == Segment.ENTRIES else count * size
        if kind in (Segment.NUMBERS, Segment.ENTRIES):
            fault = taken > len(words) - at or kind == Segment.ENTRIES and count % 2 == 1
        elif kind == Segment.WIRES:
            fault = (first + count) * size > len(flat)
        else:
            fault = kind != Segment.ROWS or count > missing
        if fault:
            phases["brought"] += 1
            break
        if kind == Segment.ROWS:
            for row in range(place, place + count):
                results.append(sums[row % places])
                sums[row % places] = 0
            missing -= count
            took = 1 if not count else count + OUT + 1 if direct else OUT * count + 1
            took += max(0, clear - clock) if count else 0
            phases["given"] += took
        elif kind == Segment.ENTRIES:
            last = -1
            for n, word in enumerate(words[at:at + count]):
                entry = unpack(ENTRY, word)
                number = entry["number"] % places
                if number == Kind.NOTHING:
                    continue
                last = n
                factor = {Kind.ONE: 1, Kind.MINUS_ONE: -1}.get(
                    Kind(min(number, Kind.STORED)), numbers[number])
                row = entry["row"] % places
                sums[row] = (sums[row] + factor * wires[entry["wire"] % places]) % modulus
            wait = max(latency, clear - clock)
            took = wait + max(count, last + 2 + shape.written if last >= 0 else 0) if count else 1
            phases["evaluated"] += took
        else:
            source, begin = (words, at) if kind == Segment.NUMBERS else (flat, first * size)
            for n in range(count):
                found = value(source, begin + n * size)
                if kind == Segment.NUMBERS:
                    numbers[(place + n) % places] = found * unscale % modulus
                else:
                    wires[(place + n) % places] = found
            took = latency + taken if taken else 1
            phases["brought"] += took
        clock += took
        if kind in (Segment.NUMBERS, Segment.ENTRIES):
            at += taken
    else:
        fault = at != len(words) or missing != 0
        phases["brought"] += 1
        phases["given"] += 1 if direct else size
    return Evaluated(results + [0] * missing, fault, phases)

"""Programs of matrices: what they give by the definition of their segments, whatever has room."""

from random import Random

import pytest

from proofmill.hdl.commands import SEGMENT, Segment, unpack
from proofmill.hdl.field import TOY_ROOTS
from proofmill.hdl.presets import TOY_SHAPE, with_evaluation
from proofmill.sim.evaluation import Entry, evaluate
from proofmill.sim.evaluator import Room, program, run
from tests.hdl.evaluation_runs import matrices_of, random_entries

P = TOY_ROOTS.modulus
SHAPE = with_evaluation(TOY_SHAPE).evaluator


def room(places, spacing=6):
    return Room(places=places, spacing=spacing, radix=24, value_words=1)


@pytest.mark.parametrize("seed", range(12))
def test_what_a_program_gives_is_the_definitions(seed):
    rng = Random(seed)
    places, power = rng.randrange(2, 7), rng.randrange(1, 6)
    entries, witness = random_entries(TOY_ROOTS, power, rng.randrange(1, 90),
                                      rng.randrange(400), seed)
    words = program(room(places), P, matrices_of(power, entries)).tolist()
    found = run(room(places), SHAPE, words, witness, power)
    assert found.results == evaluate(TOY_ROOTS, entries, witness, 2 << power)
    assert not found.fault


def kinds_of(words):
    """The kinds of a program's segments, in order."""
    at, found = 0, []
    while at < len(words):
        segment = unpack(SEGMENT, words[at])
        found.append(Segment(segment["kind"]))
        at += 2 + segment["count"] * (segment["kind"] in (Segment.NUMBERS, Segment.ENTRIES))
    return found


def test_what_has_room_is_brought_once():
    entries = [Entry(row, row % 14, 5 + row % 9) for row in range(64)]
    found = kinds_of(program(room(4), P, matrices_of(5, entries)).tolist())
    assert found == [Segment.WIRES, Segment.NUMBERS, *[Segment.ENTRIES, Segment.ROWS] * 4]
    more = [entry._replace(wire=entry.row) for entry in entries]
    found = kinds_of(program(room(4), P, matrices_of(5, more)).tolist())
    assert found == [Segment.WIRES, Segment.NUMBERS, Segment.ENTRIES, Segment.ROWS,
                     *[Segment.WIRES, Segment.ENTRIES, Segment.ROWS] * 3]


def test_wires_that_nobody_wants_are_left_out_where_they_are_many():
    entries = [Entry(0, wire, 1) for wire in (0, 3, 70, 71)]
    words = program(room(6), P, matrices_of(1, entries)).tolist()
    assert kinds_of(words)[:2] == [Segment.WIRES] * 2
    assert [unpack(SEGMENT, words[n])["count"] for n in (0, 2)] == [4, 2] and words[3] == 70


@pytest.mark.parametrize("entry, said", [
    (Entry(0, 0, P), f"coefficient {P} is not below the modulus"),
    (Entry(4, 0, 1), "row 4 is beyond the 4 of two matrices")])
def test_what_no_program_can_say(entry, said):
    with pytest.raises(ValueError, match=said):
        program(room(4), P, matrices_of(1, [entry]))

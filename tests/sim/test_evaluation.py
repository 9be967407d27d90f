"""The order of entries: nothing is lost, and a row's are far enough apart."""

from collections import Counter
from random import Random

import pytest

from proofmill.hdl.evaluation import SPACING, Kind
from proofmill.sim.evaluation import NOTHING, Entry, Numbered, in_order, numbered
from tests.hdl.test_evaluation import TOY_EVALUATION

P = TOY_EVALUATION.field.modulus


@pytest.mark.parametrize("seed", range(20))
def test_entries_of_a_row_are_apart(seed):
    rng = Random(seed)
    entries = [Numbered(rng.choice([0, rng.randrange(1 + seed)]), rng.randrange(9), 1 + n % 7)
               for n in range(rng.randrange(200))]
    ordered = in_order(entries)
    assert Counter(ordered) - Counter({NOTHING: len(ordered)}) == Counter(entries)
    last = {}
    for place, entry in enumerate(ordered):
        if entry != NOTHING:
            assert place - last.get(entry.row, -SPACING) >= SPACING
            last[entry.row] = place
    longest = max(Counter(entry.row for entry in entries).values(), default=0)
    assert len(ordered) <= max(len(entries), SPACING * longest) + SPACING * longest


def test_coefficients_become_numbers():
    entries = [Entry(0, 0, 1), Entry(1, 2, P - 1), Entry(2, 3, 0), Entry(3, 4, 9), Entry(4, 5, 7),
               Entry(5, 6, 9)]
    found, dictionary = numbered(TOY_EVALUATION, entries)
    assert [entry.number for entry in found] == [Kind.ONE, Kind.MINUS_ONE, 3, 4, 3]
    assert dictionary == {3: 9, 4: 7}


@pytest.mark.parametrize(("entry", "said"), [
    (Entry(0, 0, P), f"coefficient {P} of row 0 is not below"),
    (Entry(16, 0, 1), "row 16 or wire 0 does not fit 4 and 4 bits"),
    (Entry(0, 16, 1), "row 0 or wire 16 does not fit 4 and 4 bits")], ids=["value", "row", "wire"])
def test_what_does_not_fit_is_refused(entry, said):
    with pytest.raises(ValueError, match=said):
        numbered(TOY_EVALUATION, [entry])


def test_too_many_coefficients_are_refused():
    from dataclasses import replace

    small = replace(TOY_EVALUATION, number_bits=2)
    numbered(small, [Entry(0, 0, 5)])
    with pytest.raises(ValueError, match="2 different coefficients do not fit 2 bits"):
        numbered(small, [Entry(0, 0, 5), Entry(0, 0, 6)])

"""The control of a wide processor: proven, and not where it is broken."""

import pytest

from proofmill.boards.cores.proofs.wide import DEPTH, InOrder, small
from proofmill.hdl import wide_control
from tests.firmware.wide_programs import FOLDED_WIDE, TOY_WIDE
from tests.hdl.proofs import broken, prove

SHAPES = {"pipelined": small(TOY_WIDE), "2 of 4": small(FOLDED_WIDE["2 of 4"])}

NO_WAIT = ("over & (self.o_ready | ~self.o_valid)", "over")
"""Words do not wait for a result to be taken."""

ONE_MORE = ("[self.fetching.eq(0), self.fetched.eq(0)]", "[self.fetching.eq(0)]")
"""What was looked up after the last word is carried out."""

ANY_TIME = ("self.words.ready.eq(~self.busy)", "self.words.ready.eq(1)")
"""Words are taken in the middle of a run."""

SENT_TWICE = ("self.o_valid.eq(0)", "self.o_valid.eq(1)")
"""A result stays when it has been taken in the middle of a word."""


@pytest.mark.parametrize("name, edits, proven", [
    *(pytest.param(name, (), True, id=name) for name in SHAPES),
    pytest.param("pipelined", NO_WAIT, False, id="no wait", marks=pytest.mark.slow),
    pytest.param("pipelined", ONE_MORE, False, id="one more"),
    pytest.param("pipelined", ANY_TIME, False, id="any time", marks=pytest.mark.slow),
    pytest.param("2 of 4", SENT_TWICE, False, id="sent twice")])
def test_words_are_carried_out_as_they_came_in(name, edits, proven, tmp_path):
    """By induction, for any number of cycles."""
    proof = InOrder(SHAPES[name], broken(wide_control, *edits))
    assert (prove(proof, tmp_path, mode="prove", depth=DEPTH) == "PASS") == proven

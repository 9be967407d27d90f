"""The control of matrix products: proven, and not where it is broken."""

import pytest

from proofmill.boards.cores.proofs.matrix import DEPTH, InOrder, small
from proofmill.hdl import matrix_control
from tests.hdl.matrix_runs import TOYS
from tests.hdl.proofs import broken, prove

NO_WAIT = ("go.eq(~(first & leaves) | taken)", "go.eq(1)")
"""A tile's sums take the place of those that are still being read."""

NO_ROOM = ("~self.pause & (room != 0)", "~self.pause")
"""Sums are asked for that the queue has no place for."""

AT_ONCE = ("self.wait.eq(most)", "self.wait.eq(1)")
"""The mode changes while products are in the blocks."""

STILL_READ = ("finished.eq(ended & taken & sent)", "finished.eq(ended)")
"""... while sums are."""

ONE_ROW = ("row.eq(Mux(row == shape.loop - 1, 0, row + 1))", "row.eq(row + 1)")
"""A tile's rows are not begun anew."""


@pytest.mark.parametrize("name, late, edits, proven", [
    pytest.param("one row", 0, (), True, id="one row"),
    pytest.param("two rows", 2, (), True, id="two rows, late memories", marks=pytest.mark.slow),
    pytest.param("one row", 0, NO_WAIT, False, id="no wait"),
    *(pytest.param("one row", 0, edits, False, id=name, marks=pytest.mark.slow) for name, edits in (
        ("no room", NO_ROOM), ("at once", AT_ONCE), ("still read", STILL_READ),
        ("one row more", ONE_ROW)))])
def test_no_sum_is_lost_and_the_blocks_are_empty_when_they_change_hands(
        name, late, edits, proven, tmp_path):
    """By induction, for any number of cycles."""
    proof = InOrder(small(TOYS[name]), late, broken(matrix_control, *edits))
    assert (prove(proof, tmp_path, mode="prove", depth=DEPTH) == "PASS") == proven

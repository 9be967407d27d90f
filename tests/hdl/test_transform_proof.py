"""The proof of the order of a transform's passes holds, and holds of nothing that is broken."""

from dataclasses import replace

import pytest

from proofmill.boards.cores.proofs.transform import DEPTH, Order
from proofmill.hdl import transform_passes
from tests.hdl.proofs import broken, prove
from tests.hdl.test_transform import TOYS

SHAPE = TOYS["pipelined"]

NO_WAIT = ("(unfinished != PLANES)", "1")
"""A stage begins whether or not its words are there."""

TABLE_AT_HAND = ("& ~self.table)", ")")
"""Butterflies begin while their table is made."""

SAME_PLANE = ("modulo_planes(vector + ~odd)", "modulo_planes(vector + odd)")
"""Both words of a butterfly in one plane."""


@pytest.mark.parametrize("edits, result", [
    pytest.param((), "PASS", id="as it is"), pytest.param(SAME_PLANE, "FAIL", id="same plane"),
    pytest.param(TABLE_AT_HAND, "UNKNOWN", id="table at hand", marks=pytest.mark.slow),
    pytest.param(NO_WAIT, "FAIL", id="no wait", marks=pytest.mark.slow)])
def test_nothing_is_read_before_it_is_written(tmp_path, edits, result):
    """Induction; a pass that reads too early is found within the first ones, but for butterflies
    right after a table, which come late: there it is the induction that no longer holds."""
    mode, depth = ("prove", DEPTH) if edits in ((), TABLE_AT_HAND) else ("bmc", 24)
    order = Order(SHAPE, broken(transform_passes, *edits), tiles=mode == "prove")
    assert prove(order, tmp_path, mode=mode, depth=depth) == result


@pytest.mark.parametrize("edits, result", [
    pytest.param((), "PASS", id="as it is"),
    pytest.param(("(count != 0) | (unfinished == 0))", "1)"), "FAIL", id="no wait")])
def test_nor_where_one_vector_goes_one_way(tmp_path, edits, result):
    """Induction; and nothing but the table is written to its plane."""
    mode, depth = ("bmc", 24) if edits else ("prove", DEPTH)
    order = Order(replace(SHAPE, one_way=True), broken(transform_passes, *edits), tiles=not edits)
    assert prove(order, tmp_path, mode=mode, depth=depth) == result


@pytest.mark.slow
def test_the_last_passes_are_reached(tmp_path):
    assert prove(Order(SHAPE, transform_passes), tmp_path, mode="cover", depth=40) == "PASS"

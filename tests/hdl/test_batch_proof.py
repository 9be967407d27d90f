"""The control of a batch-affine adder: proven, and not where it is broken."""

from dataclasses import replace

import pytest

from proofmill.boards.cores.proofs.batches import DEPTH, Order
from proofmill.hdl import batch_control, quadratic_control
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.hdl.quadratic_shape import QuadraticShape
from tests.hdl.proofs import broken, prove

SHAPE = BatchShape(multiplier=TOY_SHAPE.adder.multiplier, pairs=4, least=2, buffers=2, queue=2,
                   tag_bits=1)
EARLY = replace(SHAPE, early=True)
QUADRATIC = QuadraticShape(
    multiplier=replace(TOY_SHAPE.adder.multiplier, operand_bits=58), pairs=4, least=2, buffers=2,
    queue=2, tag_bits=1)
"""Of a latency that takes three chains."""

NO_ROOM = ("!= shape.buffers)\n        m.d.comb", ">= 0)\n        m.d.comb")
"""A batch is collected where another still is."""

NO_PLACE = ("ready & (places != 0)", "ready")
"""A pair begins its way back without a place for its sum."""

TWO_ROOTS = ("\n                         & (self.combined == self.inverted)", "")
"""A root is made before the inverter has taken the last one."""


@pytest.mark.parametrize("shape, edits, proven", [
    pytest.param(SHAPE, (), True, id="as it is"), pytest.param(SHAPE, NO_ROOM, False, id="no room"),
    pytest.param(EARLY, (), True, id="early"),
    pytest.param(SHAPE, NO_PLACE, False, id="no place", marks=pytest.mark.slow),
    pytest.param(SHAPE, TWO_ROOTS, False, id="two roots", marks=pytest.mark.slow)])
def test_batches_pass_one_by_one_and_sums_have_places(tmp_path, shape, edits, proven):
    """By induction, for any number of cycles."""
    proof = Order(shape, broken(batch_control, *edits))
    found = prove(proof, tmp_path, mode="prove", depth=DEPTH)
    assert (found == "PASS") == proven


TOO_EARLY = ("[C(0, 1), *self.closing[:-1]]", "[C(1, 1), *self.closing[:-1]]")
"""Batches are combined that were never closed."""


@pytest.mark.slow
@pytest.mark.parametrize("edits, proven", [
    pytest.param((), True, id="as it is"), pytest.param(TOO_EARLY, False, id="too early")])
def test_batches_over_fp2_pass_one_by_one(tmp_path, edits, proven):
    proof = Order(QUADRATIC, broken(quadratic_control, *edits))
    assert (prove(proof, tmp_path, mode="prove", depth=DEPTH) == "PASS") == proven

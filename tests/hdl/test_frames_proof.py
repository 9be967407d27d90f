"""Frames keep step with folded multipliers: proven of them, and not of what is broken."""

from dataclasses import replace

import pytest

from proofmill.boards.cores.proofs.frames import DEPTH, InStep
from proofmill.hdl import frames
from proofmill.hdl.curve import Group
from proofmill.hdl.field import TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import TOY_SHAPE
from tests.hdl.proofs import broken, prove

EVERY = 3
# No adder is made of it: frames of few cycles keep the proof short.
SHAPE = replace(
    TOY_SHAPE.adder, multipliers=1, adders=2, intervals=((Group.G1, 6), (Group.G2, 18)),
    multiplier=FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=EVERY))

ANYWHERE = ("range(interval, longest + 1, every)", "range(interval, longest + 1)")
"""A short group ends a long frame in whichever cycle it is."""


@pytest.mark.parametrize("edits, result", [((), "PASS"), (ANYWHERE, "FAIL")],
                         ids=["as it is", "ends anywhere"])
def test_a_frame_is_a_multiple_of_the_multipliers_interval(tmp_path, edits, result):
    assert prove(InStep(SHAPE, broken(frames, *edits)), tmp_path, mode="prove",
                 depth=DEPTH if result == "PASS" else 12) == result

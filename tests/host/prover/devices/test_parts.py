"""What of a proof is an accelerator's, by what it says of itself."""

from dataclasses import replace

import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.evaluate import room_words
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.presets import (
    STANDARD,
    with_batches,
    with_check,
    with_evaluation,
    with_transforms,
)
from proofmill.host.prover.devices.parts import in_words
from proofmill.sim.evaluator import Room

ONE_COMMAND = ", by one command under keys that its memory has room for"


@pytest.mark.parametrize("shape, makes, here", [
    (replace(STANDARD, finisher=False), "the sums",
     "A w and B w, the scalars h, A, B, C of the sums, the check of the proof"),
    (STANDARD, "the sums, A, B, C of the sums",
     "A w and B w, the scalars h, the check of the proof"),
    (with_transforms(STANDARD), "the scalars h, the sums, A, B, C of the sums",
     "A w and B w, the check of the proof"),
    (with_batches(with_evaluation(STANDARD)),
     "A w and B w, the scalars h, the sums, A, B, C of the sums" + ONE_COMMAND,
     "the check of the proof"),
    (with_evaluation(STANDARD),
     "A w and B w, the scalars h, the sums, A, B, C of the sums" + ONE_COMMAND,
     "the check of the proof"),
    (with_check(STANDARD),
     "A w and B w, the scalars h, the sums, A, B, C of the sums, the check of the proof"
     + ONE_COMMAND, "the check of the proof")])
def test_parts_are_named(shape: MsmShape, makes: str, here: str) -> None:
    room = Room(**room_words(shape)) if shape.evaluator is not None else None
    assert in_words(identity_words(shape, 0), room, bool(shape.check)) == (
        f"of a proof it makes {makes}; this machine: {here}")

"""Slots without a block: no window moves, and nobody honest pays."""

from pathlib import Path

import pytest

from proofmill.host.network.node.states import State
from tests.host.network.node.chains import PROVER, Source


@pytest.mark.parametrize("pause", [3, 10])
def test_a_proof_waits_for_the_next_block(tmp_path: Path, pause: int) -> None:
    """However long there is none: longer than the whole window, too."""
    source = Source(tmp_path, lambda topic, data: None)
    source.confirm(0)
    slot = 0
    while not slot or source.follower.account().assignments[slot].primary != PROVER:
        slot += 1
        source.slot(slot)
    for later in range(slot + 1, slot + 1 + pause):
        source.slot(later, empty=True)
        assert source.follower.delay(slot) == 1
    after = slot + 1 + pause
    for later in (after, after + 1, after + 2):
        source.slot(later)
    credit = source.follower.credit(slot)
    assert credit is not None and (credit.prover, credit.stage, credit.delay) == (PROVER, 1, 1)
    assert credit.including_slot == after
    assert not [fine for fine in source.follower.account().fines if fine.prover == PROVER]
    (job,) = [job for job in source.jobs.jobs() if job.slot == slot]
    assert job.state is State.INCLUDED
    source.close()


def test_a_deadline_is_a_block_s(tmp_path: Path) -> None:
    """The last block of a stage is as many slots away as blocks are left, or more."""
    source = Source(tmp_path, lambda topic, data: None)
    source.confirm(0)
    source.slot(1)
    assert (source.follower.next_block_slot(), source.follower.delay(1)) == (2, 1)
    source.follower.tick(2, 0)
    assert source.follower.next_block_slot() == 2, "it may be on its way"
    source.slot(2, empty=True)
    assert (source.follower.next_block_slot(), source.follower.delay(1)) == (3, 1)
    source.slot(3)
    assert (source.follower.next_block_slot(), source.follower.delay(1)) == (4, 2)
    source.close()

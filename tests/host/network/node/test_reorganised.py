"""What a prover does when the chain is another one than that on which it gave a job up."""

from pathlib import Path

import pytest

from proofmill.host.network.node.states import State
from tests.host.network.node.chains import PROVER, Source


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = Source(tmp_path, lambda topic, data: None)
    made.confirm(0)
    return made


def test_a_job_given_up_on_a_branch_that_is_left_comes_back(source: Source) -> None:
    """As far as it had come: one whose message was sent, and one that was not begun."""
    given_up = {}
    slot = 0
    while {State.BROADCAST, State.SEEN} - given_up.keys():
        slot += 1
        source.slot(slot)
        for job in source.jobs.unfinished():
            if job.slot == slot and job.state in {State.BROADCAST, State.SEEN} - given_up.keys():
                given_up[job.state] = job
                source.jobs.advance(job.key, State.STALE, "another proof is included")
    for later in range(slot + 1, slot + 7):
        source.slot(later)
    for state, job in given_up.items():
        states = [event.state for event in source.jobs.events(job.key)]
        after = states[states.index(State.STALE) + 1 :]
        assert after[0] in (state, State.INCLUDED) and after[-1] is State.INCLUDED
        credit = source.follower.credit(job.slot)
        assert credit is not None and credit.prover == PROVER
        assert states.count(State.SIGNED) == 1
    source.close()


@pytest.mark.parametrize("state", [State.STALE, State.MISSED])
def test_a_message_sent_on_another_branch_is_paid_on_this_one(
    source: Source, state: State
) -> None:
    for slot in range(1, 8):
        source.slot(slot)
    job = next(job for job in source.jobs.jobs() if job.state is State.INCLUDED)
    source.jobs.advance(job.key, State.ORPHANED, "the including block is off the branch")
    source.jobs.advance(job.key, state, "no block included it in time")
    source.prover.work()
    found = source.jobs.job(job.key)
    assert found is not None and found.state is State.INCLUDED
    source.close()

"""What a prover does when the chain is another one than that on which it gave a job up."""

from pathlib import Path

import pytest

from proofmill.host.network.consensus.proofs import PROOF_TYPE
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey
from tests.host.network.node.chains import PROVER, Source


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = Source(tmp_path, lambda topic, data: None)
    made.confirm(0)
    return made


def test_a_job_given_up_on_a_branch_that_is_left_comes_back(source: Source) -> None:
    source.slot(1)
    facts, = source.follower.branch()
    key = JobKey(facts.request_root, PROOF_TYPE, PROVER)
    job = source.jobs.job(key)
    assert job is not None and job.state in (State.SEEN, State.ELIGIBLE, State.PROVING)
    source.jobs.advance(key, State.STALE, "another proof is included")
    for slot in range(2, 8):
        source.slot(slot)
    states = [event.state for event in source.jobs.events(key)]
    after = states[states.index(State.STALE) + 1 :]
    assert after[0] is State.SEEN and after[-1] is State.INCLUDED
    credit = source.follower.credit(1)
    assert credit is not None and credit.prover == PROVER
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

"""The jobs of benches: a job log's states in their order, with a chain that notes submissions."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from proofmill.host.network.node.jobs import Turn
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, LoggedJob

NEXT = {State.SEEN: State.ELIGIBLE, State.ELIGIBLE: State.ADMITTED, State.ADMITTED: State.WITNESS,
        State.WITNESS: State.PROVING, State.SELF_VERIFIED: State.SIGNED,
        State.SIGNED: State.BROADCAST, State.BROADCAST: State.INCLUDED,
        State.INCLUDED: State.MATURED, State.HW_ERROR: State.WITNESS}


def job_key(number: int) -> JobKey:
    """The job of a number."""
    return JobKey(sha256(str(number).encode()).digest(), 1, 0)


class Begun(Protocol):
    """A future of threads or of an event loop."""

    def done(self) -> bool:
        """Whether it has ended."""


class BenchWork:
    """What is done for a job whatever it computes; see `node.jobs.Work`."""

    _making: Mapping[JobKey, Begun]
    """What was begun for jobs, by their keys."""

    def made(self, job: LoggedJob) -> bool:
        """Whether what was begun for it has ended."""
        return job.key in self._making and self._making[job.key].done()

    def turn(self, job: LoggedJob) -> Turn:
        """On, as soon as the result is there."""
        if job.state is State.PROVING:
            return Turn(State.SELF_VERIFIED if self.made(job) else None)
        return Turn(NEXT[job.state])

    def sign(self, job: LoggedJob, proof: bytes) -> bytes:
        """The message."""
        return proof

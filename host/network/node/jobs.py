"""Carrying a job from state to state: first the log, then the deed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.states import FINAL, State
from proofmill.host.network.node.store import JobKey, JobStore, LoggedJob
from proofmill.host.prover.curve.limbs import Limbs


@dataclass(frozen=True)
class Turn:
    """What a job is to do next: enter `state`, or wait if that is None; and why."""

    state: State | None
    reason: str = ""


class Work(Protocol):
    """What is done for a job, and when. All but `broadcast` may safely be done twice.

    A proof is begun with `prove` and had with `proof`, and `turn` waits in between: the device
    works beside the node, which has other duties.
    """

    def turn(self, job: LoggedJob) -> Turn:
        """The state to enter now, a legal successor of the job's, which is not a final one."""
        ...

    def witness(self, job: LoggedJob) -> Limbs:
        """The witness of the job's claim; an exception where it can no longer be made."""
        ...

    def prove(self, job: LoggedJob, witness: Limbs) -> None:
        """Begin the proof; an exception where that cannot be."""
        ...

    def proof(self, job: LoggedJob) -> bytes:
        """What was begun and has come to its end; an exception where no device could make it."""
        ...

    def verify(self, job: LoggedJob, proof: bytes) -> bool:
        """Whether the proof holds for the job's claim."""
        ...

    def sign(self, job: LoggedJob, proof: bytes) -> bytes:
        """The signed message, SSZ. It goes nowhere yet."""
        ...

    def landed(self, job: LoggedJob) -> bool:
        """Whether the network has the job's message already, as far as can be seen."""
        ...

    def broadcast(self, job: LoggedJob, signed: bytes) -> None:
        """Send the message."""
        ...


class JobRunner:
    """Advances jobs one arrow at a time, and makes good what the end of a process cut short."""

    def __init__(
        self, store: JobStore, work: Work, on_step: Callable[[str], None] | None = None
    ) -> None:
        """`on_step` hears ``"<state>:done"`` once what a state asks for has been carried out."""
        self.store = store
        self._work = work
        self._done = on_step or (lambda step: None)
        # What this process holds and another would have to make again.
        self._witnesses: dict[JobKey, Limbs] = {}
        self._sent: set[JobKey] = set()

    def resume(self) -> list[LoggedJob]:
        """Redo what a process that is no more may have left undone; the jobs that are open.

        A message that may have left is looked for first. If it is sent again it is the same bytes
        once more, which the network takes once.
        """
        for job in self.store.unfinished():
            match job.state:
                case State.WITNESS:
                    self._make_witness(job)
                case State.PROVING:
                    self._make_witness(job)
                    if job.key in self._witnesses:
                        self._make_proof(job)
                case State.BROADCAST:
                    self._send(job, unless_landed=True)
        return self.store.unfinished()

    def step(self, key: JobKey) -> bool:
        """Take one arrow, if it is the job's turn; whether it was. A finished job has none."""
        job = self.store.job(key)
        assert job is not None, "a job that was never seen"
        if job.state in FINAL:
            return False
        turn = self._work.turn(job)
        if turn.state is None:
            return False
        match turn.state:
            case State.SELF_VERIFIED:
                self._take_proof(job, turn.reason)
            case State.SIGNED:
                assert job.proof is not None
                signed = self._work.sign(job, job.proof)
                self.store.advance(key, State.SIGNED, turn.reason, signed)
            case State.WITNESS:
                self._make_witness(self.store.advance(key, State.WITNESS, turn.reason))
            case State.PROVING:
                self._make_proof(self.store.advance(key, State.PROVING, turn.reason))
            case State.BROADCAST:
                self._send(self.store.advance(key, State.BROADCAST, turn.reason))
            case _:
                self.store.advance(key, turn.state, turn.reason)
                self._forget(key, turn.state)
        return True

    def run(self, key: JobKey) -> LoggedJob:
        """Take arrows until the job has to wait or is finished."""
        while self.step(key):
            pass
        job = self.store.job(key)
        assert job is not None
        return job

    def _make_witness(self, job: LoggedJob) -> None:
        try:
            self._witnesses[job.key] = self._work.witness(job)
        except Exception as error:  # whatever it was, the node has other duties
            self.store.advance(job.key, State.HW_ERROR, _said(error))
            return
        self._done("WITNESS:done")

    def _make_proof(self, job: LoggedJob) -> None:
        try:
            self._work.prove(job, self._witnesses.pop(job.key))
        except Exception as error:
            self.store.advance(job.key, State.HW_ERROR, _said(error))

    def _take_proof(self, job: LoggedJob, reason: str) -> None:
        try:
            proof = self._work.proof(job)
        except Exception as error:
            self.store.advance(job.key, State.HW_ERROR, _said(error))
            return
        self._done("PROVING:done")
        if self._work.verify(job, proof):
            self.store.advance(job.key, State.SELF_VERIFIED, reason, proof)
        else:
            self.store.advance(job.key, State.HW_ERROR, "the device's proof does not verify")

    def _send(self, job: LoggedJob, unless_landed: bool = False) -> None:
        assert job.signed is not None, "a message is sent that was never signed"
        if job.key not in self._sent and not (unless_landed and self._work.landed(job)):
            self._work.broadcast(job, job.signed)
        self._sent.add(job.key)
        self._done("BROADCAST:done")

    def _forget(self, key: JobKey, state: State) -> None:
        if state in FINAL:
            self._witnesses.pop(key, None)
            self._sent.discard(key)


def _said(error: Exception) -> str:
    """What went wrong, for the log: a sentence of ours, or the exception as it is."""
    return str(error) if isinstance(error, ProofmillError) else repr(error)

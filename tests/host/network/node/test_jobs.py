"""What a runner does when a device fails or lies; the whole way is walked in test_kill."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.jobs import JobRunner, Turn
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore, LoggedJob
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.device import DeviceError
from tests.host.network.node.killed import NEXT

KEY = JobKey(b"\x01" * 32, 0, 7)


class Scripted:
    """A prover whose device does as told: a proof, a wrong one, or none."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.sent: list[bytes] = []
        self.already_there = False

    def turn(self, job: LoggedJob) -> Turn:
        return Turn(NEXT.get(job.state))

    def witness(self, job: LoggedJob) -> Limbs:
        if self.device == "no witness":
            raise DeviceError("the payload is no longer kept")
        return np.zeros((1, 4), dtype=np.uint64)

    def prove(self, job: LoggedJob, witness: Limbs) -> None:
        if self.device == "dead":
            raise DeviceError("the device does not answer")

    def proof(self, job: LoggedJob) -> bytes:
        if self.device == "no proof":
            raise ProofmillError("the witness does not satisfy constraint 3")
        if self.device == "broken driver":
            raise ValueError("no such register")
        return b"wrong" if self.device == "lying" else b"proof"

    def verify(self, job: LoggedJob, proof: bytes) -> bool:
        return proof == b"proof"

    def sign(self, job: LoggedJob, proof: bytes) -> bytes:
        return b"signed " + proof

    def landed(self, job: LoggedJob) -> bool:
        return self.already_there

    def broadcast(self, job: LoggedJob, signed: bytes) -> None:
        self.sent.append(signed)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    with JobStore(tmp_path / "jobs.sqlite") as made:
        made.see(KEY, 5)
        yield made


@pytest.mark.parametrize("device,reason", [
    ("dead", "the device does not answer"),
    ("lying", "the device's proof does not verify"),
    ("no witness", "the payload is no longer kept"),
    ("no proof", "the witness does not satisfy constraint 3"),
    ("broken driver", "ValueError('no such register')"),
])
def test_a_bad_device_sends_nothing(store: JobStore, device: str, reason: str) -> None:
    work = Scripted(device)
    job = JobRunner(store, work).run(KEY)
    assert (job.state, job.reason) == (State.HW_ERROR, reason)
    assert job.proof is None and job.signed is None and work.sent == []


def test_another_device_may_try_again(store: JobStore) -> None:
    work = Scripted("dead")
    runner = JobRunner(store, work)
    runner.run(KEY)
    work.device = "good"
    store.advance(KEY, State.WITNESS)
    runner.resume()
    assert runner.run(KEY).state is State.BROADCAST
    assert work.sent == [b"signed proof"]


@pytest.mark.parametrize("already_there", [False, True])
def test_a_new_process_sends_only_what_is_not_there(store: JobStore, already_there: bool) -> None:
    work = Scripted("good")
    JobRunner(store, work).run(KEY)
    work.already_there = already_there
    again = JobRunner(store, work)
    again.resume()
    again.resume()
    # If nobody has it, the very same bytes once more, and only once a process.
    assert work.sent == [b"signed proof"] * (1 if already_there else 2)


@pytest.mark.parametrize("device", ["dead", "no witness", "no proof", "broken driver"])
@pytest.mark.parametrize("state", [State.WITNESS, State.PROVING])
def test_a_new_process_survives_a_bad_device(
    store: JobStore, state: State, device: str
) -> None:
    for each in (State.ELIGIBLE, State.ADMITTED, State.WITNESS):
        store.advance(KEY, each)
    if state is State.PROVING:
        store.advance(KEY, State.PROVING)
    runner = JobRunner(store, Scripted(device))
    runner.resume()
    assert runner.run(KEY).state is State.HW_ERROR


def test_a_finished_job_has_no_turn(store: JobStore) -> None:
    store.advance(KEY, State.STALE)
    assert not JobRunner(store, Scripted("good")).step(KEY)

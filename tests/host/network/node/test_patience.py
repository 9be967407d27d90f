"""Devices that fail: tried again, passed over, and come back to."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.patience import FIRST_PAUSE_MS, PatientProver
from proofmill.host.network.node.states import State
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Bases, DeviceError, Job, Progress, Result
from proofmill.host.prover.groth16.prove import ProofResult, Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify
from tests.host.network.node.chains import Source
from tests.host.prover.groth16.files import cube_circuit, cube_witness

CIRCUIT = cube_circuit()
KEY = development_setup(CIRCUIT, seed=b"patience")
WITNESS = cube_witness(3)


class Unsteady(CpuDevice):
    """A processor whose next runs fail as they are told to."""

    def __init__(self, name: str, failures: Sequence[Exception] = ()) -> None:
        super().__init__(threads=1)
        self.name = name
        self.failures = list(failures)
        self.loads, self.runs = 0, 0

    def load(self, group: Group, points: Limbs) -> Bases:
        self.loads += 1
        return super().load(group, points)

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        self.runs += 1
        if self.failures:
            raise self.failures.pop(0)
        return super().run(jobs, progress)


def failure() -> DeviceError:
    return DeviceError("no answer within 10 s")


def test_a_failed_proof_is_tried_again_on_the_same_device() -> None:
    device, other = Unsteady("first", [failure()]), Unsteady("second")
    prover = PatientProver(KEY, [device, other], CIRCUIT)
    result = prover.prove(WITNESS, 0)
    assert (result.device, device.runs, device.loads, other.runs) == ("first", 2, 10, 0)
    assert verify(KEY.verification_key, result.public, result.proof)
    assert prover.free_at_ms() == 0


@pytest.mark.parametrize("error", [failure(), ValueError("a driver's own mistake")])
def test_then_another_device_and_the_first_after_a_growing_pause(error: Exception) -> None:
    device, other = Unsteady("first", [error] * 4), Unsteady("second")
    prover = PatientProver(KEY, [device, other], CIRCUIT)
    used = []
    for now in (0, 1, FIRST_PAUSE_MS, 3 * FIRST_PAUSE_MS - 1, 3 * FIRST_PAUSE_MS):
        used.append((prover.prove(WITNESS, now).device, device.runs))
    assert used == [("second", 2), ("second", 2), ("second", 4), ("second", 4), ("first", 5)]
    # It works again, so the next failure is its first.
    device.failures = [failure()] * 2
    assert prover.prove(WITNESS, 10**6).device == "second"
    assert prover.prove(WITNESS, 10**6 + FIRST_PAUSE_MS).device == "first"


def test_with_no_device_left_each_fault_is_told() -> None:
    prover = PatientProver(KEY, [Unsteady("first", [failure()] * 2),
                                 Unsteady("second", [ValueError("x")] * 2)], CIRCUIT)
    for now in (0, 1):
        with pytest.raises(DeviceError, match=r"first: .*no answer within 10 s.*; second: ValueE"):
            prover.prove(WITNESS, now)
    assert prover.free_at_ms() == FIRST_PAUSE_MS
    assert prover.prove(WITNESS, FIRST_PAUSE_MS).device == "first"


class Held(Unsteady):
    """Works until it is let go."""

    def __init__(self, name: str, failures: Sequence[Exception] = ()) -> None:
        super().__init__(name, failures)
        self.begun, self.go = Event(), Event()

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        self.begun.set()
        assert self.go.wait(30)
        return super().run(jobs, progress)


def test_devices_of_several_kinds_work_at_once_and_fail_alone() -> None:
    first, second, stand_in = Held("first"), Held("second", [failure()] * 2), Unsteady("stand-in")
    faults: list[tuple[str, str, int]] = []
    prover = PatientProver(KEY, [first, second], CIRCUIT, lambda *fault: faults.append(fault),
                           [stand_in], lambda result: 100)
    with ThreadPoolExecutor(4) as threads:
        one, two = prover.reserve(0), prover.reserve(0)
        assert one is not None and two is not None and prover.reserve(0) is None
        assert [each.device.name for each in prover.usable(0)] == ["first", "second"]
        made = [threads.submit(prover.prove, WITNESS, 0, each) for each in (one, two)]
        assert first.begun.wait(30) and second.begun.wait(30)  # both are at work
        second.go.set()
        with pytest.raises(DeviceError, match="first: it is at work; second: .*no answer within"):
            made[1].result(30)  # the first is busy, and the stand-in is for when all are aside
        assert list(prover.put_aside(0)) == ["second"] and faults[0][0] == "second"
        assert prover.reserve(0) is None
        first.go.set()
        assert made[0].result(30).device == "first"
    assert not stand_in.runs
    # By the clock it is told, the first one has its proof after 100 ms.
    assert prover.reserve(99) is None
    assert prover.prove(WITNESS, 100).device == "first"
    assert prover.prove(WITNESS, FIRST_PAUSE_MS, prover.reserve(FIRST_PAUSE_MS)).device == "first"
    assert prover.prove(WITNESS, FIRST_PAUSE_MS).device == "second"
    first.failures = [failure()] * 2
    second.failures = [failure()] * 2
    assert prover.prove(WITNESS, FIRST_PAUSE_MS + 100).device == "stand-in"
    assert [each.device.name for each in prover.usable(FIRST_PAUSE_MS + 100)] == ["stand-in"]
    assert [name for name, _, _ in faults] == ["second", "first", "second"]


def test_a_wrong_witness_is_no_fault_of_the_device() -> None:
    device = Unsteady("first")
    prover = PatientProver(KEY, [device], CIRCUIT)
    wrong = cube_witness(3)
    wrong[3, 0] = np.uint64(8)
    with pytest.raises(ProofmillError, match="does not satisfy constraint 0"):
        prover.prove(wrong, 0)
    assert prover.reserve(0) is not None  # it was given back
    prover = PatientProver(KEY, [device], CIRCUIT)
    assert device.runs == 1 and prover.prove(WITNESS, 0).device == "first"


def test_a_node_proves_and_attests_through_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver's error, a device that fails for two slots, and an error that no device made."""
    device = Unsteady("first", [ValueError("no such register")] + [failure()] * 4)
    source = Source(tmp_path, lambda topic, data: None, devices=[device])
    right, calls = Prover.prove, []

    def prove(self: Prover, witness: Limbs) -> object:
        calls.append(len(calls))
        if len(calls) == 1:
            raise ProofmillError("the key is not this circuit's")
        return right(self, witness)

    monkeypatch.setattr(Prover, "prove", prove)
    try:
        source.confirm(0)
        attested = 0
        for slot in range(1, 8):
            source.slot(slot)
            now = len(source.sent[Topic.ATTESTATION])
            assert now > attested, f"nobody attested in slot {slot}"
            attested = now
        events = list(source.jobs.events())
        failed = [event.reason for event in events if event.state is State.HW_ERROR]
        assert failed[0] == "the key is not this circuit's"
        assert any("no answer within 10 s" in reason for reason in failed)
        again = {event.key for event in events if event.state is State.HW_ERROR}
        assert any(source.jobs.job(key).state in (State.BROADCAST, State.INCLUDED, State.MATURED)
                   for key in again)
        assert source.sent[Topic.PROOF] and not device.failures
    finally:
        source.close()


def test_validators_do_their_duties_while_a_device_hangs(tmp_path: Path) -> None:
    """The tick returns, whatever a device does; what it makes in the end is used."""
    at_work: list[tuple[Callable[[], ProofResult], Future[ProofResult]]] = []

    def never(work: Callable[[], ProofResult]) -> Future[ProofResult]:
        at_work.append((work, Future()))
        return at_work[-1][1]

    source = Source(tmp_path, lambda topic, data: None, beside=never)
    try:
        source.confirm(0)
        attested = 0
        for slot in range(1, 4):
            source.slot(slot)
            now = len(source.sent[Topic.ATTESTATION])
            assert now > attested, f"nobody attested in slot {slot}"
            attested = now
        assert source.prover.busy and len(at_work) == 1 and not source.sent[Topic.PROOF]
        assert [job.state for job in source.jobs.jobs() if job.slot > 1] == [State.ELIGIBLE] * 2
        work, result = at_work[0]
        result.set_result(work())
        source.prover.work()
        source.slot(4)
        assert source.sent[Topic.PROOF] and len(at_work) > 1
    finally:
        source.close()


def test_two_devices_prove_two_payloads_at_once(tmp_path: Path) -> None:
    at_work: list[tuple[Callable[[], ProofResult], Future[ProofResult]]] = []

    def later(work: Callable[[], ProofResult]) -> Future[ProofResult]:
        at_work.append((work, Future()))
        return at_work[-1][1]

    source = Source(tmp_path, lambda topic, data: None, beside=later,
                    devices=[Unsteady("first"), Unsteady("second")])
    try:
        source.confirm(0)
        for slot in range(1, 4):
            source.slot(slot)
        assert len(at_work) == 2 and source.prover.busy
        assert [job.state for job in source.jobs.jobs()] == [
            State.PROVING, State.PROVING, State.ELIGIBLE]
        for work, result in reversed(at_work):  # the later one is there first
            result.set_result(work())
            source.prover.work()
        assert sorted(result.result().device for _, result in at_work[:2]) == ["first", "second"]
        for slot in range(4, 6):
            source.slot(slot)
        assert len(source.sent[Topic.PROOF]) == 2
        assert {job.slot for job in source.jobs.jobs() if job.signed is not None} == {1, 2}
    finally:
        source.close()

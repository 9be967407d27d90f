"""Certificates are proven on the device that the maker was given."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from proofmill.host.network.certificates.certificate import Certificate, proof_refusal
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.node.certifier import Certifier, Maker
from proofmill.host.network.node.companions import Companions
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Device, DeviceError, Job, Progress, Result
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.zkey import read_zkey
from tests.host.network.node.test_light_peer import FIRST, SIZE, checkpoint, link, registry, votes


@pytest.fixture(scope="module")
def circuit() -> FinalityCircuit:
    return FinalityCircuit(SIZE)


@pytest.fixture(scope="module")
def key(circuit: FinalityCircuit, tmp_path_factory: pytest.TempPathFactory) -> ProvingKey:
    path: Path = tmp_path_factory.mktemp("key") / "certificate.zkey"
    development_setup(circuit.r1cs, path, bytes(32))
    return read_zkey(path)


class Worked(CpuDevice):
    """A processor that fails at first, if it is told to, and counts its sums."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__(threads=1)
        self.fails, self.sums, self.closed = fails, 0, False

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        if self.fails:
            self.fails = False
            raise DeviceError("the board does not answer")
        self.sums += len(jobs)
        return super().run(jobs, progress)

    def close(self) -> None:
        self.closed = True
        super().close()


def made_on(device: Device, circuit: FinalityCircuit, key: ProvingKey,
            targets: Sequence[Checkpoint]) -> list[Certificate]:
    """What a maker with this device delivers while the chain justifies one target after another."""
    delivered: list[Certificate] = []
    companions = cast(Companions, SimpleNamespace(
        due=lambda target, known: (
            registry(target.epoch - 1), link(target.epoch), votes(link(target.epoch), (0, 1))),
        branch_of=lambda of: ()))
    known = Finality.start(checkpoint(FIRST), registry(FIRST).commitment)
    with ThreadPoolExecutor(1) as pool:
        def beside(work: object) -> "Future[Certificate]":
            return pool.submit(work)  # type: ignore[arg-type]

        certifier = Certifier(circuit, key, Maker(1, 0, bytes(20)), companions, lambda: known,
                              beside, delivered.append, lambda: device)
        for target in targets:
            certifier.work(target)
            certifier.wait()
        companions.due = lambda target, known: None  # type: ignore[method-assign, assignment]
        certifier.work(targets[-1])
        certifier.close()
    return delivered


def test_the_device_that_is_given_proves_and_is_given_back(
        circuit: FinalityCircuit, key: ProvingKey) -> None:
    device = Worked()
    (certificate,) = made_on(device, circuit, key, [checkpoint(5)])
    assert proof_refusal(key.verification_key, certificate) == ""
    assert certificate.stated.target == checkpoint(5)
    assert device.sums >= 5 and device.closed


def test_while_a_device_fails_the_processor_proves(
        circuit: FinalityCircuit, key: ProvingKey, caplog: pytest.LogCaptureFixture) -> None:
    device = Worked(fails=True)
    (certificate,) = made_on(device, circuit, key, [checkpoint(5)])
    assert proof_refusal(key.verification_key, certificate) == ""
    assert "the board does not answer" in caplog.text
    assert device.sums == 0 and device.closed


@pytest.mark.slow
def test_an_accelerator_in_a_process_of_its_own_proves(
        circuit: FinalityCircuit, key: ProvingKey) -> None:
    (certificate,) = made_on(ApartDevice("model", lanes=1), circuit, key, [checkpoint(5)])
    assert proof_refusal(key.verification_key, certificate) == ""

"""A device in its own process: the same sums, and no hang, end or error of it goes further."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from proofmill.host.network.node.patience import PatientProver
from proofmill.host.prover.devices import apart
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.faulty import OPENER
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.verify import verify
from tests.host.prover.groth16.files import cube_circuit, cube_witness

KEY = development_setup(cube_circuit(), seed=b"apart")
WITNESS = cube_witness(5)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders"
    path.write_text("")
    return path


@pytest.fixture
def device(orders: Path) -> Iterator[ApartDevice]:
    made = ApartDevice(str(orders), "tests.host.prover.devices.hanging:Hanging")
    made.least_seconds = 1.0
    yield made
    made.close()


def process_of(device: ApartDevice) -> int:
    assert device._process is not None
    return device._process.pid


def test_proofs_by_a_device_apart(device: ApartDevice) -> None:
    seen: list[tuple[int, int]] = []
    prover = Prover(KEY, device)
    for _ in range(2):
        result = prover.prove(WITNESS, lambda done, total: seen.append((done, total)))
        assert verify(KEY.verification_key, result.public, result.proof)
    assert seen and seen[-1][0] == seen[-1][1]
    process = process_of(device)
    device.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_device_does_what_it_is_told_in_a_process_of_its_own(tmp_path: Path) -> None:
    """What the devnet's failures are made of; whoever waits is let go when it is closed."""
    orders = tmp_path / "orders"
    device = ApartDevice("cpu", OPENER, lanes=1, orders=str(orders))
    prover = Prover(KEY, device)
    result = prover.prove(WITNESS)
    assert verify(KEY.verification_key, result.public, result.proof)
    orders.write_text("fail")
    with pytest.raises(DeviceError, match="it was told to fail"):
        prover.prove(WITNESS)
    orders.write_text("hang")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(Prover(KEY, device).prove, WITNESS)
        time.sleep(1)
        assert not waiting.done()
        device.close()
        with pytest.raises(DeviceError):
            waiting.result(timeout=10)


def test_the_deadline_is_the_devices_own(device: ApartDevice) -> None:
    assert device.deadline_seconds == apart.FIRST_SECONDS
    for seconds in (4.0, 5.0, 40.0, 4.5):
        device._measured.append(seconds)
    assert device.deadline_seconds == 20.0
    device._measured.extend([0.1] * 256)
    assert device.deadline_seconds == 1.0


class Enough(Exception):
    """What a run is broken off with."""


def test_a_run_is_broken_off_by_what_progress_raises(device: ApartDevice, orders: Path) -> None:
    """... in the same process, whether it would have gone on or was just over."""
    prover = Prover(KEY, device)
    prover.prove(WITNESS)
    process, measured = process_of(device), len(device._measured)

    def enough(done: int, total: int) -> None:
        raise Enough

    for order in ("endless", "", "endless"):
        orders.write_text(order)
        with pytest.raises(Enough):
            prover.prove(WITNESS, enough)
        result = prover.prove(WITNESS)
        assert verify(KEY.verification_key, result.public, result.proof)
    assert process_of(device) == process and len(device._measured) == measured + 3
    orders.write_text("fail")
    with pytest.raises(DeviceError, match="no such register"):
        prover.prove(WITNESS, enough)


def test_a_run_that_does_not_stop_is_ended_with_its_process(
        device: ApartDevice, orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "STOP_SECONDS", 0.0)
    prover = Prover(KEY, device)

    def enough(done: int, total: int) -> None:
        raise Enough

    orders.write_text("endless")
    with pytest.raises(Enough):
        prover.prove(WITNESS, enough)
    assert device._process is None
    result = prover.prove(WITNESS)
    assert verify(KEY.verification_key, result.public, result.proof)


def test_a_device_that_hangs_is_given_up_and_begun_anew(
        device: ApartDevice, orders: Path) -> None:
    prover = PatientProver(KEY, [device], cube_circuit())
    prover.prove(WITNESS, 0)
    process = process_of(device)
    device._measured.extend([0.1] * 9)
    orders.write_text("hang")
    start = time.monotonic()
    result = prover.prove(WITNESS, 0)  # the second try is in another process
    assert 1.0 <= time.monotonic() - start < 60
    assert verify(KEY.verification_key, result.public, result.proof)
    assert process_of(device) != process
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert np.isfinite(device.deadline_seconds)


@pytest.mark.parametrize("order,message", [
    ("end", "its process has ended"), ("fail", "no such register"),
    ("hang", "no answer within 1 s"),
])
def test_what_goes_wrong_apart_is_a_device_error(
        device: ApartDevice, orders: Path, order: str, message: str) -> None:
    device._measured.append(0.1)
    orders.write_text(order)
    with pytest.raises(DeviceError, match=message):
        Prover(KEY, device).prove(WITNESS)
    assert Prover(KEY, device).prove(WITNESS).device == device.name


def test_a_device_that_cannot_be_opened(tmp_path: Path) -> None:
    device = ApartDevice("abacus")
    with pytest.raises(DeviceError, match="there is no device 'abacus'"):
        Prover(KEY, device).prove(WITNESS)

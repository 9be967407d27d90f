"""Work that is done elsewhere: right whoever ends when, and nothing of a wrong worker is kept."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.patience import PatientProver
from proofmill.host.network.workers import blobs, farm, foreman, line, wire
from proofmill.host.network.workers.access import read_access
from proofmill.host.network.workers.device import ProvingWorkers, WorkersDevice
from proofmill.host.network.workers.server import Server
from proofmill.host.network.workers.wire import make_task
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError, Job, Progress, Result
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.r1cs_file import read_r1cs
from proofmill.host.prover.groth16.verify import verify
from tests.host.network.workers.running import NAMES, Lying, place, points, scalars, sums
from tests.host.prover.groth16.files import VECTORS
from tests.host.prover.groth16.test_prove import inputs

KEY, WITNESS = inputs("chain4")
CIRCUIT = read_r1cs(VECTORS / "chain4" / "circuit.r1cs")


BEGINNING = """import os, pathlib, signal, sys, time
from proofmill.host.network.workers import server
rest = server.end_with_parent
parent, out = os.getpid(), os.dup(1)

def late(*given):
    os.write(out, b"%d\\n" % os.getpid())
    while os.getppid() == parent:
        time.sleep(0.01)
    rest(*given)

server.end_with_parent = late
signal.signal(signal.SIGTERM, lambda number, frame: None)
server.Server(pathlib.Path(sys.argv[1]), "queue", []).start()
"""
"""A node that handles SIGTERM and begins its server, whose process is slow."""


@pytest.mark.skipif(sys.platform != "linux", reason="what other systems do not have")
def test_a_node_that_is_killed_while_its_server_begins_leaves_none(tmp_path: Path) -> None:
    """It would keep the port from the node's next life."""
    with subprocess.Popen([sys.executable, "-c", BEGINNING, str(tmp_path / "workers")],
                          stdout=subprocess.PIPE) as node:
        assert node.stdout is not None
        server = int(node.stdout.readline())
        node.kill()
    program, deadline = Path(f"/proc/{server}/exe"), time.monotonic() + 10
    while program.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.kill(server, signal.SIGKILL)
    assert time.monotonic() < deadline


def test_sums_in_pieces_are_the_processors(tmp_path: Path) -> None:
    """In both groups; every range of points is fetched once by each worker at most, and what is
    asked again is known."""
    given = [(group, points(group, count), scalars(count, count))
             for group, count in ((Group.G1, 700), (Group.G2, 300), (Group.G1, 1))]
    with place(tmp_path) as at:
        for name in ("alpha", "beta"):
            at.work(name)
        device = WorkersDevice(at.farm, 256)
        told: list[tuple[int, int]] = []
        for seed in (0, 1):
            jobs = [Job(device.load(group, each), np.roll(by, seed, axis=0))
                    for group, each, by in given]
            results = device.run(jobs, lambda done, total: told.append((done, total)))
            right = sums([(group, each, np.roll(by, seed, axis=0)) for group, each, by in given])
            for result, other in zip(results, right, strict=True):
                assert np.array_equal(result.point, other)
        assert told[0] == (0, 1001) and (1001, 1001) in told
        tallies = [each.worker.tally for each in at.workers.values() if each.worker]
        # 3 + 2 + 1, and the last was known; a worker counts when it has let go of its task.
        at.until(lambda: sum(tally.done for tally in tallies) == 11)
        assert all(tally.fetched <= 6 for tally in tallies)
        device.run(jobs)
        assert sum(tally.done for tally in tallies) == 11


def test_a_wrong_sum_is_found_by_its_workers_name(tmp_path: Path) -> None:
    """The proof is made nevertheless, the wrong worker is let in no more and told why."""
    with place(tmp_path) as at:
        liar = at.work("beta", lambda: Lying(Group.G1))
        at.until(lambda: "beta" in at.farm.workers())
        prover = Prover(KEY, WorkersDevice(at.farm, 256))
        result = prover.prove(WITNESS)
        assert verify(KEY.verification_key, result.public, result.proof) and not result.faults
        (reason,) = at.farm.aside().values()
        assert "wrong sum over points 0 to" in reason and set(at.farm.aside()) == {"beta"}
        liar.join()
        assert isinstance(liar.fault, line.Refused) and "put aside" in str(liar.fault)
        assert ("beta", "aside") in [event[:2] for event in at.told]
        # It stays outside in the node's next life; another's work is taken.
        at.farm.close()
        at.begin()
        assert set(at.farm.aside()) == {"beta"}
        with pytest.raises(line.Refused, match="'beta' is not let in"):
            asyncio.run(line.connect(read_access(at.access("beta")), "beta"))
        at.work("alpha")
        again = Prover(KEY, WorkersDevice(at.farm, 256)).prove(WITNESS)
        assert verify(KEY.verification_key, again.public, again.proof)


def test_a_witness_that_is_wrong_puts_nobody_aside(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.work("alpha")
        wrong = WITNESS.copy()
        wrong[KEY.wires // 2, 0] ^= np.uint64(1)
        with pytest.raises(ProofmillError, match="witness") as told:
            Prover(KEY, WorkersDevice(at.farm, 256), r1cs=CIRCUIT).prove(wrong)
        assert not isinstance(told.value, DeviceError) and not at.farm.aside()


def test_whole_proofs_are_verified_and_a_wrong_one_is_asked_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with place(tmp_path) as at:
        real = farm.Farm.compute

        def spoilt(*given: object) -> object:
            (answered,) = real(*given)  # type: ignore[arg-type]
            if answered.worker == "beta":
                wrong = msgspec.structs.replace(
                    answered.answer, result=answered.answer.result[:64] * 4)
                return [type(answered)("beta", wrong)]
            return [answered]

        monkeypatch.setattr(farm.Farm, "compute", spoilt)
        at.work("beta")
        at.until(lambda: "beta" in at.farm.workers())
        prover = PatientProver(KEY, [ProvingWorkers(at.farm, 256)], CIRCUIT)
        at.told.clear()
        # The other comes while the first has answered already, and has to make the proof anew.
        threading.Timer(1.0, at.work, ("alpha",)).start()
        result = prover.prove(WITNESS, 0)
        assert verify(KEY.verification_key, result.public, result.proof)
        assert set(at.farm.aside()) == {"beta"} and "is not valid" in at.farm.aside()["beta"]
        assert result.news and "beta" in result.news[0]
        assert result.device == "workers"


class Slow(CpuDevice):
    """A device that takes a while, and says when it has begun."""

    begun = 0

    def run(self, jobs: list[Job], progress: Progress | None = None) -> list[Result]:
        Slow.begun += 1
        time.sleep(0.3)
        return super().run(jobs, progress)


def test_a_server_that_is_killed_comes_back_with_all_that_was_in_it(tmp_path: Path) -> None:
    """Also where its store is gone: the book hands in again what is open."""
    each, by = points(Group.G1, 2048), scalars(2048, 5)
    with place(tmp_path) as at:
        Slow.begun = 0
        at.work("alpha", lambda: Slow(1))
        device = WorkersDevice(at.farm, 256)
        bases = device.load(Group.G1, each)
        found: list[Result] = []
        running = threading.Thread(
            target=lambda: found.extend(device.run([Job(bases, by)])), daemon=True)
        running.start()
        at.until(lambda: Slow.begun == 2)
        first = at.pid
        os.kill(first, signal.SIGKILL)
        at.until(lambda: Slow.begun == 5, 20)
        assert at.pid != first
        os.kill(at.pid, signal.SIGSTOP)
        shutil.rmtree(tmp_path / "workers" / "store")
        os.kill(at.pid, signal.SIGKILL)
        running.join(30)
        assert found, at.told
        assert np.array_equal(found[0].point, sums([(Group.G1, each, by)])[0])
        time.sleep(0.1)
        assert at.farm.waiting == 0


def test_what_a_former_life_has_asked_is_answered_in_the_next(tmp_path: Path) -> None:
    """Answers wait in the queue, here of a server of its own, while the node is away, and nothing
    is computed again."""
    each, by = points(Group.G1, 512), scalars(512, 9)
    with Server(tmp_path / "workers", "mill", NAMES) as server:
        server.start()
        with place(tmp_path, server.access) as at:
            device = WorkersDevice(at.farm, 256)
            bases = device.load(Group.G1, each)

            def ask() -> None:
                with pytest.raises(DeviceError, match="closed"):
                    device.run([Job(bases, by)])

            asking = threading.Thread(target=ask)
            asking.start()
            at.until(lambda: at.farm.waiting == 2)
            at.farm.close()
            asking.join(5)
            worker = at.work("alpha")
            at.until(lambda: worker.worker is not None and worker.worker.tally.done == 2)
            device = WorkersDevice(at.begin(), 256)
            result = device.run([Job(device.load(Group.G1, each), by)])[0]
            assert np.array_equal(result.point, sums([(Group.G1, each, by)])[0])
            assert worker.worker is not None and worker.worker.tally.done == 2


class Broken(CpuDevice):
    """A device that fails."""

    def run(self, jobs: list[Job], progress: Progress | None = None) -> list[Result]:
        raise DeviceError("the cable is out")


def test_a_device_that_fails_is_told_and_others_do_its_work(tmp_path: Path) -> None:
    with place(tmp_path) as at:
        at.work("beta", lambda: Broken(1))
        at.until(lambda: "beta" in at.farm.workers())
        at.work("alpha", lambda: CpuDevice(1))
        device = WorkersDevice(at.farm, 256)
        each, by = points(Group.G1, 1024), scalars(1024, 3)
        result = device.run([Job(device.load(Group.G1, each), by)])[0]
        assert np.array_equal(result.point, sums([(Group.G1, each, by)])[0])
        failures = [event for event in at.told if event[1] == "failed"]
        assert failures and all(event[0] == "beta" for event in failures)
        assert "the cable is out" in failures[0][2] and not at.farm.aside()


def test_nobody_to_ask_is_told_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreman, "NOBODY_SECONDS", 0.1)
    monkeypatch.setattr(foreman, "READ_SECONDS", 0.1)
    with place(tmp_path) as at:
        device = WorkersDevice(at.farm, 256)
        with pytest.raises(DeviceError, match="no worker is connected; start `proofmill worker`"):
            device.run([Job(device.load(Group.G1, points(Group.G1, 3)), scalars(3, 1))])
        assert at.farm.waiting == 0


def test_another_release_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with place(tmp_path) as at:
        monkeypatch.setattr(wire, "VERSION", 7)
        worker = at.work("alpha")
        worker.join()
        assert isinstance(worker.fault, wire.OtherVersion)
        assert "speaks version 1" in str(worker.fault) and "version 7" in str(worker.fault)
        assert "same release" in str(worker.fault)


def test_another_content_than_was_asked_for_is_told(tmp_path: Path) -> None:
    """A piece of a blob that somebody has changed is not computed with."""
    with place(tmp_path) as at:
        address = at.farm.keep(b"points" * 100)

        async def spoil_and_get() -> None:
            client = await line.connect(read_access(at.access("node")), "test")
            stream, queue = line.stream(client), wire.Queue("mill")
            assert await blobs.get(stream, queue, address) == b"points" * 100
            await stream.publish(queue.blob(address, 0), b"others" * 100)
            try:
                await blobs.get(stream, queue, address)
            finally:
                await client.close()

        with pytest.raises(blobs.OtherContent, match="it is not the key that the node means"):
            asyncio.run(spoil_and_get())


def test_tasks_are_named_by_what_they_ask() -> None:
    one = make_task("sum", 1, "a", 2, b"scalars")
    assert make_task("sum", 1, "a", 2, b"scalars") == one
    others = {make_task(*given).identity for given in (  # type: ignore[arg-type]
        ("sum", 2, "a", 2, b"scalars"), ("sum", 1, "b", 2, b"scalars"),
        ("sum", 1, "a", 3, b"scalars"), ("sum", 1, "a", 2, b"others"),
        ("sum", 1, "a", 2, b"scalars", "salt"), ("proof", 1, "a", 2, b"scalars"))}
    assert len(others) == 6 and one.identity not in others


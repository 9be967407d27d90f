"""A mill as an operator has it: the wheel in a clean environment, a node of two devices, one of
which is two workers behind the node's queue; all its interfaces tell the same of its work."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.operator.hive import NAME
from proofmill.host.network.operator.proof_engine_api import TYPE_NAME
from tests.conftest import run
from tests.host.network.operator.everywhere import Ports, same_everywhere, samples
from tests.host.network.operator.prometheus import scraping
from tests.host.network.operator.service import free_ports
from tests.host.network.operator.watched import ask, get

WORKERS = ("alpha", "beta")
SLOT_MILLISECONDS = 1500
"""Eight blocks, in which a proof has to be there, take less time than workers that stand still are
waited for."""
PATIENCE_SECONDS = 300.0


class Mill:
    """The node and its workers as processes. `program`: what runs Proofmill."""

    def __init__(self, folder: Path, program: list[str]) -> None:
        self.folder, self._program = folder, program
        self._home = folder / "mill" / "node-0"
        peers, workers, metrics, miner, api = free_ports(5)
        self.ports = Ports(metrics, miner, api)
        self._environment = {
            **os.environ, "PROOFMILL_NETWORK_PORT": str(peers),
            "PROOFMILL_PROVER_DEVICES": "workers,cpu", "PROOFMILL_WORKERS_PORT": str(workers),
            "PROOFMILL_WORKERS_NAMES": ",".join(WORKERS), "PROOFMILL_METRICS_PORT": str(metrics),
            "PROOFMILL_MINER_PORT": str(miner), "PROOFMILL_API_PORT": str(api)}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def call(self, *words: str) -> str:
        """What a command says."""
        return run(*self._program, *words, folder=self.folder, **self._environment)

    def begin(self) -> None:
        """Make the chain, and begin the node and its workers."""
        self.call("node", "init", "mill", "--sign-transfers", "--transfers", "1", "--accounts",
                  "2^1", "--slot-milliseconds", str(SLOT_MILLISECONDS), "--genesis-in", "1")
        self._start("node", "node", "run", "--config", str(self._home / "node.toml"))
        for name in WORKERS:
            access = self._home / "data" / "workers" / f"{name}.json"
            self.until(f"{name}'s access file", access.exists)
            self._start(name, "worker", "--access", str(access), "--threads", "1")

    def hive(self) -> Path:
        """The package for HiveOS, unpacked."""
        self.call("node", "hiveos", "hive.tar.gz", "--config", str(self._home / "node.toml"))
        with tarfile.open(fileobj=io.BytesIO((self.folder / "hive.tar.gz").read_bytes())) as packed:
            packed.extractall(self.folder, filter="data")
        return self.folder / NAME

    def tell(self, number: signal.Signals) -> None:
        """Send the workers a signal."""
        for name in WORKERS:
            self._running[name].send_signal(number)

    def figure(self, name: str, label: str = "") -> float:
        """A figure by /metrics; 0 while nobody answers there."""
        try:
            return samples(get(self.ports.metrics)[1]).get((f"proofmill_{name}", label), 0)
        except OSError:
            return 0

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for it; what everybody has said is told where it does not come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            ended = [name for name, each in self._running.items() if each.poll() is not None]
            if ended or time.monotonic() > deadline:
                said = {name: self._said(name) for name in self._running}
                raise AssertionError(f"{what} did not come; ended: {ended}; {said}")
            time.sleep(0.3)

    def end(self) -> dict[str, int]:
        """End all in order; their statuses."""
        statuses = {}
        for name in reversed(self._running):
            self._running[name].send_signal(signal.SIGTERM)
            statuses[name] = self._running[name].wait(60)
        return statuses

    def close(self) -> None:
        """Leave nothing behind."""
        for each in self._running.values():
            each.kill()
            each.wait()

    def _start(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                [*self._program, *words], cwd=self.folder, stdout=log, stderr=log,
                env=self._environment)

    def _said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8", "replace")[-2000:]


@contextmanager
def mill(folder: Path, program: list[str]) -> Iterator[Mill]:
    made = Mill(folder, program)
    try:
        yield made
    finally:
        made.close()


def page_of(port: int, path: str, body: bytes | None = None) -> bytes:
    """The content of a good answer."""
    length = "" if body is None else f"Content-Length: {len(body)}\r\n"
    head, _, content = ask(port, f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\n{length}"
                           "\r\n".encode() + (body or b"")).partition(b"\r\n\r\n")
    assert head.split()[1] == b"200", (path, head, content)
    return content


def proven(api: int) -> list[str]:
    """The payloads of which the proof engine's news tell a proof while the test waits: their
    roots."""
    got = b""
    with socket.create_connection(("127.0.0.1", api), PATIENCE_SECONDS) as line:
        line.sendall(b"GET /v1/execution_proof_requests HTTP/1.1\r\n\r\n")
        while not got.partition(b"event: proof_complete\n")[2].count(b"\n\n"):
            piece = line.recv(1 << 16)
            assert piece, got
            got += piece
    events = got.split(b"event: proof_complete\ndata: ")[1:]
    return [json.loads(each.partition(b"\n")[0])["new_payload_request_root"] for each in events]


def other_programs(at: Mill) -> None:
    """The chain by the Beacon API, and a proof by the proof engine."""
    api = at.ports.api

    def beacon(path: str) -> Any:
        return json.loads(page_of(api, path))["data"]

    before = at.figure("head_slot")
    head = int(beacon("/eth/v1/beacon/headers/head")["header"]["message"]["slot"])
    assert before <= head <= at.figure("head_slot")
    assert int(beacon("/eth/v1/node/syncing")["head_slot"]) >= head
    root = proven(api)[0]
    proof = page_of(api, f"/v1/execution_proofs/{root}/{TYPE_NAME}")
    where = (f"/v1/execution_proof_verifications?new_payload_request_root={root}&proof_type="
             f"{TYPE_NAME}")
    assert json.loads(page_of(api, where, proof)) == {"status": "VALID"}
    assert json.loads(page_of(api, where, proof[::-1])) == {"status": "INVALID"}


def works(at: Mill) -> None:
    """From the chain's making to the end of all its processes."""
    at.begin()
    at.until("a proof of the workers that is paid for", lambda: (
        at.figure("proofs_accepted_total") >= 2
        and at.figure("proofs_made_total", "workers") >= 2))
    ports = at.ports
    if shutil.which("jq") is not None:
        ports = Ports(ports.metrics, ports.miner, ports.api, at.hive())
    told = same_everywhere(ports)
    assert told.accepted >= 2 and told.rate > 0 and told.rates[0] > 0
    other_programs(at)
    assert at.figure("workers") == 2
    # Workers that stand still owe what they have been given; the other device goes on.
    at.tell(signal.SIGSTOP)
    at.until("a job that is missed, and a proof of the other device", lambda: (
        at.figure("proofs_rejected_total") >= 1 and at.figure("proofs_made_total", "cpu") >= 1))
    at.tell(signal.SIGCONT)
    told = same_everywhere(ports)
    assert told.rejected >= 1 and all(each > 0 for each in told.rates)
    assert at.end() == {"node": 0, **dict.fromkeys(WORKERS, 0)}


@pytest.mark.slow
def test_a_mill_from_the_wheel_tells_the_same_everywhere(wheel: Path, tmp_path: Path) -> None:
    """In an environment that has nothing but the wheel and what it asks for."""
    run(sys.executable, "-m", "venv", "environment", folder=tmp_path)
    program = tmp_path / "environment" / "bin"
    run(str(program / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        f"proofmill[workers] @ {wheel.as_uri()}", folder=tmp_path)
    with mill(tmp_path, [str(program / "proofmill")]) as at:
        works(at)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_from_the_wheel_to_the_first_graph(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Installed, a chain made, its node begun, and scraped: what Prometheus draws is the node's.
    How long each step took is printed: 60 s in all are wanted on a quiet machine."""
    begun, steps = time.monotonic(), {}
    run(sys.executable, "-m", "venv", "environment", folder=tmp_path)
    program = tmp_path / "environment" / "bin"
    run(str(program / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        str(wheel), folder=tmp_path)
    steps["installed"] = time.monotonic() - begun
    peers, metrics, miner, api = free_ports(4)
    # Nothing of this machine's: neither its cache nor a checkout on the path.
    cache = {"PROOFMILL_CACHE": str(tmp_path / "cache"), "PYTHONPATH": ""}
    run(str(program / "proofmill"), "node", "init", "mill", "--genesis-in", "1",
        "--slot-milliseconds", "2000", folder=tmp_path, **cache)
    steps["chain made"] = time.monotonic() - begun
    node = subprocess.Popen(
        [str(program / "proofmill"), "node", "run", "--config", "mill/node-0/node.toml"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, env={
            **os.environ, **cache, "PROOFMILL_NETWORK_PORT": str(peers),
            "PROOFMILL_METRICS_PORT": str(metrics), "PROOFMILL_MINER_PORT": str(miner),
            "PROOFMILL_API_PORT": str(api)})
    try:
        with scraping(tmp_path, metrics, PATIENCE_SECONDS) as asked:
            (slots,) = asked("delta(proofmill_slot[5s])>0")
            steps["first graph"] = time.monotonic() - begun
            (about,) = asked("proofmill_node_info")
    finally:
        node.send_signal(signal.SIGTERM)
        status = node.wait(60)
    assert status == 0 and float(slots["value"][1]) > 0
    assert about["metric"]["name"] == "node-0"
    with capsys.disabled():
        print("", *(f"{name} after {seconds:.1f} s" for name, seconds in steps.items()), sep="\n")

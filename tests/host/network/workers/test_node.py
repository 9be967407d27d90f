"""A node whose proofs a worker makes, and what it tells of it."""

import asyncio
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.states import State
from proofmill.host.network.operator.event_log import EventLog
from proofmill.host.network.operator.prepared import prepared
from proofmill.host.network.operator.running import RunningNode
from proofmill.host.network.operator.settings import read_settings
from proofmill.host.network.workers.book import BOOK, Book
from proofmill.host.prover.devices.cpu import CpuDevice
from tests.host.network.operator.service import folders, free_ports
from tests.host.network.workers.running import Thread


def with_workers(home: Path) -> None:
    text = (home / "node.toml").read_text().replace('devices = ["cpu"]', 'devices = ["workers"]')
    (home / "node.toml").write_text(text.replace(
        "port = 4_222", f"port = {free_ports(1)[0]}"))


@pytest.mark.slow
def test_a_worker_proves_a_nodes_blocks(tmp_path: Path) -> None:
    home = folders(tmp_path, genesis_in=-1.0, slot_milliseconds=1500)[0]
    with_workers(home)
    begun: list[Thread] = []
    shown: list[float] = []

    def ready(node: RunningNode, port: int) -> None:
        begun.append(Thread(home / "data" / "workers" / "worker-1.json", tmp_path / "kept",
                            lambda: CpuDevice(1)))

    def step(node: RunningNode) -> None:
        assert node.node is not None and node.watch is not None
        if any(job.state is State.INCLUDED for job in node.node.jobs.jobs()):
            shown.extend(node.watch.latest.of(*of) for of in (
                ("proofs_made", "workers"), ("workers",), ("workers_put_aside",)))
            os.kill(os.getpid(), signal.SIGTERM)

    settings = read_settings(home / "node.toml", {})
    node = RunningNode(prepared(settings, home, "1.2.3"), ready, step)
    watchdog = threading.Timer(120, os.kill, (os.getpid(), signal.SIGTERM))
    watchdog.start()
    try:
        asyncio.run(asyncio.wait_for(node.run(), 300))
    finally:
        watchdog.cancel()
        for each in begun:
            each.end()
    assert shown[0] >= 1 and shown[1:3] == [1, 0]
    assert begun[0].worker is not None and begun[0].worker.tally.done >= 5
    with EventLog(home / "data" / "events.sqlite") as log:
        kinds = [(event.kind, event.fields.get("worker"), event.fields.get("state"))
                 for event in log.latest(1000)]
    assert ("worker", "worker-1", "came") in kinds


def test_the_port_of_the_server_is_told_where_it_is_taken(tmp_path: Path) -> None:
    home = folders(tmp_path)[0]
    with_workers(home)
    settings = read_settings(home / "node.toml", {})
    with socket.create_server(("127.0.0.1", settings.workers.port)), pytest.raises(
            ProofmillError, match="workers.port .* cannot be listened on: Address already in use"):
        asyncio.run(RunningNode(prepared(settings, home, "1.2.3")).run())


def test_a_worker_is_let_in_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = folders(tmp_path)[0]
    config = ["--config", str(home / "node.toml")]
    assert main(["node", "let-in", "alpha", *config]) == 2
    assert "has not had workers yet" in capsys.readouterr().err
    (home / "data").mkdir(exist_ok=True)
    with Book(home / "data" / BOOK) as book:
        book.put_aside("alpha", "computed a wrong sum")
    assert main(["node", "let-in", "alfa", *config]) == 2
    assert "did you mean alpha?" in capsys.readouterr().err
    assert main(["node", "let-in", "alpha", *config]) == 0
    assert "computed a wrong sum" in capsys.readouterr().out
    with Book(home / "data" / BOOK) as book:
        assert not book.aside()

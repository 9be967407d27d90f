"""Chains with their nodes' folders as `proofmill node init` makes them, and nodes as processes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from proofmill.host.network.operator.new import NewChain, make_chain
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from tests.host.network.node import killed

ROOT = Path(__file__).parents[4]


@cache
def _made(nodes: int) -> Path:
    folder = Path(mkdtemp(prefix="proofmill-test-chain-"))
    make_chain(folder, NewChain(
        name="a chain", nodes=nodes, provers=1, validators=64, genesis_seconds=0.0,
        slot_milliseconds=2000, seed=3, size=SMALLEST, devices=["cpu"], first_port=9000,
        sign_transfers=True), killed.KEY)
    return folder


def folders(place: Path, nodes: int = 1, genesis_in: float = 0.0, slot_milliseconds: int = 2000
            ) -> list[Path]:
    """The folders of a chain's nodes, copied to `place`; free ports, and genesis soon."""
    shutil.copytree(_made(nodes), place, dirs_exist_ok=True)
    homes = [place / f"node-{node}" for node in range(nodes)]
    ports, others = free_ports(nodes), free_ports(3 * nodes)
    genesis = time.time() + genesis_in
    for home in homes:
        chain = json.loads((home / "chain.json").read_text())
        chain |= {"genesis_unix_seconds": genesis, "slot_milliseconds": slot_milliseconds}
        (home / "chain.json").write_text(json.dumps(chain))
        text = (home / "node.toml").read_text()
        for node, port in enumerate(ports):
            text = text.replace(f"port = 9_{node:03}", f"port = {port}").replace(
                f"127.0.0.1:{9000 + node}", f"127.0.0.1:{port}")
        number = homes.index(home)
        text = text.replace(f"port = 9_{464 + number}", f"port = {others[2 * number]}").replace(
            f"port = 4_{28 + number:03}", f"port = {others[2 * number + 1]}").replace(
            f"port = 5_{52 + number:03}", f"port = {others[2 * nodes + number]}")
        (home / "node.toml").write_text(text)
    return homes


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _as_in_the_background() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where nohup runs the tests


class Service:
    """A node's process, begun as a shell begins what runs in the background: SIGINT ignored."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "proofmill.host.cli.main", "node", "run", "--config",
             str(home / "node.toml")], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=os.environ | environment,
            preexec_fn=_as_in_the_background)

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Status, stdout and stderr after a signal."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=120)
        return self.process.returncode, out, err

    def log(self) -> list[dict[str, Any]]:
        """The records of the node's log."""
        path = self.home / "data" / "node.log"
        # The last line may be half written.
        return [json.loads(line) for line in path.read_text().splitlines(keepends=True)
                if line.endswith("\n")] if path.exists() else []

    def until(self, logger: str, message: str, seconds: float = 120) -> dict[str, Any]:
        """Wait for a record whose message begins so; `message`: a regular expression."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for record in self.log():
                if record["logger"].endswith(logger) and re.match(
                        message, record["message"]):
                    return record
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.1)
        raise AssertionError(f"no record of {logger}: {message}")

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

"""Provers in simulated time: what is said of them is counted, and every run with a seed is one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from proofmill.host.bench import provers
from proofmill.host.bench.provers import LEASE_SECONDS, simulate
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.store import LoggedJob
from proofmill.host.network.workers import book
from proofmill.host.network.workers.wire import Task
from proofmill.host.network.workers.work import Done

TIMES = ("processor_seconds", "seconds")


def test_nothing_is_lost_and_a_seed_decides_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Ten kills or so, of every kind, in a minute of simulated time."""
    first = simulate(60, 10.0, 1.0, 4)
    assert (first["lost"], first["twice"], first["wrong"]) == (0, 0, 0)
    assert first["kills"] == 1 + 2 + 2 + 1 and first["tasks"] == 32 * first["jobs"]  # type: ignore[operator]
    assert 0.5 < first["busy"] <= 1  # type: ignore[operator]
    assert main(["bench", "scale", "--tasks", "0", "--kills", "0", "--takeovers", "0", "--provers",
                 "60", "--piece-seconds", "10", "--minutes", "1", "--seed", "4", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["provers"]
    assert {name: value for name, value in again.items() if name not in TIMES} == {
        name: value for name, value in first.items() if name not in TIMES}


def test_workers_that_nobody_disturbs_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for one that is killed, whose piece is another's within the lease."""
    for name in ("NODE_KILLS", "SERVER_KILLS", "COPIES"):
        monkeypatch.setattr(provers, name, 0)
    found = simulate(40, 20.0, 2.0, 1)
    assert found["kills"] == 1 and found["busy"] > 0.99  # type: ignore[operator]
    assert found["offers"] and 0 < found["offered"] <= LEASE_SECONDS  # type: ignore[operator]
    assert found["offered"] <= found["handed"] <= LEASE_SECONDS + 0.5  # type: ignore[operator]
    assert found["resumed"] >= found["handed"] and found["again"] >= 1  # type: ignore[operator]


def test_a_server_that_is_away_has_nothing_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workers, of whom nothing is heard meanwhile, are there still: no job is given up."""
    for name, count in (("NODE_KILLS", 0), ("COPIES", 0), ("SERVER_KILLS", 1),
                        ("ABSENT_SECONDS", 8.0)):
        monkeypatch.setattr(provers, name, count)
    found = simulate(40, 20.0, 1.0, 0)
    assert found["kills"] == 1 + 1 and found["lost"] == found["twice"] == 0
    # Of the worker that was killed, and what was on its way.
    assert found["again"] <= 4  # type: ignore[operator]
    # A server that begins anew begins the leases anew, and from then on they are as long as ever.
    assert 0 < found["offered"] <= LEASE_SECONDS  # type: ignore[operator]
    most = 2 * LEASE_SECONDS + provers.ABSENT_SECONDS + 0.5
    assert found["handed"] <= most  # type: ignore[operator]


def test_a_node_that_is_killed_has_nothing_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what came while it was away nor what jobs under way had before, however few answers
    are kept of those that are done."""
    for name in ("SERVER_KILLS", "COPIES"):
        monkeypatch.setattr(provers, name, 0)
    monkeypatch.setattr(book, "KEPT_ANSWERS", 40)
    monkeypatch.setattr(book, "CLEARED_EVERY", 1)
    found = simulate(60, 10.0, 1.0, 4)
    assert found["kills"] == 1 + 2 and found["lost"] == found["twice"] == 0
    assert found["again"] <= 2  # type: ignore[operator]  # of the worker that was killed


def test_what_is_lost_or_doubled_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A piece that no device can do, and a chain that is told everything twice."""
    real_do, real_broadcast = provers._SimulatedBench.do, provers._Pieces.broadcast

    def do(self: provers._SimulatedBench, task: Task, given: bytes,
           blob: Callable[[], Path]) -> Done:
        if given[:16] == bytes(16):  # the first piece of the first job
            raise ProofmillError("cannot be done")
        return real_do(self, task, given, blob)

    def broadcast(self: provers._Pieces, job: LoggedJob, signed: bytes) -> None:
        for _ in range(1 + (job.slot == 1)):
            real_broadcast(self, job, signed)

    monkeypatch.setattr(provers._SimulatedBench, "do", do)
    monkeypatch.setattr(provers._Pieces, "broadcast", broadcast)
    monkeypatch.setattr(provers, "DRAIN", 12)
    assert main(["bench", "scale", "--tasks", "0", "--kills", "0", "--takeovers", "0", "--provers",
                 "20", "--piece-seconds", "5", "--minutes", "0.25"]) == 1
    assert " pieces: 1 lost, 1 submitted twice, 0 wrong" in " ".join(
        capsys.readouterr().out.split())

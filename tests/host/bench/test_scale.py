"""Many workers: what the bench says of kills holds, and it tells losses and doublings apart."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.curve import Group
from proofmill.host.bench import kills as killing
from proofmill.host.bench.busy import busy, inputs
from proofmill.host.bench.killed_node import LEASE_SECONDS
from proofmill.host.bench.kills import KINDS, Mill, kills, takeovers
from proofmill.host.bench.nursery import Nursery
from proofmill.host.bench.spread import spread
from proofmill.host.bench.timed import TimedDevice, cycles_of
from proofmill.host.cli.main import main
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import Job


def test_no_job_is_lost_or_submitted_twice() -> None:
    """A few kills of every kind, one soon after the other."""
    found = kills(20, 3, most_pause=0.1)
    assert (found["kills"], found["lost"], found["twice"], found["wrong"]) == (20, 0, 0, 0)
    assert all(found[f"kills_of_{kind}"] for kind in KINDS)


@pytest.mark.slow
def test_none_of_a_thousand_kills_loses_a_job() -> None:
    """Of every kind, copies of the store among them; and another worker is there in time."""
    found = kills(1000, 1)
    assert (found["kills"], found["lost"], found["twice"], found["wrong"]) == (1000, 0, 0, 0)
    assert min(found[f"kills_of_{kind}"] for kind in KINDS) > 200  # type: ignore[type-var]
    assert max(takeovers(20, 1)) <= LEASE_SECONDS + killing.GRACE_SECONDS


def test_what_was_submitted_twice_or_wrongly_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what counts: a chain that has one job twice, one of them wrong, and lacks another."""
    bases, scalars = inputs(killing.POINTS)
    scalars[0, 0] = 0
    right = CpuDevice(1)
    point = right.run([Job(right.load(Group.G1, bases), scalars)])[0].point.tobytes()

    class Played(Mill):
        def __init__(self, folder: Path, nursery: Nursery, seed: int) -> None:
            self.folder = folder
            self.node = type("Ended", (), {"poll": lambda self: 0})()

        def submissions(self) -> list[tuple[int, bytes]]:
            return [(0, point), (0, bytes(64))]

        def close(self) -> None:
            pass

    monkeypatch.setattr(killing, "Mill", Played)
    monkeypatch.setattr(Played, "at_work", lambda self: True)
    monkeypatch.setattr(Played, "jobs", lambda self: 2)
    monkeypatch.setattr(Played, "look_after", lambda self: None)
    monkeypatch.setattr(Played, "kill", lambda self, kind: None)
    found = kills(1, 0, most_pause=0.0)
    assert (found["lost"], found["twice"], found["wrong"]) == (1, 1, 1)


def test_the_record_has_kills_or_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the status says whether a job was lost."""
    words = ["bench", "scale", "--tasks", "0", "--takeovers", "0", "--json", "--kills"]
    assert main([*words, "0"]) == 0
    assert json.loads(capsys.readouterr().out)["kills"] is None
    found = {"kills": 1, **dict.fromkeys((f"kills_of_{kind}" for kind in KINDS), 0), "jobs": 1,
             "lost": 1, "twice": 0, "wrong": 0, "seconds": 0.1}
    monkeypatch.setattr(killing, "kills", lambda count, seed, progress: found)
    assert main([*words, "1"]) == 1
    assert json.loads(capsys.readouterr().out)["kills"] == found


def test_a_timed_device_has_the_processors_sums_after_its_time() -> None:
    bases, scalars = inputs(300, 4)
    timed, right = TimedDevice(0.2, 77), CpuDevice(1)
    begun = time.monotonic()
    (result,) = timed.run([Job(timed.load(Group.G1, bases), scalars)])
    assert time.monotonic() - begun >= 0.2 and result.cycles == 77
    assert np.array_equal(result.point, right.run(
        [Job(right.load(Group.G1, bases), scalars)])[0].point)
    assert 3 * cycles_of(4096) < cycles_of(16_384) < 4 * cycles_of(4096)


def test_busy_counts_every_task() -> None:
    (run,) = busy((2,), 256, 3)
    assert (run["workers"], run["tasks"]) == (2, 6)
    assert 0 < run["busy"] <= 1 and run["overhead_milliseconds"] >= 0  # type: ignore[operator]


def test_a_proof_is_spread_over_workers_that_are_processes() -> None:
    """Every piece of all five sums is a worker's, and both proofs are valid."""
    told = []
    found = spread(9, 2, 256, lambda what, done, total: told.append(what))
    answers: dict[str, int] = found["answers"]  # type: ignore[assignment]
    # A, B in both groups, C and H: 513 wires (two of them public) or 512 points. The last wire is
    # neither in A nor in B, so their last pieces in G1 are the same one.
    assert found["pieces"] == sum(answers.values()) == 3 + 2 + 3 + 2 + 2
    assert set(answers) <= {"worker-0", "worker-1"} and found["device"] == "workers"
    assert (found["constraints"], found["wires"]) == (510, 513)
    assert "proving again" in told

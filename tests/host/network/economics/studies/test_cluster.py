"""A study on a Dask cluster: a scheduler and two workers on loopback, as processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.studies import cluster
from proofmill.host.network.economics.studies.journal import Journal
from proofmill.host.network.economics.studies.results import results
from proofmill.host.network.economics.studies.runs import figures_of, run_all
from proofmill.host.network.economics.studies.study import study_of

pytest.importorskip("distributed")

STUDY = {"scenario": "equal", "slots": 24, "seeds": 2, "rule": "mine.py:Equal",
         "vary": {"network.empty_slot_rate": [0.0, 0.2]}}
RULE = """import proofmill


class Equal(proofmill.RewardLedger):
    def weights_of(self, provers):
        return [1 for _ in provers]
"""
PATIENCE = 120


@pytest.fixture(scope="module")
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in reversed(started):
        process.terminate()
    for process in started:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def begin(processes: list[subprocess.Popen[str]], folder: Path, *line: str) -> None:
    log = open(folder / f"{len(processes)}.log", "w")
    with log:
        processes.append(subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *line], stdout=log, stderr=log, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}))


def test_a_scheduler_and_two_workers_give_the_same_results(
        processes: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    begin(processes, tmp_path, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port",
          "0", "--no-dashboard", "--scheduler-file", str(file))
    end = time.monotonic() + PATIENCE
    while not file.exists() or not file.stat().st_size:
        assert time.monotonic() < end and processes[0].poll() is None
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    with pytest.raises(ProofmillError, match="the scheduler has no workers; begin some with `dask"):
        with cluster.dask_cluster(address):
            pass
    for _ in range(2):
        begin(processes, tmp_path, "distributed.cli.dask_worker", address, "--no-dashboard",
              "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--local-directory",
              str(tmp_path))
    (tmp_path / "mine.py").write_text(RULE)
    study = study_of(STUDY, folder=tmp_path)
    (tmp_path / "mine.py").unlink()  # the workers need no file
    alone = Journal(tmp_path / "alone", study.digest, "1")
    for number, point in enumerate(study.points):
        for seed in range(2):
            alone.add((number, seed), figures_of(point.scenario("x"), 24, seed, point.classes))
    wait_for_workers(address, 2)
    with cluster.dask_cluster(address) as (_, count):
        assert count == 2
    together, heard = Journal(tmp_path / "together", study.digest, "1"), []
    run_all(study, together, 1, lambda done, total: heard.append((done, total)), address)
    assert heard[0] == (0, 4) and heard[-1] == (4, 4)
    assert results(study, together) == results(study, alone)
    assert "rule" in together.done[0, 0]


def wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)


def test_workers_of_another_version_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "installed", lambda: "0.2")
    with pytest.raises(ProofmillError, match="worker a has Proofmill 0.1, here is 0.2; inst"):
        cluster._check_versions("tcp://x:1", {"b": "0.2", "a": "0.1"})

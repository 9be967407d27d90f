"""The story of a job, from a real log: its own events, and what happened meanwhile."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.node.happenings import KINDS
from proofmill.host.network.node.states import State
from proofmill.host.network.operator.event_log import EventLog
from proofmill.host.network.operator.stories import OF_STATES, VERDICTS, sentence
from tests.host.network.operator.service import folders

JOBS = "0x" + "ab" * 32 + "/1/0", "0x" + "cd" * 32 + "/1/0"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = folders(tmp_path)[0]
    (home / "data").mkdir()
    with EventLog(home / "data" / "events.sqlite") as log:
        def job(name: str, slot: int, state: State, reason: str = "") -> None:
            log.append("job", slot, {"job": name, "state": state.name, "reason": reason})

        log.append("start", 4, {"blocks": 3, "port": 9000})
        job(JOBS[0], 5, State.SEEN)
        job(JOBS[0], 5, State.ELIGIBLE, "PRIMARY")
        job(JOBS[1], 6, State.SEEN)
        log.append("block", 6, {"root": "0x00"})
        log.append("fault", 6, {"device": "rtl", "reason": "no answer", "pause_ms": 12000})
        job(JOBS[0], 5, State.MISSED, "the window closed")
        log.append("skipped", 7, {"steps": 3, "late_seconds": 2.5})
        log.append("proof", 6, {"job": JOBS[1], "device": "cpu", "seconds": 0.25, "cycles": 0,
                                "constraints": 9})
        job(JOBS[1], 6, State.STALE, "another proof is included")
    return home


def told(capsys: Any, home: Path, job: str, *more: str) -> tuple[int, str, str]:
    status = main(["postmortem", job, "--config", str(home / "node.toml"), *more])
    out, err = capsys.readouterr()
    return status, out, err


def test_a_job_that_was_missed(home: Path, capsys: Any) -> None:
    status, out, _ = told(capsys, home, "5")
    lines = [line.partition(" s  ")[2] for line in out.splitlines()]
    assert status == 0 and lines[1:-1] == [
        "its payload could be proven", "the prover may prove it (PRIMARY)",
        "· rtl failed and was put aside for 12 s of chain time: no answer",
        "it was missed (the window closed)"]
    assert out.splitlines()[-1].startswith("MISSED: it was missed, and where it was a duty")


def test_a_job_by_its_name_as_json(home: Path, capsys: Any) -> None:
    status, out, _ = told(capsys, home, JOBS[1][:12], "--json")
    found = json.loads(out)
    assert status == 0 and found["job"] == JOBS[1] and found["state"] == "STALE"
    assert [each["own"] for each in found["events"]] == [True, False, False, True, True]
    assert "cpu made the proof in 0.25 s" in [each["sentence"] for each in found["events"]]


def test_what_cannot_be_told_is_said(home: Path, capsys: Any) -> None:
    assert "has no job of slot 9; give a slot" in told(capsys, home, "9")[2]
    assert f"there are 2 jobs of '0x'; give one of {JOBS[0]}, {JOBS[1]}" in told(
        capsys, home, "0x")[2]
    shutil.rmtree(home / "data")
    status, _, err = told(capsys, home, "5")
    assert status == 2 and "no event log of a node" in err


def test_every_event_and_state_has_a_sentence() -> None:
    assert OF_STATES.keys() == set(State) and VERDICTS.keys() <= set(State)
    for kind, fields in KINDS.items():
        state = "gone" if kind == "worker" else "SEEN"
        said = sentence(kind, dict.fromkeys(fields, 1) | {"state": state, "reason": "r"})
        assert said and not said.endswith(".")

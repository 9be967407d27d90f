"""The operator's event log: kept over lives, searched by job and slot, and never too long."""

from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.operator import event_log
from proofmill.host.network.operator.event_log import EventLog, EventReader

JOB = {"job": "0xaa/1/3", "state": "SEEN", "reason": ""}


def test_events_outlive_the_process(tmp_path: Path) -> None:
    with EventLog(tmp_path / "events.sqlite") as log:
        log.append("start", 4, {"blocks": 0, "port": 9000})
        log.append("job", 5, dict(JOB))
        log.append("job", 6, JOB | {"job": "0xbb/1/3"})
    with EventLog(tmp_path / "events.sqlite") as log:
        log.append("job", 5, JOB | {"state": "ELIGIBLE", "reason": "PRIMARY"})
        assert [each.fields["state"] for each in log.of_job("0xaa/1/3")] == ["SEEN", "ELIGIBLE"]
        assert [each.slot for each in log.latest(3)] == [5, 6, 5]
        assert log.latest(9)[0].sequence == 1
        log.append("end", 7, {"reason": ""})
        # Another process reads it meanwhile.
        read = EventReader(tmp_path / "events.sqlite")
        assert read.latest(2) == log.latest(2)
        assert read.jobs_of_slot(5) == ["0xaa/1/3"] and read.jobs_of_slot(4) == []
        assert read.jobs_like("0x") == ["0xaa/1/3", "0xbb/1/3"]
        assert read.jobs_like("0xb") == ["0xbb/1/3"] and read.jobs_like("0xc") == []
        assert [each.kind for each in read.beside(2, 5)] == ["end"]


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="no event log of a node"):
        EventReader(tmp_path / "events.sqlite")
    assert not (tmp_path / "events.sqlite").exists()


def test_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "DELETED_AT_ONCE", 10)
    with EventLog(tmp_path / "events.sqlite", most=25) as log:
        for slot in range(100):
            log.append("end", slot, {"reason": ""})
        kept = [each.slot for each in log.latest(1000)]
        assert kept == list(range(75, 100))


def test_fields_are_those_of_the_table(tmp_path: Path) -> None:
    with EventLog(tmp_path / "events.sqlite") as log, pytest.raises(AssertionError):
        log.append("start", 0, {"blocks": 1})

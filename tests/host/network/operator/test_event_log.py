"""The operator's event log: kept over lives, searched by job and slot, and never too long."""

from pathlib import Path

import pytest

from proofmill.host.network.operator import event_log
from proofmill.host.network.operator.event_log import EventLog

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
        assert [each.kind for each in log.of_slot(4)] == ["start"]
        assert log.latest(9)[0].sequence == 1


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

"""Copies of what a node keeps: whole while it is written to, and good to go on from."""

import sqlite3
import threading
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore
from proofmill.host.network.operator.event_log import EventLog, EventReader
from tests.host.network.operator.service import folders

KEY = JobKey(b"\1" * 32, 1, 0)


def test_a_copy_is_whole_while_the_node_writes(tmp_path: Path) -> None:
    home = folders(tmp_path)[0]
    data = home / "data"
    data.mkdir()
    with JobStore(data / "jobs.sqlite") as jobs:
        jobs.see(KEY, 7)
        jobs.advance(KEY, State.ELIGIBLE)
    ended = threading.Event()

    def write() -> None:
        with EventLog(data / "events.sqlite") as log:
            slot = 0
            while not ended.is_set() or slot < 10:
                log.append("end", slot, {"reason": "x" * 500})
                slot += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not (data / "events.sqlite").exists():
            pass
        for copy in ("one", "two"):
            assert main(["node", "backup", str(tmp_path / copy), "--config",
                         str(home / "node.toml")]) == 0
    finally:
        ended.set()
        writer.join()
    for copy in (tmp_path / "one", tmp_path / "two"):
        assert {each.name for each in copy.iterdir()} == {
            "jobs.sqlite", "events.sqlite", "node.toml", "chain.json"}
        assert copy.stat().st_mode & 0o077 == 0
        with JobStore(copy / "jobs.sqlite") as jobs:
            assert jobs.job(KEY).state is State.ELIGIBLE  # type: ignore[union-attr]
        # No event is missing between the first and the last, and the digest of its rows is right.
        events = EventReader(copy / "events.sqlite").latest(10**6)
        assert [each.slot for each in events] == list(range(len(events)))
        with EventLog(copy / "events.sqlite"):
            assert not (copy / "events.sqlite.damaged").exists()


def test_what_cannot_be_copied_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = folders(tmp_path)[0]
    command = ["node", "backup", str(tmp_path / "copy"), "--config", str(home / "node.toml")]
    assert main(command) == 2
    assert "there is nothing in it to copy" in capsys.readouterr().err
    (home / "data").mkdir()
    (home / "data" / "jobs.sqlite").write_bytes(b"no database at all" * 100)
    assert main(command) == 2
    assert "jobs.sqlite: cannot be copied" in capsys.readouterr().err
    (tmp_path / "copy" / "other").touch()
    assert main(command) == 2
    assert "is not empty" in capsys.readouterr().err
    with sqlite3.connect(home / "data" / "jobs.sqlite") as database, \
            pytest.raises(sqlite3.DatabaseError):
        database.execute("PRAGMA integrity_check")

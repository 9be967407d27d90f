"""The operator's event log: what happened in a node, in its order, in one SQLite file.

Kinds and fields are those of `host.network.node.happenings.KINDS`. What the node must not forget is
in its own files (job log, signing history); this one is for whoever wants to know how it went, so a
damaged one is put aside and begun anew, and the oldest events go when there are too many.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofmill.host.ground.database import ReplaceableDatabase, for_reading
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.happenings import KINDS, Value

SCHEMA_VERSION = 1
MOST_EVENTS, DELETED_AT_ONCE = 500_000, 5_000

_SCHEMA = """
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    unix_seconds REAL NOT NULL,
    kind TEXT NOT NULL,
    slot INTEGER NOT NULL,
    job TEXT,
    fields TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_job ON events (job, sequence);
CREATE INDEX events_of_slot ON events (slot, sequence);
"""


@dataclass(frozen=True)
class LoggedEvent:
    """An event: `sequence` counts them, `slot` is what it is about."""

    sequence: int
    unix_seconds: float
    kind: str
    slot: int
    fields: dict[str, Value]


class _Queries:
    """What can be asked of the log."""

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        raise NotImplementedError

    def latest(self, count: int) -> list[LoggedEvent]:
        """The last so many events, oldest first."""
        return list(self._events("ORDER BY sequence DESC LIMIT ?", count))[::-1]

    def of_job(self, name: str) -> list[LoggedEvent]:
        """The events of a job, oldest first."""
        return list(self._events("WHERE job = ? ORDER BY sequence", name))

    def jobs_of_slot(self, slot: int) -> list[str]:
        """The names of the jobs of a slot, in the order in which they were seen."""
        return list(dict.fromkeys(row[0] for row in self._rows(
            "SELECT job FROM events WHERE slot = ? AND job IS NOT NULL ORDER BY sequence",
            (slot,))))

    def jobs_like(self, beginning: str) -> list[str]:
        """The names of jobs that begin so, at most ten."""
        # Between the beginning and what follows all that begin so, in the order of text.
        return [row[0] for row in self._rows(
            "SELECT DISTINCT job FROM events WHERE job >= ? AND job < ? LIMIT 10",
            (beginning, beginning + "\x7f"))]

    def beside(self, first: int, last: int) -> list[LoggedEvent]:
        """What belongs to no job between two events, oldest first; both by `sequence`."""
        return list(self._events("WHERE sequence BETWEEN ? AND ? AND job IS NULL "
                                 "ORDER BY sequence", first, last))

    def _events(self, end: str, *values: object) -> Iterator[LoggedEvent]:
        for sequence, seconds, kind, slot, fields in self._rows(
                f"SELECT sequence, unix_seconds, kind, slot, fields FROM events {end}", values):
            yield LoggedEvent(sequence, seconds, kind, slot, json.loads(fields))


class EventLog(ReplaceableDatabase, _Queries):
    """The log. One thread at a time."""

    def __init__(self, path: str | os.PathLike[str], most: int = MOST_EVENTS) -> None:
        """Open or make it; `most`: events that are kept, about."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "event log")
        self._most = most

    def append(self, kind: str, slot: int, fields: dict[str, Value]) -> LoggedEvent:
        """Write an event down. StorageError where the disk fails."""
        assert fields.keys() == KINDS[kind].keys(), f"{kind}: {fields}"
        now = time.time()
        with self._transaction() as database:
            sequence = database.execute(
                "INSERT INTO events (unix_seconds, kind, slot, job, fields) VALUES (?, ?, ?, ?, ?)",
                (now, kind, slot, fields.get("job"), json.dumps(fields))).lastrowid
            assert sequence is not None
            if sequence % DELETED_AT_ONCE == 0:
                database.execute("DELETE FROM events WHERE sequence <= ?",
                                 (sequence - self._most,))
        return LoggedEvent(sequence, now, kind, slot, fields)


class EventReader(_Queries):
    """Reads the log of a node that may run, and changes nothing of it."""

    def __init__(self, path: Path) -> None:
        """`ProofmillError` where there is none that can be read."""
        self._path = path
        self._rows("SELECT sequence FROM events LIMIT 1")

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            with for_reading(self._path) as database:
                return database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise ProofmillError(f"{self._path}: no event log of a node, or damaged: {error}; name "
                                 "the settings of a node that has run") from error

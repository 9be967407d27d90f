"""The node's memory: an append-only log of what happened to each job, in SQLite.

The log is the only truth. What a job's state is follows from its events alone, and is replayed from
them at every start; a node that was killed at any moment goes on from there. In memory are the jobs
that are open, and a few that have ended lately: the others are read again when asked for, so that
months of jobs take no more of it than a day's. Each event is committed, through to the disk
(`synchronous = FULL`), before its consequence is carried out.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from proofmill.host.ground.database import Database
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.log_fields import name_of, proof_name
from proofmill.host.ground.recent import Recent
from proofmill.host.network.node.states import ARROWS, FINAL, State

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
MOST_ENDED = 256
"""Jobs in a final state that are kept in memory, the latest ones."""

_SCHEMA = """
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    root BLOB NOT NULL CHECK (length(root) = 32),
    proof_type INTEGER NOT NULL,
    prover INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    data BLOB,
    unix_seconds REAL NOT NULL
) STRICT;
CREATE INDEX events_of_job ON events (root, proof_type, prover, sequence);
CREATE TRIGGER no_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
"""


_QUERY = "SELECT sequence, root, proof_type, prover, slot, state, reason, data FROM events"


@dataclass(frozen=True, order=True)
class JobKey:
    """What makes two jobs the same: payload (hash root of its request), proof type and prover."""

    root: bytes
    proof_type: int
    prover: int

    @property
    def name(self) -> str:
        """In log records; the proof's as well."""
        return proof_name(self.root, self.proof_type, self.prover)


@dataclass(frozen=True)
class Event:
    """One entry of the log. `data`: what the state needs to be carried on, None if nothing."""

    sequence: int
    key: JobKey
    slot: int
    state: State
    reason: str
    data: bytes | None


@dataclass(frozen=True)
class LoggedJob:
    """A job as its events have left it.

    `proof`: the verified proof's bytes, once there is one; `signed`: the message to broadcast, SSZ.
    """

    key: JobKey
    slot: int
    state: State
    reason: str = ""
    proof: bytes | None = None
    signed: bytes | None = None


class IllegalArrow(Exception):
    """A state may not follow another: a mistake in the node, never in its input."""


class JobStore(Database):
    """The log, and every job as it follows from it.

    One process and one thread at a time (see `owner.Owner`). `on_step` hears of every arrow, as
    ``"<state>:before"`` its commit and ``"<state>:after"``: where tests kill the process.
    `on_event` hears of every entry that is made.
    """

    def __init__(
        self, path: str | os.PathLike[str], on_step: Callable[[str], None] | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        """Open or make the log at `path` and replay it.

        ProofmillError where the file is not such a log, is damaged, or is of another version.
        """
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "job log")
        self._on_step = on_step or (lambda step: None)
        self._on_event = on_event or (lambda event: None)
        self._open: dict[JobKey, LoggedJob] = {}
        """Those that are not in a final state."""
        self._ended: Recent[JobKey, LoggedJob] = Recent(MOST_ENDED)
        try:
            found = sorted((first, job) for first, job in self._replayed()
                           if job.state not in FINAL)
        except BaseException:
            self.close()
            raise
        self._open = {job.key: job for _, job in found}

    def job(self, key: JobKey) -> LoggedJob | None:
        """The job as it stands, None if it is unknown."""
        job = self._open.get(key) or self._ended.get(key)
        if job is None and (job := self._after(self.events(key))) is not None:
            self._keep(job)
        return job

    def jobs(self) -> list[LoggedJob]:
        """Every job, oldest first. Its cost is the log's length."""
        return [job for _, job in sorted(self._replayed())]

    def unfinished(self) -> list[LoggedJob]:
        """Jobs that are not in a final state, oldest first."""
        return list(self._open.values())

    def signed(self) -> Iterator[tuple[JobKey, bytes]]:
        """The messages that were signed, newest first, each with its job's key; of a job that was
        signed again the newest alone."""
        last: set[JobKey] = set()
        for root, proof_type, prover, data in self._each(
                "SELECT root, proof_type, prover, data FROM events WHERE state = ? "
                "ORDER BY sequence DESC", (State.SIGNED.value,)):
            if (key := JobKey(root, proof_type, prover)) not in last:
                last.add(key)
                yield key, data

    def see(self, key: JobKey, slot: int) -> LoggedJob:
        """Take note of a payload that could be proven; the job itself where it is known already."""
        return self.job(key) or self._append(None, Event(0, key, slot, State.SEEN, "", None))

    def advance(
        self, key: JobKey, state: State, reason: str = "", data: bytes | None = None
    ) -> LoggedJob:
        """Write down that a job enters `state`, and only then return.

        `data`: the proof for SELF_VERIFIED, the message for SIGNED. IllegalArrow, with nothing
        written, where the state may not follow the job's, or its data or message are missing.
        """
        job = self.job(key)
        before = job.state if job else None
        if job is None or state not in ARROWS[before]:
            raise IllegalArrow(f"{_name(key)}: {state.name} may not follow "
                               f"{before.name if before else 'nothing'}")
        if (data is None) == (state in (State.SELF_VERIFIED, State.SIGNED)):
            raise IllegalArrow(f"{_name(key)}: {state.name} with{'out' if data is None else ''} "
                               "data")
        if state in (State.BROADCAST, State.INCLUDED) and job.signed is None:
            raise IllegalArrow(f"{_name(key)}: {state.name} without a signed message")
        return self._append(job, Event(0, key, job.slot, state, reason, data))

    def events(self, key: JobKey | None = None) -> Iterator[Event]:
        """The log, or what it says of one job, oldest first."""
        if key is None:
            rows = self._each(f"{_QUERY} ORDER BY sequence")
        else:
            rows = self._each(
                f"{_QUERY} WHERE root = ? AND proof_type = ? AND prover = ? ORDER BY sequence",
                (key.root, key.proof_type, key.prover))
        return _events(rows)

    def _append(self, before: LoggedJob | None, event: Event) -> LoggedJob:
        """Write an event down, which gets its number, and make of `before` what follows."""
        key, state = event.key, event.state
        self._on_step(f"{state.name}:before")
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT INTO events (root, proof_type, prover, slot, state, reason, data, "
                "unix_seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (key.root, key.proof_type, key.prover, event.slot, state.value, event.reason,
                 event.data, time.time()))
        assert cursor.lastrowid is not None
        event = replace(event, sequence=cursor.lastrowid)
        job = self._next(before, event)
        self._keep(job)
        log.info("job of slot %d: %s%s", job.slot, state.name,
                 f", {job.reason}" if job.reason else "",
                 extra={"job": key.name, "payload": name_of(key.root), "slot": job.slot})
        self._on_event(event)
        self._on_step(f"{state.name}:after")
        return job

    def _replayed(self) -> Iterator[tuple[int, LoggedJob]]:
        """Every job with the number of its first event, in no order that means anything."""
        events = _events(self._each(f"{_QUERY} ORDER BY root, proof_type, prover, sequence"))
        for _, group in groupby(events, lambda event: event.key):
            of_job = list(group)
            job = self._after(of_job)
            assert job is not None
            yield of_job[0].sequence, job

    def _after(self, events: Iterable[Event]) -> LoggedJob | None:
        """A job as its events leave it, None for none."""
        job: LoggedJob | None = None
        for event in events:
            job = self._next(job, event)
        return job

    def _keep(self, job: LoggedJob) -> None:
        if job.state not in FINAL:
            self._ended.pop(job.key, None)
            self._open[job.key] = job
            return
        self._open.pop(job.key, None)
        self._ended.pop(job.key, None)  # so that it is the latest
        self._ended[job.key] = job

    def _next(self, job: LoggedJob | None, event: Event) -> LoggedJob:
        if event.state not in ARROWS[job.state if job else None]:
            raise ProofmillError(
                f"{self.path}: event {event.sequence} makes {_name(event.key)} {event.state.name} "
                f"after {job.state.name if job else 'nothing'}; the log is damaged: restore a "
                "copy of it")
        job = job or LoggedJob(event.key, event.slot, event.state)
        return replace(
            job, state=event.state, reason=event.reason,
            proof=event.data if event.state is State.SELF_VERIFIED else job.proof,
            signed=event.data if event.state is State.SIGNED else job.signed)


def _events(rows: Iterable[tuple[Any, ...]]) -> Iterator[Event]:
    for sequence, root, proof_type, prover, slot, state, reason, data in rows:
        yield Event(sequence, JobKey(root, proof_type, prover), slot, State(state), reason, data)


def _name(key: JobKey) -> str:
    return f"job {key.root.hex()[:8]}/{key.proof_type} of prover {key.prover}"

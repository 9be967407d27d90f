"""What a node has asked its workers and what came of it, in SQLite: the truth, whatever the queue's
server has lost or kept.

Inputs are not in it: who asks has them, and has them again after the node's end, since its job log
says what it was at. A piece of a proof has half a megabyte of them, and writing, hashing and taking
them out again was most of what a task cost the node.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from proofmill.host.ground.database import Database
from proofmill.host.network.workers.wire import Answer, Task, read_answer, to_bytes

BOOK = "workers.sqlite"
"""In a node's folder."""
KEPT_ANSWERS = 4096
"""Tasks before the oldest open one whose answers are kept for a node that asks the same again after
its end. Answers to later ones are kept whatever their number: of a job that is not done some task
is open, and what others have answered of it would be computed again."""
CLEARED_EVERY = 256
"""Answers that are taken until older ones are dropped."""

_SCHEMA = """
CREATE TABLE tasks (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL UNIQUE,
    task BLOB NOT NULL,
    worker TEXT NOT NULL,
    answer BLOB NOT NULL,
    failures INTEGER NOT NULL
) STRICT;
CREATE TABLE put_aside (
    worker TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    unix_seconds REAL NOT NULL
) STRICT;
"""


@dataclass(frozen=True)
class Answered:
    """An answer and the worker that gave it; "" for this node's processor."""

    worker: str
    answer: Answer


class Book(Database):
    """Tasks that are open, answers that were taken, workers that are put aside.

    One thread at a time. An answer is taken once: whatever comes later for the same task is not.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file; as `Database`."""
        super().__init__(path, _SCHEMA, 1, "record of workers' tasks")
        self._taken = 0

    def open(self, tasks: Sequence[Task]) -> None:
        """Note tasks that are to be done; one that is there stays as it is."""
        with self._transaction() as database:
            database.executemany(
                "INSERT OR IGNORE INTO tasks (identity, task, worker, answer, failures) "
                "VALUES (?, ?, '', x'', 0)",
                [(task.identity, to_bytes(msgspec.structs.replace(task, input=b"")))
                 for task in tasks])

    def is_open(self, identity: str) -> bool:
        """Whether an answer is wanted."""
        return bool(self._rows("SELECT 1 FROM tasks WHERE identity = ? AND length(answer) = 0",
                               (identity,)))

    def open_identities(self) -> list[str]:
        """The tasks that are to be done, oldest first."""
        return [str(row) for (row,) in self._rows(
            "SELECT identity FROM tasks WHERE length(answer) = 0 ORDER BY sequence")]

    def take(self, answers: Sequence[Answered]) -> list[bool]:
        """Take answers for good, each if its task is open; which were."""
        with self._transaction() as database:
            taken = [bool(database.execute(
                # What was asked is of no more use.
                "UPDATE tasks SET worker = ?, answer = ?, task = x'' "
                "WHERE identity = ? AND length(answer) = 0",
                (each.worker, to_bytes(each.answer), each.answer.identity)).rowcount)
                     for each in answers]
            self._taken += sum(taken)
            if self._taken >= CLEARED_EVERY:
                self._taken = 0
                database.execute(
                    "DELETE FROM tasks WHERE length(answer) > 0 AND sequence <= coalesce("
                    "(SELECT min(sequence) - 1 FROM tasks WHERE length(answer) = 0), "
                    "(SELECT max(sequence) FROM tasks)) - ?", (KEPT_ANSWERS,))
        return taken

    def correct(self, answer: Answer) -> None:
        """Put this node's own answer in the place of a worker's wrong one."""
        with self._transaction() as database:
            database.execute("UPDATE tasks SET worker = '', answer = ? WHERE identity = ?",
                             (to_bytes(answer), answer.identity))

    def failed(self, identity: str) -> int:
        """Note that a worker could not do a task; how often that was so."""
        with self._transaction() as database:
            database.execute("UPDATE tasks SET failures = failures + 1 WHERE identity = ?",
                             (identity,))
        rows = self._rows("SELECT failures FROM tasks WHERE identity = ?", (identity,))
        return int(rows[0][0]) if rows else 0

    def answered(self, identity: str) -> Answered | None:
        """The answer that was taken."""
        rows = self._rows(
            "SELECT worker, answer FROM tasks WHERE identity = ? AND length(answer) > 0",
            (identity,))
        return Answered(rows[0][0], read_answer(rows[0][1])) if rows else None

    def forget(self, identity: str) -> None:
        """Nobody wants it any more."""
        with self._transaction() as database:
            database.execute("DELETE FROM tasks WHERE identity = ?", (identity,))

    def put_aside(self, worker: str, reason: str) -> None:
        """Take nothing from a worker any more."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO put_aside VALUES (?, ?, ?)",
                             (worker, reason, time.time()))

    def let_in(self, worker: str) -> bool:
        """Forgive a worker; whether it was put aside."""
        with self._transaction() as database:
            return bool(database.execute("DELETE FROM put_aside WHERE worker = ?",
                                         (worker,)).rowcount)

    def aside(self) -> dict[str, str]:
        """Workers that are put aside, and why."""
        return dict(self._rows("SELECT worker, reason FROM put_aside ORDER BY worker"))

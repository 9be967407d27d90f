"""Real faults of storage, done to one open database: SQLite and the kernel raise, not the test."""

import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from proofmill.host.ground.database import Database

Fault = Callable[[Database, ExitStack], None]
"""Done to a database just before it is written; the stack undoes what other processes do."""
FILLER = "filler"


def full(database: Database, undo: ExitStack) -> None:
    """No page more than there are, and whatever is written first wants many."""
    connection = database._database
    connection.execute(f"CREATE TABLE {FILLER} (data BLOB)")
    for (table,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        if table != FILLER and not table.startswith("sqlite_"):
            for deed in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(
                    f"CREATE TEMP TRIGGER {deed}_{table} BEFORE {deed} ON main.{table} "
                    f"BEGIN INSERT INTO {FILLER} VALUES (zeroblob(1000000)); END")
    connection.execute("PRAGMA max_page_count = 1")  # SQLite makes it the number there are


def read_only(database: Database, undo: ExitStack) -> None:
    database._database.execute("PRAGMA query_only = ON")


def locked(database: Database, undo: ExitStack) -> None:
    database._database.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(database.path, isolation_level=None, check_same_thread=False)
    undo.callback(other.close)
    other.execute("BEGIN IMMEDIATE")


def corrupt(database: Database, undo: ExitStack) -> None:
    connection = database._database
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA shrink_memory")
    size = database.path.stat().st_size
    with database.path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))


def failing(database: Database, undo: ExitStack) -> None:
    """The kernel takes no byte more in any file."""
    undo.enter_context(no_byte_more())


FAULTS: dict[Fault, str] = {
    full: "the disk is full; make room there",
    read_only: "it is read-only; give this user the right",
    locked: "another process holds it; end that one",
    corrupt: "or damaged (",
    failing: "the disk fails; see the system's log",
}
"""What the sentence has to say of each."""


@contextmanager
def no_byte_more() -> Iterator[None]:
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of ours, as another process reads it."""
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'") if name != FILLER]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    finally:
        connection.close()

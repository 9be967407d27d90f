"""The project's SQLite files: opened alike, written in whole transactions, faults in sentences.

A fault of the disk is the owner's trouble and nobody else's: it comes out as `StorageError`, which
no check of somebody else's message catches.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError

WAIT_SECONDS = 5.0
"""How long another process may hold the file before that is a fault."""

_FAULTS = {
    sqlite3.SQLITE_FULL: "the disk is full; make room there and start again",
    sqlite3.SQLITE_READONLY: "it is read-only; give this user the right to write it, and its "
                             "folder, and start again",
    sqlite3.SQLITE_BUSY: "another process holds it; end that one and start again",
    sqlite3.SQLITE_LOCKED: "another process holds it; end that one and start again",
    sqlite3.SQLITE_CORRUPT: "it is damaged; {mend}",
    sqlite3.SQLITE_NOTADB: "it is not a {what}, or damaged; {mend}, or choose another place",
    sqlite3.SQLITE_IOERR: "the disk fails; see the system's log and start again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the folder and its rights",
    sqlite3.SQLITE_PERM: "this user may not; give it the right",
}
"""By SQLite's primary result code: what is wrong, and the way out."""


class StorageError(ProofmillError):
    """What has to be kept cannot be kept, or not be read back. Nothing is half written."""


class Database(Closing):
    """A file of ours at `path`: WAL, synchronous FULL, foreign keys. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], schema: str, version: int, what: str,
        mend: str = "restore a copy of it",
    ) -> None:
        """Open the file, or make it. `what` it is to the user, and how a damaged one is mended.

        ProofmillError where it cannot be opened or is something else; of those, StorageError for
        the faults of the disk.
        """
        self.path = Path(path)
        self._what, self._mend = what, mend
        with self._storage("opened"):
            self._database = sqlite3.connect(
                self.path, timeout=WAIT_SECONDS, isolation_level=None)
        try:
            with self._storage("opened"):
                self._prepare(schema, version)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Give back the file."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction that nobody else can write during: all of it, or nothing if it raises."""
        with self._storage("written"):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                # After some faults SQLite has undone it already.
                if self._database.in_transaction:
                    with suppress(sqlite3.Error):
                        self._database.execute("ROLLBACK")
                raise

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """All that a query finds."""
        with self._storage("read"):
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _storage(self, deed: str) -> Iterator[None]:
        """Faults of the disk as `StorageError`; mistakes of the program stay what they are."""
        try:
            yield
        except sqlite3.Error as error:
            # Extended codes carry the primary one in their lowest byte.
            fault = _FAULTS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if fault is None:
                raise
            raise StorageError(
                f"{self.path}: the {self._what} cannot be {deed} ({error}): "
                + fault.format(what=self._what, mend=self._mend)) from error

    def _prepare(self, schema: str, version: int) -> None:
        database = self._database
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        found = database.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            # The version is set in the same transaction: half a schema is never left behind.
            database.executescript(f"BEGIN; {schema} PRAGMA user_version = {version}; COMMIT;")
        elif found != version:
            raise ProofmillError(
                f"{self.path}: a {self._what} of version {found}, this release reads {version}; "
                "use the release that wrote it")

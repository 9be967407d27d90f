"""The project's SQLite files: opened alike, written in whole transactions, faults in sentences.

A file is made whole, and found damaged at its opening: by its pages, or by the digest of its rows.
A fault of the disk is the owner's trouble and nobody else's: it comes out as `StorageError`, which
no check of somebody else's message catches.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from proofmill.host.ground import content_digest
from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError, StorageError, way_out
from proofmill.host.ground.kept import sync_folder, tell

WAIT_SECONDS = 5.0
"""How long another process may hold the file before that is a fault."""

SCRATCH_WAL_BYTES = 4_000_000
"""What is left beside a scratch file of what was written last."""

_FAULTS = {
    sqlite3.SQLITE_FULL: "the disk is full; make room there and start again",
    sqlite3.SQLITE_READONLY: "it is read-only; give this user the right to write it, and its "
                             "folder, and start again",
    sqlite3.SQLITE_BUSY: "another process holds it; end that one and start again",
    sqlite3.SQLITE_LOCKED: "another process holds it; end that one and start again",
    sqlite3.SQLITE_IOERR: "the disk fails; see the system's log and start again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check the folder and its rights",
    sqlite3.SQLITE_PERM: "this user may not; give it the right",
}
"""By SQLite's primary result code: what is wrong, and the way out."""
_MEND = "restore a copy of it, or choose another place"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


Step = Callable[[sqlite3.Connection], None]
"""Makes of a file's tables those of the next version, inside of a transaction."""


class DamagedError(StorageError):
    """A file of ours that does not hold what was written to it."""


class Database(Closing):
    """A file of ours at `path`: WAL, synchronous FULL, foreign keys. One thread at a time."""

    def __init__(
        self, path: str | os.PathLike[str], schema: str, version: int, what: str,
        steps: Sequence[Step] = (),
    ) -> None:
        """Open the file, or make it. `what`: it is to the user. `version` counts from 1; step i of
        `steps` leads from version i + 1 to the next, so a file of an earlier version becomes one of
        this. A copy of it as it was stays beside it, its name with the version at its end.

        ProofmillError where it is of a later version; StorageError for the faults of the disk, and
        of those DamagedError where it is something else, or not as it was left.
        """
        assert len(steps) == version - 1, "a step for each version before this"
        self.path = Path(path)
        self._what = what
        with self._storage("opened"):
            if not self.path.exists():
                self._create(schema, version)
            self._database = _connect(self.path)
        try:
            with self._storage("opened"):
                self._check(version, steps)
                for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                    self._database.execute(f"PRAGMA {setting}")
                # Where integrity_check came before WAL, SQLite (3.40) holds the file as being read
                # until somebody reads it, and a checkpoint would find its table locked.
                self._database.execute("SELECT 1 FROM sqlite_schema").fetchall()
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Give back the file."""
        self._database.close()

    def sync(self) -> None:
        """Have what was written so far survive a power cut as well."""
        self._rows("PRAGMA wal_checkpoint(PASSIVE)")

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

    def _each(self, query: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """What a query finds, row by row, for what may be more than memory should hold."""
        with self._storage("read"):
            yield from self._database.execute(query, values)

    @contextmanager
    def _storage(self, deed: str) -> Iterator[None]:
        """Faults of the disk as `StorageError`; mistakes of the program stay what they are."""
        try:
            yield
        except sqlite3.Error as error:
            # Extended codes carry the primary one in their lowest byte.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _DAMAGE:
                raise self._damaged(str(error)) from error
            fault = _FAULTS.get(code)
            if fault is None:
                raise
            raise StorageError(
                f"{self.path}: the {self._what} cannot be {deed} ({error}): "
                + fault) from error

    def _create(self, schema: str, version: int) -> None:
        """Make the file elsewhere, so that what is at its place is never half of one, or empty."""
        left = self.path.with_name(self.path.name + "-wal")
        if left.exists():
            raise self._damaged(f"it is missing, and its {left.name} is not")
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}.tmp")
        try:
            with closing(_connect(temporary)) as database:
                database.executescript(f"BEGIN; {schema} PRAGMA user_version = {version}; COMMIT;")
                _begin_digest(database)
            os.replace(temporary, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            raise StorageError(f"{self.path}: the {self._what} cannot be made: {error.strerror}; "
                               f"{way_out(error)}") from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _check(self, version: int, steps: Sequence[Step]) -> None:
        found = self._database.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            raise self._damaged("it is empty, or something else")
        if found > version:
            raise ProofmillError(
                f"{self.path}: a {self._what} of version {found}, this release reads up to "
                f"{version}; use the release that wrote it")
        (said,) = self._database.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise self._damaged(" ".join(said.split()))
        if not content_digest.has_digest(self._database):
            _begin_digest(self._database)  # an earlier release kept none
        elif not content_digest.agrees(self._database):
            raise self._damaged("its rows are not those that were written")
        if found < version:
            self._migrate(found, steps[found - 1:])

    def _migrate(self, found: int, steps: Sequence[Step]) -> None:
        """Take the steps in one transaction, after a copy has been made."""
        copy = self.path.with_name(f"{self.path.name}.v{found}")
        temporary = copy.with_name(f".{copy.name}.{secrets.token_hex(6)}.tmp")
        try:
            said = copy_whole(self.path, temporary)
            if said != "ok":
                raise StorageError(f"{self.path}: its copy {copy.name} is damaged ({said}); see "
                                   "the system's log and start again")
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            os.replace(temporary, copy)
            sync_folder(copy.parent)
        except OSError as error:
            raise StorageError(f"{copy}: the copy before a change of version cannot be made: "
                               f"{error.strerror}; {way_out(error)}") from error
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        tell(f"{self.path}: the {self._what} is of version {found} and becomes one of version "
             f"{found + len(steps)}; {copy.name} keeps it as it was")
        with self._transaction() as database:
            for statement in content_digest.removal(database):
                database.execute(statement)
            for step in steps:
                step(database)
            for statement in content_digest.statements(database):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {found + len(steps)}")

    def _damaged(self, reason: str) -> DamagedError:
        return DamagedError(f"{self.path}: not a {self._what}, or damaged ({reason}); {_MEND}")


class ReplaceableDatabase(Database):
    """A file whose content can be had from others again: one that is damaged is told of, put aside
    and begun anew. Synchronous NORMAL: its last entries may go with the machine's power, but not
    when the process is killed."""

    def __init__(
        self, path: str | os.PathLike[str], schema: str, version: int, what: str,
        steps: Sequence[Step] = (),
    ) -> None:
        """As `Database`, but never DamagedError for what is there."""
        try:
            super().__init__(path, schema, version, what, steps)
        except DamagedError as error:
            tell(f"{error.args[0].rpartition(';')[0]}; it is put aside and begun anew")
            _put_aside(Path(path))
            super().__init__(path, schema, version, what, steps)
        self._database.execute("PRAGMA synchronous = NORMAL")


class ScratchDatabase(Database):
    """A file of what memory has no room for, and this process alone needs: it is empty when it is
    opened, and removed when it is given back. What a power cut leaves is never read, so nothing
    waits for the disk, and there is no digest."""

    def __init__(self, path: str | os.PathLike[str], schema: str, what: str) -> None:
        """Make the file in place of what another process may have left. StorageError where it
        cannot be made."""
        self.path, self._what = Path(path), what
        self._remove()
        super().__init__(path, schema, 1, what)
        try:
            with self._storage("opened"):
                for statement in (*content_digest.removal(self._database),
                                  "PRAGMA synchronous = OFF",
                                  f"PRAGMA journal_size_limit = {SCRATCH_WAL_BYTES}"):
                    self._database.execute(statement)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        super().close()
        with suppress(StorageError):  # whoever opens it next removes it
            self._remove()

    def _remove(self) -> None:
        """Have no file there, nor what SQLite has beside it."""
        try:
            for part in ("", "-wal", "-shm"):
                Path(f"{self.path}{part}").unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self.path}: the {self._what} cannot be opened, what is there is "
                               f"not to be removed: {error.strerror}; {way_out(error)}") from error

    def _damaged(self, reason: str) -> DamagedError:
        return DamagedError(f"{self.path}: not a {self._what}, or damaged ({reason}); see the "
                            "system's log and start again: it is begun anew")


@contextmanager
def for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that its owner may have open and be writing; nothing of it is changed. Raises
    `sqlite3.Error` as SQLite does."""
    where = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(where, timeout=WAIT_SECONDS, uri=True)) as database:
        yield database


def copy_whole(source: Path, to: Path) -> str:
    """Copy a database as it is at one moment, also while its owner writes; "ok", or what is wrong
    with the copy's pages. Raises `sqlite3.Error` as SQLite does."""
    with for_reading(source) as there, closing(sqlite3.connect(to)) as here:
        there.backup(here)  # in one step: a copy in several begins anew whenever it is written
        (said,) = here.execute("PRAGMA integrity_check(1)").fetchone()
    return str(said)


def _put_aside(path: Path) -> None:
    """Rename the file and what SQLite has beside it."""
    for part in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{path}{part}", f"{path}.damaged{part}")


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    content_digest.prepare(database)
    return database


def _begin_digest(database: sqlite3.Connection) -> None:
    database.executescript(
        "BEGIN IMMEDIATE; " + "; ".join(content_digest.statements(database)) + "; COMMIT;")

"""The file that lets a node's waiting transfers survive its end."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from proofmill.host.ground.database import DamagedError, Database
from proofmill.host.ground.kept import tell

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE transfers (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    raw BLOB NOT NULL
) STRICT;
"""


class TransferStore(Database):
    """Transfers by their hash, in the order they came."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file; one that is damaged is told of and begun anew, since who sent a
        transfer can send it again. ProofmillError where it cannot be opened."""
        try:
            super().__init__(path, _SCHEMA, SCHEMA_VERSION, "file of transfers")
        except DamagedError as error:
            tell(f"{error.args[0].rpartition(';')[0]}; it is begun anew")
            for part in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.replace(f"{Path(path)}{part}", f"{Path(path)}.damaged{part}")
            super().__init__(path, _SCHEMA, SCHEMA_VERSION, "file of transfers")
        # A transfer lost with the machine's power is its sender's to repeat.
        self._database.execute("PRAGMA synchronous = NORMAL")

    def keep(self, name: bytes, raw: bytes) -> None:
        """Keep a transfer by its hash, once."""
        with self._transaction() as database:
            database.execute("INSERT OR IGNORE INTO transfers (hash, raw) VALUES (?, ?)",
                             (name, raw))

    def forget(self, name: bytes) -> None:
        """Drop the transfer with that hash, if it is there."""
        with self._transaction() as database:
            database.execute("DELETE FROM transfers WHERE hash = ?", (name,))

    def forget_all_but(self, names: Collection[bytes]) -> None:
        """Drop all whose hashes are not among `names`."""
        for (name,) in self._rows("SELECT hash FROM transfers"):
            if bytes(name) not in names:
                self.forget(bytes(name))

    def all(self) -> list[bytes]:
        """What is kept, the first one first."""
        return [bytes(raw) for (raw,) in self._rows("SELECT raw FROM transfers ORDER BY sequence")]

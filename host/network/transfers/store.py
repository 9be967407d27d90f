"""The file that lets a node's waiting transfers survive its end."""

import os
from collections.abc import Collection

from proofmill.host.ground.database import ReplaceableDatabase

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE transfers (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    raw BLOB NOT NULL
) STRICT;
"""


class TransferStore(ReplaceableDatabase):
    """Transfers by their hash, in the order they came; who sent one can send it again."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file. ProofmillError where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "file of transfers")

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

"""Transactions on disk before they are sent: a killed process repeats none and loses none."""

import os

from eth_hash.auto import keccak

from proofmill.host.ground.database import Database

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE transactions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    raw BLOB NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0
) STRICT;
"""


class Journal(Database):
    """What one account has signed for one chain. One process at a time (`host.ground.owner`).

    A signed transaction can be in a chain once, whoever sends it and however often, because of its
    nonce. So sending again what was written here is always right, and signing anew never is.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the journal; ProofmillError where the file is something else."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "transaction journal")

    def write(self, raw: bytes) -> None:
        """Keep a signed transaction; returns when it is on the disk."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO transactions (hash, raw) VALUES (?, ?)", (keccak(raw), raw))

    def settle(self, transaction_hash: bytes) -> None:
        """A block has it, or no block ever can."""
        with self._transaction() as database:
            database.execute(
                "UPDATE transactions SET settled = 1 WHERE hash = ?", (transaction_hash,))

    def unsettled(self) -> list[bytes]:
        """Raw transactions whose fate is unknown, oldest first."""
        rows = self._rows(
            "SELECT raw FROM transactions WHERE settled = 0 ORDER BY sequence")
        return [raw for (raw,) in rows]

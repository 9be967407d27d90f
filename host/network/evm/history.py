"""Final blocks of the embedded machine and what their contracts have told, on the disk.

The machine keeps what can still be built on. Whoever rebuilds a contract's state from its events
asks for all of them, from the first block on: they are here. The file follows from the node's
blocks, which are executed again at every start, so a damaged one is begun anew.
"""

import os
from collections.abc import Iterable

from proofmill.host.ground.database import ReplaceableDatabase
from proofmill.host.network.evm.client import Address, Block, Log

HISTORY = "history.sqlite"
"""The file in a node's folder."""
SCHEMA_VERSION = 1
WORD = 32
"""Bytes of a topic."""
_SCHEMA = """
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    parent_hash BLOB NOT NULL,
    state_root BLOB NOT NULL,
    timestamp INTEGER NOT NULL,
    mix BLOB NOT NULL,
    coinbase BLOB NOT NULL,
    base_fee TEXT NOT NULL,
    gas_used INTEGER NOT NULL
) STRICT;
CREATE TABLE logs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL,
    address BLOB NOT NULL,
    topics BLOB NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE INDEX logs_of_address ON logs (address, number, sequence);
"""


class History(ReplaceableDatabase):
    """Blocks of one chain, by number, and their events. One thread at a time."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file. ProofmillError where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "history of final blocks")

    def keep(self, blocks: Iterable[tuple[Block, Iterable[Log]]]) -> None:
        """Keep final blocks with their events, those that are not here yet."""
        with self._transaction() as database:
            for block, logs in blocks:
                new = database.execute(
                    "INSERT OR IGNORE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (block.number, block.hash, block.parent_hash, block.state_root,
                     block.timestamp, block.mix, block.coinbase, str(block.base_fee),
                     block.gas_used)).rowcount
                if new:
                    database.executemany(
                        "INSERT INTO logs (number, address, topics, data) VALUES (?, ?, ?, ?)",
                        [(block.number, log.address, b"".join(log.topics), log.data)
                         for log in logs])

    def block(self, number: int) -> Block | None:
        """A block; None for one that is not here."""
        rows = self._rows("SELECT * FROM blocks WHERE number = ?", (number,))
        if not rows:
            return None
        (number, name, parent, root, timestamp, mix, coinbase, base_fee, gas_used) = rows[0]
        return Block(number=number, hash=name, parent_hash=parent, state_root=root,
                     timestamp=timestamp, mix=mix, coinbase=coinbase, base_fee=int(base_fee),
                     gas_used=gas_used)

    def is_whole(self, before: Block) -> bool:
        """Whether all blocks before this one are here, the last of them the one it builds on."""
        ((count, last),) = self._rows("SELECT count(*), max(number) FROM blocks WHERE number < ?",
                                      (before.number,))
        if count != before.number:
            return False
        found = self.block(last) if count else None
        return found is None or found.hash == before.parent_hash

    def logs(self, address: Address, first: int, last: int) -> list[Log]:
        """The events of a contract in the blocks `first` to `last`, oldest first."""
        return [
            Log(address, tuple(topics[at:at + WORD] for at in range(0, len(topics), WORD)), data)
            for topics, data in self._rows(
                "SELECT topics, data FROM logs WHERE address = ? AND number BETWEEN ? AND ? "
                "ORDER BY number, sequence", (address, first, last))]

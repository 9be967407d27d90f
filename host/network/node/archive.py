"""Every block a node has found valid, as it came: for its own restart, and for peers that ask.

The fork-choice store forgets what is final, and memory ends with the process. The file may lose its
last entries when the machine loses its power, but not when the process is killed; what is missing
is asked for again.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from proofmill.host.ground.database import ReplaceableDatabase, for_reading
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.wire import Topic

BLOCKS = "blocks.sqlite"
"""The archive in a node's folder."""
SCHEMA_VERSION = 2
_LINKS = """
CREATE TABLE links (
    root BLOB PRIMARY KEY,
    parent BLOB NOT NULL,
    slot INTEGER NOT NULL
) STRICT
"""
_SCHEMA = f"""
{_LINKS};
CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_of_block ON messages (root, topic);
"""
PAGE = 64
"""Messages that are in memory at once when all are read."""
SLOT_AT, PARENT_AT = 100, 116
"""Where a block's slot, 8 bytes, and its parent's root, 32, stand in a `SignedBeaconBlock`'s SSZ:
after the message's offset and the signature; between them is the proposer."""
KEPT = {Topic.BLOCK, Topic.COLUMNS, Topic.ENVELOPE}
"""What is kept of a block, one of each."""


class _Queries:
    """What can be asked of blocks."""

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        raise NotImplementedError

    def slot(self, root: bytes) -> int | None:
        """A block's slot, None for one that is not here."""
        rows = self._rows("SELECT slot FROM links WHERE root = ?", (root,))
        return int(rows[0][0]) if rows else None

    def part(self, root: bytes, topic: Topic) -> bytes | None:
        """The message of a topic about a block, None if there is none."""
        rows = self._rows(
            "SELECT data FROM messages WHERE root = ? AND topic = ?", (root, topic))
        return bytes(rows[0][0]) if rows else None

    def branch(self, head: bytes, start_slot: int, end_slot: int) -> list[bytes]:
        """Roots of the branch that ends in `head`, slots from `start_slot` to before `end_slot`,
        ascending; nothing where `head` is unknown."""
        rows = self._rows(
            "WITH RECURSIVE up (root, parent, slot) AS ("
            "SELECT root, parent, slot FROM links WHERE root = ? UNION ALL "
            "SELECT links.root, links.parent, links.slot FROM links JOIN up "
            "ON links.root = up.parent WHERE links.slot >= ?) "
            "SELECT root FROM up WHERE slot >= ? AND slot < ? ORDER BY slot",
            (head, start_slot, start_slot, end_slot))
        return [bytes(root) for (root,) in rows]

    def children(self, root: bytes) -> list[bytes]:
        """Roots of the blocks that build on one."""
        return [bytes(child) for (child,) in self._rows(
            "SELECT root FROM links WHERE parent = ? ORDER BY slot", (root,))]


class Archive(ReplaceableDatabase, _Queries):
    """Messages about blocks, by the block's root, in the order they were found valid."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file. ProofmillError where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "block archive", [_add_links])

    def keep(self, topic: Topic, root: bytes, data: bytes) -> None:
        """Keep a message that has been found valid, of one of the topics of `KEPT`, once."""
        assert topic in KEPT, f"{topic.name} is not kept"
        with self._transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO messages (topic, root, data) VALUES (?, ?, ?)",
                (topic, root, data))
            if topic is Topic.BLOCK:
                _link(database, root, data)

    def messages(self, after: bytes | None = None) -> Iterator[tuple[Topic, bytes, bytes]]:
        """Everything as (topic, root, data), in the order it was kept: parents before children.

        `after`: the root of a block; where it is here, only what was kept after it.
        """
        rows = self._rows("SELECT sequence FROM messages WHERE root = ? AND topic = ?",
                          (after, Topic.BLOCK))
        last = rows[0][0] if rows else 0
        while rows := self._rows(
                "SELECT sequence, topic, root, data FROM messages WHERE sequence > ? "
                "ORDER BY sequence LIMIT ?", (last, PAGE)):
            for _, topic, root, data in rows:
                yield Topic(topic), root, data
            last = rows[-1][0]

    def forget(self, root: bytes) -> None:
        """Drop what is kept of a block, so that it can be had from somebody else."""
        with self._transaction() as database:
            for table in ("messages", "links"):
                database.execute(f"DELETE FROM {table} WHERE root = ?", (root,))


class ArchiveReader(_Queries):
    """Reads the archive of a node that runs, on any thread, and changes nothing of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        try:
            with for_reading(self._path) as database:
                return database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise ProofmillError(f"{self._path}: cannot be read now: {error}; ask again"
                                 ) from error


def _link(database: sqlite3.Connection, root: bytes, data: bytes) -> None:
    database.execute(
        "INSERT OR IGNORE INTO links (root, parent, slot) VALUES (?, ?, ?)",
        (root, data[PARENT_AT:PARENT_AT + 32],
         int.from_bytes(data[SLOT_AT:SLOT_AT + 8], "little") & (1 << 63) - 1))


def _add_links(database: sqlite3.Connection) -> None:
    """From version 1, whose readers kept the links in memory."""
    database.execute(_LINKS)
    for root, data in database.execute(
            "SELECT root, data FROM messages WHERE topic = ?", (Topic.BLOCK,)):
        _link(database, root, data)

"""Every block a node has found valid, as it came: for its own restart, and for peers that ask.

The fork-choice store forgets what is final, and memory ends with the process. The file may lose its
last entries when the machine loses its power, but not when the process is killed; what is missing
is asked for again.
"""

import os
from collections.abc import Iterator

from proofmill.host.ground.database import ReplaceableDatabase
from proofmill.host.network.node.wire import Topic

BLOCKS = "blocks.sqlite"
"""The archive in a node's folder."""
SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_of_block ON messages (root, topic);
"""
KEPT = {Topic.BLOCK, Topic.ENVELOPE}
"""What is kept of a block, one of each."""


class Archive(ReplaceableDatabase):
    """Messages about blocks, by the block's root, in the order they were found valid."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open or make the file. ProofmillError where it cannot be opened."""
        super().__init__(path, _SCHEMA, SCHEMA_VERSION, "block archive")
        self._links: dict[bytes, tuple[bytes, int]] = {}

    def link(self, root: bytes, parent: bytes, slot: int) -> None:
        """Remember where a block stands: what `branch` walks along."""
        self._links[root] = parent, slot

    def keep(self, topic: Topic, root: bytes, data: bytes) -> None:
        """Keep a message that has been found valid, of one of the topics of `KEPT`, once."""
        assert topic in KEPT, f"{topic.name} is not kept"
        with self._transaction() as database:
            database.execute(
                "INSERT OR IGNORE INTO messages (topic, root, data) VALUES (?, ?, ?)",
                (topic, root, data))

    def part(self, root: bytes, topic: Topic) -> bytes | None:
        """The message of a topic about a block, None if there is none."""
        rows = self._rows(
            "SELECT data FROM messages WHERE root = ? AND topic = ?", (root, topic))
        return bytes(rows[0][0]) if rows else None

    def messages(self) -> Iterator[tuple[Topic, bytes, bytes]]:
        """Everything as (topic, root, data), in the order it was kept: parents before children."""
        rows = self._rows("SELECT topic, root, data FROM messages ORDER BY sequence")
        for topic, root, data in rows:
            yield Topic(topic), root, data

    def forget(self, root: bytes) -> None:
        """Drop what is kept of a block, so that it can be had from somebody else."""
        with self._transaction() as database:
            database.execute("DELETE FROM messages WHERE root = ?", (root,))

    def branch(self, head: bytes, start_slot: int, end_slot: int) -> list[bytes]:
        """Roots of the branch that ends in `head`, slots from `start_slot` to before `end_slot`,
        ascending; nothing where `head` is unknown."""
        roots = []
        link = self._links.get(head)
        while link is not None and link[1] >= start_slot:
            if link[1] < end_slot:
                roots.append(head)
            head = link[0]
            link = self._links.get(head)
        return roots[::-1]

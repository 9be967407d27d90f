"""The archive of blocks: branches by their links, and a file of the version without any."""

import sqlite3
from pathlib import Path

import pytest

from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.wire import Topic

VERSION_1 = """
CREATE TABLE messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    topic INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_of_block ON messages (root, topic);
PRAGMA user_version = 1;
"""


def tree() -> list[tuple[bytes, int, bytes]]:
    """(root, slot, SSZ) of two branches: slots 1, 2, 3, 5 and, from slot 2 on, 4."""
    made, roots = [], {0: bytes(32)}
    for slot, parent in ((1, 0), (2, 1), (3, 2), (4, 2), (5, 3)):
        block = spec.BeaconBlock(slot=slot, proposer_index=slot + 9, parent_root=roots[parent])
        roots[slot] = bytes(spec.hash_tree_root(block))
        signed = spec.SignedBeaconBlock(message=block, signature=b"\x11" * 96)
        made.append((roots[slot], slot, bytes(signed.encode_bytes())))
    return made


def slots(archive: Archive, head: bytes, start: int, end: int) -> list[int | None]:
    return [archive.slot(root) for root in archive.branch(head, start, end)]


def check(archive: Archive, blocks: list[tuple[bytes, int, bytes]]) -> None:
    roots = {slot: root for root, slot, _ in blocks}
    assert slots(archive, roots[5], 0, 9) == [1, 2, 3, 5]
    assert slots(archive, roots[5], 2, 5) == [2, 3]
    assert slots(archive, roots[4], 1, 9) == [1, 2, 4]
    assert slots(archive, b"\x07" * 32, 0, 9) == [] and archive.slot(b"\x07" * 32) is None
    assert [root for _, root, _ in archive.messages()] == [root for root, _, _ in blocks]


def test_branches_outlive_the_process(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proofmill.host.network.node.archive.PAGE", 2)
    blocks = tree()
    with Archive(tmp_path / "blocks.sqlite") as archive:
        for root, _, data in blocks:
            archive.keep(Topic.BLOCK, root, data)
        check(archive, blocks)
    with Archive(tmp_path / "blocks.sqlite") as archive:
        check(archive, blocks)
        archive.forget(blocks[2][0])
        assert slots(archive, blocks[4][0], 0, 9) == [5]


def test_a_file_of_version_1_gets_its_links(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, blocks = tmp_path / "blocks.sqlite", tree()
    with sqlite3.connect(path) as database:
        database.executescript(VERSION_1)
        for root, _, data in blocks:
            database.execute("INSERT INTO messages (topic, root, data) VALUES (?, ?, ?)",
                             (Topic.BLOCK, root, data))
    database.close()
    with Archive(path) as archive:
        check(archive, blocks)
    assert "is of version 1 and becomes one of version 2; blocks.sqlite.v1 keeps it" \
        in capsys.readouterr().err
    with sqlite3.connect(f"{path}.v1") as database:
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (len(blocks),)
        assert database.execute("PRAGMA user_version").fetchone() == (1,)

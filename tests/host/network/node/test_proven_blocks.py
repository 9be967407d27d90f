"""The file of proven blocks, as earlier releases left it."""

import sqlite3
from pathlib import Path

import pytest

from proofmill.host.ground import content_digest
from proofmill.host.network.node.proven_blocks import ProvenBlocks


def test_a_file_of_version_1_is_asked_by_hash_as_soon(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "eras.sqlite"
    ProvenBlocks(path).close()
    with sqlite3.connect(path) as database:
        for statement in content_digest.removal(database):
            database.execute(statement)
        database.execute("DROP INDEX blocks_by_hash")
        database.execute("PRAGMA user_version = 1")
    ProvenBlocks(path).close()
    assert "is of version 1 and becomes one of version 2" in capsys.readouterr().err
    with sqlite3.connect(path) as database:
        (plan,) = database.execute(
            "EXPLAIN QUERY PLAN SELECT number FROM blocks WHERE hash = x'00'").fetchall()
    assert "blocks_by_hash" in plan[-1]

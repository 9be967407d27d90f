"""A node's own files, damaged: what others have is begun anew, what they have not is refused."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.ground.database import DamagedError
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.journal import Journal
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.slashing_protection import SignedBlock, SlashingProtection
from proofmill.host.network.node.states import State
from proofmill.host.network.node.store import JobKey, JobStore
from proofmill.host.network.node.wire import Topic

GENESIS = b"\x03" * 32
MARK = b"a mark that is found in the file again"
ROOT = b"\x05" * 32


def jobs(path: Path) -> Any:
    return JobStore(path)


def slashing(path: Path) -> Any:
    return SlashingProtection(path, GENESIS)


OPEN: dict[str, Callable[[Path], Any]] = {
    "jobs": jobs, "slashing": slashing, "journal": Journal, "archive": Archive}
LOST = ("jobs", "slashing", "journal")
"""What nobody else has."""


def fill(kind: str, path: Path) -> None:
    """A file with a mark in a row."""
    opened = OPEN[kind](path)
    if kind == "jobs":
        key = JobKey(ROOT, 0, 7)
        opened.see(key, 5)
        opened.advance(key, State.STALE, MARK.decode())
    elif kind == "slashing":
        assert opened.permit_block(SignedBlock(b"\x07" * 48, 9, MARK)) == ""
    elif kind == "journal":
        opened.write(MARK)
    else:
        opened.keep(Topic.BLOCK, ROOT, MARK)
    opened.close()


def flip(content: bytes) -> bytes:
    """One bit of the mark: a file that SQLite finds nothing wrong with."""
    place = content.index(MARK) + 5
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[:len(content) // 2],
    "cut by a page": lambda content: content[:-4096],
    "flipped": flip,
    "emptied": lambda content: b"",
    "a page of zeros": lambda content: content[:4096] + bytes(4096) + content[8192:],
    "something else": lambda content: b"this is a text, not a database" * 40,
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", LOST)
def test_what_nobody_else_has_is_refused(kind: str, damage: str, tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    fill(kind, path)
    OPEN[kind](path).close()  # nothing is wrong with it yet
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    content = path.read_bytes()
    for _ in range(2):
        with pytest.raises(DamagedError, match=r"file.sqlite: not a .*\); restore a copy of it"):
            OPEN[kind](path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_archive_is_begun_anew(
        damage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file.sqlite"
    fill("archive", path)
    content = DAMAGE[damage](path.read_bytes())
    path.write_bytes(content)
    archive = Archive(path)
    assert list(archive.messages()) == []
    archive.keep(Topic.BLOCK, ROOT, MARK)
    archive.close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"proofmill: {path}: not a block archive, or damaged (")
    assert line.endswith("it is put aside and begun anew")
    assert Path(f"{path}.damaged").read_bytes() == content
    archive = Archive(path)
    assert list(archive.messages()) == [(Topic.BLOCK, ROOT, MARK)]
    archive.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("kind", OPEN)
def test_a_file_that_is_made_is_there_whole(
        kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ProofmillError, match="cannot be made: No space left on device"):
        OPEN[kind](tmp_path / "file.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_log_without_its_file_is_refused(tmp_path: Path) -> None:
    """SQLite would take it for that of the new file."""
    path = tmp_path / "file.sqlite"
    store = JobStore(path)
    store.see(JobKey(ROOT, 0, 7), 5)
    path.unlink()
    with pytest.raises(DamagedError, match="it is missing, and its file.sqlite-wal is not"):
        JobStore(path)
    store.close()


def test_a_database_of_an_earlier_release_gets_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "file.sqlite"
    fill("slashing", path)
    database = sqlite3.connect(path)
    names = database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'digest_%'").fetchall()
    for (name,) in names:
        database.execute(f"DROP TRIGGER {name}")
    database.execute("DROP TABLE content_digest")
    database.commit()
    database.close()
    slashing(path).close()
    path.write_bytes(flip(path.read_bytes()))
    with pytest.raises(DamagedError, match="rows are not those"):
        slashing(path)

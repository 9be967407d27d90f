import errno
import os
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.output import write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "proof.json"
    target.write_text("old")
    write_atomically(target, [b"new", memoryview(b" content")])
    assert target.read_text() == "new content"
    assert os.listdir(tmp_path) == ["proof.json"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "proof.json"
    target.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProofmillError, match="proof.json: cannot be written: No space left"):
        write_atomically(target, [b"new"])
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["proof.json"]


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    def chunks() -> object:
        yield b"a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "proof.json", chunks())
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="No such file or directory"):
        write_atomically(tmp_path / "none" / "proof.json", [b""])


def test_links_and_devices(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    write_atomically("/dev/null", [b"gone"])
    assert not os.path.isfile("/dev/null")

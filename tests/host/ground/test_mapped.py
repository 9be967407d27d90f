"""Files filled in through memory: whole, or not there."""

import os
import resource
import threading
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.mapped import mapped


def test_it_takes_its_name_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with mapped(path, 5000) as content:
        assert path.read_bytes() == b"old" and not any(content[:])
        content[4990:] = b"0123456789"
    assert path.read_bytes() == bytes(4990) + b"0123456789"
    assert os.listdir(tmp_path) == ["file"]
    mask = os.umask(0o022)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_where_the_work_fails_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), mapped(path, 100) as content:
        content[0] = 1 // 0
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["file"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with mapped(tmp_path / "link", 3) as content:
        content[:] = b"new"
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_bytes() == b"new"


def test_room_is_taken_before_the_work(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(ProofmillError, match="big: cannot be written: .*choose another place"):
            with mapped(tmp_path / "big", 8192):
                raise AssertionError("the work began")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not os.listdir(tmp_path)
    with pytest.raises(ProofmillError, match="nowhere/file: cannot be written"):
        with mapped(tmp_path / "nowhere" / "file", 1):
            raise AssertionError("the work began")


def test_a_pipe_gets_the_content(tmp_path: Path) -> None:
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    with mapped(path, 4) as content:
        content[:] = b"pipe"
    reader.join()
    assert read == [b"pipe"] and os.listdir(tmp_path) == ["pipe"]

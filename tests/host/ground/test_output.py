import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from proofmill.host.ground.descriptors import open_descriptor
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.output import write_atomically

ROOT = Path(__file__).parents[3]
WRITE = ("import sys; from proofmill.host.ground.output import write_atomically; print('printed'); "
         "write_atomically(sys.argv[1], [b'written\\n']); print('after')")


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
    with pytest.raises(ProofmillError, match="No such file or directory; .* folder is there$"):
        write_atomically(tmp_path / "none" / "proof.json", [b""])


def test_links_and_devices(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", [b"new"])
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"
    write_atomically("/dev/null", [b"gone"])
    assert not os.path.isfile("/dev/null")


def written(path: str, out: int, **options: object) -> None:
    subprocess.run([sys.executable, "-c", WRITE, path], cwd=ROOT, check=True, stdout=out,
                   **options)  # type: ignore[call-overload]


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout here")
@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "link"])
def test_stdout_keeps_what_a_redirected_file_had(tmp_path: Path, path: str) -> None:
    if path == "link":
        (tmp_path / "link").symlink_to("/dev/stdout")
        path = str(tmp_path / "link")
    target = tmp_path / "out"
    with open(target, "w") as stream:
        stream.write("before\n")
        stream.flush()
        written(path, stream.fileno())
        stream.write("end\n")
    assert target.read_text() == "before\nprinted\nwritten\nafter\nend\n"
    with open(target, "a") as stream:
        written(path, stream.fileno())
    assert target.read_text().endswith("end\nprinted\nwritten\nafter\n")
    assert sorted(os.listdir(tmp_path)) in (["out"], ["link", "out"])


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there is no /dev/fd here")
def test_what_is_open_already_and_pipes_are_written_to(tmp_path: Path) -> None:
    reading, writing = os.pipe()  # as a shell's >(...)
    written(f"/dev/fd/{writing}", subprocess.DEVNULL, pass_fds=[writing])
    os.close(writing)
    assert os.read(reading, 100) == b"written\n"
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            write_atomically(f"/dev/fd/{writing}", [b"new"])
        finally:
            os.close(writing)
    os.mkfifo(tmp_path / "fifo")
    reading = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "fifo", [b"through"])
    assert os.read(reading, 100) == b"through"
    os.close(reading)
    assert os.listdir(tmp_path) == ["fifo"]


def test_other_paths_are_not_open_already(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "1", tmp_path / "absent", tmp_path / "loop", "/dev/null"):
        assert open_descriptor(path) is None


@pytest.mark.parametrize(("number", "way"), [
    (errno.ENOSPC, "free space"), (errno.EACCES, "permissions"), (errno.EROFS, "can be written")])
def test_the_way_out_is_that_of_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, way: str
) -> None:
    def fault(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fault)
    with pytest.raises(ProofmillError, match=f"{os.strerror(number)}; .*{way}"):
        write_atomically(tmp_path / "proof.json", [b"new"])

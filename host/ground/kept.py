"""Files the program keeps for itself: each is whole or not there, and checked before it is used.

An entry's name ends with a checksum of what is in it, so that both come and go as one. What does
not agree with its name is told of in one line and removed; who asked for it makes it again.
"""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

Content: TypeAlias = bytes | memoryview
"""What can be written."""

CHECKSUM_DIGITS = 32
"""Hexadecimal digits of a checksum that a name holds."""


def sha256(content: bytes) -> str:
    """The usual checksum, in hexadecimal digits."""
    import hashlib  # here: it loads OpenSSL, which whoever has another checksum does without
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, chunks: Iterable[Content], to_disk: bool = True) -> None:
    """Write `chunks` one after the other to `path`; at every moment it is the old file or the new.

    They go to a temporary file beside it, which takes its name once it is on the disk; without
    `to_disk` nobody waits for the disk, and a power cut may leave the file empty. Raises OSError,
    and leaves nothing behind.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    try:
        with open(temporary, "xb") as stream:
            stream.writelines(chunks)
            stream.flush()
            if to_disk:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if to_disk:
        sync_folder(path.parent)


def keep(folder: Path, name: str, suffix: str, chunks: Iterable[Content],
         checksum: Callable[[bytes], str] = sha256) -> Path:
    """Keep `chunks` as the entry `name`, and return its path. Raises OSError."""
    content = b"".join(chunks)
    path = folder / f"{name}.{checksum(content)[:CHECKSUM_DIGITS]}{suffix}"
    write_whole(path, [content])
    return path


def kept(folder: Path, name: str, suffix: str,
         checksum: Callable[[bytes], str] = sha256) -> Path | None:
    """Where the entry `name` is, its content as it was kept; None if there is none.

    `checksum`: as it was given to `keep`. Raises OSError where it cannot be read.
    """
    for path in sorted(folder.glob(f"{name}.*{suffix}")):
        if checksum(path.read_bytes())[:CHECKSUM_DIGITS] == path.name[len(name) + 1:-len(suffix)]:
            return path
        tell(f"{path} is damaged: it is removed, and made again")
        path.unlink(missing_ok=True)
    return None


def tell(notice: str) -> None:
    """A line for the user that interrupts nothing."""
    print(f"proofmill: {notice}", file=sys.stderr, flush=True)


def sync_folder(folder: Path) -> None:
    """Make new names in `folder` survive a power cut, where the system lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

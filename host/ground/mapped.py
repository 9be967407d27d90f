"""Files that are filled in through memory: large ones, whose parts are computed out of order."""

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proofmill.host.ground.descriptors import is_ordinary
from proofmill.host.ground.errors import not_written
from proofmill.host.ground.kept import sync_folder
from proofmill.host.ground.output import write_atomically


@contextmanager
def mapped(path: str | os.PathLike[str], size: int) -> Iterator[mmap.mmap]:
    """A new file of `size` bytes, all zero, mapped into memory to be filled in.

    It takes the name `path` when the block ends, whole and on the disk; where the block fails
    nothing is left behind and what stood there stays. Room on the disk is taken first: a page that
    cannot be written would end the process later. What is not an ordinary file (a device, a pipe)
    gets the content at the end. Raises `ProofmillError` where there is no room, or no permission.
    """
    direct = is_ordinary(path)
    target = Path(os.path.realpath(path))  # a symbolic link stays one
    folder = str(target.parent) if direct else None
    try:
        descriptor, name = tempfile.mkstemp(".tmp", f".{target.name}.", folder)
    except OSError as error:
        raise not_written(path, error) from error
    temporary = Path(name)
    try:
        try:
            _reserve(descriptor, size)
            content = mmap.mmap(descriptor, size)
        except OSError as error:
            raise not_written(path, error) from error
        yield content
        try:
            content.flush()
            if direct:
                os.fchmod(descriptor, 0o666 & ~_mask())
                os.fsync(descriptor)
                os.replace(temporary, target)
                sync_folder(target.parent)
        except OSError as error:
            raise not_written(path, error) from error
        if not direct:
            write_atomically(path, [memoryview(content)])
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def _reserve(descriptor: int, size: int) -> None:
    """Make the file `size` bytes long, with room for them on the disk. Raises OSError."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    with open(descriptor, "wb", closefd=False) as stream:
        left = size
        while left:
            left -= stream.write(bytes(min(left, 1 << 20)))


def _mask() -> int:
    """The permissions that this process's new files do not have."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

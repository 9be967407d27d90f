"""Writing a file whole or not at all."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Content: TypeAlias = bytes | memoryview
"""What can be written."""


def raw(array: "NDArray[Any]") -> memoryview:
    """The bytes of an array in C order, not copied if it is contiguous."""
    import numpy as np  # here, since whoever writes text alone need not wait for it
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def write_atomically(path: str | os.PathLike[str], chunks: Iterable[Content]) -> None:
    """Write `chunks` one after the other to `path`; at every moment it is the old file or the new.

    They go to a temporary file beside it, which takes its name once it is on the disk. What is not
    an ordinary file (``/dev/stdout``, a pipe) is written directly. Raises `ProofmillError`, and
    leaves nothing behind, where the disk is full or the folder cannot be written to.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as stream:
                stream.writelines(chunks)
            return
        # A symbolic link stays one: what it points to is replaced.
        target = Path(os.path.realpath(path))
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
        try:
            with open(temporary, "xb") as stream:
                stream.writelines(chunks)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise ProofmillError(
            f"{os.fspath(path)}: cannot be written: {error.strerror or error}; "
            "free space on the disk or choose another place") from error


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system lets a folder be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Writing a file whole or not at all."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofmill.host.ground.descriptors import open_descriptor
from proofmill.host.ground.errors import not_written
from proofmill.host.ground.kept import Content, write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray


def raw(array: "NDArray[Any]") -> memoryview:
    """The bytes of an array in C order, not copied if it is contiguous."""
    import numpy as np  # here, since whoever writes text alone need not wait for it
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def make_folder(path: str | os.PathLike[str]) -> None:
    """Make a folder, and those it is in, if it is not there. Raises `ProofmillError`."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise not_written(path, error) from error


def write_atomically(path: str | os.PathLike[str], chunks: Iterable[Content],
                     to_disk: bool = True) -> None:
    """Write `chunks` one after the other to `path`; at every moment it is the old file or the new.

    They go to a temporary file beside it, which takes its name once it is on the disk (without
    `to_disk`, for what can be made again in a moment, nobody waits for the disk). What is not
    an ordinary file (a device, a pipe) is written directly, and so is what this process has open
    already (``/dev/stdout``, ``/dev/fd/N``, a shell's ``>(...)``): after what stands there, were it
    redirected to an ordinary file. Raises `ProofmillError`, and leaves nothing behind, where the
    disk is full or the folder cannot be written to; `BrokenPipeError` where a pipe's reader has
    gone.
    """
    try:
        if (number := open_descriptor(path)) is not None:
            sys.stdout.flush()  # what was printed before comes first
            with open(os.dup(number), "wb") as stream:
                stream.writelines(chunks)
            return
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as stream:
                stream.writelines(chunks)
            return
        # A symbolic link stays one: what it points to is replaced.
        write_whole(Path(os.path.realpath(path)), chunks, to_disk)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_written(path, error) from error

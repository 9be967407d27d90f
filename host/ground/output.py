"""Writing a file whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.sim.kept import Content, write_whole


def raw(array: NDArray[Any]) -> memoryview:
    """The bytes of an array in C order, not copied if it is contiguous."""
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
        else:
            # A symbolic link stays one: what it points to is replaced.
            write_whole(Path(os.path.realpath(path)), chunks)
    except OSError as error:
        raise ProofmillError(
            f"{os.fspath(path)}: cannot be written: {error.strerror or error}; "
            "free space on the disk or choose another place") from error

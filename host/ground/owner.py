"""One owner: of a node's folder, and with it of its keys, its log and its next message."""

import fcntl
import os
from pathlib import Path

from proofmill.host.ground.closing import Closing
from proofmill.host.ground.errors import ProofmillError, StorageError


class Owner(Closing):
    """Holds a node's folder for this process, until it is closed or the process ends.

    A lock of the operating system on ``owner.lock``: the end of the process, however sudden, gives
    it back, so there is nothing to clean up. ProofmillError where another process has it.
    """

    def __init__(self, folder: str | os.PathLike[str], identity: str) -> None:
        """`identity`: who signs, for the message; the folder is made if it is not there."""
        self.path = Path(folder) / "owner.lock"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Not inherited: a child that lives on must not hold what its parent has given back.
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ProofmillError(
                f"{self.path}: cannot be made: {error.strerror}; choose another folder") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._file, 100, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise ProofmillError(
                f"{self.path}: {holder or 'another process'} already signs and submits from this "
                f"folder; stop it first, or give {identity} a folder of its own") from error
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{identity} (process {os.getpid()})\n".encode(), 0)
        except OSError as error:
            os.close(self._file)
            raise StorageError(f"{self.path}: cannot be written: {error.strerror}; make room there "
                               "and start again") from error

    def close(self) -> None:
        """Give the folder back."""
        os.close(self._file)

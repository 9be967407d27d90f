"""Writing a file with a secret: for its owner's eyes, and never over another."""

import os
from contextlib import suppress

from proofmill.host.ground.errors import ProofmillError, not_written

_OWNER_ALONE = 0o600


def write_secret(path: str | os.PathLike[str], text: str) -> None:
    """Make a file that only its owner may read, through to the disk; one that is there stays.

    `ProofmillError` where there is one already, or it cannot be written.
    """
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
        with open(number, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise not_written(path, error) from error


def replace_secret(path: str | os.PathLike[str], text: str) -> None:
    """As `write_secret`, in the place of what is there."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
    except OSError as error:
        raise not_written(path, error) from error
    write_secret(path, text)


def require_new(path: str | os.PathLike[str]) -> None:
    """`ProofmillError` where `write_secret` would refuse, so that no password is asked for."""
    if os.path.exists(path):
        raise _taken(path)


def _taken(path: str | os.PathLike[str]) -> ProofmillError:
    return ProofmillError(f"{os.fspath(path)}: is there already, and holds perhaps a key; choose "
                          "another name")

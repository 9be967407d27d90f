"""What a user can do wrong, said in one sentence."""

import errno
import os


class ProofmillError(Exception):
    """A mistake the user can mend: the message names the value, the place and the way out.

    The command line prints it without a traceback and exits with status 2.
    """


class StorageError(ProofmillError):
    """What has to be kept cannot be kept, or not be read back. Nothing is half written.

    The owner's trouble and nobody else's: no check of somebody else's message catches it.
    """


WAYS_OUT = {
    errno.ENOSPC: "free space on the disk, or choose another place",
    errno.EDQUOT: "free space within your quota, or choose another place",
    errno.EFBIG: "the file system holds no file so large; choose another place",
    errno.ENOENT: "check the name, and that its folder is there",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "a part of the name is a file where a folder should be",
    errno.EACCES: "change its permissions, or choose another place",
    errno.EPERM: "change its permissions, or choose another place",
    errno.EROFS: "choose a place that can be written",
    errno.ENAMETOOLONG: "choose a shorter name",
}
"""What to do about the system's errors with files."""


def way_out(error: OSError) -> str:
    """What to do about `error`, as the end of a message."""
    return WAYS_OUT.get(error.errno or 0, "choose another place, or try again")


def not_written(path: str | os.PathLike[str], error: OSError) -> StorageError:
    """What is raised where a file cannot be written."""
    return StorageError(f"{os.fspath(path)}: cannot be written: {error.strerror or error}; "
                        f"{way_out(error)}")


def not_read(name: str | os.PathLike[str], error: OSError) -> ProofmillError:
    """What is raised where a file or a folder cannot be read; `name`: what messages call it."""
    return ProofmillError(f"{os.fspath(name)}: cannot be read: {error.strerror}; {way_out(error)}")


def how_to_install(extra: str) -> str:
    """The command that brings what an extra of pyproject.toml names, as a user can type it."""
    return f"pip install -e '.[{extra}]' in Proofmill's folder"

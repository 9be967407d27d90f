"""Paths that name what this process has open already, and those that name a file on a disk."""

import os

STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
DESCRIPTORS = "/dev/fd", "/proc/self/fd"
"""Folders whose files are this process's open ones, under their numbers."""


def open_descriptor(path: str | os.PathLike[str]) -> int | None:
    """The number of this process's open file that `path` names; None where it names another.

    Opening such a path anew would begin at the file's start and cut it off, and its real path
    is the file that a shell redirected to, so both would lose what was written there before.
    """
    there = os.path.abspath(path)
    for _ in range(40):  # links after one another, as the system allows
        if there in STANDARD:
            return STANDARD[there]
        folder, name = os.path.split(there)
        if name.isascii() and name.isdigit() and os.path.realpath(folder) in map(
                os.path.realpath, DESCRIPTORS):
            return int(name)
        if not os.path.islink(there):
            return None
        there = os.path.normpath(os.path.join(os.path.realpath(folder), os.readlink(there)))
    return None


def is_ordinary(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a file on a disk, there already or to be made: no device, no pipe, nothing
    that is open already."""
    return open_descriptor(path) is None and (os.path.isfile(path) or not os.path.exists(path))

"""Where work that need not be done twice is kept: compiled simulations, development keys."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """A folder of the user's cache, made if it is not there.

    ``PROOFMILL_CACHE`` says where, else the platform's place (``XDG_CACHE_HOME``/proofmill).
    """
    base = os.environ.get("PROOFMILL_CACHE") or _usual_folder()
    folder = Path(base).joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _usual_folder() -> str:
    # What is imported here and below takes longer than a small proof, and on Linux the rule is
    # short (XDG Base Directory Specification 0.8).
    if sys.platform == "linux":
        place = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(place if place.strip() else os.path.expanduser("~/.cache"), "proofmill")
    import platformdirs

    return platformdirs.user_cache_dir("proofmill", False)


@contextmanager
def only_one(name: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Let one process at a time do what is called `name`; the others wait here.

    `waiting` is called before, where another process is at it. The lock is the operating system's,
    so that it goes with a process that is killed.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(cache_folder("locks") / name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is not None:
            waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()

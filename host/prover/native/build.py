"""Compiling the native library, once for each state of its sources, into the user's cache."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from proofmill.host.ground.cache import cache_folder, only_one
from proofmill.host.ground.errors import ProofmillError

SOURCES = Path(__file__).with_name("source")

FLAGS = ("-std=c++17", "-O3", "-fPIC", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden",
         "-fno-threadsafe-statics", "-pthread", "-w")

X86 = ("x86_64", "AMD64")

UNITS = {
    "library.cpp": (),
    "class_scalar.cpp": (),
    "class_avx2.cpp": ("-mavx2", "-mbmi2", "-madx"),
    "class_ifma.cpp": ("-mavx2", "-mbmi2", "-madx", "-mavx512f", "-mavx512vl", "-mavx512dq",
                       "-mavx512bw", "-mavx512ifma"),
}
"""The files that are compiled, each with the instructions it may use."""

CHECKED = ("-DPROOFMILL_CHECKED", "-DPROOFMILL_EMULATE_IFMA", "-O1")
"""A build for tests: it ends the process where a bound of a lazy sum does not hold, and computes
the instructions of AVX-512 IFMA in plain words."""


def build(checked: bool = False) -> Path:
    """The library's path, compiled now if it is not in the cache. Raises `ProofmillError`.

    Takes a minute or two of processor time.
    """
    command = compiler(checked)
    options = (*FLAGS, *(CHECKED if checked else ()))
    try:
        key = _digest(command, options)
        library = cache_folder("native") / f"{key}.so"
        if not library.exists():
            with only_one(f"native-{key[:16]}"):
                if not library.exists():
                    _compile(command, options, checked, library)
    except OSError as error:
        raise ProofmillError(
            f"{error.filename or 'the cache'}: {error.strerror or error}; make room there, or "
            "set PROOFMILL_CACHE to another folder") from error
    return library


def compiler(checked: bool = False) -> list[str]:
    """The command of the C++ compiler.

    ``PROOFMILL_CXX`` if it is set; else the clang of the ziglang wheel, whose sums in G1 take 0.65
    (one element at a time) and 0.84 (AVX2) of the time of g++'s; else the machine's clang++ or g++.
    A checked build need not be fast: there g++ comes first, which is done sooner.
    """
    chosen = os.environ.get("PROOFMILL_CXX", "").split()
    if chosen:
        if shutil.which(chosen[0]) is None:
            raise ProofmillError(
                f"PROOFMILL_CXX says {os.environ['PROOFMILL_CXX']!r}, which is no command; set it "
                "to a C++ compiler, or unset it")
        return chosen
    from importlib.util import find_spec
    found = {name: path for name in ("clang++", "g++") if (path := shutil.which(name))}
    if checked and "g++" in found:
        return [found["g++"]]
    if find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "c++"]
    for path in found.values():
        return [path]
    raise ProofmillError("there is no C++ compiler: install one with `pip install ziglang`")


def _digest(command: Sequence[str], options: Sequence[str]) -> str:
    total = hashlib.sha256()
    for part in (*command, *options, platform.machine(), sys.platform):
        total.update(part.encode() + b"\0")
    for path in sorted(SOURCES.iterdir()):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _compile(command: list[str], options: Sequence[str], checked: bool, library: Path) -> None:
    """Compile the units side by side and link them; the library appears whole or not at all."""
    units = UNITS if platform.machine() in X86 else {
        name: flags for name, flags in UNITS.items() if name in ("library.cpp", "class_scalar.cpp")}
    # Zig compiles for this very processor unless told otherwise.
    baseline = ["-mcpu=baseline"] if "ziglang" in command else []
    with tempfile.TemporaryDirectory(prefix="proofmill-native-") as name:
        folder = Path(name)
        running = []
        objects = []
        for unit, instructions in units.items():
            target = folder / f"{unit}.o"
            objects.append(str(target))
            flags = () if checked and unit == "class_ifma.cpp" else instructions
            running.append(_start(
                [*command, *baseline, *options, *flags, "-c", str(SOURCES / unit),
                 "-o", str(target)], folder / f"{unit}.log"))
        try:
            for process, log in running:
                _finish(process, log)
        except BaseException:
            for process, _ in running:
                process.kill()
                process.wait()
            raise
        linked = folder / "linked.so"
        _finish(*_start(
            [*command, *baseline, "-shared", "-s", *objects, *_without_runtime(command),
             "-o", str(linked)], folder / "link.log"))
        with tempfile.NamedTemporaryFile(dir=library.parent, delete=False) as part:
            part.write(linked.read_bytes())
        os.replace(part.name, library)


def _without_runtime(command: Sequence[str]) -> tuple[str, ...]:
    """Link without the C++ runtime, which nothing here uses. g++ learns the short option late."""
    if Path(command[0]).name.startswith("g++"):
        return ("-nodefaultlibs", "-lpthread", "-lc", "-lgcc")
    return ("-nostdlib++", "-pthread")


def _start(command: list[str], log: Path) -> tuple["subprocess.Popen[bytes]", Path]:
    with open(log, "wb") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                stderr=subprocess.STDOUT), log


def _finish(process: "subprocess.Popen[bytes]", log: Path) -> None:
    if process.wait() != 0:
        last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-15:])
        raise ProofmillError(
            f"the native library could not be compiled, status {process.returncode}; set "
            f"PROOFMILL_CXX to another C++ compiler:\n{last}")

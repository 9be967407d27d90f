"""Compiling the native library, once for each state of its sources.

``python -m proofmill.host.prover.native.compiling`` does it ahead of the first use.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from proofmill.host.ground.cache import cache_folder, only_one
from proofmill.host.ground.kept import keep
from proofmill.host.prover.native.build import (
    CHECKED,
    FLAGS,
    SOURCES,
    SUFFIX,
    BuildProgress,
    NoLibrary,
    checksum,
    find,
    machine,
    name_of,
    system,
    this_machine,
)
from proofmill.sim import processes

X86 = ("x86_64", "AMD64")

ZIG_MACHINES = {"arm64": "aarch64", "AMD64": "x86_64"}
ZIG_SYSTEMS = {"linux": "linux-gnu", "darwin": "macos"}
"""Zig's names where they differ from the systems' own."""

UNITS = {
    "library.cpp": (),
    "bls12_381.cpp": (),
    "class_scalar.cpp": (),
    "class_avx2.cpp": ("-mavx2", "-mbmi2", "-madx"),
    "class_ifma.cpp": ("-mavx2", "-mbmi2", "-madx", "-mavx512f", "-mavx512vl", "-mavx512dq",
                       "-mavx512bw", "-mavx512ifma"),
}
"""The files that are compiled, each with the instructions it may use."""

WAITING = "waiting for another process, which is compiling the native library"
COMPILING = "compiling the native library (once)"
LINKING = "linking the native library"
"""Steps' names."""

SILENCE_SECONDS = 3.0
"""How long nothing is said of work under way."""

POLL_SECONDS = 0.05


def compile_once(checked: bool = False, progress: BuildProgress | None = None) -> Path:
    """The library in the cache; one process compiles it, the others wait. Raises OSError and
    `NoLibrary`."""
    if progress is None:
        with _lines() as tell:
            return compile_once(checked, tell)
    name = name_of(checked)
    with only_one(f"native-{name[:16]}", lambda: progress(WAITING, 0, 1)):
        library = find(checked)
        if library is None:
            command = compiler(checked)
            library = keep(cache_folder("native"), name, SUFFIX,
                           [_compile(command, checked, progress)], checksum)
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
            raise NoLibrary(
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
    raise NoLibrary("there is no C++ compiler: install one with `pip install ziglang`")


def _compile(command: list[str], checked: bool, progress: BuildProgress) -> bytes:
    """Compile the units side by side and link them; returns the library."""
    units = UNITS if machine() in X86 else {
        name: flags for name, flags in UNITS.items() if not flags}
    options = (*FLAGS, *(CHECKED if checked else ()))
    # Zig compiles for this very processor unless told otherwise.
    baseline = ["-mcpu=baseline"] if "ziglang" in command else []
    if (machine(), system()) != (this_machine(), sys.platform):
        if not baseline:
            raise NoLibrary(f"PROOFMILL_MACHINE={machine()}, PROOFMILL_SYSTEM={system()}: another "
                            "machine's library is compiled by the ziglang wheel alone; leave "
                            "PROOFMILL_CXX out")
        if system() not in ZIG_SYSTEMS:
            raise NoLibrary(f"PROOFMILL_SYSTEM={system()}: only for {', '.join(ZIG_SYSTEMS)} is "
                            "there a library; set it to one of these, or unset it")
        baseline += ["-target", f"{ZIG_MACHINES.get(machine(), machine())}-{ZIG_SYSTEMS[system()]}"]
    with tempfile.TemporaryDirectory(prefix="proofmill-native-") as name:
        folder = Path(name)
        commands = []
        for unit, instructions in units.items():
            flags = () if checked and unit == "class_ifma.cpp" else instructions
            commands.append([*command, *baseline, *options, *flags, "-c", str(SOURCES / unit),
                             "-o", str(folder / f"{unit}.o")])
        _run(commands, folder, COMPILING, progress)
        linked = folder / "linked.so"
        _run([[*command, *baseline, "-shared", "-s", *(each[-1] for each in commands),
               *_without_runtime(command), "-o", str(linked)]], folder, LINKING, progress)
        return linked.read_bytes()


def _without_runtime(command: Sequence[str]) -> tuple[str, ...]:
    """Link without the C++ runtime, which nothing here uses. g++ learns the short option late."""
    if Path(command[0]).name.startswith("g++"):
        return ("-nodefaultlibs", "-lpthread", "-lc", "-lgcc")
    return ("-nostdlib++", "-pthread")


def _run(commands: list[list[str]], folder: Path, what: str, progress: BuildProgress) -> None:
    """Run `commands` side by side, and tell how many have ended; whatever happens, none stays."""
    running: dict[subprocess.Popen[str], Path] = {}

    def start() -> None:
        for number, command in enumerate(commands):
            log = folder / f"{number}.log"
            with open(log, "wb") as output:
                running[processes.start(command, stdout=output, stderr=subprocess.STDOUT)] = log

    progress(what, 0, len(commands))
    try:
        # On a thread of its own, which no interrupt reaches: none is started and then not known of.
        with ThreadPoolExecutor(1) as starter:
            starter.submit(start).result()
        while running:
            for process in [each for each in running if each.poll() is not None]:
                log = running.pop(process)
                if process.returncode != 0:
                    last = "\n".join(log.read_text(errors="replace").strip().splitlines()[-15:])
                    raise NoLibrary(
                        f"the native library could not be compiled, status {process.returncode}; "
                        f"set PROOFMILL_CXX to another C++ compiler:\n{last}")
                progress(what, len(commands) - len(running), len(commands))
            time.sleep(POLL_SECONDS)
    finally:
        for process in running:
            processes.end(process)


@contextmanager
def _lines() -> Iterator[BuildProgress]:
    """Tells on stderr, at the beginning of every step and every few seconds."""
    step, done, total, start = "", 0, 1, time.monotonic()
    over = threading.Event()

    def show(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def tell(what: str, now: int, all_of_it: int) -> None:
        nonlocal step, done, total
        if what != step:
            show(f"{what} ...")
        step, done, total = what, now, all_of_it

    def go_on() -> None:
        while not over.wait(SILENCE_SECONDS):
            if step:
                show(f"{step}: {done / total:.0%}, {time.monotonic() - start:.0f} s ...")

    teller = threading.Thread(target=go_on, daemon=True)
    teller.start()
    try:
        yield tell
    finally:
        over.set()
        teller.join()


if __name__ == "__main__":
    from proofmill.host.ground.errors import ProofmillError
    from proofmill.host.prover.native.build import build

    try:
        build()
    except ProofmillError as problem:
        print(f"proofmill: {problem}; mcl computes instead, slower", file=sys.stderr)

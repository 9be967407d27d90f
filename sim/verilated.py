"""The accelerator's Verilog as a library in this process: emitted, verilated, compiled, loaded."""

import ctypes
import json
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator, identity_words
from proofmill.hdl.commands import IDENTITY_PLACEHOLDER
from proofmill.hdl.description import describe
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.msm import MsmShape
from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.kept import keep, kept
from proofmill.sim.compiling import BuildProgress, Compilation, Tools, digest, untold
from proofmill.sim.dump import Dump
from proofmill.sim.kept import (
    in_the_cache,
    kept_content,
    kept_path,
    only_one_tells,
    sources_key,
)
from proofmill.sim.loaded import Loaded

Words = NDArray[np.uint64]
HARNESS = Path(__file__).with_name("harness.cpp")

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


def shape_key(shape: MsmShape) -> str:
    """A short name for `shape`: another one for every other shape."""
    return digest(json.dumps(describe(shape)))


def gateware(shape: MsmShape, tell: BuildProgress = untold) -> Gateware:
    """The Verilog of `shape`; see `kept_verilog`."""
    verilog = kept_verilog(
        shape_key(shape),
        lambda: emit_verilog(Accelerator(shape, finishing_program(shape)), "accelerator"), tell)
    return Gateware(shape, *with_hash(verilog))


def kept_verilog(name: str, emit: Callable[[], str], tell: BuildProgress) -> str:
    """What `emit` gives, from the cache if it was asked for under `name` with the same sources.

    Where two processes want the same, the second waits for the first. `tell` is told of every
    step, of waiting too. Raises `BuildError`.
    """
    return kept_content("verilog", sources_key(name), lambda: emit().encode(), "emitting Verilog",
                        tell).decode()


def with_hash(verilog: str) -> tuple[str, int]:
    """(Verilog with its own hash in the place kept for it, the hash)."""
    number = int(digest(verilog)[:16], 16)
    placeholder = f"64'h{IDENTITY_PLACEHOLDER:016x}"
    if verilog.count(placeholder) != 1:
        raise AssertionError("the identity's place in the Verilog is not unique")
    return verilog.replace(placeholder, f"64'h{number:016x}"), number


def build(shape: MsmShape, progress: BuildProgress | None = None, *,
          traced: bool = False) -> tuple[Gateware, Path]:
    """(the gateware, the library that simulates it), from the cache or built now; of one that is
    `traced` waveforms are to be had.

    The cache's key is the hash of the Verilog, the harness, the tools' versions and the flags. A
    build takes some tens of seconds on two cores; `progress` is told of every step. Raises
    `BuildError`.
    """
    tell, compilation = progress or untold, None
    with ExitStack() as until_end:
        if kept_path("verilog", sources_key(shape_key(shape))) is None:
            # Emitting it takes one core: the others begin with what does not depend on it.
            compilation = until_end.enter_context(Compilation(Tools.found(traced)))
        ware = gateware(shape, tell)
        return ware, library_of(ware.verilog, "accelerator", HARNESS, tell, traced=traced,
                                begun=compilation)


def is_kept(shape: MsmShape) -> bool:
    """Whether `build` finds both in the cache. `BuildError` where there are no tools."""
    with in_the_cache():
        path = kept_path("verilog", sources_key(shape_key(shape)))
        if path is None:
            return False
        key = Tools.found(traced=False).key(with_hash(path.read_text())[0], "accelerator", HARNESS)
        return kept(cache_folder("simulation"), key, ".so") is not None


def library_of(verilog: str, top: str, harness: Path, tell: BuildProgress, *,
               traced: bool = False, begun: Compilation | None = None) -> Path:
    """The library that simulates module `top` of `verilog` behind `harness`, a C++ file.

    From the cache or built now; where two processes want the same one, the second waits for the
    first. `tell` is told of every step, of waiting too. `begun`: what compiles it, if that has
    begun. Raises `BuildError`.
    """
    tools = Tools.found(traced)
    key = tools.key(verilog, top, harness)
    with in_the_cache(), only_one_tells(f"simulation-{key[:16]}", tell):
        folder = cache_folder("simulation")
        library = kept(folder, key, ".so")
        if library is not None:
            tell("loading the simulation", 1, 1)
            return library
        with nullcontext(begun) if begun is not None else Compilation(tools) as compilation:
            compiled = compilation.library(verilog, top, harness, tell)
        return keep(folder, key, ".so", [compiled])


class Simulation(Loaded):
    """One simulated accelerator behind its link: words in, words out, cycle by cycle.

    Not to be used from two threads at once; several simulations run side by side.
    `scalar_seconds` is 0: there is no line, see `host.prover.devices.link.Link`. `dump` is a
    waveform to be written, of a library that was built for it (see `sim.dump`).
    """

    scalar_seconds = 0.0

    def __init__(self, library: Path, dump: Dump | None = None) -> None:
        pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
        counted = ctypes.POINTER(size)
        super().__init__(
            library, "simulation", reset=([], None), cycle=([], number),
            run=([pointer, size, counted, pointer, size, counted, number], None))
        self._dump = dump
        if dump is not None:
            dump.begin(self._code.simulation_trace, self._handle)

    def exchange(self, words: Words, room: int, cycles: int) -> tuple[int, Words]:
        """Offer `words` and take up to `room` answers, for at most `cycles` cycles.

        Returns how many of the words went in, and the answers. Comes back as soon as all words
        have gone in and `room` answers have come.
        """
        words = np.ascontiguousarray(words, dtype=np.uint64)
        answers = np.zeros(room, dtype=np.uint64)
        taken, given = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("run", words.ctypes.data, len(words), ctypes.byref(taken), answers.ctypes.data,
                   room, ctypes.byref(given), cycles)
        return taken.value, answers[:given.value]

    def reset(self) -> None:
        """Pulse the reset line."""
        self._call("reset")

    @property
    def cycle(self) -> int:
        """Cycles simulated so far."""
        return int(self._call("cycle"))

    def close(self) -> None:
        """Free the simulation; calling it again does nothing."""
        if self._handle is not None and self._dump is not None:
            self._dump.ran = self.cycle
        super().close()

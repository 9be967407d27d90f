"""A wide processor's own gateware: its Verilog, compiled, and run on words."""

import ctypes
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proofmill.firmware.wide_program import WideProgram
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.wide_processor import WideProcessor
from proofmill.hdl.wide_shape import WideShape
from proofmill.sim.compiling import BuildProgress, untold
from proofmill.sim.loaded import Loaded
from proofmill.sim.verilated import kept_verilog, library_of
from proofmill.sim.wide_processor import WideExecution, given_words, input_words, run

HARNESS = Path(__file__).with_name("wide_harness.cpp")
TOP = "wide"

SPARE_CYCLES = 100_000
"""What a run may take beyond its program's cycles, for streams that pause, before it is given
up."""


def run_on(device: str, program: WideProgram, words: Sequence[int], key: Sequence[int] = (),
           tell: BuildProgress = untold) -> WideExecution:
    """`sim.wide_processor.run` by `device`: "model", which is that, or "rtl", the gateware in
    simulation. Raises what they raise, and for the gateware what `wide_library` does."""
    if device == "model":
        return run(program, words, key)
    with closing(WideGateware(program, wide_library(program.shape, tell), key)) as gateware:
        return gateware.run(words)


def wide_library(shape: WideShape, tell: BuildProgress = untold) -> Path:
    """The compiled simulation of a wide processor, for any program; see
    `sim.verilated.library_of`, whose errors it raises."""
    verilog = kept_verilog(repr(shape), lambda: emit_verilog(WideProcessor(shape), TOP), tell)
    return library_of(verilog, TOP, HARNESS, tell)


def _width(bits: int) -> int:
    """Words of 32 bits that Verilator has for a port."""
    return -(-bits // 32)


def _rows(values: Iterable[int], bits: int) -> NDArray[np.uint32]:
    """Values of `bits` bits, shape (n, `_width`)."""
    size = 4 * _width(bits)
    return np.frombuffer(b"".join(value.to_bytes(size, "little") for value in values),
                         dtype=np.uint32).reshape(-1, _width(bits))


class WideGateware(Loaded):
    """A simulated wide processor with `program` and `key` in it. Not to be used from two threads
    at once."""

    def __init__(self, program: WideProgram, library: Path, key: Sequence[int] = ()) -> None:
        self.program = program
        pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
        super().__init__(
            library, TOP, load=([pointer, size, size], None),
            run=([pointer, size, size, pointer, size, size, number, number,
                  ctypes.POINTER(number)], size))
        words = _rows(program.words, program.shape.layout.bits)
        self._call("load", words.ctypes.data, *words.shape)
        self._exchange(given_words(program, key), 0)

    def run(self, words: Sequence[int], *, pauses_in: int = 0,
            pauses_out: int = 0) -> WideExecution:
        """`sim.wide_processor.run`, with the cycles that were counted from the first word's being
        offered to the last result's being taken.

        The streams wait in cycle c where bit ``c % 64`` of their `pauses` is 1. Raises ValueError
        for words that the program does not take, or when closed, and RuntimeError if the results do
        not come.
        """
        return self._exchange(input_words(self.program, words), self.program.outputs, pauses_in,
                              pauses_out)

    def _exchange(self, given: list[int], room: int, pauses_in: int = 0,
                  pauses_out: int = 0) -> WideExecution:
        """Send words, `WideShape.given`, and take `room` results."""
        shape = self.program.shape
        rows = _rows(given, shape.given.size)
        found = np.zeros((room, _width(shape.field.bits)), dtype=np.uint32)
        cycles = ctypes.c_uint64(len(given) + self.program.cycles + SPARE_CYCLES)
        count = self._call("run", rows.ctypes.data, *rows.shape, found.ctypes.data, *found.shape,
                           pauses_in, pauses_out, ctypes.byref(cycles))
        if count != room:
            raise RuntimeError(f"after {cycles.value:,} cycles {count} of {room} results have come")
        return WideExecution([int.from_bytes(row.tobytes(), "little") for row in found],
                             cycles.value)

"""A matrix unit by its model, and its own gateware: its Verilog, compiled, and run on words."""

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.matrix_unit import MatrixUnit, MatrixUnitShape
from proofmill.sim.compiling import BuildProgress, untold
from proofmill.sim.loaded import Loaded
from proofmill.sim.matrix import Plan, Whole, Words, product, product_words, sums_of
from proofmill.sim.verilated import kept_verilog, library_of

HARNESS = Path(__file__).with_name("matrix_harness.cpp")
TOP = "matrix"

PAUSED = 64
"""A run may take so many times its cycles before it is given up: its answers may have to wait."""


@dataclass(frozen=True)
class Multiplied:
    """A product, the cycles of the blocks, by the gateware's own count, and how many words of
    weights came from a memory beside it."""

    sums: Whole
    cycles: int
    fetched: int = 0


def matrix_library(shape: MatrixUnitShape, tell: BuildProgress = untold) -> Path:
    """The compiled simulation of a matrix unit; see `sim.verilated.library_of`, whose errors it
    raises."""
    verilog = kept_verilog(repr(shape), lambda: emit_verilog(MatrixUnit(shape), TOP), tell)
    return library_of(verilog, TOP, HARNESS, tell)


class MatrixModel:
    """A matrix unit without its gateware: the same sums in the same cycles."""

    memory_cycles = 0
    """There is no memory beside it."""

    def __init__(self, shape: MatrixUnitShape) -> None:
        self.shape = shape

    def multiply(self, x: Whole, w: Whole) -> Multiplied:
        """``x w``, of unsigned elements. Raises ValueError for what has no room; see
        `sim.matrix.Plan`."""
        plan = planned(self.shape, x, w)
        return Multiplied(product(x, w), plan.cycles)

    def close(self) -> None:
        """There is nothing to free."""


class MatrixGateware(Loaded):
    """A simulated matrix unit. Not to be used from two threads at once."""

    def __init__(self, shape: MatrixUnitShape, library: Path) -> None:
        self.shape = shape
        pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64
        super().__init__(library, TOP, run=(
            [pointer, size, pointer, size, number, ctypes.POINTER(number)], size))

    def multiply(self, x: Whole, w: Whole, *, pauses: int = 0) -> Multiplied:
        """`MatrixModel.multiply`; answers wait in cycle c where bit ``c % 64`` of `pauses` is 1.

        Raises RuntimeError if the sums do not come, and ValueError when closed.
        """
        plan = planned(self.shape, x, w)
        answers = self._exchange(product_words(plan, x, w), plan.sums + 1, plan.cycles * PAUSED,
                                 pauses)
        return Multiplied(sums_of(plan, answers[:-1]), int(answers[-1]))

    def _exchange(self, words: Words, room: int, cycles: int, pauses: int) -> Words:
        answers = np.zeros(room, dtype=np.uint64)
        taken = ctypes.c_uint64(len(words) + cycles)
        count = self._call("run", words.ctypes.data, len(words), answers.ctypes.data, room, pauses,
                           ctypes.byref(taken))
        if count != room:
            raise RuntimeError(f"after {taken.value:,} cycles {count} of {room} answers have come")
        return answers


def planned(shape: MatrixUnitShape, x: Whole, w: Whole) -> Plan:
    """How the product is cut; raises ValueError for what has no room, or is no product."""
    (rows, terms), (others, columns) = x.shape, w.shape
    if terms != others:
        raise ValueError(f"{rows} x {terms} cannot be multiplied by {others} x {columns}")
    limit = 1 << shape.multiplier.element
    for name, matrix in (("x", x), ("w", w)):
        if matrix.size == 0 or matrix.min() < 0 or matrix.max() >= limit:
            raise ValueError(f"{name} has elements that are not in 0 to {limit - 1}, or none")
    plan = Plan(shape, rows, terms, columns)
    plan.check()
    return plan

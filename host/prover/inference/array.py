"""The matrix products of a model on a multiplier's blocks: signed, and cut to what has room."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Protocol

import numpy as np

from proofmill.boards.shapes import SMALLEST, SMALLEST_HZ
from proofmill.hdl.cost import matrix_block
from proofmill.hdl.matrix_unit import MatrixUnitShape
from proofmill.hdl.presets import with_matrices
from proofmill.hdl.sdram import IS42S16160
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.catalogue import open_board
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.devices.matrices import (
    AcceleratorModel,
    AcceleratorUnit,
    OrModel,
    least_rows,
    memory_cycles,
)
from proofmill.host.prover.inference.quantisation import Integers
from proofmill.sim.compiling import BuildProgress
from proofmill.sim.matrix import Plan
from proofmill.sim.matrix_gateware import Multiplied
from proofmill.sim.verilated import Simulation, build


class Unit(Protocol):
    """What multiplies matrices of unsigned elements; see `sim.matrix_gateware`."""

    @property
    def shape(self) -> MatrixUnitShape:
        """Its shape."""

    def multiply(self, x: Integers, w: Integers) -> Multiplied:
        """``x w`` and the cycles."""

    @property
    def memory_cycles(self) -> int:
        """Cycles in which 8 words of weights come."""

    def close(self) -> None:
        """Free it."""


@dataclass(frozen=True)
class Work:
    """What an array has done: `cycles` of its `blocks` for `products`, multiplications of a
    model's elements, without those of padding.

    `fetched` words of weights came from the memory beside it, which takes `waiting` cycles at the
    least, while the blocks wait: in `bound` of the `commands` longer than they multiply. A weight
    has to be used for `least_rows` rows for that not to be so.
    """

    blocks: int
    products: int
    cycles: int
    fetched: int = 0
    waiting: int = 0
    least_rows: int = 0
    commands: int = 0
    bound: int = 0

    @property
    def rate(self) -> float:
        """Products a block and cycle."""
        return self.products / (self.blocks * self.cycles) if self.cycles else 0.0


class Array:
    """A unit, as the product of two matrices of whole numbers that span at most a byte each.

    With x = x' + a, w = w' + b and K terms, x' and w' of 0 to 255, the unit's sums of x' w' are
    completed by ``x w = x' w' + b sum(x') + a sum(w') + K a b``, b a number for each column.
    """

    def __init__(self, unit: Unit, most_cycles: int | None = None) -> None:
        """`most_cycles`: of one command, so that something else can have the blocks after it; the
        smallest command is given even where it takes more."""
        self._unit = unit
        self.most_cycles = most_cycles
        self._products = self._fetched = self._bound = 0
        self.commands: list[int] = []
        """Cycles of each command so far, by the gateware's count."""

    @property
    def work(self) -> Work:
        """So far."""
        shape = self._unit.shape.multiplier
        return Work(matrix_block(shape).total(shape.multiplications), self._products,
                    sum(self.commands), self._fetched,
                    memory_cycles(self._fetched, self._unit.memory_cycles),
                    least_rows(self._unit.shape, self._unit.memory_cycles),
                    len(self.commands), self._bound)

    @property
    def spent(self) -> int:
        """Cycles of the device so far: of its blocks, and those in which they waited for weights.
        """
        return sum(self.commands) + memory_cycles(self._fetched, self._unit.memory_cycles)

    @property
    def failure(self) -> DeviceError | None:
        """What its unit has failed with, where the model of it has gone on."""
        return self._unit.failure if isinstance(self._unit, OrModel) else None

    def multiply(self, x: Integers, w: Integers) -> Integers:
        """``x w`` in whole numbers.

        x: rows by terms; w: terms by columns. Raises ValueError where the values of x, or of a
        column of w, are more than 255 apart.
        """
        def whole() -> Generator[int, None, None]:
            found.append((yield from self.by_commands(x, w)))

        found: list[Integers] = []
        for _ in whole():
            pass
        return found[0]

    def by_commands(self, x: Integers, w: Integers) -> Generator[int, None, Integers]:
        """The same by a command for each step of the generator, which gives the cycles that are
        planned for it: between two of them others may have the blocks."""
        x_least, w_least = int(x.min()), w.min(axis=0)
        x, w = x - x_least, w - w_least
        if x.max() > 255 or w.max() > 255:
            raise ValueError("the elements span more than a byte")
        terms = x.shape[1]
        sums = np.zeros((len(x), w.shape[1]), dtype=np.int64)
        for rows, part, columns, plan in self._cuts(len(x), *w.shape):
            found = self._unit.multiply(x[rows, part], w[part, columns])
            sums[rows, columns] += found.sums
            self.commands.append(found.cycles)
            self._fetched += found.fetched
            self._bound += memory_cycles(found.fetched, self._unit.memory_cycles) > found.cycles
            yield plan.cycles
        self._products += len(x) * terms * w.shape[1]
        completed: Integers = (sums + w_least * x.sum(axis=1, keepdims=True)
                               + x_least * w.sum(axis=0) + terms * x_least * w_least)
        return completed

    def planned(self, rows: int, terms: int, columns: int) -> list[int]:
        """The cycles of each command of a product of this size."""
        return [plan.cycles for *_, plan in self._cuts(rows, terms, columns)]

    def bounds(self, rows: int, terms: int, columns: int) -> list[int]:
        """What each of them takes of the device if all its weights have to come from the memory:
        the most."""
        return [plan.cycles + self._fetching(plan) for *_, plan in self._cuts(rows, terms, columns)]

    def _fetching(self, plan: Plan) -> int:
        """Cycles in which the weights of a command come from the memory."""
        return memory_cycles(plan.weight_entries * plan.shape.weight_words,
                             self._unit.memory_cycles)

    def _cuts(self, rows: int, terms: int, columns: int
              ) -> Iterator[tuple[slice, slice, slice, Plan]]:
        """(Rows, terms, columns, how it is cut) of each command."""
        shape = self._unit.shape
        most_rows, most_terms, most_columns = self._parts(rows, terms, columns)
        for term in range(0, terms, most_terms):
            part = slice(term, min(terms, term + most_terms))
            for column in range(0, columns, most_columns):
                across = slice(column, min(columns, column + most_columns))
                for row in range(0, rows, most_rows):
                    down = slice(row, min(rows, row + most_rows))
                    yield down, part, across, Plan(
                        shape, *(each.stop - each.start for each in (down, part, across)))

    def _parts(self, *size: int) -> tuple[int, ...]:
        """Rows, terms and columns of a command: with as many parts of the terms as take the fewest
        cycles. The fewer terms a command has, the more rows and columns have room with them."""
        def cycles(most: tuple[int, ...]) -> int:
            cut = ([(whole // part, part), *([(1, whole % part)] if whole % part else [])]
                   for whole, part in zip(size, most, strict=True))
            return sum(a * b * c * Plan(self._unit.shape, rows, terms, columns).cycles
                       for (a, rows), (b, terms), (c, columns) in product(*cut))

        return min((self._short(Plan(self._unit.shape, *map(min, most, size)))
                    for most in self._rooms(size[1])), key=cycles)

    def _rooms(self, terms: int) -> Iterator[tuple[int, int, int]]:
        """Rows, terms and columns that have room in the unit's memories at a time: for the fewest
        parts of the terms, and for more, down to parts that take no longer than their sums take to
        be read."""
        shape = self._unit.shape
        array = shape.multiplier
        words, entries = 1 << shape.weight_bits, 1 << shape.element_bits
        whole = -(-terms // array.step_terms)
        room = min(words // array.rows, entries // array.loop, array.most_terms // array.step_terms)
        least = -(-whole // room)
        for parts in range(least, max(least, whole // (array.limbs + 3)) + 1):
            steps = -(-whole // parts)
            yield (entries // (steps * array.loop) * array.loop, steps * array.step_terms,
                   words // (steps * array.rows) * array.columns)

    def _short(self, plan: Plan) -> tuple[int, int, int]:
        """Rows, terms and columns of a command that ends soon enough, even if its weights have to
        come from the memory: `plan`'s, halved."""
        most, array = self.most_cycles, plan.shape.multiplier
        while most is not None and plan.cycles + self._fetching(plan) > most:
            weights_bind = plan.tiles * plan.steps > 1 and self._fetching(plan) > plan.cycles
            if plan.groups > 1 and not weights_bind:
                plan = replace(plan, rows=plan.groups // 2 * array.loop)
            elif plan.tiles > 1:
                plan = replace(plan, columns=plan.tiles // 2 * array.columns)
            elif plan.steps > 1:
                plan = replace(plan, terms=plan.steps // 2 * array.step_terms)
            else:
                break
        return plan.rows, plan.terms, plan.columns

    def close(self) -> None:
        """Free the unit."""
        self._unit.close()


def open_array(device: str, tell: BuildProgress) -> Array:
    """An array: "model", the smallest board's accelerator with what multiplies matrices built in;
    "rtl", its gateware in simulation; or "serial:PORT", a board.

    `tell` is told of the steps in which gateware is built. Raises `sim.compiling.BuildError` where
    it cannot be, `ProofmillError` for a board that multiplies no matrices.
    """
    if device.startswith("serial:"):
        return Array(_unit_of(open_board(device)))
    shape = with_matrices(SMALLEST)
    if device == "model":
        assert shape.matrix is not None
        return Array(AcceleratorModel(shape.matrix, IS42S16160.read_cycles(SMALLEST_HZ)))
    gateware, library = build(shape, tell)
    return Array(_unit_of(Accelerator(Simulation(library), gateware.identity)))


def _unit_of(accelerator: Accelerator) -> AcceleratorUnit:
    """All of an accelerator; it is closed where it is of no use."""
    try:
        return AcceleratorUnit(accelerator)
    except BaseException:
        accelerator.close()
        raise

"""Products of matrices by a `hdl.matrix_unit.MatrixUnit`: golden values, layout and cycles."""

from dataclasses import dataclass

import numpy as np
from amaranth.lib import data
from numpy.typing import NDArray

from proofmill.hdl.commands import HEADER as COMMAND
from proofmill.hdl.commands import MATRIX, OPERANDS, PLACE, WORD, Command, pack
from proofmill.hdl.matrix_control import settling
from proofmill.hdl.matrix_unit import HEADER, MatrixUnitShape, Operation

Whole = NDArray[np.int64]
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Plan:
    """How a product of `rows` x `terms` by `terms` x `columns` is cut; see `MatrixUnit`.

    Raises nothing by itself: see `check`.
    """

    shape: MatrixUnitShape
    rows: int
    terms: int
    columns: int

    @property
    def groups(self) -> int:
        """Groups of rows of x."""
        return -(-self.rows // self.shape.multiplier.loop)

    @property
    def steps(self) -> int:
        """Steps of a sum."""
        return -(-self.terms // self.shape.multiplier.step_terms)

    @property
    def tiles(self) -> int:
        """Tiles of columns of w."""
        return -(-self.columns // self.shape.multiplier.columns)

    @property
    def weight_entries(self) -> int:
        """Entries of the memory of w."""
        return self.tiles * self.steps * self.shape.multiplier.rows

    @property
    def element_entries(self) -> int:
        """Entries of the memory of x."""
        return self.groups * self.steps * self.shape.multiplier.loop

    @property
    def sums(self) -> int:
        """Words of sums that come, padding included."""
        shape = self.shape.multiplier
        return self.groups * self.tiles * shape.loop * shape.limbs

    @property
    def cycles(self) -> int:
        """Cycles that the gateware says it took, where no answer waits to be taken.

        Tiles follow one another after `steps` steps, or where it takes longer to read one out, a
        cycle a sum and one a row, after as many. With R rows of hardware the first sums leave after
        R times as many steps.
        """
        shape = self.shape.multiplier
        interval = max(self.steps, shape.limbs + 3)
        steps = (1 + shape.rows * self.steps + (self.groups * self.tiles - 1) * interval
                 + shape.limbs + 2)
        return steps * shape.loop + 3 * settling(shape) + self.shape.late + OVERHEAD

    def check(self) -> None:
        """Raises ValueError where the operands have no room, or a sum might have none."""
        if self.terms > self.shape.multiplier.most_terms:
            raise ValueError(f"a sum has {self.terms:,} terms, and at most "
                             f"{self.shape.multiplier.most_terms:,} are sure to fit")
        for name, count, room in (
                ("w", self.weight_entries, self.shape.weight_bits),
                ("x", self.element_entries, self.shape.element_bits)):
            if count > 1 << room:
                raise ValueError(f"{name} takes {count:,} entries, and there are {1 << room:,}")


OVERHEAD = 10
"""Cycles of a MULTIPLY besides its steps and what the multiplier takes to settle."""


def product(x: Whole, w: Whole) -> Whole:
    """The matrix product, in whole numbers: what a unit's answers are held to."""
    found: Whole = x.astype(np.int64) @ w.astype(np.int64)
    return found


def weight_words(plan: Plan, w: Whole) -> Words:
    """The entries of w, in words: tile, step and row of hardware; then limb, k and column."""
    shape = plan.shape.multiplier
    terms = plan.steps * shape.step_terms
    full = np.zeros((terms, plan.tiles * shape.columns), dtype=np.int64)
    full[:plan.terms, :plan.columns] = w
    order = full.reshape(plan.steps, shape.rows, 2, plan.tiles, shape.limbs, shape.products)
    entries = order.transpose(3, 0, 1, 4, 2, 5).reshape(plan.weight_entries, -1)
    return _words(entries, shape.element, plan.shape.weight_words)


def element_words(plan: Plan, x: Whole) -> Words:
    """The entries of x, in words: group, step and row of the group; then row of hardware and k."""
    shape = plan.shape.multiplier
    terms = plan.steps * shape.step_terms
    full = np.zeros((plan.groups * shape.loop, terms), dtype=np.int64)
    full[:plan.rows, :plan.terms] = x
    order = full.reshape(plan.groups, shape.loop, plan.steps, shape.step_terms)
    entries = order.transpose(0, 2, 1, 3).reshape(plan.element_entries, -1)
    return _words(entries, shape.element, plan.shape.element_words)


def sums_of(plan: Plan, words: Words) -> Whole:
    """The sums, `rows` x `columns`, from the words that came for them."""
    shape = plan.shape.multiplier
    parts = [(words >> np.uint64(shape.sum_bits * n) & np.uint64((1 << shape.sum_bits) - 1))
             for n in range(shape.products)]
    found = np.stack(parts, axis=-1).astype(np.int64)
    order = found.reshape(plan.tiles, plan.groups, shape.loop, shape.columns)
    whole: Whole = order.transpose(1, 2, 0, 3).reshape(plan.groups * shape.loop, -1)
    return whole[:plan.rows, :plan.columns]


def sum_words(plan: Plan, sums: Whole) -> Words:
    """The words that come for `sums`: what `sums_of` takes, with sums of padding, which are 0."""
    shape = plan.shape.multiplier
    full = np.zeros((plan.groups * shape.loop, plan.tiles * shape.columns), dtype=np.uint64)
    full[:plan.rows, :plan.columns] = sums
    order = full.reshape(plan.groups, shape.loop, plan.tiles, shape.limbs, shape.products)
    parts = order.transpose(2, 0, 1, 3, 4).reshape(-1, shape.products)
    words: Words = np.bitwise_or.reduce(
        parts << (np.arange(shape.products) * shape.sum_bits).astype(np.uint64), axis=1)
    return words


def product_words(plan: Plan, x: Whole, w: Whole) -> Words:
    """The commands of a product: those that write both operands, and the one that multiplies."""
    return np.concatenate([
        _packed(HEADER, operation=Operation.WEIGHTS, count=plan.weight_entries),
        weight_words(plan, w),
        _packed(HEADER, operation=Operation.ELEMENTS, count=plan.element_entries),
        element_words(plan, x),
        _packed(HEADER, operation=Operation.MULTIPLY),
        _packed(MATRIX, steps=plan.steps, groups=plan.groups, tiles=plan.tiles)])


def matmul_words(plan: Plan, x: Whole, address: int, count: int | None = None, entry: int = 0
                 ) -> Words:
    """The words of MATMUL, see `hdl.commands`: `count` words of weights at `address`, or all; they
    are entries from `entry` on."""
    elements = element_words(plan, x)
    if count is None:
        count = plan.weight_entries * plan.shape.weight_words
    return np.concatenate([
        _packed(COMMAND, command=Command.MATMUL), _packed(PLACE, address=address, count=count),
        _packed(MATRIX, steps=plan.steps, groups=plan.groups, tiles=plan.tiles),
        _packed(OPERANDS, entry=entry, words=len(elements)), elements])


def _packed(layout: data.StructLayout, **values: int) -> Words:
    return np.array([pack(layout, **values)], dtype=np.uint64)


def _words(entries: Whole, bits: int, words: int) -> Words:
    """Elements of each entry side by side, the first lowest, as words, lowest first."""
    spread = (entries[:, :, None] >> np.arange(bits) & 1).astype(np.uint8)
    flat = spread.reshape(len(entries), -1)
    flat = np.pad(flat, ((0, 0), (0, words * WORD - flat.shape[1])))
    return np.packbits(flat, axis=1, bitorder="little").view("<u8").reshape(-1)

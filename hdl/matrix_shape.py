"""How a folded multiplier's blocks are cut to multiply matrices of small integers, too."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.limbs import NARROW

LOOPS = (4, 5)
"""Cycles of a loop that has a plain register before its blocks, and whose sums the last step's
registers hold until they are read."""


@dataclass(frozen=True, kw_only=True)
class MatrixShape(FoldedShape):
    """A `FoldedShape` that also multiplies matrices of unsigned integers of `element` bits.

    In a step a row of hardware multiplies a digit of `a` by every limb of `b`, and its lowest digit
    by every limb of a constant. With limbs of two rows of a matrix in the place of `b` and of the
    constant, and with nothing carried from a limb to the next, that is for every limb, a column,

        sum += x[k] * w[k, column] + x[k + 1] * w[k + 1, column]

    The loop has `loop` such sums on their way, each of another row of x. A row of hardware has a
    share of all k; its sums go on to the next row, and from the last one out.

    A block multiplies by `products` elements of w at once where its wide side has room for them
    ``2 * element + 2`` bits apart, of two columns. What the lower sum carries into the upper one is
    counted, and taken off when both are read.

    Parameters beyond those of `FoldedShape`
    ----------
    element : bits of an element.
    products : in a block and cycle, 1 or 2.
    """

    kind: ClassVar[str] = "matrix"

    least_loop: int = 4
    element: int = 8
    products: int = 1

    def __post_init__(self):
        super().__post_init__()
        if self.loop not in LOOPS:
            raise ValueError(f"matrices need a loop of 4 or 5 cycles, not {self.loop}")
        if self.products not in (1, 2):
            raise ValueError(f"a block makes 1 product or 2, not {self.products}")
        if self.element > self.digit or self.factor_bits > self.limb:
            raise ValueError(
                f"{self.products} x {self.element} bits have no room in a digit ({self.digit} "
                f"bits) and a limb ({self.limb} bits)")
        spare = self.last_widths[:self.rows]
        if self.rows > self.loop:
            raise ValueError(f"{self.rows} rows of hardware need a loop of as many cycles, for "
                             f"their words of w to come in; it has {self.loop}")
        if len(self.unpaid) > 1 or self.unpaid and (
                len(spare) < self.rows or min(spare) < self.factor_bits):
            raise ValueError(
                f"{len(self.unpaid)} columns of {self.rows} rows lack a block, and the last step "
                f"has {len(self.last_widths)} of {min(self.last_widths)} bits and more")

    @property
    def spacing(self) -> int:
        """Bits from one element to the next in a factor."""
        return 2 * self.element + 2

    @property
    def factor_bits(self) -> int:
        """Bits of a block's factor of w."""
        return self.element + self.spacing * (self.products - 1)

    @property
    def sum_bits(self) -> int:
        """Bits of a sum."""
        return 4 * self.element

    @property
    def held_bits(self) -> int:
        """Bits of a column's sums in one number."""
        return self.sum_bits + self.spacing * (self.products - 1)

    @property
    def count_bits(self) -> int:
        """Bits of a column's count of carries."""
        return (self.sum_bits - self.spacing) * (self.products - 1)

    @cached_property
    def unpaid(self) -> list[int]:
        """The columns without a block for the quotient digits' constant: the last step's serve."""
        return [n for n in range(self.limbs) if n >= len(self.lifted_limbs)
                or max(self.lifted_limbs[n]).bit_length() <= NARROW]

    @property
    def columns(self) -> int:
        """Columns of w that are multiplied by at once."""
        return self.limbs * self.products

    @property
    def step_terms(self) -> int:
        """Terms of a sum that are added in a step: two a row."""
        return 2 * self.rows

    @property
    def word_bits(self) -> int:
        """Bits of a row's elements of w in a step."""
        return 2 * self.columns * self.element

    @property
    def elements_bits(self) -> int:
        """Bits of all rows' elements of x in a cycle."""
        return 2 * self.element * self.rows

    @property
    def most_terms(self) -> int:
        """Terms of a sum that is sure to fit."""
        return ((1 << self.sum_bits) - 1) // ((1 << self.element) - 1) ** 2

    @property
    def plain(self) -> FoldedShape:
        """The same multiplier, which multiplies in the field alone."""
        return FoldedShape(**{each.name: getattr(self, each.name) for each in fields(FoldedShape)})

    def build(self) -> wiring.Component:
        from proofmill.hdl.matrix_multiplier import MatrixMultiplier

        return MatrixMultiplier(self)


class ArrayPort(wiring.Signature):
    """What controls the blocks in the mode: see `hdl.matrix_multiplier.MatrixMultiplier`."""

    def __init__(self, shape: MatrixShape):
        super().__init__({
            "mode": Out(1), "moving": Out(1), "load": Out(1), "active": Out(1), "advance": Out(1),
            "column": Out(range(shape.limbs)), "sums": In(shape.sum_bits * shape.products)})


def control_port(m, control, array) -> None:
    """Wire an `ArrayPort` to a multiplier with these members."""
    for name in ("mode", "moving", "load", "active", "advance", "column"):
        m.d.comb += getattr(array, name).eq(getattr(control, name))
    m.d.comb += control.sums.eq(array.sums)

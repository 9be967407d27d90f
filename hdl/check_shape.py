"""What checks a proof on an accelerator's multiplier and in its memory: words, and how long its
units take, in rounds."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from amaranth.lib import data

from proofmill.hdl.commands import WORD
from proofmill.hdl.wide_shape import LARGEST_SHIFT, TERMS, WideShape

ROUND = 4
"""Words of a round, a cycle each: a product's and a sum's of each adder, for which a program is
made. So there are three sums for a product, as in a check."""

PLANE_CYCLES = 3
"""Cycles from a row's being named to its word: see `hdl.transform.PlanePort`."""

SUM_AFTER = 3
"""Cycles from the one in which a sum's terms come to the one in which the sum is there."""

QUEUE, SUMS_QUEUE = 32, 8
"""Products, and sums, that may have come and wait for the word that keeps them."""

PLANES = 3
"""Planes of the mailboxes: all hold the same, so that a word reads three registers."""

ROW_BITS = 11
"""The most bits of a register's row that a word has room for."""


class Begin(IntEnum):
    """What a word begins: a sum of its terms, a product of the first two, an inverse of the first,
    or a look whether the first is zero."""

    NOTHING = 0
    SUM = 1
    PRODUCT = 2
    INVERSE = 3
    LOOK = 4


class Keep(IntEnum):
    """What a word keeps: of what was begun and is not kept, the first sum, product or inverse."""

    NOTHING = 0
    SUM = 1
    PRODUCT = 2
    INVERSE = 3


@dataclass(frozen=True, kw_only=True)
class CheckShape(WideShape):
    """The processor of `hdl.checker.Checker`, and how a program is scheduled for it: in words of
    `WideShape` that are rounds here, with an adder for each word that is no product's.

    Latencies are those of rounds that wait for nothing. A program that was made for others runs as
    well, since what is early waits, while no more than `QUEUE` products do.

    Parameters
    ----------
    row_bits : there are ``2 ** row_bits`` registers.
    """

    row_bits: int
    stride: int = ROUND
    adders: int = ROUND - 1
    address_bits: int = 10
    store: int = 1 << 18

    def __post_init__(self):
        self._check_sizes()
        if self.stride != ROUND or self.adders != ROUND - 1:
            raise ValueError(f"a round has {ROUND} words, of a product and {ROUND - 1} sums; not "
                             f"{self.stride}, with {self.adders}")
        if self.instruction.size > WORD:
            raise ValueError(f"a word that names {1 << self.row_bits:,} rows does not fit {WORD} "
                             f"bits; take at most {ROW_BITS} row_bits")
        if self.product_latency // self.product_words + 2 > QUEUE:
            raise ValueError(f"a multiplier that takes {self.multiplier.latency} cycles has more "
                             f"products under way than the {QUEUE} that may wait")

    @property
    def product_words(self) -> int:
        return -(-self.multiplier.interval // self.stride)

    @cached_property
    def product_latency(self) -> int:
        """From the round whose first word names the operands, to the one after that whose last word
        keeps the product: operands are there and in registers; the multiplier's latency, and a
        register before it; in the queue."""
        late = PLANE_CYCLES + 1 + self.multiplier.latency + 1 + 1
        return self._rounds(late - (self.stride - 1))

    @property
    def sum_latency(self) -> int:
        """The same of a sum, which is kept a word earlier in its round than it is begun."""
        return self._rounds(PLANE_CYCLES + SUM_AFTER + 1 + 1)

    @cached_property
    def inverse_latency(self) -> int:
        return self._rounds(PLANE_CYCLES + 1 + self.inverter.latency)

    def _rounds(self, cycles: int) -> int:
        """From the round of a word to the one after that of a word `cycles` and more later."""
        return -(-cycles // self.stride) + 1

    @property
    def rest(self) -> int:
        """A round's words keep what they keep one after another, so that a later one could read
        what is there instead."""
        return 1

    @cached_property
    def instruction(self) -> data.StructLayout:
        """A word: the registers that it names, as terms with their power of two and sign, and
        what it does with them; what it keeps, and in which register."""
        term = data.StructLayout({"row": self.row_bits, "shift": LARGEST_SHIFT.bit_length(),
                                  "negative": 1})
        return data.StructLayout({**{f"term{n}": term for n in range(TERMS)},
                                  "kept": self.row_bits, "begin": max(Begin).bit_length(),
                                  "keep": max(Keep).bit_length()})

    @property
    def value_words(self) -> int:
        """Words of the memory that a value takes."""
        return -(-self.field.bits // WORD)

"""What checks a proof on an accelerator's multiplier and in its memory: words, and how long its
units take, in words."""

from dataclasses import dataclass
from functools import cached_property

from amaranth.lib import data

from proofmill.hdl.commands import WORD
from proofmill.hdl.wide_shape import LARGEST_SHIFT, TERMS, WideShape

PORTS = (*(f"term{n}" for n in range(TERMS)), "a", "b")
"""What a word reads, a register in each of its cycles, in this order."""

PLANE_CYCLES = 3
"""Cycles from a row's being named to its word: see `hdl.transform.PlanePort`."""

WORDS = 2
"""Words of the memory that one of a program takes, its low bits first."""

QUEUE = 32
"""Products that may have come and wait for the word that keeps them."""

BANKS = 3
"""Planes of the mailboxes: what is given, products, sums."""


@dataclass(frozen=True, kw_only=True)
class CheckShape(WideShape):
    """The processor of `hdl.checker.Checker`: one adder, and registers in the planes of mailboxes.

    A program made for a multiplier that takes less long runs as well, as what is early waits. So
    does one for a multiplier that takes longer, while no more than `QUEUE` products wait.

    Parameters
    ----------
    row_bits : a plane has ``2 ** row_bits`` rows.
    """

    row_bits: int
    stride: int = len(PORTS)
    adders: int = 1
    address_bits: int = 10
    store: int = 1 << 18

    def __post_init__(self):
        self._check_sizes()
        if self.stride != len(PORTS) or self.adders != 1:
            raise ValueError(f"a word reads {len(PORTS)} registers, one in each cycle, for one "
                             f"adder; not {self.stride}, for {self.adders}")
        if self.instruction.size > WORDS * WORD:
            raise ValueError(f"a word that names {1 << self.row_bits:,} rows does not fit "
                             f"{WORDS * WORD} bits; take fewer than {self.row_bits} row_bits")
        if self.product_latency // self.product_words + 2 > QUEUE:
            raise ValueError(f"a multiplier that takes {self.multiplier.latency} cycles has more "
                             f"products under way than the {QUEUE} that may wait")

    @property
    def product_words(self) -> int:
        return -(-self.multiplier.interval // self.stride)

    @cached_property
    def product_latency(self) -> int:
        """From the word that reads operands: its last cycle names the second, which then is there
        and in a register; the multiplier's, and a register before it; one more until what came can
        be kept, and one until it can be read."""
        latest = self.stride - 1 + PLANE_CYCLES + 1 + self.multiplier.latency + 1 + 1
        return -(-(latest + 1) // self.stride)

    @property
    def sum_latency(self) -> int:
        """A sum is kept at the end of the following word."""
        return 2

    @cached_property
    def inverse_latency(self) -> int:
        named = PORTS.index("a") + PLANE_CYCLES + 1
        return -(-(named + self.inverter.latency + 1) // self.stride)

    @cached_property
    def instruction(self) -> data.StructLayout:
        """A word as it lies in the memory. ``PORTS`` name what is read, terms with their power of
        two and sign, `product` and `sum` the rows where what is there by the end of the word is
        kept; `product` 0 keeps none. ``multiply``: a and b go to the multiplier; ``invert``: a to
        the inverter, what comes to row b of what is given; ``send``: a has to be zero."""
        register = {"bank": BANKS.bit_length(), "row": self.row_bits}
        term = {**register, "shift": LARGEST_SHIFT.bit_length(), "negative": 1}
        return data.StructLayout({
            **{port: data.StructLayout(term if port.startswith("term") else register)
               for port in PORTS},
            "product": self.row_bits, "sum": self.row_bits,
            "multiply": 1, "invert": 1, "send": 1})

    @property
    def value_words(self) -> int:
        """Words of the memory that a value takes."""
        return -(-self.field.bits // WORD)

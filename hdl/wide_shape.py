"""What a wide processor is: its multiplier and adders, its latencies, and the bits of its words."""

from dataclasses import dataclass
from functools import cached_property

from amaranth.lib import data

from proofmill.hdl.field import PrimeField
from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.montgomery import MultiplierShape

TERMS = 3
"""Registers that one adder adds up."""

LARGEST_SHIFT = 4
"""A term of a sum is a register times up to ``2 ** LARGEST_SHIFT``."""

WEIGHT = 16
"""The most that the terms' powers of two may come to in one sum."""

SUM_CYCLES = 3
"""Cycles from the one in which a sum's registers are read to the first in which it can be: they
are read, added and reduced."""

GIVEN, PRODUCTS = range(2)
"""Banks: what is given (inputs, constants, and the inverse), what the multiplier writes; then one
for each adder. Of each bank register 0 is no place for a value: of `GIVEN` it is zero, which is
read where nothing is wanted, and of the others it is written where nothing is kept."""

INPUTS = 1
"""The register of `GIVEN` of the first input."""

START_CYCLES = 2
"""Cycles between the one in which the last input is taken and the first word's."""

SEND_CYCLES = 2
"""Cycles from a word's last, which sends, to the value's being offered."""


@dataclass(frozen=True, kw_only=True)
class WideShape:
    """A processor that is told in every word what all its units do: see
    `hdl.wide_processor.WideProcessor`. Times are counted in words, of `stride` cycles each, where
    nothing else is said.

    Every register is below twice the modulus p, whatever the program: a product is by the
    multiplier's bound, a sum because it is reduced (`hdl.reducing_sum`). So no program needs a
    proof of bounds, and a formula may go round as often as it likes.

    Parameters
    ----------
    multiplier : of any kind.
    stride : cycles of a word; a divisor of the multiplier's interval. Words that are longer are
        fewer: with a product every 15 cycles, one adder that has a sum every third cycle is enough.
    adders : of three terms each.
    address_bits : of a register in its bank.
    key_bits : of the number of a word of the key, which the multiplier's second operand alone can
        be; it lies in a block memory.
    store : words that a program may have.
    """

    multiplier: MultiplierShape
    stride: int = 1
    adders: int = 3
    address_bits: int = 8
    key_bits: int = 10
    store: int = 1 << 16

    def __post_init__(self):
        if self.stride < 1 or self.multiplier.interval % self.stride:
            raise ValueError(f"a {self.multiplier.kind} multiplier takes operands every "
                             f"{self.multiplier.interval} cycles, which is no multiple of "
                             f"words of {self.stride}; make `stride` a divisor of it")
        self._check_sizes()

    def _check_sizes(self) -> None:
        if self.adders < 1 or self.address_bits < 2 or self.key_bits < 1 or self.store < 2:
            raise ValueError("a wide processor has at least one adder, 2 bits of address, 1 of "
                             f"the key's and 2 words, not {self.adders}, {self.address_bits}, "
                             f"{self.key_bits} and {self.store}")
        largest = 2 * self.field.modulus - 1
        if self.multiplier.product_bound(largest, largest) > largest:
            raise ValueError(f"a product of two registers of {self.field.name} can reach twice "
                             f"the modulus; take more than {self.multiplier.operand_bits} "
                             "operand bits")

    @property
    def field(self) -> PrimeField:
        return self.multiplier.field

    @property
    def product_words(self) -> int:
        """A product's registers are read in one word of so many, from the first on."""
        return self.multiplier.interval // self.stride

    @cached_property
    def product_latency(self) -> int:
        """From the word in which a product's registers are read to the first in which it can be."""
        return 1 - (-(self.multiplier.latency + 1) // self.stride)

    @property
    def first_start(self) -> int:
        """Cycles from the second of a run to one in which a folded multiplier takes operands, less
        than its interval: those of word 0 are there a word later, and are taken so late in that one
        that the product comes in the last cycle of a word."""
        late = (-1 - self.multiplier.latency) % self.stride
        return (START_CYCLES + self.stride + late) % self.multiplier.interval

    @property
    def sum_latency(self) -> int:
        """The same of a sum."""
        return -(-SUM_CYCLES // self.stride)

    @cached_property
    def inverter(self) -> InverterShape:
        """Of a register x, which stands for ``x / radix``."""
        radix = self.multiplier.radix
        return InverterShape(field=self.field, operand_bits=self.field.register_bits,
                             multiple=radix ** 2 % self.field.modulus)

    @cached_property
    def inverse_latency(self) -> int:
        """From the word in which a register is read to the first in which its inverse can be; of
        zero it is zero. No other inverse may be begun before."""
        return 1 - (-(self.inverter.latency + 1) // self.stride)

    @property
    def rest(self) -> int:
        """Words that a register has to rest between the one in which it is last read and the one at
        whose end something else is written to it, if more than none: what is written at the end of
        a word is not yet read in it."""
        return 0

    @property
    def banks(self) -> int:
        """Banks of registers; the number after theirs is the key's."""
        return PRODUCTS + 1 + self.adders

    @property
    def given_bits(self) -> int:
        """Bits of an address of what comes in."""
        return max(self.address_bits, self.key_bits)

    @cached_property
    def layout(self) -> "WideLayout":
        return WideLayout(self)

    @cached_property
    def given(self) -> data.StructLayout:
        """What comes in: a `value`, below ``2 ** field.bits``, for the register `address` of the
        bank of what is given, or that word of the `key`; the program begins after one that is
        `last`."""
        return data.StructLayout({"value": self.field.bits, "address": self.given_bits,
                                  "key": 1, "last": 1})


class WideLayout:
    """The bits of one word.

    The registers that are read in this word: ``a`` and ``b`` by the multiplier, ``sum0_0`` to
    ``sum0_2`` by the first adder, each with its `bank`, `address`, and in sums its `shift` and
    whether it is `negative`. What is written at the end of this word, and where: ``target0`` what
    comes out of the multiplier, ``target1`` ... out of the adders. ``invert``: `a` goes to the
    inverter; its answer is written when it is there, to the register of `GIVEN` that `b` names.
    ``send``: `a` goes out. ``last``: the program ends with this word, which sends too.
    """

    def __init__(self, shape: WideShape):
        address_bits = shape.address_bits
        place = {"bank": (shape.banks - 1).bit_length(), "address": address_bits}
        factor = {"bank": shape.banks.bit_length(), "address": shape.given_bits}
        term = {**place, "shift": LARGEST_SHIFT.bit_length(), "negative": 1}
        self.sums = [[f"sum{adder}_{n}" for n in range(TERMS)] for adder in range(shape.adders)]
        self.targets = [f"target{n}" for n in range(1 + shape.adders)]
        self.struct = data.StructLayout({
            **{f"a_{part}": bits for part, bits in place.items()},
            **{f"b_{part}": bits for part, bits in factor.items()},
            **{f"{port}_{part}": bits for ports in self.sums for port in ports
               for part, bits in term.items()},
            **dict.fromkeys(self.targets, address_bits),
            "invert": 1, "send": 1, "last": 1})
        self.bits: int = self.struct.size
        # Programs have tens of thousands of words, and a layout's own fields are slow to ask for.
        self._places = {name: (member.offset, (1 << member.width) - 1)
                        for name, member in self.struct}

    def encode(self, values: dict[str, int]) -> int:
        """A word; fields that are not given are 0."""
        word = 0
        for name, value in values.items():
            low, mask = self._places[name]
            if not 0 <= value <= mask:
                raise ValueError(f"{name} = {value} does not fit {mask.bit_length()} bits")
            word |= value << low
        return word

    def decode(self, word: int) -> dict[str, int]:
        """What `encode` made into `word`, all fields given."""
        return {name: word >> low & mask for name, (low, mask) in self._places.items()}

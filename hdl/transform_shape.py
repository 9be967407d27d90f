"""How a transform unit is cut: its sizes, bounds and constants."""

from dataclasses import dataclass
from functools import cached_property

from proofmill.hdl.commands import WORD
from proofmill.hdl.field import PrimeField
from proofmill.hdl.montgomery import MultiplierShape

PLANES = 3
"""Memories, each with one read port and one write port."""

OPERANDS_AFTER = 6
"""Cycles from the issue of a slot to its operands at the multiplier."""

READABLE_AFTER = 3
"""Cycles from a product to the issue of a slot that may read what came of it."""

ESTIMATE_BITS = 5
"""Bits of a modulus that say how often it goes into a sum: see `TransformShape.stored`."""


def non_residue(field: PrimeField) -> int:
    """The least number that is no square in `field`: 5 in BN254's scalar field."""
    number = 2
    while pow(number, field.modulus // 2, field.modulus) == 1:
        number += 1
    return number


def two_adicity(field: PrimeField) -> int:
    """How often 2 divides the order of `field`'s units."""
    units = field.modulus - 1
    return (units & -units).bit_length() - 1


def root_of_unity(field: PrimeField, power: int) -> int:
    """A root of unity of order ``2 ** power``, as snarkjs takes it (ffjavascript, `fft`)."""
    if not 0 <= power <= two_adicity(field):
        raise ValueError(f"{field.name} has no root of unity of order 2 ** {power}: 2 divides its "
                         f"units {two_adicity(field)} times")
    return pow(non_residue(field), (field.modulus - 1) >> power, field.modulus)


@dataclass(frozen=True, kw_only=True)
class TransformShape:
    """A unit that transforms three vectors of up to ``2 ** power`` values in place, and larger
    ones, of up to ``2 ** reach``, in tiles of as many, over a memory beside it.

    Parameters
    ----------
    multiplier : the multiplier it computes on, in its second field where it has one.
    power : 2 ** power values are the most in place.
    more : cycles by which a product comes later than the multiplier's latency.
    reach : 2 ** reach values are the most at all, up to ``2 * power``; None: none but in place.
    one_way : a vector may also be transformed one way, see `hdl.transform.Transform`; None: not.

    Nothing is reduced fully between passes. With r the modulus, all stored values are up to
    `stored`: a sum takes k r off, k chosen by the sum's bits from `top` up, rounded down,

        0 <= sum - k r < r + 2^top,      k = floor(floor(sum / 2^top) 2^top / r)

    and a sum to be halved takes an even number off, so k is less by one where its lowest bit is not
    the sum's: ``(sum - k r) / 2 < r + 2^(top - 1)``.
    """

    multiplier: MultiplierShape
    power: int
    more: int = 0
    reach: int | None = None
    one_way: bool | None = None

    def __post_init__(self) -> None:
        largest = two_adicity(self.field) - 1
        if not 1 <= self.power <= largest:
            raise ValueError(f"{self.field.name} has transforms of 2 to 2 ** {largest} values onto "
                             f"the odd roots of unity, not of 2 ** {self.power}")
        highest = min(2 * self.power, largest)
        if not self.power <= self.most <= highest:
            raise ValueError(f"tiles of 2 ** {self.power} values reach 2 ** {self.power} to "
                             f"2 ** {highest} values, not 2 ** {self.reach}")
        for bound in (self.difference, self.stored):
            if bound >> self.multiplier.operand_bits:
                raise ValueError(f"operands of {self.multiplier.operand_bits} bits cannot hold a "
                                 f"difference of {bound.bit_length()} bits")

    @property
    def field(self) -> PrimeField:
        """The field computed in."""
        return self.multiplier.fields[-1]

    @property
    def most(self) -> int:
        """2 ** most values are the most at all."""
        return self.power if self.reach is None else self.reach

    @property
    def one_way_most(self) -> int:
        """2 ** one_way_most values are the most that are transformed one way, in place, for which
        there are roots of unity of four times that order; 0: none are."""
        return min(self.power, two_adicity(self.field) - 2) if self.one_way else 0

    @property
    def tiled(self) -> bool:
        """Larger vectors than the planes hold are transformed in tiles."""
        return self.most > self.power

    def room(self, power: int) -> int:
        """Words of the memory beside it that a transform of ``2 ** power`` values takes."""
        return PLANES * self.value_words << power if power > self.power else 0

    @property
    def interval(self) -> int:
        """Cycles from one butterfly to the next."""
        return self.multiplier.interval

    @property
    def rows(self) -> int:
        """Words of a plane: values, then powers of the root of unity."""
        return 2 << self.power

    @property
    def value_words(self) -> int:
        """Words of a value on the link."""
        return -(-self.field.bits // WORD)

    @property
    def product_latency(self) -> int:
        """Cycles from operands to product."""
        return self.multiplier.latency + self.more

    @property
    def latency(self) -> int:
        """Cycles from the issue of a slot to that of one that may read its results."""
        return OPERANDS_AFTER + self.product_latency + READABLE_AFTER

    # --- Bounds ---

    @property
    def top(self) -> int:
        """The lowest bit of a sum that says which multiple of the modulus to take off."""
        return max(0, self.field.bits - ESTIMATE_BITS)

    @property
    def stored(self) -> int:
        """The largest value that is stored."""
        return self.field.modulus - 1 + (1 << self.top) - 1

    def _above(self, bound: int) -> int:
        """The least multiple of the modulus that is not below `bound`."""
        return -(-bound // self.field.modulus) * self.field.modulus

    @property
    def difference_lift(self) -> int:
        """What keeps the difference of two stored values positive."""
        return self._above(self.stored)

    @property
    def difference(self) -> int:
        """The largest difference, lifted."""
        return self.stored + self.difference_lift

    @cached_property
    def product(self) -> int:
        """The largest product of a difference and a stored value."""
        return self.multiplier.product_bound(self.difference, max(
            self.stored, self.field.modulus), second=self.multiplier.second is not None)

    @property
    def product_lift(self) -> int:
        """What keeps a stored value less a product positive."""
        return self._above(self.product)

    @property
    def carried(self) -> int:
        """The largest number that waits beside a product: a sum of two stored values."""
        return 2 * self.stored

    @property
    def total(self) -> int:
        """The largest sum of which a multiple of the modulus is taken off."""
        return max(self.carried, self.stored + self.product, self.stored + self.product_lift)

    def multiple(self, total: int, *, halve: bool = False) -> int:
        """k for a sum: see above."""
        k = (total >> self.top << self.top) // self.field.modulus
        return k - ((k ^ total) & 1) if halve else k

    @property
    def thresholds(self) -> list[int]:
        """From which number above bit `top` on k is 1, 2, ..."""
        most = self.multiple(self.total)
        return [-(-k * self.field.modulus >> self.top) for k in range(1, most + 1)]

    # --- Constants ---

    @cached_property
    def constants(self) -> list[int]:
        """What values are multiplied by, by number: R^2, -R^2, and from 2 on the root of unity of
        order 2^number times R; R is Montgomery's radix."""
        radix, modulus = self.multiplier.radix, self.field.modulus
        square = radix * radix % modulus
        return [square, modulus - square, *(
            root_of_unity(self.field, n) * radix % modulus
            for n in range(2, max(self.most + 1, self.one_way_most + 2) + 1))]

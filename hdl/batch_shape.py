"""A batch-affine adder in numbers: what it is made of, what happens in which frame, how large
values get."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.montgomery import MultiplierShape

SLOTS = {1: 6, 2: 15}
"""Products of a frame by the degree of the coordinates' field: of the first one forward, two
backward, slope, square and y; of the second see `hdl.quadratic_shape`."""

SUM_AFTER = 3
"""Cycles from the slot in which a coordinate is made to its first total: read, taken, added."""

LEAST_PAIRS = 2

USUAL_PAIRS = 128
"""Most pairs of a batch, where that is enough; see `pairs_for`."""


OWN_SHARE = 40
"""Slots of the pairs of a full batch for one of its own, at the least; see `pairs_for`."""


def pairs_for(multiplier: MultiplierShape) -> int:
    """Most pairs of a batch, a power of two from `USUAL_PAIRS` on, such that

        products of its pairs * interval >= latency of the inversion of another batch
        products of its pairs            >= OWN_SHARE * products of its tree

    Else the multiplier would wait for the inverter, as in wider fields than BN254's with
    `USUAL_PAIRS`; or combine chains, of which there are more the longer a product takes.
    """
    pairs, own = USUAL_PAIRS, BatchShape(multiplier=multiplier).products
    while pairs * SLOTS[1] < max(-(-InverterShape.of(multiplier).latency // multiplier.interval),
                                 OWN_SHARE * own):
        pairs *= 2
    return pairs


class Combination(NamedTuple):
    """A product that combines chains: of the values at `a` and `b` of a set, to `to`.

    `waits`: not before the last ones are there.
    """

    a: int
    b: int
    to: int
    waits: bool


@dataclass(frozen=True, kw_only=True)
class BatchShape:
    """A batch-affine adder on ``y^2 = x^3 + b`` over a prime field.

    Parameters
    ----------
    multiplier : the shape of its multiplier.
    pairs : most pairs of a batch, a power of two.
    least : pairs with which a batch is closed once the inverter is free.
    buffers : batches under way at once, a power of two.
    queue : pairs that wait to be taken.
    tag_bits : of what comes with a pair and goes with its sum.
    early : a batch for which the inverter has to be free may also be closed so long before, at the
        most, as its root takes: see `early_cycles`.
    """

    multiplier: MultiplierShape
    pairs: int = USUAL_PAIRS
    least: int = 96
    buffers: int = 4
    queue: int = 8
    tag_bits: int = 16
    early: bool = False

    degree: ClassVar[int] = 1
    """Numbers of a coordinate."""

    squares: ClassVar[int] = 1
    """Products of a doubling besides those of any pair."""

    operands_after: ClassVar[int] = 3
    """Cycles from a slot to the one in which its operands are at the multiplier: read, taken,
    added."""

    lag: ClassVar[int] = 0
    """Frames from the one in which a pair is taken to that of its product in a chain."""

    last_slot: ClassVar[int] = 4
    """The slot in which a sum's last coordinate is made."""

    def __post_init__(self):
        for name, lowest in (("pairs", LEAST_PAIRS), ("buffers", 2)):
            value = getattr(self, name)
            if value < lowest or value & (value - 1):
                raise ValueError(f"{name} must be a power of two from {lowest} on, not {value}")
        if not 1 <= self.least <= self.pairs:
            raise ValueError(f"a batch is closed with 1 to {self.pairs} pairs, not {self.least}")
        if self.queue < 2:
            raise ValueError(f"a queue holds 2 pairs or more, not {self.queue}")
        for name, bound in self.bounds.items():
            if bound >> self.multiplier.operand_bits:
                raise ValueError(
                    f"{name} can reach {bound / self.modulus:.1f} times the modulus, "
                    f"{bound.bit_length()} bits, but the multiplier takes "
                    f"{self.multiplier.operand_bits}; give it wider operands")

    # Values. What is no sum of others is a product, or canonical.

    @property
    def modulus(self) -> int:
        return self.multiplier.field.modulus

    @cached_property
    def bounds(self) -> dict[str, int]:
        """The largest value that is multiplied, by what it is.

        A coordinate is canonical, below p. A difference is taken with p added, and a slope's
        numerator is y2 - y1, or three times a product.
        """
        p = self.modulus
        names = {"a coordinate": p - 1, "a difference": 2 * p - 1}
        product = max(p, self.multiplier.product_bound(2 * p, 2 * p))
        while True:  # a product of products, or of a product and a numerator
            largest = max(3 * product, 2 * p)
            following = self.multiplier.product_bound(product, largest)
            if following <= product:
                break
            product = following
            if product >> self.multiplier.operand_bits:
                break
        return names | {"a product": product, "a numerator": largest}

    @property
    def product_bits(self) -> int:
        """Bits of any product there is, and of 1."""
        return self.bounds["a product"].bit_length()

    @property
    def largest_total(self) -> int:
        """What a sum's coordinate can be before it is reduced."""
        return self.bounds["a product"] + 2 * self.modulus

    @cached_property
    def reductions(self) -> list[int]:
        """What is taken away where a sum's coordinate is not below it, one after the other."""
        p, bound, found = self.modulus, self.largest_total, []
        while bound >= p:
            part = p
            while 2 * part <= bound:
                part *= 2
            found.append(part)
            bound = max(part - 1, bound - part)
        return found

    @cached_property
    def inverter(self) -> InverterShape:
        return InverterShape.of(self.multiplier)

    # Time, in slots, of which a frame has six, and more where products are wanted besides.

    @property
    def interval(self) -> int:
        """Cycles of a slot."""
        return self.multiplier.interval

    @property
    def slots(self) -> int:
        """Slots of a frame."""
        return SLOTS[self.degree]

    @cached_property
    def product_slots(self) -> int:
        """Slots from a product's to the first that may read it."""
        return -(-(self.operands_after + self.multiplier.latency + 1) // self.interval)

    @property
    def total_cycles(self) -> int:
        """Cycles from the slot in which a coordinate is made to the one in which it is written."""
        return SUM_AFTER + len(self.reductions)

    def _frames(self, slot: int, later: int, slots: int) -> int:
        """Frames from one with something in `slot` to the first in whose slot `later` it is there,
        `slots` after."""
        return max(0, -(-(slots + slot - later) // self.slots))

    @cached_property
    def chains(self) -> int:
        """Chains of products, so many that a chain's last one is there when it is its turn.

        Forward from slot 0 to slot 0, backward from slot 2 to slot 1 of a later frame.
        """
        return max(2, self._frames(2, 1, self.product_slots))

    @cached_property
    def slope(self) -> int:
        """Frames from a pair's inverse (slot 1) to its slope (slot 3)."""
        return self._frames(1, 3, self.product_slots)

    @cached_property
    def square(self) -> int:
        """... to the slope's square (slot 4)."""
        return self.slope + self._frames(3, 4, self.product_slots)

    @cached_property
    def x(self) -> int:
        """... to x of the sum (slot 0)."""
        return self.square + max(1, self._frames(4, 0, self.product_slots))

    @cached_property
    def rise(self) -> int:
        """... to the product that y comes of (slot 5)."""
        slots = -(-(self.total_cycles + 1) // self.interval)
        return self.x + self._frames(0, 5, slots)

    @cached_property
    def y(self) -> int:
        """... to y of the sum (slot 4)."""
        return self.rise + self._frames(5, 4, self.product_slots)

    @property
    def steps(self) -> dict[int, int]:
        """For every slot that multiplies for a pair on its way back, how many frames before the
        pair began."""
        return {1: 0, 2: 0, 3: self.slope, 4: self.square, 5: self.rise}

    @cached_property
    def ring(self) -> int:
        """Places of what goes from one frame to another, a power of two."""
        return 1 << (self.y + 1).bit_length()

    @cached_property
    def results(self) -> int:
        """Sums that have a place before they begin, so that none is ever in the way."""
        return 2 * self.ring

    # Chains are combined as a tree: up, the root inverted, and down.

    @property
    def nodes(self) -> int:
        """Of the tree: the chains, and what is made of two."""
        return 2 * self.chains - 1

    @cached_property
    def up(self) -> list[Combination]:
        """Products from the chains' to that of them all, which is node ``nodes - 1``."""
        found, level, following = [], list(range(self.chains)), self.chains
        while len(level) > 1:
            above = []
            for n in range(0, len(level) - 1, 2):
                found.append(Combination(level[n], level[n + 1], following, n == 0))
                above.append(following)
                following += 1
            level = above + level[len(above) * 2:]
        return found

    @cached_property
    def down(self) -> list[Combination]:
        """Products from the inverse of them all, which the first two take, to each chain's: a
        node's inverse lies `nodes` places after it."""
        found, ready, since = [], {self.nodes - 1}, {self.nodes - 1}
        for a, b, parent, _ in reversed(self.up):
            waits = parent in since and parent not in ready
            if waits:
                ready |= since
                since = set()
            for node, other in ((a, b), (b, a)):
                found.append(Combination(self.nodes + parent, other, self.nodes + node,
                                         waits and node == a))
                since.add(node)
        return found

    @property
    def early_cycles(self) -> int:
        """Cycles from the last pair of a batch to its root: its product in a chain, and those of
        every level of the tree, one after another."""
        products = 1 + (self.chains - 1).bit_length()
        return self.interval * (self.lag * self.slots + products * self.product_slots)

    @cached_property
    def set_places(self) -> int:
        """Places of a batch's chains and tree, a power of two."""
        return 1 << (2 * self.nodes - 1).bit_length()

    @property
    def products(self) -> int:
        """Products of a batch besides `slots` a pair and `squares` a doubling."""
        return len(self.up) + len(self.down)

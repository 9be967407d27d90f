"""A batch-affine adder over Fp2 = Fp[u] / (u^2 + 1) in numbers: 15 products a pair."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.curve import Group

(FORWARD, INVERSE, BACKWARD, NORM_0, NORM_1, CONJUGATE_0, CONJUGATE_1, SLOPE_0, SLOPE_1, SLOPE_2,
 SQUARE_0, SQUARE_1, RISE_0, RISE_1, RISE_2) = range(15)
"""Slots of a frame, by what is multiplied in them: see `hdl.quadratic_adder`."""

X_0, X_1, Y_0, Y_1 = FORWARD, INVERSE, SQUARE_0, SQUARE_1
"""Slots in which the parts of a sum's coordinates are made: their products read no coordinate."""


@dataclass(frozen=True, kw_only=True)
class QuadraticShape(BatchShape):
    """A batch-affine adder on ``y^2 = x^3 + b`` over Fp2, on a multiplier of Fp.

    Parameters
    ----------
    See `BatchShape`; the modulus is 3 modulo 4, so that -1 is no square.
    """

    degree: ClassVar[int] = 2
    squares: ClassVar[int] = 2
    operands_after: ClassVar[int] = 4
    last_slot: ClassVar[int] = Y_1

    def __post_init__(self):
        if self.modulus % 4 != 3:
            raise ValueError(f"-1 is a square modulo {self.modulus:#x}, so there is no field with "
                             "its root over it")
        super().__post_init__()

    @cached_property
    def lift(self) -> int:
        """A multiple of the modulus that makes a difference of a product, or of less, positive."""
        return self._lift(self.bounds["a product"])

    def _lift(self, product: int) -> int:
        return -(-product // self.modulus) * self.modulus

    def operands(self, product: int) -> dict[int, tuple[int, int]]:
        """The largest operands of each slot, where no product is above `product`; -1: of a
        doubling's squares."""
        p, lift = self.modulus, self._lift(product)
        less = p - 1 + lift  # a difference of coordinates
        slope = 2 * product + lift
        return {
            FORWARD: (product, 2 * product), INVERSE: (product, product),
            BACKWARD: (product, 2 * product), NORM_0: (less, less), NORM_1: (less, less),
            CONJUGATE_0: (product, less), CONJUGATE_1: (product, less),
            SLOPE_0: (product, max(less, 3 * product)), SLOPE_1: (product, max(less, 6 * product)),
            SLOPE_2: (product + lift, max(2 * less, 9 * product)),
            SQUARE_0: (3 * product, slope), SQUARE_1: (2 * product, slope),
            RISE_0: (2 * product, less), RISE_1: (less, slope), RISE_2: (3 * product, 2 * less),
            -1: (2 * p, less)}

    @cached_property
    def bounds(self) -> dict[str, int]:
        """The largest value that is multiplied, by what it is; differences are lifted."""
        product = self.modulus
        while True:
            pairs = self.operands(product).values()
            largest = max(max(pair) for pair in pairs)
            following = max(self.multiplier.product_bound(*pair) for pair in pairs)
            if following <= product or largest >> self.multiplier.operand_bits:
                break
            product = following
        return {"a coordinate": self.modulus - 1, "a product": product, "a sum of them": largest}

    @property
    def largest_total(self) -> int:
        """The largest of a sum's parts before they are reduced: see `hdl.quadratic_adder`."""
        product, p = self.bounds["a product"], self.modulus
        return max(2 * product + 2 * p, product + 2 * self.lift + p)

    @cached_property
    def lag(self) -> int:
        """Frames from a pair's norm to its product in a chain."""
        return self._frames(NORM_1, FORWARD, self.product_slots)

    @cached_property
    def chains(self) -> int:
        """Chains of products, so many that a chain's last one is there when it is its turn."""
        return max(2, self._frames(BACKWARD, INVERSE, self.product_slots),
                   self._frames(FORWARD, FORWARD, self.product_slots))

    def _after(self, *slots: tuple[int, int]) -> int:
        """Frames until products of the first of each two slots are there in the second."""
        return max(self._frames(slot, later, self.product_slots) for slot, later in slots)

    @cached_property
    def conjugate(self) -> int:
        """Frames from a pair's inverse norm to its inverse."""
        return self._after((INVERSE, CONJUGATE_0), (INVERSE, CONJUGATE_1))

    @cached_property
    def slope(self) -> int:
        """... to its slope."""
        return self.conjugate + self._after(
            (CONJUGATE_0, SLOPE_0), (CONJUGATE_1, SLOPE_1), (CONJUGATE_1, SLOPE_2))

    @cached_property
    def square(self) -> int:
        """... to the slope's square."""
        return self.slope + self._after((SLOPE_2, SQUARE_0), (SLOPE_2, SQUARE_1))

    @cached_property
    def x(self) -> int:
        """... to x of the sum."""
        return self.square + max(1, self._after((SQUARE_0, X_0), (SQUARE_1, X_1)))

    @cached_property
    def rise(self) -> int:
        """... to the products that y comes of."""
        return self.x + self._frames(X_1, RISE_0, -(-(self.total_cycles + 1) // self.interval))

    @cached_property
    def y(self) -> int:
        """... to y of the sum."""
        return self.rise + self._after((RISE_1, Y_0), (RISE_2, Y_1))

    @property
    def steps(self) -> dict[int, int]:
        """See `BatchShape.steps`."""
        return {INVERSE: 0, BACKWARD: 0, CONJUGATE_0: self.conjugate, CONJUGATE_1: self.conjugate,
                **dict.fromkeys((SLOPE_0, SLOPE_1, SLOPE_2), self.slope),
                **dict.fromkeys((SQUARE_0, SQUARE_1), self.square),
                **dict.fromkeys((RISE_0, RISE_1, RISE_2), self.rise)}


SHAPES: dict[Group, type[BatchShape]] = {Group.G1: BatchShape, Group.G2: QuadraticShape}
"""The shape of each group's batch-affine adder."""

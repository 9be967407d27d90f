"""Pipelined Montgomery multiplication: one product a cycle, values left unreduced on purpose."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import ClassVar

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.field import PrimeField
from proofmill.hdl.limbs import LimbPipeline, Limbs, blocks_for, factor


@dataclass(frozen=True, kw_only=True)
class MultiplierShape:
    """How a Montgomery multiplier is cut: a ``digit`` of one operand meets a ``limb`` of the other.

    The radix is ``2 ** (digit * steps)``, wide enough that operands of `operand_bits` bits give a
    product that has lost all trace of their size:

        product = (a * b + q * modulus) / radix  <  a * b / radix + 2 * modulus

    Parameters
    ----------
    field : the field computed in.
    operand_bits : bits of either operand; more than the modulus has, so that sums and differences
        go in without being reduced.
    digit : bits of `a` taken in one step, and of the quotient made in it: one side of the
        device's DSP block (17 or 26 unsigned bits on AMD parts, 18 on ECP5).
    limb : bits of `b` in one product: a multiple of the other side of the block. At least `digit`;
        with ``digit + limb <= 62`` every intermediate fits a machine word in simulation.
    carry_cycles : cycles that the last carries take to find their way through all limbs: 1, or 2
        for a higher clock rate.
    second : another field, or None. Which one a product is in goes in with its operands; both are
        computed on the same blocks, since all that depends on the modulus are constants.

    The quotient digit costs nothing: with ``lift = -1 / modulus mod 2 ** digit`` the number
    ``lift * modulus + 1`` is divisible by ``2 ** digit``, so adding ``low * lift * modulus`` to a
    total whose low digit is `low` and dropping that digit is the same as dropping the digit and
    adding ``low * lifted``, where ``lifted = (lift * modulus + 1) >> digit`` (Orup, "Simplifying
    quotient determination in high-radix modular multiplication", 1995). Only the last step is an
    ordinary one, which brings the result back below ``2 * modulus``.
    """

    kind: ClassVar[str] = "pipelined"
    """What a multiplier cut in this way is called."""

    interval: ClassVar[int] = 1
    """Cycles from one pair of operands to the next."""

    field: PrimeField
    operand_bits: int
    digit: int
    limb: int
    carry_cycles: int = 1
    second: PrimeField | None = None

    def __post_init__(self):
        if self.digit < 2 or self.limb < self.digit:
            raise ValueError(f"a limb ({self.limb} bits) must hold a digit ({self.digit} bits), "
                             "and a digit at least 2 bits")
        for field in self.fields:
            if self.operand_bits <= field.bits:
                raise ValueError(
                    f"operands of {self.operand_bits} bits cannot hold unreduced values of "
                    f"{field.name}, whose modulus has {field.bits} bits")
        if self.carry_cycles not in (1, 2):
            raise ValueError(f"the last carries take 1 cycle or 2, not {self.carry_cycles}")

    def build(self) -> wiring.Component:
        """A multiplier of this shape."""
        return MontgomeryMultiplier(self)

    @cached_property
    def steps(self) -> int:
        """Digits of an operand, and so steps of the division by the radix."""
        return -(-self.operand_bits // self.digit)

    @cached_property
    def limbs(self) -> int:
        """Limbs of an operand."""
        return -(-self.operand_bits // self.limb)

    @cached_property
    def radix(self) -> int:
        """Montgomery's R: the pipeline computes ``a * b / radix``."""
        return 1 << (self.digit * self.steps)

    @cached_property
    def fields(self) -> tuple[PrimeField, ...]:
        """The fields computed in."""
        return (self.field,) if self.second is None else (self.field, self.second)

    @cached_property
    def lifts(self) -> tuple[int, ...]:
        """``-1 / modulus mod 2 ** digit``, of each field."""
        return tuple(-pow(field.modulus, -1, 1 << self.digit) % (1 << self.digit)
                     for field in self.fields)

    @property
    def lift(self) -> int:
        """... of the first."""
        return self.lifts[0]

    @cached_property
    def lifteds(self) -> tuple[int, ...]:
        """``(lift * modulus + 1) >> digit``, of each field: what a dropped quotient digit adds."""
        return tuple((lift * field.modulus + 1) >> self.digit
                     for lift, field in zip(self.lifts, self.fields, strict=True))

    @property
    def lifted(self) -> int:
        """... of the first."""
        return self.lifteds[0]

    @cached_property
    def latency(self) -> int:
        """Cycles from operands to product: 2 a lifted step, 4 for the last, 3 or 4 to settle."""
        return 1 + 2 * (self.steps - 1) + 4 + 2 + self.carry_cycles

    def product_bound(self, a: int, b: int, *, second: bool = False) -> int:
        """The largest product of operands up to `a` and `b`: ``a*b/R + (lift/2^digit + 1) * p``.

        The lifted steps add at most ``lift * modulus`` times all quotient digits but the last,
        the ordinary step at most ``modulus`` times the last. `second`: in the second field. In
        BN254's scalar field, where 2^28 divides ``r - 1``, the lift is all ones, so a product is
        below ``a*b/R + 2 r``; in its base field below 1.13 to 1.6 p more, by the digit.
        """
        modulus, lift = self.fields[second].modulus, self.lifts[second]
        last = self.radix >> self.digit
        added = (last - 1) * lift * modulus
        added += last * ((1 << self.digit) - 1) * modulus
        return (a * b + added) // self.radix

    @cached_property
    def product_bits(self) -> int:
        """Bits of the largest product of operands of `operand_bits` bits, in any field."""
        largest = (1 << self.operand_bits) - 1
        return max(self.product_bound(largest, largest, second=bool(n)).bit_length()
                   for n in range(len(self.fields)))

    def cut(self, value: int) -> list[int]:
        """The limbs of a constant, lowest first."""
        count = max(1, -(-value.bit_length() // self.limb))
        return [value >> (self.limb * n) & ((1 << self.limb) - 1) for n in range(count)]

    def _side_by_side(self, values: Iterable[int]) -> list[tuple[int, ...]]:
        """The limbs of each field's constant, those of the same place together."""
        return list(zip_longest(*map(self.cut, values), fillvalue=0))

    @cached_property
    def lifted_limbs(self) -> list[tuple[int, ...]]:
        """The limbs of `lifteds`, lowest first."""
        return self._side_by_side(self.lifteds)

    @cached_property
    def modulus_limbs(self) -> list[tuple[int, ...]]:
        """The limbs of the moduli, lowest first."""
        return self._side_by_side(field.modulus for field in self.fields)

    @staticmethod
    def widths(bits: int, part: int) -> list[int]:
        """Widths of the parts of a number of `bits` bits, lowest first."""
        return [min(part, bits - low) for low in range(0, bits, part)]

    @cached_property
    def multiplications(self) -> Counter[tuple[int, int]]:
        """The products in hardware, by the widths of their factors: see `hdl.cost`."""
        digits, limbs = (self.widths(self.operand_bits, part) for part in (self.digit, self.limb))
        taken = Counter((digit, limb) for digit in digits for limb in limbs)
        paid = blocks_for(*(self.constants(self.lifted_limbs) * (self.steps - 1)))
        last = blocks_for(*self.constants(self.modulus_limbs))
        return taken + paid + last + Counter([(self.digit, max(self.lifts).bit_length())])

    def constants(self, limbs: list[tuple[int, ...]]) -> list[tuple[int, int]]:
        """The widths of the products of a digit and each limb of a constant."""
        return [(self.digit, max(limb).bit_length()) for limb in limbs]


def ports(shape: MultiplierShape) -> dict[str, wiring.Member]:
    """The members of every multiplier: operands in, product out."""
    return {"a": In(shape.operand_bits), "b": In(shape.operand_bits),
            **({} if shape.second is None else {"second": In(1)}),
            "product": Out(shape.product_bits)}


class MontgomeryMultiplier(wiring.Component):
    """``product = a * b / radix`` modulo the field's modulus, `latency` cycles later.

    A free-running pipeline: operands go in every cycle, no handshake, nothing is reset. Operands
    are any numbers of ``shape.operand_bits`` bits; the product is below ``shape.product_bound(a,
    b)`` and not reduced further.

    Every step takes a digit of `a` and adds digit times `b`, limb by limb, while the lowest digit
    of the running total is dropped and paid for with a multiple of ``shape.lifted``.

    Members
    -------
    a, b : operands, in
    second : the product is one in ``shape.second``, in; only where there is one
    product : out
    """

    def __init__(self, shape: MultiplierShape):
        self.shape = shape
        super().__init__(ports(shape))

    @property
    def latency(self) -> int:
        return self.shape.latency

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        digit, limb = shape.digit, shape.limb
        pipe = LimbPipeline(m, digit, limb, self.second if shape.second else None)
        register, register_all = pipe.register, pipe.register_all
        multiply, total, drop = pipe.multiply, pipe.total, pipe.drop

        digit_bound, limb_bound = (1 << digit) - 1, (1 << limb) - 1
        top_limb = shape.operand_bits - limb * (shape.limbs - 1)
        top_digit = shape.operand_bits - digit * (shape.steps - 1)
        b_bounds = [limb_bound] * (shape.limbs - 1) + [(1 << top_limb) - 1]
        a_bounds = [digit_bound] * (shape.steps - 1) + [(1 << top_digit) - 1]
        a = [self.a[digit * n:digit * (n + 1)] for n in range(shape.steps)]
        b = [self.b[limb * n:limb * (n + 1)] for n in range(shape.limbs)]

        running = multiply("total", a[0], a_bounds[0], b, b_bounds)
        a, b = register_all("a", a[1:], a_bounds[1:]), register_all("b", b, b_bounds)
        for step in range(1, shape.steps):
            pipe.stage += 1
            low = running.values[0][:digit]
            paid = multiply("paid", low, digit_bound, *pipe.choose(shape.lifted_limbs))
            taken = multiply("taken", a[0], a_bounds[step], b, b_bounds)
            shifted, bounds = drop(running)
            shifted = Limbs(register_all("shifted", shifted, bounds), bounds)
            a = register_all("a", a[1:], a_bounds[step + 1:])
            if step + 1 < shape.steps:  # the last step needs no further digit of b
                b = register_all("b", b, b_bounds)
            pipe.stage += 1
            running = total("total", shifted, paid, taken)
            a = register_all("a", a, a_bounds[step + 1:])
            if step + 1 < shape.steps:
                b = register_all("b", b, b_bounds)

        # The last step, an ordinary one: quotient digit, product, sum.
        pipe.stage += 1
        (lift,), _ = pipe.choose([shape.lifts])
        quotient = register("quotient", running.values[0][:digit] * factor(lift), digit_bound)
        running = Limbs(register_all("total", running.values, running.bounds), running.bounds)
        pipe.stage += 1
        paid = multiply("paid", quotient, digit_bound, *pipe.choose(shape.modulus_limbs))
        running = Limbs(register_all("total", running.values, running.bounds), running.bounds)
        pipe.stage += 1
        running = total("total", running, paid)
        pipe.stage += 1
        values, bounds = drop(running)
        values = register_all("dropped", values, bounds)

        product = pipe.settle(values, bounds, shape.product_bits, shape.carry_cycles)
        assert pipe.stage + 1 == shape.latency, (pipe.stage + 1, shape.latency)
        m.d.comb += self.product.eq(product)
        return m

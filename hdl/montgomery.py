"""Pipelined Montgomery multiplication: one product a cycle, values left unreduced on purpose."""

from dataclasses import dataclass
from functools import cached_property

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.field import PrimeField


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

    The quotient digit costs nothing: with ``lift = -1 / modulus mod 2 ** digit`` the number
    ``lift * modulus + 1`` is divisible by ``2 ** digit``, so adding ``low * lift * modulus`` to a
    total whose low digit is `low` and dropping that digit is the same as dropping the digit and
    adding ``low * lifted``, where ``lifted = (lift * modulus + 1) >> digit`` (Orup, "Simplifying
    quotient determination in high-radix modular multiplication", 1995). Only the last step is an
    ordinary one, which brings the result back below ``2 * modulus``.
    """

    field: PrimeField
    operand_bits: int
    digit: int
    limb: int

    def __post_init__(self):
        if self.digit < 2 or self.limb < self.digit:
            raise ValueError(f"a limb ({self.limb} bits) must hold a digit ({self.digit} bits), "
                             "and a digit at least 2 bits")
        if self.operand_bits <= self.field.bits:
            raise ValueError(f"operands of {self.operand_bits} bits cannot hold unreduced values "
                             f"of {self.field.name}, whose modulus has {self.field.bits} bits")

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
    def lift(self) -> int:
        """``-1 / modulus mod 2 ** digit``."""
        return -pow(self.field.modulus, -1, 1 << self.digit) % (1 << self.digit)

    @cached_property
    def lifted(self) -> int:
        """``(lift * modulus + 1) >> digit``: what one dropped quotient digit adds."""
        return (self.lift * self.field.modulus + 1) >> self.digit

    @cached_property
    def latency(self) -> int:
        """Cycles from operands to product: 2 a lifted step, 4 for the last, 3 for the carries."""
        return 1 + 2 * (self.steps - 1) + 4 + 3

    def product_bound(self, a: int, b: int) -> int:
        """The largest product of operands up to `a` and `b`: ``a*b/R + (lift/2^digit + 1) * p``.

        The lifted steps add at most ``lift * modulus`` times all quotient digits but the last,
        the ordinary step at most ``modulus`` times the last.
        """
        last = self.radix >> self.digit
        added = (last - 1) * self.lift * self.field.modulus
        added += last * ((1 << self.digit) - 1) * self.field.modulus
        return (a * b + added) // self.radix

    @cached_property
    def product_bits(self) -> int:
        """Bits of the largest product of operands of `operand_bits` bits."""
        largest = (1 << self.operand_bits) - 1
        return self.product_bound(largest, largest).bit_length()

    def cut(self, value: int) -> list[int]:
        """The limbs of a constant, lowest first."""
        count = max(1, -(-value.bit_length() // self.limb))
        return [value >> (self.limb * n) & ((1 << self.limb) - 1) for n in range(count)]

    @cached_property
    def products(self) -> int:
        """Products of a digit and a limb computed in every cycle."""
        return (self.steps * self.limbs + (self.steps - 1) * len(self.cut(self.lifted))
                + 1 + len(self.cut(self.field.modulus)))


class Limbs:
    """A number as limbs that overlap: ``sum(limb[n] << (width * n))``, each with its bound.

    Adding limb by limb needs no carry from one to the next: that is what keeps the pipeline's
    critical path one product or one three-way sum long.
    """

    def __init__(self, values, bounds):
        assert all(len(Value.cast(v)) >= bound.bit_length()
                   for v, bound in zip(values, bounds, strict=True))
        self.values, self.bounds = values, bounds


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
    product : out
    """

    def __init__(self, shape: MultiplierShape):
        self.shape = shape
        super().__init__({
            "a": In(shape.operand_bits),
            "b": In(shape.operand_bits),
            "product": Out(shape.product_bits),
        })

    @property
    def latency(self) -> int:
        return self.shape.latency

    def elaborate(self, platform):
        m = Module()
        shape, stage = self.shape, 0
        digit, limb = shape.digit, shape.limb

        def register(name, value, bound):
            """`value`, at most `bound`, one cycle later."""
            held = Signal(max(1, bound.bit_length()), name=f"stage{stage}_{name}", reset_less=True)
            m.d.sync += held.eq(value)
            return held

        def register_all(name, values, bounds):
            return [register(f"{name}{n}", value, bound)
                    for n, (value, bound) in enumerate(zip(values, bounds, strict=True))]

        def multiply(name, factor, factor_bound, values, bounds):
            """Limb products, registered."""
            bounds = [factor_bound * bound for bound in bounds]
            return Limbs(register_all(name, [factor * v for v in values], bounds), bounds)

        def total(name, *numbers):
            """The limb-wise sum, registered."""
            count = max(len(number.values) for number in numbers)
            columns = [[(n.values[k], n.bounds[k]) for n in numbers if k < len(n.values)]
                       for k in range(count)]
            bounds = [sum(bound for _, bound in column) for column in columns]
            sums = []
            for column in columns:
                value = column[0][0]
                for other, _ in column[1:]:
                    value = value + other
                sums.append(value)
            return Limbs(register_all(name, sums, bounds), bounds)

        def drop(number):
            """``number >> digit``, the low digit dropped: a wiring of bits and one addition."""
            values, bounds = [], []
            for n, (value, bound) in enumerate(zip(number.values, number.bounds, strict=True)):
                value, bound = value[digit:], bound >> digit
                if n + 1 < len(number.values):
                    value = value + (number.values[n + 1][:digit] << (limb - digit))
                    bound += min(number.bounds[n + 1], (1 << digit) - 1) << (limb - digit)
                values.append(value)
                bounds.append(bound)
            while bounds and bounds[-1] == 0:
                values.pop()
                bounds.pop()
            return values, bounds

        digit_bound, limb_bound = (1 << digit) - 1, (1 << limb) - 1
        top_limb = shape.operand_bits - limb * (shape.limbs - 1)
        top_digit = shape.operand_bits - digit * (shape.steps - 1)
        b_bounds = [limb_bound] * (shape.limbs - 1) + [(1 << top_limb) - 1]
        a_bounds = [digit_bound] * (shape.steps - 1) + [(1 << top_digit) - 1]
        a = [self.a[digit * n:digit * (n + 1)] for n in range(shape.steps)]
        b = [self.b[limb * n:limb * (n + 1)] for n in range(shape.limbs)]
        lifted, modulus = shape.cut(shape.lifted), shape.cut(shape.field.modulus)

        running = multiply("total", a[0], a_bounds[0], b, b_bounds)
        a, b = register_all("a", a[1:], a_bounds[1:]), register_all("b", b, b_bounds)
        for step in range(1, shape.steps):
            stage += 1
            low = running.values[0][:digit]
            paid = multiply("paid", low, digit_bound, lifted, lifted)
            taken = multiply("taken", a[0], a_bounds[step], b, b_bounds)
            shifted, bounds = drop(running)
            shifted = Limbs(register_all("shifted", shifted, bounds), bounds)
            a = register_all("a", a[1:], a_bounds[step + 1:])
            if step + 1 < shape.steps:  # the last step needs no further digit of b
                b = register_all("b", b, b_bounds)
            stage += 1
            running = total("total", shifted, paid, taken)
            a = register_all("a", a, a_bounds[step + 1:])
            if step + 1 < shape.steps:
                b = register_all("b", b, b_bounds)

        # The last step, an ordinary one: quotient digit, product, sum.
        stage += 1
        quotient = register("quotient", running.values[0][:digit] * shape.lift, digit_bound)
        running = Limbs(register_all("total", running.values, running.bounds), running.bounds)
        stage += 1
        paid = multiply("paid", quotient, digit_bound, modulus, modulus)
        running = Limbs(register_all("total", running.values, running.bounds), running.bounds)
        stage += 1
        running = total("total", running, paid)
        stage += 1
        values, bounds = drop(running)
        values = register_all("dropped", values, bounds)

        # From overlapping limbs to one number: pass the high parts on, then settle the carries.
        stage += 1
        high = [0] + [bound >> limb for bound in bounds]
        if high.pop():
            raise AssertionError("the top limb of a product overflows")
        bounds = [min(bound, limb_bound) + passed
                  for bound, passed in zip(bounds, high, strict=True)]
        # A limb that carries by itself then has a low part below all ones, so it never carries
        # twice.
        assert all(passed <= limb_bound for passed in high)
        values = register_all("passed", [
            value[:limb] + (values[n - 1][limb:] if n and high[n] else 0)
            for n, value in enumerate(values)], bounds)
        stage += 1
        carry, carries = Const(0, 1), []
        for value in values:
            carries.append(carry)
            carry = value[limb:].any() | (value[:limb].all() & carry)
        lows = register_all("low", [value[:limb] for value in values],
                            [min(bound, limb_bound) for bound in bounds])
        carries = register_all("carry", carries, [1] * len(carries))
        stage += 1
        settled = Cat(((low + carry)[:limb]) for low, carry in zip(lows, carries, strict=True))
        product = register("product", settled, (1 << shape.product_bits) - 1)
        assert stage + 1 == shape.latency, (stage + 1, shape.latency)
        m.d.comb += self.product.eq(product)
        return m

"""Numbers as limbs that overlap, and the pipeline stages that compute with them."""

from collections import Counter

from amaranth import *


class Limbs:
    """A number as limbs that overlap: ``sum(limb[n] << (width * n))``, each with its bound.

    Adding limb by limb needs no carry from one to the next: that is what keeps the pipeline's
    critical path one product or one three-way sum long.
    """

    def __init__(self, values, bounds):
        assert all(len(Value.cast(v)) >= bound.bit_length()
                   for v, bound in zip(values, bounds, strict=True))
        self.values, self.bounds = values, bounds


NARROW = 3
"""Constants of so few bits are multiplied by in adders: no DSP block for them."""


def blocks_for(*factors: tuple[int, int]) -> Counter[tuple[int, int]]:
    """The (width, width of a constant) of products that `times` leaves to DSP blocks."""
    return Counter((width, bits) for width, bits in factors if bits > NARROW)


class Choice:
    """A constant that a signal chooses: one of two numbers of `bits` bits.

    Every bit of it is a wire, or the signal or its inverse, so nothing is paid for the choice but
    the signal's way to the products.
    """

    def __init__(self, numbers, second):
        first, other = numbers
        self.bits = max(first.bit_length(), other.bit_length())
        self.value = Signal(max(1, self.bits), name="chosen")
        self._made = self.value.eq(Mux(second, other, first))

    def bit_length(self):
        return self.bits

    def enter(self, m):
        """Make it in module `m`."""
        m.d.comb += self._made
        return self


def factor(constant):
    """A constant, chosen or not, as one side of a product."""
    return constant.value if isinstance(constant, Choice) else constant


def times(factor, constant):
    """``factor * constant``; a few shifts and additions where the constant is narrow."""
    if isinstance(constant, Choice):
        if constant.bits > NARROW:
            return factor * constant.value
        terms = [Mux(bit, factor << n, 0) for n, bit in enumerate(constant.value)]
        return sum(terms[1:], terms[0])
    if constant.bit_length() > NARROW:
        return factor * constant
    terms = [factor << n for n in range(NARROW) if constant >> n & 1]
    return sum(terms[1:], terms[0]) if terms else Const(0, 1)


INPUTS = 6
"""Inputs of a device's table."""

LOOKED_UP = 3
"""Parts of a factor, of so many inputs, whose multiples are looked up and added."""


def table(factor, constant):
    """``factor * constant`` of a factor of at most `INPUTS` bits: a table for every bit."""
    count = 1 << len(factor)
    bits = ((count - 1) * constant).bit_length()
    return Cat(Const(sum((value * constant >> bit & 1) << value for value in range(count)), count
                     ).bit_select(factor, 1) for bit in range(bits)) if bits else Const(0, 1)


class LimbPipeline:
    """Stages of a free-running pipeline over `Limbs`; nothing in it is ever reset.

    Parameters
    ----------
    m : the module the registers go to; None to learn nothing but bounds.
    digit : bits that `drop` takes off.
    limb : bits from one limb to the next.

    `stage` counts the stages; it is part of the registers' names. `multiplications` counts the
    products, by the widths of their factors. `second` says which of two moduli is computed with,
    and goes along with the operands; None where there is one.
    """

    def __init__(self, m, digit, limb, second=None):
        self.m, self.digit, self.limb = m, digit, limb
        self.stage = 0
        self._seconds = [second]
        self.multiplications = Counter()

    def register(self, name, value, bound):
        """`value`, at most `bound`, one cycle later."""
        held = Signal(max(1, bound.bit_length()), name=f"stage{self.stage}_{name}",
                      reset_less=True)
        if self.m is not None:
            self.m.d.sync += held.eq(value)
        return held

    def register_all(self, name, values, bounds):
        """Each of `values` one cycle later."""
        return [self.register(f"{name}{n}", value, bound)
                for n, (value, bound) in enumerate(zip(values, bounds, strict=True))]

    @property
    def second(self):
        """Which modulus goes with the operands that are in this stage; None where there is one."""
        while len(self._seconds) <= self.stage and self._seconds[0] is not None:
            later = Signal(name=f"second{len(self._seconds)}", reset_less=True)
            if self.m is not None:
                self.m.d.sync += later.eq(self._seconds[-1])
            self._seconds.append(later)
        return self._seconds[min(self.stage, len(self._seconds) - 1)]

    def choose(self, constants, second=None):
        """(limbs, bounds) of constants: numbers, or where there are two moduli, pairs of them.

        `second` chooses; left out, it is this stage's own.
        """
        bounds = [max(limbs) for limbs in constants]
        second = self.second if second is None else second
        if second is None:
            return bounds, bounds
        chosen = [Choice(limbs, second) for limbs in constants]
        return [c if self.m is None else c.enter(self.m) for c in chosen], bounds

    def multiply(self, name, factor, factor_bound, values, bounds):
        """Limb products, registered; `values` are signals, or constants as `choose` makes them."""
        bounds = [factor_bound * bound for bound in bounds]
        products = [times(factor, v) if isinstance(v, int | Choice) else factor * v for v in values]
        for value in values:
            constant = isinstance(value, int | Choice)
            self.multiplications += blocks_for((len(factor), value.bit_length())) if constant \
                else Counter([(len(factor), len(value))])
        return Limbs(self.register_all(name, products, bounds), bounds)

    def look_up(self, name, factor, factor_bound, values, bounds):
        """Products with constants, as `multiply` has them, from tables of `INPUTS` inputs, a table
        a bit, and not from blocks: two numbers, registered, that are the product together.

        The first is of the factor's two lowest parts, one of which is added to the other, the
        second of its third; so neither path is longer than a sum of three.
        """
        starts = range(0, len(factor), INPUTS)
        assert len(starts) <= LOOKED_UP and not any(isinstance(v, Choice) for v in values)
        found = [[table(factor[at:at + INPUTS], value) << at for at in starts] for value in values]
        high = factor_bound >> 2 * INPUTS << 2 * INPUTS
        low = (1 << 2 * INPUTS) - 1 if high else factor_bound
        numbers = [self.hold(f"{name}0_", Limbs([sum(parts[1:2], parts[0]) for parts in found],
                                                [low * bound for bound in bounds]))]
        if high:
            numbers.append(self.hold(f"{name}1_", Limbs([parts[2] for parts in found],
                                                        [high * bound for bound in bounds])))
        return numbers

    @staticmethod
    def add(*numbers):
        """The limb-wise sum, not registered."""
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
        return Limbs(sums, bounds)

    def hold(self, name, number):
        """`number` one cycle later."""
        return Limbs(self.register_all(name, number.values, number.bounds), number.bounds)

    def total(self, name, *numbers):
        """The limb-wise sum, registered."""
        return self.hold(name, self.add(*numbers))

    def drop(self, number):
        """``number >> digit``, the low digit dropped: a wiring of bits and one addition."""
        digit, limb = self.digit, self.limb
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

    def settle(self, values, bounds, bits, carry_cycles):
        """From overlapping limbs to one number of `bits` bits: `carry_cycles` + 2 stages or more.

        The high parts are passed on until what is passed fits a limb, then the carries settled.
        """
        limb, limb_bound = self.limb, (1 << self.limb) - 1
        passing = True
        while passing:
            self.stage += 1
            while bounds[-1] >> limb or limb * len(values) < bits:
                # What is passed, and the number's last carry, have a place.
                values, bounds = [*values, Const(0, 1)], [*bounds, 0]
            high = [0] + [bound >> limb for bound in bounds[:-1]]
            bounds = [min(bound, limb_bound) + passed
                      for bound, passed in zip(bounds, high, strict=True)]
            values = self.register_all("passed", [
                value[:limb] + (values[n - 1][limb:] if n and high[n] else 0)
                for n, value in enumerate(values)], bounds)
            # A limb that carries by itself then has a low part below all ones, so it never
            # carries twice.
            passing = any(passed > limb_bound for passed in high)
        self.stage += 1
        # A limb makes a carry, or passes one on, or neither, never both; so the carries are those
        # of a sum with a bit for each limb, and run through a device's own carry chain.
        makes = Cat(value[limb:].any() for value in values)
        passes = Cat(value[:limb].all() for value in values)
        low_bounds = [min(bound, limb_bound) for bound in bounds]
        lows = self.register_all("low", [value[:limb] for value in values], low_bounds)
        if carry_cycles > 1:
            every = (1 << len(values)) - 1
            makes, passes = (self.register(name, value, every)
                             for name, value in (("makes", makes), ("passes", passes)))
            self.stage += 1
            lows = self.register_all("low", lows, low_bounds)
        carries = ((makes | passes) + makes) ^ passes
        carries = self.register_all("carry", list(carries)[:len(values)], [1] * len(values))
        self.stage += 1
        settled = [(low + carry)[:limb] for low, carry in zip(lows, carries, strict=True)]
        assert all(len(part) == limb for part in settled[:-1])
        return self.register("product", Cat(settled), (1 << bits) - 1)

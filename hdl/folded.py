"""Montgomery multiplication on fewer rows: each row of the digit pipeline is used several times."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from math import gcd
from typing import ClassVar

from amaranth import *
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl.contracts import watched
from proofmill.hdl.limbs import LimbPipeline, Limbs, blocks_for, factor
from proofmill.hdl.montgomery import MultiplierShape, ports


@dataclass(frozen=True, kw_only=True)
class FoldedShape(MultiplierShape):
    """A Montgomery multiplier that takes a pair of operands every `interval` cycles.

    One row of hardware does `interval` successive steps of a product, so there are
    ``steps / interval`` rows; the number of steps is rounded up to a multiple. A row is a loop of
    `loop` cycles, prime to the interval: step i of the product that started at cycle
    ``n * interval`` meets a row in cycle ``n * interval + loop * i``, and no two of these are
    equal for ``i < interval``. So every row is busy in every cycle, with several products on
    their way round it (C-slow: Leiserson and Saxe, "Retiming synchronous circuitry", 1991).

    Parameters beyond those of `MultiplierShape`
    ----------
    interval : cycles from one pair of operands to the next; every one is possible, those that
        divide the number of steps waste nothing.
    least_loop : at least so many cycles from step to step; more are for a higher clock rate.
    """

    kind: ClassVar[str] = "folded"

    interval: int = field()
    least_loop: int = 2
    carry_cycles: int = 2

    def __post_init__(self):
        super().__post_init__()
        if self.interval < 1:
            raise ValueError(f"the interval must be at least 1, not {self.interval}")
        if self.least_loop < 2:
            raise ValueError("a step takes at least 2 cycles, a product and a sum, not "
                             f"{self.least_loop}")

    @cached_property
    def steps(self) -> int:
        """Digits of an operand, filled up to a multiple of the interval."""
        return -(-self.operand_bits // (self.digit * self.interval)) * self.interval

    @property
    def rows(self) -> int:
        """Rows of hardware."""
        return self.steps // self.interval

    @cached_property
    def loop(self) -> int:
        """Cycles from step to step: the first count from `least_loop` prime to the interval."""
        loop = self.least_loop
        while gcd(loop, self.interval) != 1:
            loop += 1
        return loop

    @cached_property
    def last_groups(self) -> list[list[tuple[int, ...]]]:
        """The moduli's limbs in groups of equal size, one a cycle, for the ordinary last step."""
        limbs = self.modulus_limbs
        size = -(-len(limbs) // self.interval)
        limbs = limbs + [(0,) * len(self.fields)] * (-len(limbs) % size)
        return [limbs[n:n + size] for n in range(0, len(limbs), size)]

    @cached_property
    def last_widths(self) -> list[int]:
        """Bits of the widest limb in each place of a group."""
        return [max(max(limb) for limb in column).bit_length()
                for column in zip(*self.last_groups, strict=True)]

    @cached_property
    def latency(self) -> int:
        """Cycles from operands to product: the steps, the last one's groups, 8 more, carries."""
        return self.loop * self.steps + len(self.last_groups) + 8 + self.carry_cycles

    @cached_property
    def multiplications(self) -> Counter[tuple[int, int]]:
        """The products in hardware, by the widths of their factors: see `hdl.cost`."""
        taken = [(self.digit, limb) for limb in self.widths(self.operand_bits, self.limb)]
        paid = blocks_for(*self.constants(self.lifted_limbs))
        last = [(self.digit, bits) for bits in self.last_widths]
        row = Counter(taken) + paid
        return (Counter({key: count * self.rows for key, count in row.items()})
                + Counter(last) + Counter([(self.digit, max(self.lifts).bit_length())]))

    def build(self) -> wiring.Component:
        return FoldedMultiplier(self)


def enter(m, held, first, again, start):
    """A row's registers `held` take on what comes from before it for its first step, for the others
    what it made."""
    for signal, one, other in zip(held, first, again, strict=True):
        m.d.sync += signal.eq(Mux(start, one, other))


class FoldedMultiplier(wiring.Component):
    """``product = a * b / radix`` modulo the field's modulus, `latency` cycles later.

    The same steps as `hdl.montgomery.MontgomeryMultiplier`, with the same bounds. Nothing is
    reset: after power-up, products are right from the first operands on that came with a `start`.

    Members
    -------
    start : operands are there, in; every ``shape.interval`` cycles from the first one on, without
        a gap, whether or not there is anything to multiply: it is no `valid`. A simulator stops
        where that is not so. After a reset the first one may come in any cycle.
    a, b : operands, in
    second : the product is one in ``shape.second``, in; only where there is one
    product : out; for one cycle
    """

    def __init__(self, shape: FoldedShape):
        self.shape = shape
        super().__init__({"start": In(1), **ports(shape)})

    @property
    def latency(self) -> int:
        return self.shape.latency

    def _watch(self, m, begun):
        """A start that comes early or late spoils the products under way, and nothing else shows
        it. `begun`: there was one."""
        left = Signal(range(max(2, self.shape.interval)))  # cycles to the next one
        m.d.sync += left.eq(Mux(self.start, self.shape.interval - 1, Mux(left == 0, 0, left - 1)))
        with m.If(self.start):
            m.d.sync += begun.eq(1)
        with m.If(begun):
            m.d.sync += Assert(self.start == (left == 0), Format(
                "folded multiplier: `start` comes every {} cycles, without a gap\n",
                Const(self.shape.interval)))

    def step(self, row, pipe, running, digit, b, second):
        """One step of a row from its operands on, all but the last of the loop's registers.

        Cycles beyond the third are spent before the products, every other one after them: there
        a device's multiplier block can take in the registers, and the way from one digit to all
        blocks, or from them to the sums, has a cycle to itself.
        """
        shape = self.shape
        pipe.stage = 100 * row
        digit_bound = (1 << shape.digit) - 1
        b_bounds = [(1 << width) - 1 for width in shape.widths(shape.operand_bits, shape.limb)]
        more = max(0, shape.loop - 3)
        for _ in range(more - more // 2):
            running = pipe.hold("running", running)
            digit = pipe.register("digit", digit, digit_bound)
            b = pipe.register_all("b", b, b_bounds)
            second = pipe.register_all("second", second, [1] * len(second))
            pipe.stage += 1
        paid = pipe.multiply("paid", running.values[0][:shape.digit], digit_bound,
                             *pipe.choose(shape.lifted_limbs, *second))
        taken = pipe.multiply("taken", digit, digit_bound, b, b_bounds)
        shifted = pipe.hold("shifted", Limbs(*pipe.drop(running)))
        for _ in range(more // 2):
            pipe.stage += 1
            paid, taken, shifted = (pipe.hold(name, number) for name, number in (
                ("paid", paid), ("taken", taken), ("shifted", shifted)))
        if shape.loop > 2:  # three numbers in two sums
            pipe.stage += 1
            return pipe.add(pipe.total("added", paid, taken), pipe.hold("shifted", shifted))
        return pipe.add(shifted, paid, taken)

    def running_bounds(self):
        """The bounds of the running total's limbs: those after the last step are the largest."""
        shape = self.shape
        digit = Signal(shape.digit)
        b = [Signal(width) for width in shape.widths(shape.operand_bits, shape.limb)]
        second = [Signal() for _ in shape.fields[1:]]
        pipe, bounds = LimbPipeline(None, shape.digit, shape.limb), [0]
        for _ in range(shape.steps):
            running = Limbs([Signal(max(1, bound.bit_length())) for bound in bounds], bounds)
            bounds = FoldedMultiplier.step(self, 0, pipe, running, digit, b, second).bounds
        return bounds

    # What another use of the blocks adds (see `hdl.matrix_multiplier`); here, nothing.

    def running_widths(self, bounds):
        """Bits of the registers of the running total's limbs."""
        return [max(1, bound.bit_length()) for bound in bounds]

    def begins(self, m):
        """Where operands are there."""
        return self.start

    def chained(self, start, first, last):
        """What the `first` and the `last` register of a chain of starts takes on."""
        return start

    def entered(self, m, row, a):
        """A row's registers `a` have been given what they take on."""

    def b_widths(self):
        """Bits of a row's registers of the limbs of `b`."""
        return self.shape.widths(self.shape.operand_bits, self.shape.limb)

    def enter_b(self, m, row, held, first, again, start):
        """A row's registers `held` of `b` take on what they do; see `enter`."""
        enter(m, held, first, again, start)

    def last_factors(self, pipe, quotient, bound, count):
        """The quotient digit, registered, in front of each of the last step's `count` blocks."""
        return [pipe.register("quotient", quotient, bound)] * count

    def last_weights(self, m, limbs):
        """The registers of the last step's other factors have been given what they take on."""

    def wait(self, pipe, number):
        """`number` one cycle later, while it waits for the last step's products."""
        return pipe.hold("arrived", number)

    def made(self, m, products):
        """The last step's products are these registers."""

    def elaborate(self, platform):
        m = Module()
        shape = self.shape
        digit_bound = (1 << shape.digit) - 1
        bounds = self.running_bounds()
        b_widths = self.b_widths()
        pipe = LimbPipeline(m, shape.digit, shape.limb)
        if watched(platform):
            self._watch(m, Signal(name="begun"))

        def registers(name, widths):
            return [Signal(width, name=f"{name}{n}", reset_less=True)
                    for n, width in enumerate(widths)]

        # Starts come every `interval` cycles, so one that comes `interval` cycles later says the
        # same. So it goes from place to place, and has never far to go; no product is anywhere
        # before the start that came with it.
        starts = [self.begins(m)]

        def next_start():
            start = starts[-1]
            for n in range(shape.interval):
                later = Signal(name=f"start{len(starts)}_{n}", reset_less=True)
                m.d.sync += later.eq(self.chained(start, n == 0, n == shape.interval - 1))
                start = later
            starts.append(start)
            return start

        running_widths = self.running_widths(bounds)
        padded = Cat(self.a, Const(0, shape.digit * shape.steps - shape.operand_bits))
        before = (
            [Const(0, 1)] * len(bounds),
            [padded[shape.digit * n:shape.digit * (n + 1)] for n in range(shape.steps)],
            [self.b[shape.limb * n:shape.limb * (n + 1)] for n in range(shape.limbs)],
            [self.second] if shape.second else [])
        for row in range(shape.rows):
            digits = shape.steps - row * shape.interval
            running = registers(f"row{row}_running", running_widths)
            a = registers(f"row{row}_a", [shape.digit] * digits)
            b = registers(f"row{row}_b", b_widths)
            # Which modulus goes round with them, where there are two.
            second = registers(f"row{row}_second", [1] * len(before[3]))
            total = self.step(row, pipe, Limbs(running, bounds), a[0], b, second).values
            later_a, later_b, later_second = a[1:], b, second
            for n in range(shape.loop - 1):
                pipe.stage = 100 * row + n
                later_a = pipe.register_all("a", later_a, [digit_bound] * (digits - 1))
                later_b = pipe.register_all("b", later_b, [(1 << w) - 1 for w in b_widths])
                later_second = pipe.register_all("row_second", later_second, [1] * len(second))
            start = next_start() if row else starts[0]
            enter(m, running, before[0], total, start)
            enter(m, a, before[1], [*later_a, Const(0, 1)], start)
            enter(m, second, before[3], later_second, start)
            self.enter_b(m, row, b, before[2], later_b, next_start() if row else start)
            self.entered(m, row, a)
            before = (total, later_a[:digits - shape.interval], later_b, later_second)

        # The last step, an ordinary one, has `interval` cycles: the quotient digit, then the
        # modulus' limbs, a group a cycle, gathered until all are there. Both factors and the
        # products have plain registers, which a device's multiplier block can take in.
        pipe.stage = 100 * shape.rows
        arrived = Limbs(registers("arrived", running_widths), bounds)
        start = next_start()
        second = registers("arrived_second", [1] * len(before[3]))
        with m.If(start):
            m.d.sync += [held.eq(value) for held, value in zip(
                [*arrived.values, *second], [*before[0], *before[3]], strict=True)]
        (lift,), _ = pipe.choose([shape.lifts], *second)
        quotient = pipe.register("quotient", arrived.values[0][:shape.digit] * factor(lift),
                                 digit_bound)
        second = pipe.register_all("quotient_second", second, [1] * len(second))
        waiting = self.wait(pipe, arrived)
        pipe.stage += 1
        widths = [shape.digit + bits for bits in shape.last_widths]
        quotients = self.last_factors(pipe, quotient, digit_bound, len(widths))
        for _ in range(3):
            waiting = self.wait(pipe, waiting)
            pipe.stage += 1
        groups = shape.last_groups
        group = Signal(range(max(2, shape.interval)))
        next_group = Signal.like(group)
        # Operands that came in cycle 0 have their quotient digit in cycle 2 of an interval.
        m.d.comb += next_group.eq(Mux(start, shape.interval - 1,
                                      Mux(group == shape.interval - 1, 0, group + 1)))
        m.d.sync += group.eq(next_group)
        gathered = [registers(f"group{g}_", widths) for g in range(len(groups))]
        last_limbs = [Signal(width - shape.digit, name=f"modulus{n}", reset_less=True)
                      for n, width in enumerate(widths)]
        with m.Switch(group):
            for g, limbs in enumerate(groups):
                with m.Default() if g == len(groups) - 1 else m.Case(g):
                    m.d.sync += [held.eq(factor(limb)) for held, limb in zip(
                        last_limbs, pipe.choose(limbs, *second)[0], strict=True)]
        self.last_weights(m, last_limbs)
        made = registers("last_product", widths)
        m.d.sync += [held.eq(quotient * limb) for held, quotient, limb
                     in zip(made, quotients, last_limbs, strict=True)]
        self.made(m, made)
        gather = [Signal(name=f"gather{n}", reset_less=True) for n in range(2)]
        m.d.sync += Cat(gather).eq(Cat(group < len(groups), gather))
        with m.If(gather[-1]):
            for one, two in zip(gathered, [*gathered[1:], made], strict=True):
                m.d.sync += [held.eq(value) for held, value in zip(one, two, strict=True)]
        products = [held for group in gathered for held in group][:len(shape.modulus_limbs)]
        product_bounds = [digit_bound * max(limb) for limb in shape.modulus_limbs]
        paid = Limbs([value[:bound.bit_length()] for value, bound
                      in zip(products, product_bounds, strict=True)], product_bounds)
        pipe.stage += 1
        total = pipe.total("total", waiting, paid)
        pipe.stage += 1
        values, bounds = pipe.drop(total)
        values = pipe.register_all("dropped", values, bounds)
        m.d.comb += self.product.eq(pipe.settle(values, bounds, shape.product_bits,
                                           shape.carry_cycles))
        return m

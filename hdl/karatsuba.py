"""Montgomery multiplication on fewer blocks: Karatsuba's product, then a digit-wise division."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from amaranth import *
from amaranth.lib import wiring

from proofmill.hdl.limbs import INPUTS, LOOKED_UP, LimbPipeline, Limbs
from proofmill.hdl.montgomery import MultiplierShape, ports

TERMS = 3
"""Numbers added in one stage."""


@dataclass(frozen=True, kw_only=True)
class KaratsubaShape(MultiplierShape):
    """A pipelined Montgomery multiplier: the whole product first, then the steps of the division.

    The product of two numbers of two parts each takes three products of parts (Karatsuba and
    Ofman, 1962), and so again, `depth` times over:

        (a1 X + a0)(b1 X + b0) = a1 b1 X^2 + ((a1 + a0)(b1 + b0) - a1 b1 - a0 b0) X + a0 b0

    Sums of parts are not carried from one part to the next, so a part grows by one bit a level;
    ``digit x limb`` tiles cover the ``3 ** depth`` products of parts. The steps that follow drop a
    digit each and pay for it with a multiple of ``lifted``, as in `hdl.montgomery`: no quotient
    digit but the last takes a product.

    Parameters beyond those of `MultiplierShape`
    ----------
    depth : levels of Karatsuba's formula; 0 is the schoolbook.
    tables : of so many lifted steps, the first ones, the multiples of ``lifted`` come from tables
        instead of blocks: constants all, of which a table of six inputs has a bit for each value
        of six bits of the digit. None: of none.
    """

    kind: ClassVar[str] = "karatsuba"

    depth: int = field()
    carry_cycles: int = 2
    tables: int | None = None

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.depth <= 4 or self.operand_bits < self.digit << self.depth:
            raise ValueError(
                f"a depth of {self.depth} does not leave parts of a digit ({self.digit} bits) of "
                f"operands of {self.operand_bits} bits, or is not in 0 to 4")
        if self.tables is None:
            return
        if not 1 <= self.tables < self.steps:
            raise ValueError(f"tables are for 1 to {self.steps - 1} lifted steps, not for "
                             f"{self.tables}")
        if self.digit > INPUTS * LOOKED_UP or self.second is not None:
            raise ValueError(f"tables are of one modulus and of digits of {INPUTS * LOOKED_UP} "
                             f"bits at the most; here are {len(self.fields)} and {self.digit}")

    @cached_property
    def part(self) -> int:
        """Bits of a part."""
        return -(-self.operand_bits >> self.depth)

    @cached_property
    def frame(self) -> int:
        """Limbs of the running total while it is divided."""
        undivided = 2 * self.operand_bits - self.digit * self.steps
        return max(len(self.lifted_limbs), len(self.modulus_limbs),
                   -(-undivided // self.limb))

    @cached_property
    def counted(self) -> tuple[int, Counter[tuple[int, int]]]:
        """(latency, products): counted on the pipeline, built without registers."""
        pipe = LimbPipeline(None, self.digit, self.limb, Signal() if self.second else None)
        multiply_pipelined(self, pipe, Signal(self.operand_bits), Signal(self.operand_bits))
        return pipe.stage, pipe.multiplications

    @property
    def latency(self) -> int:
        """Cycles from operands to product."""
        return self.counted[0]

    @property
    def multiplications(self) -> Counter[tuple[int, int]]:
        """The products in hardware, by the widths of their factors: see `hdl.cost`."""
        return self.counted[1]

    def build(self) -> wiring.Component:
        return KaratsubaMultiplier(self)


class KaratsubaMultiplier(wiring.Component):
    """``product = a * b / radix`` modulo the field's modulus, `latency` cycles later.

    A free-running pipeline, with the same bounds as `hdl.montgomery.MontgomeryMultiplier`.

    Members
    -------
    a, b : operands, in
    second : the product is one in ``shape.second``, in; only where there is one
    product : out
    """

    def __init__(self, shape: KaratsubaShape):
        self.shape = shape
        super().__init__(ports(shape))

    @property
    def latency(self) -> int:
        return self.shape.latency

    def elaborate(self, platform):
        m = Module()
        pipe = LimbPipeline(m, self.shape.digit, self.shape.limb,
                            self.second if self.shape.second else None)
        m.d.comb += self.product.eq(multiply_pipelined(self.shape, pipe, self.a, self.b))
        return m


def multiply_pipelined(shape, pipe, a, b):
    """The product of `a` and `b` divided by the radix; `pipe` counts the stages it takes."""
    widths = shape.widths(shape.operand_bits, shape.part)
    widths += [0] * ((1 << shape.depth) - len(widths))
    blocks = [[Limbs([number[shape.part * n:shape.part * n + width]
                      for n, width in enumerate(widths)], [(1 << width) - 1 for width in widths])
               for number in (a, b)]]
    for _ in range(shape.depth):
        blocks = [third for block in blocks for third in split(pipe, block)]
        pipe.stage += 1
    bounds = [[number.bounds for number in block] for block in blocks]
    columns = [[product] for product in tile(pipe, shape, blocks)]
    for _ in range(shape.depth):
        columns, bounds = combine(pipe, columns, bounds)
    exact = convolution(*bounds[0])
    whole = LimbPipeline(pipe.m, shape.digit, shape.part)
    whole.stage = pipe.stage - 1
    total = whole.settle(columns[0], exact, 2 * shape.operand_bits, shape.carry_cycles)
    pipe.stage = whole.stage + 1
    return divide(shape, pipe, total)


def split(pipe, block):
    """(low halves, high halves, their sums) of both numbers of a block; registered."""
    thirds = []
    for name, number in zip("ab", block, strict=True):
        half = len(number.values) // 2
        low = Limbs(number.values[:half], number.bounds[:half])
        high = Limbs(number.values[half:], number.bounds[half:])
        thirds.append((pipe.hold(f"low_{name}", low), pipe.hold(f"high_{name}", high),
                       pipe.total(f"sum_{name}", low, high)))
    return [list(third) for third in zip(*thirds, strict=True)]


def tile(pipe, shape, blocks):
    """The products of blocks of one part each, from tiles of a digit and a limb."""
    products = []
    for (a,), (b,), a_bound, b_bound in (
            (x.values, y.values, x.bounds[0], y.bounds[0]) for x, y in blocks):
        terms = []
        for i in range(0, a_bound.bit_length(), shape.digit):
            digit = a[i:i + shape.digit]
            values = [b[j:j + shape.limb] for j in range(0, b_bound.bit_length(), shape.limb)]
            row = pipe.multiply(f"tile{i}_", digit, (1 << len(digit)) - 1, values,
                                [(1 << len(value)) - 1 for value in values])
            terms += [(i + shape.limb * j, value) for j, value in enumerate(row.values)]
        products.append((pack(terms) or [Const(0, 1)], a_bound * b_bound))
    pipe.stage += 1
    while any(len(rows) > 1 for rows, _ in products):
        products = [([pipe.register("row", sum(rows[n + 1:n + TERMS], rows[n])[:bound.bit_length()],
                                    bound) for n in range(0, len(rows), TERMS)], bound)
                    for rows, bound in products]
        pipe.stage += 1
    return [rows[0] for rows, _ in products]


def pack(terms):
    """Few numbers with the same sum as (shift, value) pairs: those side by side become one."""
    rows = []  # [bits, lowest first]
    for shift, value in sorted(terms, key=lambda term: term[0]):
        row = next((row for row in rows if sum(map(len, row)) <= shift), None)
        if row is None:
            row = []
            rows.append(row)
        row += [Const(0, shift - sum(map(len, row))), value]
    return [Cat(*row) for row in rows]


def convolution(a_bounds, b_bounds):
    """Bounds of the columns of a product of numbers of several parts."""
    columns = [0] * (len(a_bounds) + len(b_bounds) - 1)
    for i, a in enumerate(a_bounds):
        for j, b in enumerate(b_bounds):
            columns[i + j] += a * b
    return columns


def combine(pipe, products, bounds):
    """Products of blocks from those of (low halves, high halves, sums); in two stages or one.

    The middle of a product is a difference, but never negative, and its bound is known: so all
    is computed modulo a power of two above the bound.
    """
    combined, combined_bounds = [], []
    for n in range(0, len(products), 3):
        low, high, both = products[n:n + 3]
        (low_a, low_b), (high_a, high_b) = bounds[n:n + 2]
        half = len(low_a)
        a_bounds, b_bounds = [*low_a, *high_a], [*low_b, *high_b]
        crossed = [one + other for one, other in zip(
            convolution(low_a, high_b), convolution(high_a, low_b), strict=True)]
        low_bounds, high_bounds = convolution(low_a, low_b), convolution(high_a, high_b)
        middle = Limbs(pipe.register_all("middle", [
            (three - one - two)[:bound.bit_length()]
            for one, two, three, bound in zip(low, high, both, crossed, strict=True)],
            crossed), crossed)
        low = pipe.hold("low", Limbs(low, low_bounds))
        high = pipe.hold("high", Limbs(high, high_bounds))
        combined.append((half, low, middle, high))
        combined_bounds.append([a_bounds, b_bounds])
    pipe.stage += 1
    results = []
    for half, low, middle, high in combined:
        columns = [Const(0, 1)] * (4 * half - 1)
        for place, number in ((0, low), (half, middle), (2 * half, high)):
            for n, value in enumerate(number.values, place):
                columns[n] = value if isinstance(columns[n], Const) else columns[n] + value
        results.append(columns)
    if any(half > 1 for half, *_ in combined):
        results = [pipe.register_all("column", columns, convolution(*b))
                   for columns, b in zip(results, combined_bounds, strict=True)]
        pipe.stage += 1
    return results, combined_bounds


def divide(shape, pipe, total):
    """``total / radix`` modulo the modulus, a digit after another; its upper bits wait outside."""
    digit, limb = shape.digit, shape.limb
    digit_bound = (1 << digit) - 1
    frame = limb * shape.frame
    rest = total[frame:]
    values = [total[n:n + limb] for n in range(0, frame, limb)]
    running = Limbs(values, [(1 << len(value)) - 1 for value in values])

    def drop(number):
        """``number >> digit``, and the next digit from outside on top of it."""
        nonlocal rest
        values, bounds = pipe.drop(number)
        missing = shape.frame - len(values)
        values, bounds = values + [Const(0, 1)] * missing, bounds + [0] * missing
        if len(rest):
            entering = rest[:digit]
            values[-1] = values[-1] + (entering << (limb - digit))
            bounds[-1] += ((1 << len(entering)) - 1) << (limb - digit)
            rest = rest[digit:]
        return Limbs(values, bounds)

    def wait():
        nonlocal rest
        if len(rest):
            rest = pipe.register("rest", rest, (1 << len(rest)) - 1)

    for step in range(1, shape.steps):
        low, lifted = running.values[0][:digit], pipe.choose(shape.lifted_limbs)
        if step <= (shape.tables or 0):
            paid = pipe.look_up("paid", low, digit_bound, *lifted)
        else:
            paid = [pipe.multiply("paid", low, digit_bound, *lifted)]
        shifted = pipe.hold("shifted", drop(running))
        wait()
        pipe.stage += 1
        running = pipe.total("total", shifted, *paid)
        wait()
        pipe.stage += 1

    # The last step, an ordinary one: quotient digit, product, sum.
    low = running.values[0][:digit]
    quotient = pipe.multiply("quotient", low, digit_bound, *pipe.choose([shape.lifts])).values[0]
    running = pipe.hold("total", running)
    wait()
    pipe.stage += 1
    paid = pipe.multiply("paid", quotient[:digit], digit_bound,
                         *pipe.choose(shape.modulus_limbs))
    running = pipe.hold("total", running)
    wait()
    pipe.stage += 1
    running = pipe.total("total", running, paid)
    wait()
    pipe.stage += 1
    dropped = pipe.hold("dropped", drop(running))
    assert not len(rest)
    product = pipe.settle(dropped.values, dropped.bounds, shape.product_bits, shape.carry_cycles)
    pipe.stage += 1
    return product

"""A folded multiplier whose blocks multiply matrices of small integers, too."""

from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.folded import FoldedMultiplier
from proofmill.hdl.limbs import Choice, Limbs
from proofmill.hdl.matrix_shape import LOOPS, MatrixShape
from proofmill.hdl.montgomery import ports


class Lane:
    """What a row of hardware multiplies in the mode: registers that are 0 out of it."""

    def __init__(self, shape: MatrixShape, row: int):
        def register(name, bits):
            return Signal(bits, name=f"lane{row}_{name}", reset_less=True)

        self.mode = register("mode", 1)
        self.word = register("word", shape.word_bits)
        self.load = register("load", 1)
        self.digit, self.low = register("digit", shape.element), register("low", shape.element)
        bits = shape.products * shape.element
        self.paid = [register(f"paid{n}", bits) for n in range(shape.limbs)]
        self.last = Signal(shape.element + shape.factor_bits, name=f"lane{row}_last")


class MatrixMultiplier(FoldedMultiplier):
    """A `FoldedMultiplier` that multiplies matrices while `mode` is 1.

    Who uses it lets its products leave it before `mode` changes, and gives neither the mode's
    signals nor operands until that has gone through all rows, ``rows + 2`` cycles later. In the
    mode `start` is not looked at; in its first cycle a last one is let through.

    A step takes ``shape.loop`` cycles, one for each sum of a column that is on its way. Its words
    of w come one a cycle, the first row's first; with the last one comes `load`. In the cycle after
    it are the first sum's elements of x, in the next ones the others'. In the cycle before them is
    `moving`, if what they are added to comes from the row before: 0 in the first row. What leaves
    the last row is read from ``shape.loop + 1`` cycles after the first `moving` on.

    Members beyond those of `FoldedMultiplier`
    ----------
    mode : multiply matrices, in
    moving : each row's sums go to the next one, in
    word : of w, for one row: for each column of limbs ``w[k]``, then ``w[k + 1]``, in
    load : all rows take the words that came, in
    elements : ``x[k]`` and ``x[k + 1]`` of every row, the first one's lowest, in
    active : elements count; else they are 0, in
    advance : the next row of sums is to be read, from two cycles later on, in
    column : the limb that is read, in
    sums : its sums, the first column's lowest, two cycles later, out
    """

    shape: MatrixShape

    def __init__(self, shape: MatrixShape):
        self.shape = shape
        wiring.Component.__init__(self, {
            "start": In(1), **ports(shape), "mode": In(1), "moving": In(1),
            "word": In(shape.word_bits), "load": In(1),
            "elements": In(shape.elements_bits), "active": In(1), "advance": In(1),
            "column": In(range(shape.limbs)), "sums": Out(shape.sum_bits * shape.products)})

    def elaborate(self, platform):
        shape = self.shape
        self.lanes = [Lane(shape, row) for row in range(shape.rows)]
        self.stages = []  # of the last step, in which sums wait
        self.advancing = Signal(reset_less=True)
        m = super().elaborate(platform)
        m.d.sync += self.advancing.eq(~self.lanes[-1].mode | self.moving | self.advance)
        for row, lane in enumerate(self.lanes):
            self._feed(m, row, lane)
        self._read(m)
        return m

    def begins(self, m):
        """In the mode rows take what comes from before them where sums move."""
        moved, gated = Signal(), Signal()
        start = Signal(name="begins")
        m.d.sync += [moved.eq(self.moving), gated.eq(self.mode)]
        m.d.comb += start.eq(Mux(gated, moved, self.start))
        return start

    def _watch(self, m, begun):
        """The first start after the mode may come in any cycle."""
        super()._watch(m, begun)
        with m.If(self.mode):
            m.d.sync += begun.eq(0)

    def _feed(self, m, row, lane):
        """The registers that the mode's ports go to."""
        shape = self.shape
        m.d.sync += [
            lane.mode.eq(self.lanes[row - 1].mode if row else self.mode), lane.load.eq(self.load)]
        with m.If(lane.mode):  # words come in the order of rows and wait for the last
            m.d.sync += lane.word.eq(
                self.lanes[row + 1].word if row + 1 < shape.rows else self.word)
        with m.Else():
            m.d.sync += lane.word.eq(0)
        with m.If(lane.mode & self.active):
            elements = self.elements.word_select(row, 2 * shape.element)
            m.d.sync += Cat(lane.digit, lane.low).eq(elements)
        with m.Else():
            m.d.sync += [lane.digit.eq(0), lane.low.eq(0)]
        for n, held in enumerate(lane.paid):
            with m.If(~lane.mode):
                m.d.sync += held.eq(self._elements_of(self._constant(n)))
            with m.Elif(lane.load):
                m.d.sync += held.eq(lane.word.word_select(2 * n + 1, len(held)))

    def _constant(self, n):
        """The limb of the only modulus' constant; 0 where there are two, or it has no block."""
        shape = self.shape
        return 0 if n in shape.unpaid or shape.second else shape.lifted_limbs[n][0]

    def _elements_of(self, constant):
        """The bits of a constant that stand where a factor's elements do."""
        shape = self.shape
        return sum((constant >> shape.spacing * n & (1 << shape.element) - 1) << shape.element * n
                   for n in range(shape.products))

    def _spaced(self, elements, constant=0, free=0):
        """A factor of `elements`; where it has none, bits of `constant` while `free` is 1."""
        shape = self.shape
        places = {shape.spacing * n + bit: elements[shape.element * n + bit]
                  for n in range(shape.products) for bit in range(shape.element)}
        bits = max(shape.factor_bits, constant.bit_length())
        return Cat(places[n] if n in places else free if constant >> n & 1 else Const(0, 1)
                   for n in range(bits))

    def running_widths(self, bounds):
        """A column's sums, and above them the count of carries."""
        shape = self.shape
        return [width + shape.count_bits for width in self._widths(bounds)]

    def _widths(self, bounds):
        return [max(width, self.shape.held_bits) for width in super().running_widths(bounds)]

    def chained(self, start, first, last):
        mode = self.lanes[0].mode
        start = start & ~mode if first else start
        return start | self.moving if last else start

    def entered(self, m, row, a):
        with m.If(self.lanes[row].mode):
            m.d.sync += a[0].eq(0)

    def b_widths(self):
        """A narrow limb has room for elements, too."""
        return [max(width, self.shape.factor_bits) for width in super().b_widths()]

    def enter_b(self, m, row, held, first, again, start):
        """In the mode elements of w wait there. What comes from before a row and what goes round is
        0 then, and out of the mode a word is: so a bit has one table."""
        lane = self.lanes[row]
        start = start if row else start & ~lane.mode
        with m.If(lane.mode):
            m.d.sync += [limb.eq(0) for limb in again]
        with m.If(~lane.mode | lane.load):
            for n, (limb, one, other) in enumerate(zip(held, first, again, strict=True)):
                elements = lane.word.word_select(2 * n, len(lane.paid[n]))
                m.d.sync += limb.eq(Mux(start, one, other) | self._spaced(elements))

    def step(self, row, pipe, running, digit, b, second):
        """See `FoldedMultiplier.step`. In front of the blocks are plain registers, which a device's
        multiplier block can take in; where two meet in one, one of them is 0."""
        shape, lane, m = self.shape, self.lanes[row], pipe.m
        pipe.stage = 100 * row
        digit_bound, factor_bound = (1 << shape.digit) - 1, (1 << shape.factor_bits) - 1
        widths, bounds = self._widths(running.bounds), running.bounds
        counts = [value[width:] for value, width in zip(running.values, widths, strict=True)]
        sums = [value[:width] for value, width in zip(running.values, widths, strict=True)]

        low = pipe.register("low", Mux(lane.mode, lane.low, sums[0][:shape.digit]), digit_bound)
        digit = pipe.register("digit", digit | lane.digit, digit_bound)
        b_bounds = [(1 << len(limb)) - 1 for limb in b]
        b = pipe.register_all("b", b, b_bounds)
        factors = self._factors(pipe, lane, second)
        sums = self._whole(pipe, "running", sums)
        second = pipe.register_all("second", second, [1] * len(second))

        pipe.stage += 1
        narrow = iter(pipe.choose([limbs for n, limbs in enumerate(shape.lifted_limbs)
                                   if n in shape.unpaid], *second)[0])
        paid = pipe.multiply(
            "paid", low, digit_bound, [next(narrow) if each is None else each for each in factors],
            [max(*limbs, factor_bound) for limbs in shape.lifted_limbs])
        for n in shape.unpaid:
            if n == len(paid.values):
                paid = Limbs([*paid.values, Const(0, 1)], [*paid.bounds, 0])
            paid.values[n] = Mux(lane.mode, lane.last, paid.values[n])
            paid.bounds[n] = max(paid.bounds[n], (1 << len(lane.last)) - 1)
        taken = pipe.multiply("taken", digit, digit_bound, b, b_bounds)
        values, shifted_bounds = pipe.drop(Limbs(
            [value[:max(1, bound.bit_length())] for value, bound
             in zip(sums, bounds, strict=True)], bounds))
        shifted = pipe.register_all("shifted", values, shifted_bounds)
        kept = self._whole(pipe, "kept", [value[:shape.held_bits] for value in sums])
        with m.If(lane.mode):
            m.d.sync += [held.eq(0) for held in shifted]
        with m.Else():
            m.d.sync += [held.eq(0) for held in kept]
        shifted += [Const(0, 1)] * (len(kept) - len(shifted))
        rest = [one | other for one, other in zip(shifted, kept, strict=True)]

        for _ in range(shape.loop - LOOPS[0]):
            pipe.stage += 1
            paid, taken = pipe.hold("paid", paid), pipe.hold("taken", taken)
            rest = self._whole(pipe, "rest", rest)
        pipe.stage += 1
        added = pipe.total("added", paid, taken).values
        rest = self._whole(pipe, "rest", rest)
        for _ in range(shape.loop - 1):
            counts = [pipe.register("count", count, (1 << len(count)) - 1) if len(count) else count
                      for count in counts]
        totals = []
        for n, (one, other, width, count) in enumerate(
                zip(added, rest, widths, counts, strict=True)):
            total = Signal(width, name=f"row{row}_total{n}")
            m.d.comb += total.eq(one + other)
            if len(count):
                place = shape.spacing
                carried = (total ^ one ^ other)[place]
                counted = Signal(len(count), name=f"row{row}_counted{n}")
                m.d.comb += counted.eq(count + carried)
                total = Cat(total, counted)
            totals.append(total)
        return Limbs(totals, bounds)

    def _factors(self, pipe, lane, second):
        """The factors of a digit in a row's paid products, registered; None where there is no block
        for one."""
        shape, factors = self.shape, []
        constants = pipe.choose(shape.lifted_limbs, *second)[0]
        for n, constant in enumerate(constants):
            if n in shape.unpaid:
                factors.append(None)
                continue
            if isinstance(constant, Choice):
                factor = Mux(lane.mode, self._spaced(lane.paid[n]), constant.value)
            else:
                factor = self._spaced(lane.paid[n], constant, ~lane.mode)
            factors.append(pipe.register(f"factor{n}", factor, (1 << len(factor)) - 1))
        return factors

    @staticmethod
    def _whole(pipe, name, values):
        """All bits of `values`, one cycle later."""
        return pipe.register_all(name, values, [(1 << len(value)) - 1 for value in values])

    def last_factors(self, pipe, quotient, bound, count):
        if not self.shape.unpaid:
            return super().last_factors(pipe, quotient, bound, count)
        return [pipe.register(f"quotient{n}", quotient if n >= len(self.lanes) else Mux(
            self.lanes[n].mode, self.lanes[n].low, quotient), bound) for n in range(count)]

    def last_weights(self, m, limbs):
        for column in self.shape.unpaid:
            for lane, limb in zip(self.lanes, limbs, strict=False):
                with m.If(lane.mode):
                    m.d.sync += limb.eq(self._spaced(lane.paid[column]))

    def made(self, m, products):
        for lane, product in zip(self.lanes, products, strict=False):
            m.d.comb += lane.last.eq(product)

    def wait(self, pipe, number):
        self.stages = self.stages or [number.values]
        if len(self.stages) == self.shape.loop:  # behind all that wait
            held = self._masked(pipe.m)
        else:
            held = [Signal.like(value, name=f"waits{len(self.stages)}_{n}", reset_less=True)
                    for n, value in enumerate(self.stages[-1])]
            with pipe.m.If(self.advancing):
                pipe.m.d.sync += Cat(held).eq(Cat(self.stages[-1]))
        self.stages.append(held)
        # To a product counts of carries are nothing.
        return Limbs([value[:max(1, bound.bit_length())] for value, bound
                      in zip(held, number.bounds, strict=True)], number.bounds)

    def _masked(self, m):
        """The sums that have come furthest, one cycle later; in the mode those of one column, and 0
        of the others, which takes a register's reset, where choosing takes tables."""
        found = [Signal.like(value, name=f"masked{n}", reset_less=True)
                 for n, value in enumerate(self.stages[-1])]
        for n, (masked, value) in enumerate(zip(found, self.stages[-1], strict=True)):
            m.d.sync += masked.eq(value)
            with m.If(self.lanes[-1].mode & (self.column != n)):
                m.d.sync += masked.eq(0)
        return found

    def _read(self, m):
        """One column of the sums that have come furthest."""
        shape, stages = self.shape, self.stages
        masked = stages[shape.loop] if len(stages) > shape.loop else self._masked(m)
        widths = self._widths([(1 << (len(value) - shape.count_bits)) - 1 for value in masked])
        found = Signal(shape.held_bits + shape.count_bits, reset_less=True)
        m.d.sync += found.eq(reduce(or_, (
            Cat(value[:shape.held_bits], value[width:])
            for value, width in zip(masked, widths, strict=True))))
        if shape.products == 1:
            m.d.comb += self.sums.eq(found)
            return
        count, space = found[shape.held_bits:], shape.spacing
        m.d.comb += self.sums.eq(Cat(
            found[:space], count, (found[space:shape.held_bits] - count)[:shape.sum_bits]))

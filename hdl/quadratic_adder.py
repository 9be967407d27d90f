"""Affine points over Fp2 added in batches, with one inversion in Fp for all of a batch: fifteen
products each."""

from amaranth import *
from amaranth.lib import data

from proofmill.hdl import quadratic_shape as slots
from proofmill.hdl.batch_adder import BatchAdder
from proofmill.hdl.batch_control import entry_bits
from proofmill.hdl.batch_intake import Kind
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.quadratic_control import QuadraticControl, Where

TERMS = 4
"""Of the second operand: two sums or differences."""


class QuadraticAdder(BatchAdder):
    """`BatchAdder` on ``y^2 = x^3 + b`` over Fp2 = Fp[u] / (u^2 + 1).

    What a batch inverts is the denominators' norms, in Fp, by ``1 / d = d* / N(d)`` (Hankerson,
    Menezes and Vanstone, "Guide to elliptic curve cryptography", 2004, section 2.4), so a pair
    takes seven products for its inverse and not nine, and eight for its sum; indices are the parts
    of numbers::

        N = d0^2 + d1^2                                        2
        its inverse i: one product forward, two backward       3
        e0 = d0 i, e1 = d1 i           1 / d = e0 - e1 u       2
        a = n0 e0, b = n1 e1, c = (n0 + n1) (e0 - e1)          3
            slope l = n / d = (a + b) + (c - a + b) u
        l^2 = (l0 + l1) (l0 - l1) + 2 l0 l1 u                  2
        g0 = l0 r0, g1 = l1 r1, g2 = (l0 + l1) (r0 + r1)       3
            r = x1 - x3, y3 = (g0 - g1 - y1_0) + (g2 - g0 - g1 - y1_1) u

    The numerator n of a doubling is 3 x1^2, of two products more: x1^2 is
    ``(x0 + x1) (x0 - x1) + 2 x0 x1 u``. Products are kept, and their sums made as they are
    multiplied: ``l0 + l1 = c + 2 b`` and ``l0 - l1 = 2 a - c``. Every difference is lifted by
    `QuadraticShape.lift`.

    Parameters and members are those of `BatchAdder`.
    """

    def control(self):
        return QuadraticControl

    def _parts(self, value):
        bits = self.shape.multiplier.field.bits
        return value[:bits], value[bits:]

    def _entries(self, m):
        """Pairs, and their norms and prefixes: all but y2 are written as they are taken; the parts
        of a doubling's square go to y2's places."""
        shape, control, pair = self.shape, self._control, self._intake.pair
        depth, bits = 1 << entry_bits(shape), shape.multiplier.field.bits
        layout = data.StructLayout({
            "x1": 2 * bits, "y1": 2 * bits, "x2": 2 * bits, "kind": Kind, "tag": shape.tag_bits})
        write, (read,) = self._memory(m, "entries", layout, depth)
        m.d.comb += [
            read.addr.eq(control.entry), write.en.eq(control.take),
            write.addr.eq(control.entry_taken),
            write.data.eq(Cat(pair.p.x, pair.p.y, pair.q.x, self._intake.kind, pair.tag))]
        self._entry = read.data
        self._y2, self._squares = zip(*(
            self._second_y(m, part, y) for part, y in enumerate(self._parts(pair.q.y))),
            strict=True)
        self._prefix_write, (prefix,) = self._memory(m, "prefixes", shape.product_bits, depth)
        forward = control.tick & (control.slot == slots.FORWARD) & control.destination.value
        m.d.comb += [
            prefix.addr.eq(control.norm),
            self._prefix_write.en.eq(self._flag(m, "prefix", forward, 2)),
            self._prefix_write.addr.eq(self._later(m, "prefix_entry", control.norm, 2))]
        self._prefix = prefix.data

    def _second_y(self, m, part, y):
        """A part of y2, or a doubling's product, which waits where a pair is just taken: what is
        read, and (that product, whether it waits)."""
        shape, control = self.shape, self._control
        write, (read,) = self._memory(
            m, f"second_y{part}", shape.product_bits, 1 << entry_bits(shape))
        square = Signal(data.StructLayout({
            "value": shape.product_bits, "entry": entry_bits(shape)}), name=f"square{part}",
            reset_less=True)
        there = Signal(name=f"square{part}_there")
        m.d.comb += read.addr.eq(control.entry)
        with m.If(control.take):
            m.d.comb += [write.en.eq(1), write.addr.eq(control.entry_taken), write.data.eq(y)]
        with m.Elif(there):
            m.d.comb += [write.en.eq(1), write.addr.eq(square.entry), write.data.eq(square.value)]
            m.d.sync += there.eq(0)
        return read.data, (square, there)

    def _values(self, m, there, result):
        """Chains and trees, norms and rings, where every product goes."""
        shape, control, product = self.shape, self._control, self._product
        depth = 1 << (shape.buffers * shape.set_places - 1).bit_length()
        cycles = shape.operands_after + shape.multiplier.latency
        place = self._later(m, "place", control.destination.place, cycles)
        where = self._later(m, "where", control.destination.where.as_value(), cycles)

        def comes(to):
            return there["value"] & (where == to.value)

        def keep(write, to):
            m.d.comb += [write.en.eq(comes(to)), write.addr.eq(place), write.data.eq(product)]

        write, (a, b) = self._memory(m, "values", shape.product_bits, depth, 2)
        keep(write, Where.VALUE)
        m.d.comb += [a.addr.eq(control.a), b.addr.eq(control.b)]
        for to, (square, waits) in zip((Where.SQUARED_0, Where.SQUARED_1), self._squares,
                                       strict=True):
            with m.If(comes(to)):
                m.d.sync += [waits.eq(1), square.entry.eq(place), square.value.eq(product)]
        self._rings_of_x(m)
        self._kept = {}
        made = (Where.SQUARE_0, Where.SQUARE_1, Where.RISE_0, Where.RISE_1, Where.RISE_2)
        for to in Where:
            if to in (Where.VALUE, Where.SQUARED_0, Where.SQUARED_1):
                continue
            norm = to in (Where.NORM_0, Where.NORM_1)
            write, (read,) = self._memory(
                m, to.name.lower(), shape.product_bits,
                1 << entry_bits(shape) if norm else shape.ring)
            keep(write, to)
            m.d.comb += read.addr.eq(
                control.norm if norm else control.ring_made if to in made else control.ring)
            self._kept[to] = read.data
        one = shape.multiplier.radix % shape.modulus
        self._a = Mux(self._later(m, "a_one", control.a_one), one, Mux(
            self._later(m, "a_inverse", control.a_inverse), result.payload.value, a.data))
        self._b = Mux(self._later(m, "b_one", control.b_one), one, b.data)

    def _multiply(self, m):
        """Operands: the first is ``a + b`` or ``a - b``, the second two such. Cycles after the
        slot: 1 read, 2 chosen, 3 added up in twos, 4 at the multiplier."""
        shape, lift, slot, kept = self.shape, self.shape.lift, self._slot, self._kept
        bits = shape.bounds["a sum of them"].bit_length()
        entry, one = self._entry, shape.multiplier.radix % shape.modulus
        x1, y1, x2 = (self._parts(entry[name]) for name in ("x1", "y1", "x2"))
        where = self._later(m, "where_to", self._control.destination.where.as_value())
        first = [Signal(bits, name=f"first{n}", reset_less=True) for n in range(2)]
        second = [Signal(bits, name=f"second{n}", reset_less=True) for n in range(TERMS)]
        minus = [Signal(name=f"minus{n}", reset_less=True) for n in range(3)]
        m.d.sync += [term.eq(0) for term in first[1:] + second] + [each.eq(0) for each in minus]
        m.d.sync += first[0].eq(self._a)
        chord, tangent = entry.kind == Kind.CHORD, entry.kind == Kind.TANGENT

        def gives(terms, values, subtracts=None):
            return [*(term.eq(value) for term, value in zip(terms, values, strict=False)),
                    *([] if subtracts is None else [minus[subtracts].eq(1)])]

        def denominator(terms, part, subtracts):
            with m.If(chord):
                m.d.sync += gives(terms, (x2[part], x1[part]), subtracts)
            with m.Elif(tangent):
                m.d.sync += gives(terms, (y1[part], y1[part]))
            with m.Else():
                m.d.sync += gives(terms, (C(0) if part else one, 0))

        def numerator(terms, part, subtracts):
            y2 = self._y2[part]
            with m.If(chord):
                m.d.sync += gives(terms, (y2, y1[part]), subtracts)
            with m.Elif(tangent):
                m.d.sync += gives(terms, (y2 << part, y2 << 1 + part))

        e0, e1, a, b, c = (kept[name] for name in (
            Where.CONJUGATE_0, Where.CONJUGATE_1, Where.SLOPE_0, Where.SLOPE_1, Where.SLOPE_2))
        x3 = [read.data for read in self._x3]
        low, high = second[:2], second[2:]
        with m.Switch(slot):
            with m.Case(slots.FORWARD, slots.BACKWARD):
                m.d.sync += gives(low, (kept[Where.NORM_0], kept[Where.NORM_1]))
            with m.Case(slots.INVERSE):
                m.d.sync += gives(low, (self._prefix,))
            for part, case in enumerate((slots.NORM_0, slots.NORM_1)):
                with m.Case(case):
                    denominator(first, part, 0)
                    denominator(low, part, 1)
            for part, case in enumerate((slots.CONJUGATE_0, slots.CONJUGATE_1)):
                with m.Case(case):
                    m.d.sync += first[0].eq(kept[Where.INVERSE])
                    denominator(low, part, 1)
            for part, case, e in ((0, slots.SLOPE_0, e0), (1, slots.SLOPE_1, e1)):
                with m.Case(case):
                    m.d.sync += first[0].eq(e)
                    numerator(low, part, 1)
            with m.Case(slots.SLOPE_2):
                m.d.sync += gives(first, (e0, e1), 0)
                numerator(low, 0, 1)
                numerator(high, 1, 2)
            with m.Case(slots.SQUARE_0):
                m.d.sync += [*gives(first, (c, b << 1)), *gives(low, (a << 1, c), 1)]
            with m.Case(slots.SQUARE_1):
                m.d.sync += [*gives(first, (a, b)), *gives(low, (c, b)), *gives(high, (0, a), 2)]
            with m.Case(slots.RISE_0):
                m.d.sync += [*gives(first, (a, b)), *gives(low, (x1[0], x3[0]), 1)]
            with m.Case(slots.RISE_1):
                m.d.sync += [*gives(first, (x1[1], x3[1]), 0), *gives(low, (c, b)),
                             *gives(high, (0, a), 2)]
            with m.Case(slots.RISE_2):
                m.d.sync += [*gives(first, (c, b << 1)), *gives(low, (x1[0], x3[0]), 1),
                             *gives(high, (x1[1], x3[1]), 2)]
            with m.Case(shape.slots):
                m.d.sync += second[0].eq(self._b)
                with m.If(where == Where.SQUARED_0.value):
                    m.d.sync += [*gives(first, x1), *gives(low, x1, 1)]
                with m.Elif(where == Where.SQUARED_1.value):
                    m.d.sync += [first[0].eq(x1[0]), second[0].eq(x1[1])]

        def added(name, terms, subtracts):
            total = Signal(bits, name=name, reset_less=True)
            m.d.sync += total.eq(terms[0] + Mux(subtracts, ~terms[1], terms[1])
                                 + Mux(subtracts, lift + 1, 0))
            return total

        m.d.comb += self._prefix_write.data.eq(first[0])
        totals = [added(name, terms, subtracts) for name, terms, subtracts in zip(
            ("first", "low", "high"), (first, low, high), minus, strict=True)]
        self._give(m, totals[0], (totals[1] + totals[2])[:bits])

    def _sum(self, m):
        """Parts of x and y: products less what lies on the way, made canonical; the sum when all
        are there.

        Cycles after the slot: 1 read, 2 taken, 3 added up, then one for each of
        `BatchShape.reductions`.
        """
        shape, control, p, entry, kept = (
            self.shape, self._control, self.shape.modulus, self._entry, self._kept)
        lift, slot, bits = shape.lift, self._slot, shape.largest_total.bit_length()
        cycles, width = shape.total_cycles, shape.multiplier.field.bits
        curved = (entry.kind == Kind.CHORD) | (entry.kind == Kind.TANGENT)
        m2 = [kept[Where.SQUARE_0], kept[Where.SQUARE_1]]
        g0, g1, g2 = (kept[name] for name in (Where.RISE_0, Where.RISE_1, Where.RISE_2))
        x1, y1, x2 = (self._parts(entry[name]) for name in ("x1", "y1", "x2"))
        plus = Signal(bits, name="plus", reset_less=True)
        less = [Signal(shape.product_bits, name=f"less{n}", reset_less=True) for n in range(3)]
        lifted = Signal(bits, name="lifted", reset_less=True)

        def makes(copied, product, taken, constant):
            with m.If(curved):
                m.d.sync += [plus.eq(product), lifted.eq(constant), *(
                    each.eq(value) for each, value in zip(less, taken, strict=False))]
            with m.Else():
                m.d.sync += plus.eq(Mux(entry.kind == Kind.COPY, copied, 0))

        m.d.sync += [lifted.eq(0), *(each.eq(0) for each in less)]
        with m.Switch(slot):
            with m.Case(slots.X_0):
                makes(x1[0], m2[0], (x1[0], x2[0]), 2 * p)
            with m.Case(slots.X_1):
                makes(x1[1], m2[1] << 1, (x1[1], x2[1]), 2 * p)
            with m.Case(slots.Y_0):
                makes(y1[0], g0, (g1, y1[0]), lift + p)
            with m.Case(slots.Y_1):
                makes(y1[1], g2, (g0, g1, y1[1]), 2 * lift + p)
        total = Signal(bits, name="total", reset_less=True)
        m.d.sync += total.eq(plus + lifted - less[0] - less[1] - less[2])
        for n, part in enumerate(shape.reductions):
            reduced = Signal(bits, name=f"reduced{n}", reset_less=True)
            m.d.sync += reduced.eq(Mux(total >= part, total - part, total))
            total = reduced
        ring = self._later(m, "sum_ring", control.ring_made, cycles - 1)
        tag, infinite = (self._later(m, name, value, cycles - 1) for name, value in (
            ("tag", entry.tag), ("infinite", entry.kind == Kind.NONE)))
        made = {name: self._flag(m, f"{name}_made", control.tick & flag, cycles) for name, flag in (
            ("x0", (control.slot == slots.X_0) & control.sums_x),
            ("x1", (control.slot == slots.X_1) & control.sums_x),
            ("y0", control.slot == slots.Y_0), ("y1", control.sums_y))}
        place = self._later(m, "sum_place", ring)
        done = []
        for part, (write, last) in enumerate(self._x3_ports):
            m.d.comb += [last.addr.eq(ring), write.addr.eq(place), write.data.eq(total),
                         write.en.eq(made[f"x{part}"])]
            done.append(last.data)
        real = Signal(width, name="real_y", reset_less=True)
        with m.If(made["y0"]):
            m.d.sync += real.eq(total)
        self._hand_out(m, made["y1"], Cat(
            *done, real, total[:width], infinite, tag))

    def _rings_of_x(self, m):
        """Both parts of sums' x."""
        shape = self.shape
        ports = [self._memory(m, f"sums_x{part}", shape.multiplier.field.bits, shape.ring, 2)
                 for part in range(2)]
        self._x3_ports = [(write, last) for write, (_, last) in ports]
        self._x3 = [rise for _, (rise, _) in ports]
        m.d.comb += [rise.addr.eq(self._control.ring) for rise in self._x3]


def adder_of(shape: BatchShape, **how: bool) -> BatchAdder:
    """A shape's adder; `how`: see `BatchAdder`."""
    return (BatchAdder if shape.degree == 1 else QuadraticAdder)(shape, **how)

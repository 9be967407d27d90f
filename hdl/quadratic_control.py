"""What a batch-affine adder over Fp2 does in which slot."""

from amaranth import *
from amaranth.lib import data, enum
from amaranth.lib.wiring import Out

from proofmill.hdl import quadratic_shape as slots
from proofmill.hdl.batch_control import Control, entry_bits


class Where(enum.Enum, shape=4):
    """The memory that a product goes to: chains and trees; of a pair, from it is taken on, the
    parts of its norm and of a doubling's square; of one on its way back, the rings."""

    VALUE = 0
    NORM_0 = 1
    NORM_1 = 2
    SQUARED_0 = 3
    SQUARED_1 = 4
    INVERSE = 5
    CONJUGATE_0 = 6
    CONJUGATE_1 = 7
    SLOPE_0 = 8
    SLOPE_1 = 9
    SLOPE_2 = 10
    SQUARE_0 = 11
    SQUARE_1 = 12
    RISE_0 = 13
    RISE_1 = 14
    RISE_2 = 15


class QuadraticControl(Control):
    """`Control` with frames of fifteen slots, in which norms go through the chains.

    A pair's norm takes two products, so its product in a chain comes `BatchShape.lag` frames after
    it was taken, and a batch that is closed passes a pointer more, `gathered`, before its chains
    are combined.

    Members
    -------
    Those of `Control`, and:

    norm : the pair whose norm, or prefix, is read, out
    ring_made : place in the rings of what a coordinate is made of, out; `ring` is that of what is
        multiplied, and `ring_rise` is not used
    """

    def __init__(self, shape, *, paced: bool = False):
        super().__init__(shape, paced=paced)
        self.gathered = Signal.like(self.collected, name="gathered")
        # Told to proofs: pairs whose norm is on its way, and batches closed, by frames ago.
        forward = data.StructLayout({
            "valid": 1, "entry": entry_bits(shape), "value": len(self.a), "first": 1})
        self.norms = [Signal(forward, name=f"norm{n}") for n in range(shape.lag)]
        self.closing = [Signal(name=f"closing{n}") for n in range(shape.lag)]

    def destinations(self):
        shape = self.shape
        bits = (shape.buffers * shape.set_places - 1).bit_length()
        return data.StructLayout({
            "place": max(bits, entry_bits(shape), (shape.ring - 1).bit_length()),
            "where": Where, "value": 1, "root": 1})

    def more(self):
        return {"norm": Out(entry_bits(self.shape)), "ring_made": Out(range(self.shape.ring))}

    def _to(self, where, place, valid):
        return [self.destination.where.eq(where), self.destination.place.eq(place),
                self.destination.value.eq(valid)]

    def _forward(self, m, chain):
        """The norm's products in the frame in which a pair is taken, and some frames later that
        with its chain."""
        taken, now, last = self.norms[0], Signal.like(self.norms[0]), self.norms[-1]
        m.d.comb += [now.valid.eq(self.take), now.entry.eq(self.entry_taken),
                     now.value.eq(self._value(self.collected, chain)),
                     now.first.eq(self.size < self.shape.chains)]
        with m.If(self.tick):
            with m.Switch(self.slot):
                with m.Case(slots.FORWARD):
                    m.d.comb += [self.a.eq(last.value), self.a_one.eq(last.first),
                                 self.norm.eq(last.entry),
                                 *self._to(Where.VALUE, last.value, last.valid)]
                    m.d.sync += [later.eq(earlier) for earlier, later in zip(
                        [now, *self.norms[:-1]], self.norms, strict=True)]
                for slot, where in ((slots.NORM_0, Where.NORM_0), (slots.NORM_1, Where.NORM_1)):
                    with m.Case(slot):
                        m.d.comb += [self.entry.eq(taken.entry),
                                     *self._to(where, taken.entry, taken.valid)]

    def _gather(self, m):
        """When the last product of a batch's pairs with their chains begins."""
        with m.If(self.closed):
            m.d.sync += self.closing[0].eq(1)
        with m.If(self.tick & (self.slot == slots.FORWARD)):
            m.d.sync += [later.eq(earlier) for earlier, later in zip(
                [C(0, 1), *self.closing[:-1]], self.closing, strict=True)]
            with m.If(self.closing[-1]):
                m.d.sync += [self.gathered.eq(self.gathered + 1),
                             self._settle["up"].eq(self.shape.product_slots)]

    def _square(self, m, squared, left):
        m.d.comb += [self.entry.eq(squared), *self._to(
            Mux(left == 1, Where.SQUARED_1, Where.SQUARED_0), squared, 1)]

    def _positions(self, m):
        shape, at = self.shape, self.at
        now, conjugate, slope, square, rise, y = (at[n] for n in (
            0, shape.conjugate, shape.slope, shape.square, shape.rise, shape.y))

        def makes(one, *said):
            """A sum's coordinate."""
            return [self.entry.eq(one.entry), self.ring_made.eq(one.ring), *said]

        def multiplies(one, where):
            return [self.ring.eq(one.ring), *self._to(where, one.ring, one.valid)]

        with m.If(self.tick):
            with m.Switch(self.slot):
                with m.Case(slots.X_0):
                    before = at[shape.x - 1]  # as it stood in the frame before
                    m.d.comb += makes(before, self.sums_x.eq(before.valid))
                with m.Case(slots.INVERSE):
                    m.d.comb += [
                        *makes(at[shape.x], self.sums_x.eq(at[shape.x].valid)),
                        self.a.eq(now.chain), self.norm.eq(now.entry),
                        *multiplies(now, Where.INVERSE)]
                with m.Case(slots.BACKWARD):
                    m.d.comb += [self.a.eq(now.chain), self.norm.eq(now.entry),
                                 *self._to(Where.VALUE, now.chain, now.valid)]
                for slot, one, where in (
                        (slots.CONJUGATE_0, conjugate, Where.CONJUGATE_0),
                        (slots.CONJUGATE_1, conjugate, Where.CONJUGATE_1),
                        (slots.SLOPE_0, slope, Where.SLOPE_0),
                        (slots.SLOPE_1, slope, Where.SLOPE_1),
                        (slots.SLOPE_2, slope, Where.SLOPE_2),
                        (slots.RISE_0, rise, Where.RISE_0), (slots.RISE_1, rise, Where.RISE_1),
                        (slots.RISE_2, rise, Where.RISE_2)):
                    with m.Case(slot):
                        m.d.comb += [self.entry.eq(one.entry), *multiplies(one, where)]
                with m.Case(slots.SQUARE_0):
                    m.d.comb += [*makes(y), *multiplies(square, Where.SQUARE_0)]
                with m.Case(slots.SQUARE_1):
                    m.d.comb += [*makes(y, self.sums_y.eq(y.valid)),
                                 *multiplies(square, Where.SQUARE_1)]

"""Transforms of a Groth16 prover on one multiplier: from A w and B w to the scalars of H."""

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.transform_passes import NONE, WAY, Passes, slot_layout
from proofmill.hdl.transform_shape import OPERANDS_AFTER, PLANES, TransformShape
from proofmill.hdl.transform_steps import BUTTERFLIES, Pass
from proofmill.hdl.transform_tiles import tile_layout

WAITING = 4
"""Values that may be on their way out at once."""


class PlanePort(wiring.Signature):
    """To a plane of the memory.

    Parameters
    ----------
    rows, bits : how many words are used, and how many bits of each.

    Members
    -------
    row : that is read; its `word` is there three cycles later
    written, enable, value : a row to write, and what; a `row` of the next cycle on finds it
    """

    def __init__(self, rows: int, bits: int):
        row = range(rows)
        super().__init__({"row": Out(row), "word": In(bits), "written": Out(row),
                          "enable": Out(1), "value": Out(bits)})


class Transform(wiring.Component):
    """The scalars of H of a vector of ``n = 2^power`` constraints, in place, in three planes.

    With a = A w and b = B w: c = a b; a polynomial through each of a, b, c on the n-th roots of
    unity (inverse transform), its values on the odd roots of order 2n (forward transform), there
    ``h = a b - c`` (snarkjs 0.7, groth16_prove.js)::

        inverse, m = n/2 ... 1:  (u, v) -> ((u + v) / 2, (u - v) g^-e / 2),   e = (i mod m) n / m
        forward, m = 1 ... n/2:  (u, v) -> (u + v g^e, u - v g^e),  e = (2 (i mod m) + 1) n / (2 m)

    g is the root of unity of order 2n. The forward stages evaluate at g w^i, since
    ``f(x) = even(x^2) + x odd(x^2)``: the way to the odd roots costs no product. A sum is halved by
    the choice of the multiple of the modulus that is taken off it, so 1/n costs none either; and
    one table of n powers of g, made here, is read both ways. Data have no factor R, powers have::

        c = a b / R,   after the transforms  c' / R - a' b' / R = -h / R,   times -R^2 / R: h

    so a vector takes ``n + 3 n log2(n) + 3 n`` products, the table included. Every butterfly takes
    one slot of the multiplier, and stages follow each other without a gap once a vector has more
    values than the pipeline has cycles (`hdl.transform_passes`)::

        planes ─► u, v, w ─┬─► u - v ─► multiplier ─────────┬─► sums ─► less k r ─► planes
                           └─► u + v ─► waits beside it ────┘

    Parameters
    ----------
    shape : see there.
    datapath : False leaves out values, products and planes: the same cycles, and words of zeros.
    given : values may also come one a cycle.

    Members
    -------
    start, power, way : see `hdl.transform_passes.Passes`, in
    words : stream of words, in: a, then b, every value below r, the low word first; what is not
        below r gives a wrong result and no harm
    given, value : a value of a or b, canonical, in, while it waits for words; only if they may
    answers : stream of words, out: h, canonical, in natural order; where one vector is transformed
        one way, `words` are of it alone, and these are its values or coefficients
    ready : nothing is under way, out
    settled : no value is on its way out, out
    tile : of a vector that is transformed in tiles, the one at hand, out; `words` and `answers` are
        then of each tile's vectors: see `hdl.transform_passes.Passes`
    computing : products are made or waited for, out
    planes : the memory, see `PlanePort`
    a, b : operands for the multiplier, out; ``OPERANDS_AFTER`` cycles after a `slot`
    multiplying : they are operands, out
    product : what comes of them, ``shape.product_latency`` cycles later, in
    slot : operands may go in ``OPERANDS_AFTER`` cycles later, in; every ``interval`` cycles
    """

    def __init__(self, shape: TransformShape, *, datapath: bool = True, given: bool = False):
        self.shape, self.datapath, self.values_given = shape, datapath, given
        words = stream.Signature(WORD)
        multiplier = shape.multiplier
        super().__init__({
            "start": In(1), "power": In(range(shape.most + 1)), "words": In(words),
            "answers": Out(words), "ready": Out(1), "settled": Out(1), "computing": Out(1),
            "tile": Out(tile_layout(shape)),
            "slot": In(1, init=1),
            **({"way": In(WAY)} if shape.one_way else {}),
            **({} if not given else {"given": In(1), "value": In(shape.field.bits)}),
            **({} if not datapath else {
                "planes": Out(PlanePort(shape.rows, shape.stored.bit_length())).array(PLANES),
                "a": Out(multiplier.operand_bits), "b": Out(multiplier.operand_bits),
                "multiplying": Out(1), "product": In(multiplier.product_bits)}),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.passes = passes = Passes(self.shape)
        m.d.comb += [passes.start.eq(self.start & self.ready), passes.power.eq(self.power),
                     passes.slot.eq(self.slot), self.computing.eq(passes.computing)]
        if self.shape.one_way:
            m.d.comb += passes.way.eq(self.way)
        slots = [passes.issued]  # by the cycles since the issue, less one
        for n in range(2, OPERANDS_AFTER + 1):
            slot = Signal(slot_layout(self.shape), name=f"slot{n}")
            m.d.sync += slot.eq(slots[-1])
            slots.append(slot)
        loaded = self._load(m, passes)
        if self.datapath:
            left, right, beside = self._read(m, slots)
            carried = self._operands(m, slots, left, right, beside)
            made = self._beside(m, slots[-1], carried)
            sums = self._sums(m, passes, made)
            self._write(m, slots, loaded, sums)
        else:
            left = Const(0, self.shape.stored.bit_length())
            last = self._later(m, self._computes(slots[-1]) & slots[-1].last,
                               self.shape.product_latency + 2, "last")
            m.d.comb += passes.written.eq(last)
        empty = self._hand_out(m, passes, slots, left)
        m.d.comb += [self.ready.eq(passes.ready & empty), self.settled.eq(empty),
                     self.tile.part.eq(passes.part), self.tile.origin.eq(passes.origin),
                     self.tile.run.eq(passes.run)]
        return m

    def _later(self, m, value, cycles, name):
        """`value` so many cycles later."""
        for n in range(cycles):
            held = Signal.like(value, name=f"{name}{n}", reset_less=True)
            m.d.sync += held.eq(value)
            value = held
        return value

    def _load(self, m, passes):
        """Values from words; the one at hand, a cycle after it is complete."""
        words = self.shape.value_words
        gathered = Signal(words * WORD, reset_less=True)
        count = Signal(range(max(2, words)))
        m.d.comb += [self.words.ready.eq(passes.waits_for_words),
                     passes.loaded.eq(self.words.valid & (count == words - 1))]
        with m.If(self.words.valid & self.words.ready):
            m.d.sync += [gathered.eq(Cat(gathered, self.words.payload)[WORD:]),
                         count.eq(Mux(count == words - 1, 0, count + 1))]
        if self.values_given:
            with m.If(self.given):
                m.d.comb += passes.loaded.eq(1)
                m.d.sync += gathered.eq(self.value)
        return gathered

    def _read(self, m, slots):
        """The words for the left and the right of the multiplier, and beside it."""
        slot, bits = slots[0], self.shape.stored.bit_length()
        for n, plane in enumerate(self.planes):
            m.d.comb += plane.row.eq(Mux(slot.first_plane == n, slot.first, Mux(
                slot.second_plane == n, slot.second, slot.third)))
        there = slots[3]
        taken = []
        for name in ("left", "right", "beside"):
            word = Signal(bits, name=f"{name}_word", reset_less=True)
            with m.Switch(there[name]):
                for n, plane in enumerate(self.planes):
                    with m.Case(n):
                        m.d.sync += word.eq(plane.word)
            taken.append(word)
        with m.If(there.action == Pass.SEED):
            m.d.sync += taken[0].eq(1)
        return taken

    def _operands(self, m, slots, left, right, beside):
        """Operands, registered, and what waits beside the product."""
        shape, slot = self.shape, slots[4]
        a, b = (Signal(shape.multiplier.operand_bits, name=f"operand_{side}", reset_less=True)
                for side in "ab")
        carried = Signal(shape.carried.bit_length(), reset_less=True)
        constant = Signal(shape.field.bits, reset_less=True)
        with m.Switch(slots[3].constant):  # the same in all of a pass
            for n, value in enumerate(shape.constants):
                with m.Case(n):
                    m.d.sync += constant.eq(value)
        m.d.sync += [a.eq(left), carried.eq(0)]
        with m.Switch(slot.action):
            with m.Case(Pass.INVERSE):
                m.d.sync += [a.eq((left + shape.difference_lift - right)[:len(a)]), b.eq(beside),
                             carried.eq(left + right)]
            with m.Case(Pass.FORWARD):
                m.d.sync += [b.eq(beside), carried.eq(right)]
            with m.Case(Pass.FIRST):
                m.d.sync += b.eq(right)
            with m.Case(Pass.MIDDLE):
                m.d.sync += [b.eq(right), carried.eq(beside)]
            with m.Default():
                m.d.sync += b.eq(constant)
        m.d.comb += [self.a.eq(a), self.b.eq(b), self.multiplying.eq(self._computes(slots[5]))]
        return carried

    def _computes(self, slot):
        return slot.valid & (slot.action != Pass.LOAD) & (slot.action != Pass.HAND_OUT)

    def _beside(self, m, slot, carried):
        """What waits beside a product, in a ring of as many as are under way; out with it."""
        shape = self.shape
        layout = data.StructLayout({
            "carried": len(carried), "slot": slot_layout(shape)})
        depth = 1 << (shape.product_latency // shape.interval + 1).bit_length()
        m.submodules.ring = ring = memory.Memory(shape=layout, depth=depth, init=[])
        put, take = ring.write_port(), ring.read_port(domain="comb")
        entering = Signal(layout)
        flying = Signal(shape.product_latency)
        m.d.comb += [entering.carried.eq(carried), entering.slot.eq(slot),
                     put.data.eq(entering), put.en.eq(self.multiplying)]
        m.d.sync += flying.eq(Cat(put.en, flying)[:len(flying)])
        with m.If(put.en):
            m.d.sync += put.addr.eq(put.addr + 1)
        made = Signal(layout, reset_less=True)
        there = Signal()
        m.d.sync += [made.eq(take.data), there.eq(flying[-2])]
        with m.If(flying[-2]):
            m.d.sync += take.addr.eq(take.addr + 1)
        found = Signal(layout)
        m.d.comb += [found.eq(made), found.slot.valid.eq(there)]
        return found

    def _sums(self, m, passes, made):
        """Both results of a slot, three cycles after its product: (slot, one, other)."""
        shape, action, carried = self.shape, made.slot.action, made.carried
        product = self.product[:shape.product.bit_length()]
        total_bits = shape.total.bit_length()
        one, other = (Signal(total_bits, name=f"{name}_total", reset_less=True)
                      for name in ("one", "other"))
        m.d.sync += [one.eq(carried), other.eq(product)]
        with m.If(action == Pass.FORWARD):
            m.d.sync += one.eq(carried + product)
        with m.If((action == Pass.FORWARD) | (action == Pass.MIDDLE)):
            m.d.sync += other.eq((carried + shape.product_lift - product)[:total_bits])
        slot = self._later(m, made.slot, 1, "summed")
        halve = self._later(m, action == Pass.INVERSE, 2, "halve")
        results = []
        for name, total in (("one", one), ("other", other)):
            results.append(self._reduced(m, name, total, slot.action == Pass.INVERSE, halve))
        slot = self._later(m, slot, 1, "estimated")
        m.d.comb += passes.written.eq(slot.valid & slot.last)
        return self._later(m, slot, 1, "reduced"), *results

    def _reduced(self, m, name, total, halves, halve):
        """`total` less a multiple of the modulus, halved or not, two cycles later.

        `halves` comes with the total, `halve` a cycle later.
        """
        shape = self.shape
        above = total[shape.top:]
        k = sum((above >= threshold for threshold in shape.thresholds), Const(0, 3))
        # One more than k, so that it is never negative.
        number = Signal(range(len(shape.thresholds) + 2), name=f"{name}_multiple", reset_less=True)
        m.d.sync += number.eq(k + 1 - (halves & (k[0] ^ total[0])))
        held = self._later(m, total, 1, f"{name}_held")
        multiple = Signal(signed(len(total) + 1), name=f"{name}_taken")
        with m.Switch(number):
            for n in range(len(shape.thresholds) + 2):
                with m.Case(n):
                    m.d.comb += multiple.eq((n - 1) * shape.field.modulus)
        rest = Signal(len(total) + 1, name=f"{name}_rest")
        result = Signal(shape.stored.bit_length(), name=f"{name}_result", reset_less=True)
        m.d.comb += rest.eq(held - multiple)
        m.d.sync += result.eq(Mux(halve, rest[1:], rest))
        return result

    def _write(self, m, slots, loaded, sums):
        """Results to their planes; where values are loaded, these."""
        slot, one, other = sums
        arriving = self._later(m, slots[0].valid & (slots[0].action == Pass.LOAD), 1, "arriving")
        place = slots[1]
        butterfly = Signal()
        m.d.comb += butterfly.eq((slot.action == BUTTERFLIES[0]) | (slot.action == BUTTERFLIES[1]))
        value = self._later(m, loaded, 1, "loaded")
        for n, plane in enumerate(self.planes):
            first = butterfly & (slot.first_plane == n)
            m.d.comb += [
                plane.written.eq(Mux(first, slot.first, slot.second)),
                plane.value.eq(Mux(first, one, other)),
                plane.enable.eq(slot.valid & (
                    first | (slot.target == n) | (slot.target == NONE))),
            ]
            with m.If(arriving):
                m.d.comb += [plane.written.eq(place.second), plane.value.eq(value),
                             plane.enable.eq(place.target == n)]

    def _hand_out(self, m, passes, slots, left):
        """Canonical values, a word at a time; whether none is left."""
        shape = self.shape
        there = slots[4].valid & (slots[4].action == Pass.HAND_OUT)
        m.submodules.waiting = waiting = memory.Memory(shape=shape.field.bits, depth=WAITING,
                                                       init=[])
        put, take = waiting.write_port(), waiting.read_port(domain="comb")
        entering = Signal()
        less = Signal(signed(len(left) + 1))
        value = Signal(shape.field.bits, reset_less=True)
        held = Signal(range(WAITING + 1))      # values that are there
        promised = Signal(range(WAITING + 1))  # ... or asked for
        word = Signal(shape.value_words * WORD, reset_less=True)
        left_words = Signal(range(shape.value_words + 1))
        out = Signal()
        asked = Signal()
        m.d.sync += [value.eq(Mux(less[-1], left, less)), entering.eq(there)]
        m.d.comb += [
            asked.eq(slots[0].valid & (slots[0].action == Pass.HAND_OUT)),
            less.eq(left - shape.field.modulus), put.data.eq(value), put.en.eq(entering),
            passes.room.eq(promised + asked < WAITING),
            out.eq((held != 0) & ((left_words == 0) | (
                (left_words == 1) & self.answers.ready))),
            self.answers.valid.eq(left_words != 0), self.answers.payload.eq(word[:WORD]),
        ]
        m.d.sync += [held.eq(held + entering - out), promised.eq(promised + asked - out)]
        with m.If(entering):
            m.d.sync += put.addr.eq(put.addr + 1)
        with m.If(self.answers.ready & (left_words != 0)):
            m.d.sync += [word.eq(word >> WORD), left_words.eq(left_words - 1)]
        with m.If(out):
            m.d.sync += [take.addr.eq(take.addr + 1), word.eq(take.data),
                         left_words.eq(shape.value_words)]
        return (promised == 0) & (left_words == 0) & ~asked

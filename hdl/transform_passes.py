"""The passes of a transform unit: which slot does what with which words, and when it may."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.transform_one_way import OneWay
from proofmill.hdl.transform_shape import PLANES, TransformShape
from proofmill.hdl.transform_steps import BUTTERFLIES, TABLES, Part, Pass, Steps

OUTSIDE = (Pass.LOAD, Pass.HAND_OUT)
"""Passes that wait for somebody else, and take no product."""

NONE = PLANES
"""No plane, where one is said."""


WAY = data.StructLayout({"one": 1, "inverse": 1, "coset": 2})
"""That one vector is transformed, and how: `Passes.way`."""


def slot_layout(shape: TransformShape) -> data.StructLayout:
    """A slot as it goes along the pipeline.

    `first`, `second`, `third`: rows that are read, in the planes `first_plane`, `second_plane` and
    the others; `left`, `right`, `beside`: planes of the words that go to the left and the right of
    the multiplier and beside it. What is made of a butterfly goes back to its places; of other
    passes, to row `second` of plane `target`, or of all planes. `last`: of its pass.
    """
    row = shape.power + 1
    return data.StructLayout({
        "valid": 1, "last": 1, "action": Pass, "first": row, "second": row, "third": row,
        "first_plane": 2, "second_plane": 2, "left": 2, "right": 2, "beside": 2, "target": 2,
        "constant": range(len(shape.constants))})


def modulo_planes(number):
    """`number`, below 6, modulo 3."""
    return Mux(number >= PLANES, number - PLANES, number)[:2]


class Passes(wiring.Component):
    """Issue the slots of all passes, one after another.

    Value i of vector o (a, b, c: 0, 1, 2) lies in plane ``(o + parity(i)) mod 3``, row
    ``i >> 1`` with i's parity above. Two indices that differ in one bit differ in parity, so the
    two words of a butterfly are never in one plane, at any stage, in any order (L. G. Johnson,
    "Conflict free memory addressing for dedicated FFT hardware", IEEE TCAS-II 39(5), 1992), and
    the third plane, which the vector leaves free, gives the power of the root: all of them are in
    each plane, from row ``2 ** power`` on.

    A pass reads what passes before it have written. The vectors take turns stage by stage, so a
    stage's words are of three passes ago, and a pass of butterflies begins once that one is
    written; any other once all are, and so the butterflies that come after a table. No word is
    looked at for this, and nothing waits within a pass.

    Powers come in order, without a product or a shift: e goes on by ``2 n / (2 m)`` from
    butterfly to butterfly, modulo n, and comes back to where it began at the end of a block of m.

    A transform of N = 2^power values, more than the n = 2^K that the planes hold, is cut in two
    (W. M. Gentleman, G. Sande, AFIPS 29, 1966; no scaling between, as the stages are those of the
    one large transform). With H = power - K and C = K - H, in tiles of n values of each vector::

        part    tiles of      value i of a tile               in     out    stages
        UPPER   2^C columns   (i >> C) n + t + i mod 2^C      a b    a b c  n/2 ... 2^C, inverse
        LOWER   n neighbours  t + i                           a b c  a b c  n/2 ... 1 ... n/2
        LAST    2^C columns   as in UPPER                     a b c  h      2^C ... n/2, forward

    where t is `origin`. The lower stages are those of a transform of n values, with its table. A
    tile of columns has powers of its own: g of order 2N, a stage's butterflies 2^C 2^q apart, k the
    place in a block of m::

        LAST:   S[m + k] = g^(2^(H-q) x + 2^(H-q-1)),   x = (k >> C) n + t + k mod 2^C
        UPPER:  S[m + k] = g^(2^(H-q) (x + 1)),         of the place m - 1 - k, its sign turned

    UPPER's tiles come from the last one down, where x, counted from the end, grows. So both tables
    are made for x = 0 (`Pass.ROOT`, `Pass.TABLE`), and every entry goes on to the next tile's by
    one product with a root of unity (`Pass.TWIST`): less than 2 N products a transform, for all
    three vectors.

    One vector alone, `way`, goes one way, from coefficients of a polynomial to its values at
    ``h^j w^i``, w of order n and h of order 4n, j the coset, or back::

        forward, m = 1 ... n/2:  (u, v) -> (u + v h^e, u - v h^e),  e = (4 (i mod m) + j) n / (2 m)
        inverse, m = n/2 ... 1:  (u, v) -> ((u + v) / 2, (u - v) h^-e / 2)

    The table is of 2n powers of h, in the plane that the vector leaves free, which has no other
    values then: its further half is where they would be. A stage's words are of the pass before.
    Coefficients are at places whose bits are turned round, as values come in or go out.

    Members
    -------
    start : begin, in; only while `ready`
    power : of vectors of 2 ** power values, 1 to ``shape.most``, in; to be held
    way : see above, in; to be held; only where there are transforms one way, whose `power` is at
        most ``shape.one_way_most``
    slot : a slot may be issued, in; of passes from and to the outside `loaded`, `room` say so
    written : a pass is: what is issued from the next cycle on may read it, in
    ready : nothing is left to be issued, out
    computing : a product is under way or waited for, out
    waits_for_words : it is the outside's turn to give values, out
    issued : the slot, a cycle after its issue, out

    Attributes
    ----------
    part, origin, run : of a transform in tiles: see above; 2^C

    What a proof may look at, besides the members:

    action, vector, count : the pass, of which vector, and its slot that is next
    size, block : values of a vector; how far apart those of a butterfly are, or how many powers
        the table has
    base : the row of the table from which one is made, less that of the first
    unfinished : passes that have begun and are not yet written
    table : what was issued last makes a table
    """

    def __init__(self, shape: TransformShape):
        self.shape = shape
        super().__init__({
            "start": In(1), "power": In(range(shape.most + 1)), "slot": In(1), "loaded": In(1),
            "room": In(1), "written": In(1), "ready": Out(1), "computing": Out(1),
            "waits_for_words": Out(1), "issued": Out(slot_layout(shape)),
            **({"way": In(WAY)} if shape.one_way else {}),
        })
        self.action = Signal(Pass)
        self.vector = Signal(range(PLANES))
        self.count = Signal(shape.power)
        self.size, self.block = (Signal(shape.power + 1, name=name) for name in ("size", "block"))
        self.unfinished = Signal(range(PLANES + 1))
        self.table = Signal()
        self.base = Signal(shape.power)
        self.part = Signal(Part)
        self.tile = Signal(max(1, shape.most - shape.power))
        self.origin = Signal(shape.most)
        self.run = Signal(shape.power + 1, init=1)

    def elaborate(self, platform):
        m = Module()
        bits = self.shape.power
        running = Signal()
        action, vector, count, unfinished = self.action, self.vector, self.count, self.unfinished
        size, block, stride = self.size, self.block, Signal(bits + 1)
        exponent = Signal(bits + bool(self.shape.one_way))
        constant = Signal.like(self.issued.constant)

        butterfly = Signal()
        outside = Signal()
        slots = Signal(bits + 1)
        may = Signal()
        issue = Signal()
        last = Signal()
        begun = Signal()  # since words came in
        m.d.comb += [
            butterfly.eq((action == Pass.INVERSE) | (action == Pass.FORWARD)),
            outside.eq((action == Pass.LOAD) | (action == Pass.HAND_OUT)),
            slots.eq(size), last.eq(count == (slots - 1)[:bits]),
            may.eq((count != 0) | (unfinished == 0) | (
                (butterfly | (action == Pass.TWIST)) & (unfinished != PLANES) & ~self.table)),
            issue.eq(running & may & self.slot),
            self.ready.eq(~running),
            self.computing.eq((unfinished != 0) | (running & ~outside & (issue | begun))),
            self.waits_for_words.eq(running & (action == Pass.LOAD)),
        ]
        if self.shape.one_way:  # whose passes each want what the one before has made
            with m.If(self.way.one):
                m.d.comb += may.eq((count != 0) | (unfinished == 0))
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.comb += issue.eq(running & self.loaded)
            with m.Case(Pass.HAND_OUT):
                m.d.comb += issue.eq(running & may & self.room)
            with m.Case(Pass.SEED, Pass.ROOT):
                m.d.comb += slots.eq(1)
            with m.Case(Pass.TABLE, Pass.TWIST):
                m.d.comb += slots.eq(block)
            with m.Case(*BUTTERFLIES):
                m.d.comb += slots.eq(size >> 1)

        started = issue & ~outside & (count == 0)
        m.d.sync += [unfinished.eq(unfinished + started - self.written),
                     begun.eq(~outside & (begun | issue))]
        steps = Steps(self, running, stride, exponent, constant)
        one_way = OneWay(self, steps) if self.shape.one_way else None
        with m.If(self.start):
            m.d.sync += [running.eq(1), action.eq(Pass.LOAD), vector.eq(0), count.eq(0)]
            steps.start(m)
        with m.If(issue):
            m.d.sync += [count.eq(Mux(last, 0, count + 1)),
                         self.table.eq(sum(action == each for each in TABLES))]
            step, around = stride, size
            if one_way is not None:
                step = Mux(self.way.one, one_way.step, step)
                around = Mux(self.way.one, one_way.around, around)
            with m.If(action == Pass.INVERSE):
                m.d.sync += exponent.eq((exponent - step) & (around - 1))
            with m.Else():
                m.d.sync += exponent.eq((exponent + step) & (around - 1))
            with m.If(last):
                steps.next_pass(m)
                if one_way is not None:
                    with m.If(self.way.one):
                        one_way.next_pass(m)
        self._say(m, issue, last, exponent, constant, steps, one_way)
        return m

    def _say(self, m, issue, last, exponent, constant, steps, one_way):
        """What the slot reads and writes, and where."""
        action, count, block, vector = self.action, self.count, self.block, self.vector
        bits, slot = self.shape.power, Signal(slot_layout(self.shape))
        mask = Signal(bits)
        low, high = Signal(bits), Signal(bits)
        place, power = Signal(bits), Signal(len(exponent))
        odd = Signal()

        def value_row(index):
            return Cat(index[1:], index.xor())

        def table_row(index):
            further = bool(self.shape.one_way) and len(index) > bits
            return Cat(index[:bits], ~index[bits] if further else C(1, 1))

        m.d.comb += [
            mask.eq(block - 1), low.eq(count), high.eq(low | block), place.eq(count & mask),
            odd.eq(low.xor()),
            slot.valid.eq(issue), slot.last.eq(last), slot.action.eq(action),
            slot.constant.eq(constant),
            slot.first.eq(value_row(low)), slot.second.eq(value_row(low)),
            slot.third.eq(value_row(low)),
            slot.first_plane.eq(NONE), slot.second_plane.eq(NONE),
            slot.left.eq(odd), slot.right.eq(odd + 1), slot.beside.eq(modulo_planes(2 + odd)),
            slot.target.eq(slot.beside),
            # The power of a butterfly: see above.
            power.eq(Mux(~steps.columns, exponent, block | Mux(
                action == Pass.INVERSE, mask & ~place, place))),
        ]
        with m.Switch(action):
            with m.Case(Pass.LOAD):
                m.d.comb += slot.target.eq(modulo_planes(vector + odd))
            with m.Case(*TABLES, Pass.TWIST):
                m.d.comb += [slot.third.eq(table_row(self.base | count)), slot.left.eq(0),
                             slot.second.eq(table_row(self.base | count | block)),
                             slot.target.eq(NONE)]
                with m.If(action == Pass.SEED):
                    m.d.comb += slot.second.eq(table_row(C(0, bits)))
                with m.If(action == Pass.ROOT):
                    m.d.comb += [slot.third.eq(table_row(C(0, bits))),
                                 slot.second.eq(table_row(self.base))]
                with m.If(action == Pass.TWIST):
                    m.d.comb += [slot.third.eq(table_row(block | count)),
                                 slot.second.eq(table_row(block | count))]
            with m.Case(*BUTTERFLIES):
                m.d.comb += [
                    low.eq((count & ~mask) << 1 | place),
                    slot.second.eq(value_row(high)), slot.third.eq(table_row(power)),
                    slot.first_plane.eq(modulo_planes(vector + odd)),
                    slot.second_plane.eq(modulo_planes(vector + ~odd)),
                    slot.beside.eq(modulo_planes(vector + 2)), slot.target.eq(slot.second_plane),
                    slot.left.eq(slot.second_plane), slot.right.eq(slot.first_plane),
                ]
                # g^-e is -g^(n - e): for e > 0 the difference is the other way round.
                with m.If((action == Pass.INVERSE) & (exponent == 0) & ~steps.columns):
                    m.d.comb += [slot.left.eq(slot.first_plane), slot.right.eq(slot.second_plane)]
            with m.Case(Pass.LAST):
                m.d.comb += slot.left.eq(slot.beside)
            with m.Case(Pass.HAND_OUT):
                m.d.comb += slot.left.eq(modulo_planes(vector + odd))
        if one_way is not None:
            with m.If(self.way.one):
                one_way.say(m, slot, low)
        m.d.sync += self.issued.eq(slot)

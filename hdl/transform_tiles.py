"""The tiles of a large transform: their values from a memory, and their results back into it."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.fetcher import REQUEST, WRITE
from proofmill.hdl.narrow import Narrow
from proofmill.hdl.transform_shape import PLANES, TransformShape
from proofmill.hdl.transform_steps import Part

BURST = 64
"""Words that one request asks for at the most."""


def tile_layout(shape: TransformShape) -> data.StructLayout:
    """The tile at hand: see `hdl.transform_passes.Passes`."""
    return data.StructLayout({"part": Part, "origin": shape.most, "run": shape.power + 1})


class Tiles(wiring.Component):
    """Feed a `hdl.transform.Transform`: from outside in place, and over a memory in tiles.

    Of a transform in tiles, the words from outside go to the memory, a's and b's. Then every tile's
    values are asked for, vector after vector, in requests of as many neighbours as there are, up to
    `BURST` words; and what is handed out goes back to their places, c's behind a's and b's::

        value i of vector v, N = 2^power:   address + (v N + i) value_words,   low word first

    At the end h is read in order, and goes outside. Nothing of a tile moves while another one is
    computed.

    Parameters
    ----------
    port_words : that the memory answers in a cycle; if several, values come to the transform whole,
        which has to take such, see `hdl.evaluator.connect_evaluator`.

    Members
    -------
    start, power : of 2 ** power values, in; only while `ready`; `power` to be held
    address : of the memory's first word, in; to be held
    words, answers : from outside and to it; see `hdl.transform.Transform`
    ready : nothing is under way, out
    moving : between memory and planes, or about to, out
    begin, tile, settled, unready : the transform's `start`, in which tile it is, that no value is
        on its way out, and that it is under way
    values, results : its words
    given, value : a whole value for it, out; only from a memory that answers several words
    requests, points, writes : to and from the memory; see `hdl.accelerator.Accelerator`
    """

    def __init__(self, shape: TransformShape, port_words: int = 1):
        self.shape, self.port_words = shape, port_words
        words = stream.Signature(WORD)
        super().__init__({
            "start": In(1), "power": In(range(shape.most + 1)), "address": In(32),
            "words": In(words), "answers": Out(words), "ready": Out(1), "moving": Out(1),
            "begin": Out(1), "tile": In(tile_layout(shape)), "settled": In(1), "unready": In(1),
            "values": Out(words), "results": In(words),
            "requests": Out(stream.Signature(REQUEST)),
            "points": In(stream.Signature(WORD * port_words)),
            "writes": Out(stream.Signature(WRITE)),
            **({} if port_words == 1 else {"given": Out(1), "value": Out(shape.field.bits)})})

    def connect(self, m, transform):
        """Wire it to the `transform` that it feeds."""
        wiring.connect(m, self.values, transform.words)
        wiring.connect(m, transform.answers, self.results)
        m.d.comb += [transform.start.eq(self.begin), self.tile.eq(transform.tile),
                     self.settled.eq(transform.settled), self.unready.eq(~transform.ready)]

    def elaborate(self, platform):
        m = Module()
        shape, tile = self.shape, self.tile
        size = shape.value_words
        words = Signal(32)  # of a vector
        large = Signal()
        for power in range(shape.power + 1, shape.most + 1):
            with m.If(self.power == power):
                m.d.comb += [words.eq(size << power), large.eq(1)]

        # The next value's first word, and how many are left: of neighbours, of a vector, vectors.
        at, vector_at, word = Signal(32), Signal(32), Signal(range(max(2, size)))
        run, neighbours, values = (Signal(shape.most + 1, name=name)
                                   for name in ("run_left", "neighbours", "values_left"))
        vectors = Signal(range(PLANES + 1))
        each = Signal(shape.most + 1)
        skip = Signal(32)
        # The one whose values came in last: its results may be late.
        held = Signal.like(tile)
        at_hand = Signal.like(tile)
        columns = (at_hand.part == Part.UPPER) | (at_hand.part == Part.LAST)
        most = 1 << max(0, (BURST // size).bit_length() - 1)
        burst = Signal(range(most + 1))
        step = Signal(range(most + 1))  # values
        moved = Signal()
        done = Signal()
        m.d.comb += [
            burst.eq(Mux(tile.run > most, most, tile.run)),
            done.eq((vectors == 1) & (values == step)),
            self.requests.payload.address.eq(at), self.requests.payload.words.eq(burst * size),
            self.writes.payload.address.eq(at + word),
        ]
        with m.If(moved):
            m.d.sync += [at.eq(at + step * size), run.eq(run - step), values.eq(values - step)]
            with m.If(run == step):
                m.d.sync += [run.eq(neighbours), at.eq(at + step * size + skip)]
            with m.If(values == step):
                m.d.sync += [vectors.eq(vectors - 1), values.eq(each), run.eq(neighbours),
                             at.eq(vector_at + words), vector_at.eq(vector_at + words)]

        def go(first, count, length, together, jump):
            """Over `count` vectors' values, `length` of each, `together` of them neighbours."""
            return [at.eq(first), vector_at.eq(first), vectors.eq(count), values.eq(length),
                    each.eq(length), run.eq(together), neighbours.eq(together), skip.eq(jump)]

        def write(words_in):
            """A word of `words_in` to the memory; the state is left with the last one."""
            m.d.comb += [self.writes.valid.eq(words_in.valid), step.eq(1),
                         words_in.ready.eq(self.writes.ready),
                         self.writes.payload.word.eq(words_in.payload)]
            with m.If(self.writes.valid & self.writes.ready):
                m.d.sync += word.eq(Mux(word == size - 1, 0, word + 1))
                m.d.comb += moved.eq(word == size - 1)

        def ask():
            m.d.comb += [self.requests.valid.eq(1), step.eq(burst),
                         moved.eq(self.requests.ready)]

        def join(source, target):
            m.d.comb += [target.valid.eq(source.valid), target.payload.eq(source.payload),
                         source.ready.eq(target.ready)]

        points = self.points
        if self.port_words > 1:
            m.submodules.narrow = narrow = Narrow(self.port_words)
            points, come = narrow.narrow, Signal()
            self._gather(m, come)

        def take():
            """What the memory answers goes to the transform."""
            if self.port_words == 1:
                join(self.points, self.values)
            else:
                m.d.comb += [self.points.ready.eq(self.values.ready),
                             come.eq(self.points.valid & self.values.ready)]

        whole = Signal(32)
        together = Signal(shape.most + 1)
        place = Signal(32)
        jump = Signal(32)
        m.d.comb += [
            at_hand.eq(Mux(self.results.valid, held, tile)),
            whole.eq(1 << self.power), place.eq(self.address + at_hand.origin * size),
            together.eq(Mux(columns, tile.run, 1 << shape.power)),
            jump.eq(Mux(columns, ((1 << shape.power) - tile.run) * size, 0)),
        ]
        left = Signal(32)  # words that go outside
        with m.FSM() as states:
            with m.State("IN PLACE"):
                join(self.words, self.values)
                join(self.results, self.answers)
                m.d.comb += self.begin.eq(self.start & ~large)
                with m.If(self.start & large):
                    m.d.sync += go(self.address, 2, whole, whole, 0)
                    m.next = "FILL"
            with m.State("FILL"):
                write(self.words)
                with m.If(moved & done):
                    m.d.comb += self.begin.eq(1)
                    m.next = "TILE"
            with m.State("TILE"):
                with m.If(~self.unready):
                    m.d.sync += [*go(self.address + 2 * words, 1, whole, whole, 0),
                                 left.eq(words)]
                    m.next = "EMPTY"
                with m.Elif(self.results.valid):
                    m.d.sync += go(place, PLANES, 1 << shape.power, together, jump)
                    with m.If(held.part == Part.LAST):
                        m.d.sync += go(place + 2 * words, 1, 1 << shape.power, together, jump)
                    m.next = "TAKE"
                with m.Elif(self.values.ready & self.settled):
                    m.d.sync += go(place, Mux(tile.part == Part.UPPER, 2, PLANES),
                                   1 << shape.power, together, jump)
                    m.d.sync += held.eq(tile)
                    m.next = "ASK"
            with m.State("ASK"):
                ask()
                take()
                with m.If(moved & done):
                    m.next = "GIVE"
            with m.State("GIVE"):
                take()
                with m.If(~self.values.ready):
                    m.next = "TILE"
            with m.State("TAKE"):
                write(self.results)
                with m.If(moved & done):
                    m.next = "TILE"
            with m.State("EMPTY"):
                ask()
                with m.If(moved & done):
                    m.next = "END"
            with m.State("END"):
                with m.If(left == 0):
                    m.next = "IN PLACE"
        with m.If(states.ongoing("EMPTY") | states.ongoing("END")):
            if self.port_words > 1:
                join(self.points, narrow.wide)
            join(points, self.answers)
            with m.If(self.answers.valid & self.answers.ready):
                m.d.sync += left.eq(left - 1)
        m.d.comb += [
            self.ready.eq(states.ongoing("IN PLACE") & ~self.unready),
            self.moving.eq(states.ongoing("TILE") | states.ongoing("ASK")
                           | states.ongoing("GIVE") | states.ongoing("TAKE"))]
        return m

    def _gather(self, m, come):
        """A value whole from what the memory answers, part by part, as they `come`."""
        width, parts = WORD * self.port_words, self.shape.value_words // self.port_words
        gathered, part = Signal(width * parts, reset_less=True), Signal(range(max(2, parts)))
        whole = Signal(width * parts)
        m.d.comb += [whole.eq(Cat(gathered, self.points.payload)[width:]), self.value.eq(whole),
                     self.given.eq(come & (part == parts - 1))]
        with m.If(come):
            m.d.sync += [gathered.eq(whole), part.eq(Mux(self.given, 0, part + 1))]

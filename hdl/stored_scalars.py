"""Scalars from the memory, for sums, beside the points that are asked for there."""

from amaranth import *
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import CODE_BITS, CODE_WORDS, CODES, WORD
from proofmill.hdl.fetcher import AHEAD, REQUEST
from proofmill.hdl.narrow import Narrow
from proofmill.hdl.unit_windows import product

ROOM = 64
"""Words that are asked for and not yet taken, at most."""

BURST = 16
"""Words that one request asks for at the most."""


class StoredScalars(wiring.Component):
    """Read scalars of `size` words each, and hand them on as the slicer wants them from a link:
    behind a word of codes for every `CODES`, each of which says that all words come.

    What the memory answers comes in the order of the requests, and points are behind scalars. So
    none is asked for that has no room here: the slicer takes no word while it waits for a point.

    Parameters
    ----------
    size : words of a scalar.
    port_words : that the memory answers in a cycle.

    Members
    -------
    start : begin, in
    address, count : of the first word, and how many scalars, in, with `start`
    words : stream of words, out
    asked, given : what the memory is asked for points, and what it answers
    requests, points : to and from the memory, for both
    """

    def __init__(self, size: int, port_words: int = 1):
        if size not in CODE_WORDS[1:]:
            raise ValueError(f"scalars of {size} words have no code")
        self.size, self.port_words = size, port_words
        requests = stream.Signature(REQUEST)
        points = stream.Signature(WORD * port_words)
        super().__init__({
            "start": In(1), "address": In(32), "count": In(32),
            "words": Out(stream.Signature(WORD)), "asked": In(requests), "given": Out(points),
            "requests": Out(requests), "points": In(points)})

    def elaborate(self, platform):
        m = Module()
        step, width = self.port_words, WORD * self.port_words
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=width, depth=ROOM // step)
        m.submodules.order = order = fifo.SyncFIFOBuffered(
            width=1 + REQUEST["words"].width, depth=2 * AHEAD)
        at, to_ask, to_give = Signal(32), Signal(34), Signal(34)
        room = Signal(range(ROOM + 1), init=ROOM)
        # Who asks: a request that was offered stays until it is taken.
        own, was_own, offered = Signal(), Signal(), Signal()
        m.d.comb += own.eq(Mux(offered, was_own, (to_ask != 0) & (room >= BURST)))
        m.d.sync += [was_own.eq(own), offered.eq(self.requests.valid & ~self.requests.ready)]
        mine = Signal(REQUEST)
        m.d.comb += [
            mine.address.eq(at), mine.words.eq(Mux(to_ask > BURST, BURST, to_ask)),
            self.requests.valid.eq((own | self.asked.valid) & order.w_rdy),
            self.requests.payload.eq(Mux(own, mine, self.asked.payload)),
            self.asked.ready.eq(self.requests.ready & ~own & order.w_rdy),
            order.w_en.eq(self.requests.valid & self.requests.ready),
            order.w_data.eq(Cat(own, self.requests.payload.words)),
        ]
        # Whose answer comes, and how much of it has come.
        theirs, come = ~order.r_data[0], Signal.like(mine.words)
        taken, gone = Signal(), Signal()
        m.d.comb += [
            self.given.payload.eq(self.points.payload), queue.w_data.eq(self.points.payload),
            self.given.valid.eq(self.points.valid & order.r_rdy & theirs),
            self.points.ready.eq(order.r_rdy & (~theirs | self.given.ready)),
            taken.eq(self.points.valid & self.points.ready), queue.w_en.eq(taken & ~theirs),
            order.r_en.eq(taken & (come + step == order.r_data[1:])),
        ]
        with m.If(taken):
            m.d.sync += come.eq(Mux(order.r_en, 0, come + step))
        words = stream.Signature(WORD * step).create()
        m.d.comb += [words.valid.eq(queue.r_rdy), words.payload.eq(queue.r_data),
                     queue.r_en.eq(words.ready)]
        if step > 1:
            m.submodules.narrow = narrow = Narrow(step)
            m.d.comb += [narrow.wide.valid.eq(words.valid), narrow.wide.payload.eq(words.payload),
                         words.ready.eq(narrow.wide.ready)]
            words = narrow.narrow
        place = Signal(range(CODES * self.size + 1))  # 0: of the codes
        m.d.comb += [
            self.words.valid.eq((to_give != 0) & ((place == 0) | words.valid)),
            self.words.payload.eq(Mux(
                place == 0, Const(CODE_WORDS.index(self.size), CODE_BITS).replicate(CODES),
                words.payload)),
            gone.eq(self.words.valid & self.words.ready & (place != 0)), words.ready.eq(gone)]
        with m.If(self.words.valid & self.words.ready):
            m.d.sync += place.eq(Mux(place == CODES * self.size, 0, place + 1))
        m.d.sync += [
            room.eq(room + gone - Mux(own & order.w_en, mine.words, 0)),
            to_give.eq(to_give - gone)]
        with m.If(own & order.w_en):
            m.d.sync += [at.eq(at + mine.words), to_ask.eq(to_ask - mine.words)]
        with m.If(self.start):
            m.d.sync += [at.eq(self.address), place.eq(0),
                         *(each.eq(product(self.count, self.size)) for each in (to_ask, to_give))]
        return m

"""What a wide processor does when: its words, their pace, and its streams' handshakes."""

from amaranth import *
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.wide_shape import WideShape


class WideControl(wiring.Component):
    """Keep a program, and carry it out once each time that the last of its inputs is taken.

    A word is carried out in ``shape.stride`` cycles; in the last one `advance` is 1, and what was
    read and made is kept. Words wait while a result waits to be taken. ::

        words ─► store ─► following ─► word ─► sending ─► o_valid

    Members
    -------
    words : stream of a program's words, in; after one that is `last` comes the first of another
    given_valid, given_key, given_last, given_ready : the stream of what comes in, but for its
        values
    inverse_valid : the inverter has a result, in
    keep_given, keep_key, keep_inverse : what comes in goes to the bank of what is given, to the
        key; the inverse goes to that bank
    word : what is carried out, all zeros where nothing is
    following : what is next, if anything is
    advance : this is the last cycle of a word, or there is none
    start : operands are there for a folded multiplier
    begin : a run begins; a folded multiplier is reset, so that its starts fit the words
    sending : what the last word sent goes out at the end of a cycle that is `advance`
    o_valid, o_ready : the stream of results, but for its values
    """

    def __init__(self, shape: WideShape):
        self.shape = shape
        struct = shape.layout.struct
        self.store = memory.Memory(shape=struct.size, depth=shape.store, init=[])
        super().__init__({
            "words": In(stream.Signature(struct)),
            **dict.fromkeys(("given_valid", "given_key", "given_last", "inverse_valid", "o_ready"),
                            In(1)),
            **dict.fromkeys(("given_ready", "keep_given", "keep_key", "keep_inverse", "advance",
                             "start", "begin", "sending", "o_valid"), Out(1)),
            "word": Out(struct), "following": Out(struct)})
        # Told to proofs:
        self.busy = Signal()
        self.free = Signal(range(shape.store))     # where the next word of a program goes
        self.address = Signal(range(shape.store))  # of the word that is looked up
        self.fetching = Signal()                   # it is looked up
        self.fetched = Signal()                    # there is a following word
        self.carrying = Signal()                   # there is a word
        self.turn = Signal(range(shape.stride))    # cycles that it has had
        self.sending_last, self.is_last = Signal(), Signal()

    def elaborate(self, platform):
        m = Module()
        m.submodules.store = self.store
        self._take(m)
        self._pace(m)
        self._carry_out(m)
        self._send(m)
        return m

    def _take(self, m):
        """Words and what is given are taken between runs; the inverse comes in a run."""
        put, taken = self.store.write_port(), Signal()
        m.d.comb += [
            self.words.ready.eq(~self.busy), put.addr.eq(self.free),
            put.data.eq(self.words.payload), put.en.eq(self.words.valid & self.words.ready),
            self.given_ready.eq(~self.busy), taken.eq(self.given_valid & self.given_ready),
            self.keep_given.eq(taken & ~self.given_key), self.keep_key.eq(taken & self.given_key),
            self.keep_inverse.eq(self.inverse_valid & self.busy),
            self.begin.eq(taken & self.given_last)]
        with m.If(put.en):
            m.d.sync += self.free.eq(Mux(self.words.payload.last, 0, self.free + 1))

    def _pace(self, m):
        """The turns of a word, and the starts of a folded multiplier, which never pause."""
        shape, over = self.shape, C(1)
        if shape.stride > 1:
            over = (self.turn == shape.stride - 1) | ~self.carrying
            with m.If(self.advance):
                m.d.sync += self.turn.eq(0)
            with m.Elif(~over):
                m.d.sync += self.turn.eq(self.turn + 1)
        m.d.comb += self.advance.eq(over & (self.o_ready | ~self.o_valid))
        if (interval := shape.multiplier.interval) > 1:
            left = Signal(range(interval))
            m.d.comb += self.start.eq(left == 0)
            m.d.sync += left.eq(Mux(left == 0, interval - 1, left - 1))
            with m.If(self.begin):
                m.d.sync += left.eq(shape.first_start)

    def _carry_out(self, m):
        """A word is looked up, follows, and is carried out."""
        fetch = self.store.read_port()
        m.d.comb += [fetch.addr.eq(self.address), fetch.en.eq(self.advance),
                     self.following.as_value().eq(fetch.data)]
        with m.If(self.advance):
            m.d.sync += [
                self.address.eq(self.address + 1), self.fetched.eq(self.fetching),
                self.carrying.eq(self.fetched),
                self.word.eq(Mux(self.fetched, fetch.data, 0))]
            with m.If(self.fetched & self.following.last):
                m.d.sync += [self.fetching.eq(0), self.fetched.eq(0)]
        with m.If(self.begin):
            m.d.sync += [self.address.eq(0), self.fetching.eq(1), self.busy.eq(1)]

    def _send(self, m):
        """Results; a run ends when the last word has been carried out and its result taken."""
        given = self.o_valid & self.o_ready
        with m.If(given):
            m.d.sync += self.o_valid.eq(0)
        with m.If(self.is_last & (self.o_ready | ~self.o_valid)):
            m.d.sync += [self.is_last.eq(0), self.busy.eq(0)]
        with m.If(self.advance):
            m.d.sync += [self.sending.eq(self.word.send), self.sending_last.eq(self.word.last),
                         self.o_valid.eq(self.sending), self.is_last.eq(self.sending_last)]

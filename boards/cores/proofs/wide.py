"""The control of a wide processor, proven: a program's words are carried out as they came in, in
order, each once; nothing that comes in is lost; a run ends once, with its last result taken."""

from dataclasses import replace

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from proofmill.hdl import wide_control as control_module

DEPTH = 1
"""Of the induction."""


def small(shape):
    """The same control with few words of few bits, which are enough: no word knows how many there
    are, and they go through untouched."""
    return replace(shape, adders=1, address_bits=2, key_bits=1, store=6)


class InOrder(wiring.Component):
    """The control between streams that do as they like. Of the program one word is watched, any.

    Programs fit the store. A run is not begun without one, nor while one comes in.

    Parameters
    ----------
    shape : of the processor, `hdl.wide_shape.WideShape`.
    module : where `WideControl` is from.
    """

    def __init__(self, shape, module=control_module):
        self.shape, self.module = shape, module
        super().__init__({
            **dict.fromkeys(("words_valid", "given_valid", "given_key", "given_last",
                             "inverse_valid", "o_ready"), In(1)),
            "payload": In(shape.layout.struct), "watched": In(range(shape.store))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = self.dut = dut = self.module.WideControl(self.shape)
        known, watched = Signal(), Signal.like(self.watched)
        m.d.sync += [known.eq(1), watched.eq(self.watched)]
        m.d.comb += [
            dut.words.valid.eq(self.words_valid), dut.words.payload.eq(self.payload),
            *(getattr(dut, name).eq(getattr(self, name)) for name in (
                "given_valid", "given_key", "given_last", "inverse_valid", "o_ready")),
            Assume(~known | (watched == self.watched)), Assume(self.watched < self.shape.store),
            Assume(~ResetSignal())]
        taken = Signal()
        m.d.comb += [
            taken.eq(self.given_valid & dut.given_ready), Assert(dut.given_ready == ~dut.busy),
            Assert(dut.begin == (taken & self.given_last)),
            # Nothing that comes in is lost, and nothing else is kept in its place.
            Assert(taken == (dut.keep_given ^ dut.keep_key)),
            Assert(dut.keep_inverse == (self.inverse_valid & dut.busy)),
            Assert(~dut.keep_inverse | ~(dut.keep_given | dut.keep_key))]
        self._load(m)
        self._run(m)
        self._send(m)
        return m

    def _stored(self, m, address):
        """What the store has there."""
        port = self.dut.store.read_port(domain="comb")
        m.d.comb += port.addr.eq(address)
        return data.View(self.shape.layout.struct, port.data)

    def _load(self, m):
        """The store has the words that came in."""
        dut, watched = self.dut, self.watched
        place, self.length = Signal.like(watched), Signal.like(watched)  # the next, the last word's
        whole, there = Signal(), Signal()  # there is a program; the word that is watched has come
        self.kept = kept = Signal(self.shape.layout.struct)
        put, last = self.words_valid & dut.words.ready, self.payload.last
        with m.If(put):
            m.d.sync += [place.eq(Mux(last, 0, place + 1)), whole.eq(last), self.length.eq(place),
                         there.eq((place == watched) | there & (place != 0))]
            with m.If(place == watched):
                m.d.sync += kept.eq(self.payload)
        m.d.comb += [
            Assume(~put | last | (place != self.shape.store - 1)),
            Assume(~dut.begin | whole & ~put),
            Assert(dut.words.ready == ~dut.busy), Assert(dut.free == place),
            Assert(place < self.shape.store), Assert(self.length < self.shape.store),
            Assert(~whole | (place == 0)), Assert(~dut.busy | whole),
            Assert(there == Mux(whole, watched <= self.length, watched < place)),
            Assert(~there | (self._stored(m, watched).as_value() == kept.as_value())),
            Assert(~there | (kept.last == (whole & (watched == self.length)))),
            Assert(~whole | self._stored(m, self.length).last)]

    def _run(self, m):
        """What is looked up, what follows and what is carried out are `number` and the two words
        before."""
        dut, length = self.dut, self.length
        number = Signal(range(self.shape.store + 2))
        bits = len(self.watched)
        with m.If(dut.advance & dut.fetching):
            m.d.sync += number.eq(number + 1)
        with m.If(dut.begin):
            m.d.sync += number.eq(0)
        following, carried = number - 1, number - 2
        fresh = Signal()  # the word has not had a cycle
        age = Signal.like(dut.turn)
        m.d.sync += fresh.eq(dut.advance)
        m.d.sync += age.eq(Mux(dut.advance, 0, Mux(
            ~dut.carrying | (age == self.shape.stride - 1), age, age + 1)))
        m.d.comb += [
            # What is claimed: it is the word that came in, and a run has all of them.
            Assert(~dut.carrying | (carried != self.watched)
                   | (dut.word.as_value() == self.kept.as_value())),
            Assert(~dut.carrying | (carried <= length)),
            Assert(dut.carrying | (dut.word.as_value() == 0)),
            Assert(dut.turn == age), Assert(dut.turn < self.shape.stride),
            Assert(dut.advance == (
                (~dut.carrying | (dut.turn == self.shape.stride - 1))
                & (self.o_ready | ~dut.o_valid))),
            # What holds it together, for the induction.
            Assert(~dut.fetching | (dut.address == number[:bits])),
            Assert(~dut.fetching | (number <= length + 1)),
            Assert(~dut.fetched | dut.fetching),
            Assert(~dut.fetching | dut.fetched | (number == 0) & ~dut.carrying),
            Assert(~dut.fetched | (number != 0) & (number <= length + 1) & (
                dut.following.as_value() == self._stored(m, following[:bits]).as_value())),
            Assert(~dut.carrying | (number >= 2) & (
                dut.word.as_value() == self._stored(m, carried[:bits]).as_value())),
            Assert(~dut.carrying | (dut.word.last == ~dut.fetching))]

    def _send(self, m):
        """Results that are owed are on their way, and a run is over when none is."""
        dut = self.dut
        given, owed = dut.o_valid & self.o_ready, Signal(2)
        busy, waited = Signal(), Signal()
        m.d.sync += [owed.eq(owed + (dut.advance & dut.word.send) - given), busy.eq(dut.busy),
                     waited.eq(dut.o_valid & ~self.o_ready)]
        done = busy & ~dut.busy
        m.d.comb += [
            Assert(owed == dut.sending + dut.o_valid), Assert(dut.busy | (owed == 0)),
            Assert(~waited | dut.o_valid & dut.busy), Assert(~dut.o_valid | self.o_ready
                                                             | ~dut.advance),
            # A run is in one of these, and leaves them one after another.
            Assert(dut.busy == dut.fetching + (dut.carrying & ~dut.fetching) + dut.sending_last
                   + dut.is_last),
            Assert(~done | ~(dut.o_valid | dut.sending | dut.carrying | dut.fetching)),
            Assert(~dut.is_last | ~dut.sending), Assert(~dut.sending_last | ~dut.carrying)]

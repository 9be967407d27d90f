"""Words one by one, from a port that brings several in a cycle."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD


class Narrow(wiring.Component):
    """Hand on the words of each transfer one by one, the lowest first.

    Parameters
    ----------
    words : of a transfer; a power of two, 2 or more.

    Members
    -------
    wide, narrow : streams of `words` words, in, and of one, out
    """

    def __init__(self, words: int):
        if words < 2 or words & (words - 1):
            raise ValueError(f"a transfer of {words} words is none of a power of two, 2 or more")
        self.words = words
        super().__init__({"wide": In(stream.Signature(WORD * words)),
                          "narrow": Out(stream.Signature(WORD))})

    def elaborate(self, platform):
        m = Module()
        at = Signal(range(self.words))
        m.d.comb += [
            self.narrow.valid.eq(self.wide.valid),
            self.narrow.payload.eq(self.wide.payload.word_select(at, WORD)),
            self.wide.ready.eq(self.narrow.ready & (at == self.words - 1)),
        ]
        with m.If(self.narrow.valid & self.narrow.ready):
            m.d.sync += at.eq(at + 1)
        return m

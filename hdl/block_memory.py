"""A memory of words in a device's own block memories."""

from amaranth import *
from amaranth.lib import data, fifo, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from proofmill.hdl.commands import WORD
from proofmill.hdl.fetcher import REQUEST, WRITE

READ_CYCLES = {1: 10, 2: 6}
"""Cycles from one request of 8 words to the next, by the words answered in a cycle."""


class BlockMemory(wiring.Component):
    """The accelerator's memory in the device's own block memories, where a board has no other.

    Parameters
    ----------
    words : how many words of 64 bits; the accelerator asks for none beyond.
    port_words : that it answers in a cycle, 1 or 2; see `hdl.msm.MsmShape`.

    Members are those of `hdl.sdram.SdramController`, without pins.
    """

    def __init__(self, words: int, port_words: int = 1):
        self.words, self.port_words = words, port_words
        super().__init__({
            "requests": In(stream.Signature(REQUEST)),
            "points": Out(stream.Signature(WORD * port_words)),
            "writes": In(stream.Signature(WRITE)), "drop": In(1), "idle": Out(1)})

    @property
    def read_cycles(self) -> int:
        """See `READ_CYCLES`."""
        return READ_CYCLES[self.port_words]

    def elaborate(self, platform):
        m = Module()
        # Words are written one by one, and read as many at a time as the port has.
        within = exact_log2(self.port_words)
        rows = -(-self.words // self.port_words)
        m.submodules.cells = cells = memory.Memory(
            shape=WORD * self.port_words, depth=rows, init=[])
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=len(Value.cast(self.requests.payload)), depth=2)
        read, write = cells.read_port(), cells.write_port(granularity=WORD if within else None)
        bits = (rows - 1).bit_length()
        asked = data.View(REQUEST, queue.r_data)
        offset = Signal(8)
        there = Signal()
        following = Signal(8)
        taken = Signal()
        m.d.comb += [
            self.writes.ready.eq(1),
            write.en.eq(self.writes.valid << self.writes.payload.address[:within]
                        if within else self.writes.valid),
            write.addr.eq(self.writes.payload.address[within:][:bits]),
            write.data.eq(self.writes.payload.word.replicate(self.port_words)
                          if within else self.writes.payload.word),
            queue.w_en.eq(self.requests.valid), queue.w_data.eq(self.requests.payload),
            self.requests.ready.eq(queue.w_rdy),
            # `there`: the row at `offset` of the request at hand is what the memory shows.
            self.points.valid.eq(there & ~self.drop), self.points.payload.eq(read.data),
            taken.eq(self.points.valid & self.points.ready),
            following.eq(offset + taken),
            read.addr.eq((asked.address[within:] + following)[:bits]),
            queue.r_en.eq(self.drop | (taken & (following == asked.words[within:]))),
            self.idle.eq(~queue.r_rdy),
        ]
        m.d.sync += [offset.eq(following), there.eq(queue.r_rdy)]
        with m.If(queue.r_en):
            m.d.sync += [offset.eq(0), there.eq(0)]
        return m

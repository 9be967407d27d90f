"""A memory of words in a device's own block memories."""

from amaranth import *
from amaranth.lib import data, fifo, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.fetcher import REQUEST, WRITE


class BlockMemory(wiring.Component):
    """The accelerator's memory in the device's own block memories, where a board has no other.

    Parameters
    ----------
    words : how many words of 64 bits; the accelerator asks for none beyond.

    Members are those of `hdl.sdram.SdramController`, without pins.
    """

    read_cycles = 10
    """Cycles from one request of 8 words to the next."""

    def __init__(self, words: int):
        self.words = words
        super().__init__({
            "requests": In(stream.Signature(REQUEST)), "points": Out(stream.Signature(WORD)),
            "writes": In(stream.Signature(WRITE)), "drop": In(1), "idle": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.cells = cells = memory.Memory(shape=WORD, depth=self.words, init=[])
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=len(Value.cast(self.requests.payload)), depth=2)
        read, write = cells.read_port(), cells.write_port()
        bits = (self.words - 1).bit_length()
        asked = data.View(REQUEST, queue.r_data)
        offset = Signal(8)
        there = Signal()
        following = Signal(8)
        taken = Signal()
        m.d.comb += [
            self.writes.ready.eq(1), write.en.eq(self.writes.valid),
            write.addr.eq(self.writes.payload.address[:bits]),
            write.data.eq(self.writes.payload.word),
            queue.w_en.eq(self.requests.valid), queue.w_data.eq(self.requests.payload),
            self.requests.ready.eq(queue.w_rdy),
            # `there`: the word at `offset` of the request at hand is what the memory shows.
            self.points.valid.eq(there & ~self.drop), self.points.payload.eq(read.data),
            taken.eq(self.points.valid & self.points.ready),
            following.eq(offset + taken),
            read.addr.eq((asked.address + following)[:bits]),
            queue.r_en.eq(self.drop | (taken & (following == asked.words))),
            self.idle.eq(~queue.r_rdy),
        ]
        m.d.sync += [offset.eq(following), there.eq(queue.r_rdy)]
        with m.If(queue.r_en):
            m.d.sync += [offset.eq(0), there.eq(0)]
        return m

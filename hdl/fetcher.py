"""Points are asked for ahead of their use."""

from amaranth import *
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.slicer import POINT, SLICE

REQUEST = data.StructLayout({"address": 32, "words": 8})
"""What is asked of the memory: `words` words from word `address` on, answered in order."""

WRITE = data.StructLayout({"address": 32, "word": WORD})
"""A word to write to the memory."""

AHEAD = 8
"""Points asked for and not yet loaded; a power of two."""


class Fetcher(wiring.Component):
    """Ask the memory for points, and keep the slices they are for until they have come.

    So the memory's latency is hidden even where a point has a single digit.

    Parameters
    ----------
    sizes : words of a point of each group that there is.

    Members
    -------
    group : index into `sizes`, in
    points : stream of `hdl.slicer.POINT`, in
    requests : stream of `REQUEST`, out
    slice : of the point that has been asked for longest, out
    loaded : that has come, and has been taken, in
    done : nothing has been asked for, out
    """

    def __init__(self, sizes):
        self.sizes = sizes
        super().__init__({
            "group": In(range(max(2, len(sizes)))), "points": In(stream.Signature(POINT)),
            "requests": Out(stream.Signature(REQUEST)), "slice": Out(SLICE), "loaded": In(1),
            "done": Out(1)})

    def elaborate(self, platform):
        m = Module()
        requests, points = self.requests, self.points
        m.submodules.slices = slices = memory.Memory(shape=SLICE, depth=AHEAD, init=[])
        write, read = slices.write_port(), slices.read_port(domain="comb")
        asked = Signal(range(2 * AHEAD))
        came = Signal.like(asked)
        full = Signal()
        for index, size in enumerate(self.sizes):
            with m.If(self.group == index):
                m.d.comb += requests.payload.words.eq(size)
        m.d.comb += [
            full.eq((asked ^ came) == AHEAD), self.done.eq(asked == came),
            requests.valid.eq(points.valid & ~full), points.ready.eq(requests.ready & ~full),
            requests.payload.address.eq(points.payload.address),
            write.addr.eq(asked[:-1]), write.data.eq(points.payload.slice),
            write.en.eq(points.valid & points.ready),
            read.addr.eq(came[:-1]), self.slice.eq(read.data),
        ]
        m.d.sync += came.eq(came + self.loaded)
        with m.If(write.en):
            m.d.sync += asked.eq(asked + 1)
        return m


class Requests(wiring.Component):
    """Hand on requests, one every other cycle at the most, without a way through in one cycle: who
    asks does not wait for all that the memory's answer to it hangs on.

    Members
    -------
    asked, requests : streams of `REQUEST`, in and out
    """

    def __init__(self):
        requests = stream.Signature(REQUEST)
        super().__init__({"asked": In(requests), "requests": Out(requests)})

    def elaborate(self, platform):
        m = Module()
        asked, requests = self.asked, self.requests
        m.d.comb += asked.ready.eq(~requests.valid)
        with m.If(asked.ready):
            m.d.sync += [requests.valid.eq(asked.valid), requests.payload.eq(asked.payload)]
        with m.Elif(requests.ready):
            m.d.sync += requests.valid.eq(0)
        return m

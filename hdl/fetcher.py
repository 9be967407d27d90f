"""Points are asked for ahead of their use."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

REQUEST = data.StructLayout({"address": 32, "words": 8})
"""What is asked of the memory: `words` words from word `address` on, answered in order."""

AHEAD = 4
"""Points asked for and not yet there."""


class Fetcher(wiring.Component):
    """Ask the memory for `count` points that lie one after another, `AHEAD` of them at the most
    before they have come: so its latency is hidden even where a point has a single digit.

    Parameters
    ----------
    groups : those that points may be of.

    Members
    -------
    group : index into `groups`, in
    start, address, count : begin, with the points at word `address`, in
    arrived : a point has come, in
    requests : stream of `REQUEST`, out
    """

    def __init__(self, groups):
        self.groups = groups
        super().__init__({
            "group": In(range(max(2, len(groups)))), "start": In(1), "address": In(32),
            "count": In(32), "arrived": In(1), "requests": Out(stream.Signature(REQUEST))})

    def elaborate(self, platform):
        m = Module()
        requests = self.requests
        asked = Signal(32)
        arriving = Signal(range(AHEAD + 1))
        address = Signal(32)
        for index, group in enumerate(self.groups):
            with m.If(self.group == index):
                m.d.comb += requests.payload.words.eq(8 * group.degree)
        asking = Signal()
        m.d.comb += [
            requests.valid.eq((asked != 0) & (arriving != AHEAD)),
            requests.payload.address.eq(address),
            asking.eq(requests.valid & requests.ready),
        ]
        m.d.sync += arriving.eq(arriving + asking - self.arrived)
        with m.If(asking):
            m.d.sync += [asked.eq(asked - 1), address.eq(address + requests.payload.words)]
        with m.If(self.start):
            m.d.sync += [asked.eq(self.count), address.eq(self.address)]
        return m

"""What happens in a multi-scalar multiplication, counted."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import SUM_COUNTERS

COUNTER_BITS = 48

COUNTS = data.StructLayout(dict.fromkeys(SUM_COUNTERS, COUNTER_BITS))
"""All counters of a sum, by name."""


class Counters(wiring.Component):
    """Add up what happens, two cycles after it does, since much of it is known late.

    Parameters
    ----------
    most : of one kind in a cycle.

    Members
    -------
    now : how much of each kind happens in this cycle, in; see `hdl.commands.COUNTERS`
    clear : count from here on, in
    counts : `COUNTS`, out
    """

    def __init__(self, most: int):
        super().__init__({
            "now": In(data.StructLayout(dict.fromkeys(SUM_COUNTERS, range(most + 1)))),
            "clear": In(1), "counts": Out(COUNTS)})

    def elaborate(self, platform):
        m = Module()
        fresh = Signal()
        m.d.sync += fresh.eq(self.clear)
        for name in SUM_COUNTERS:
            count = Signal(COUNTS[name].shape, name=f"{name}_counter")
            more = Signal(self.now[name].shape(), name=f"{name}_more")
            m.d.sync += more.eq(self.now[name])
            with m.If(more != 0):
                m.d.sync += count.eq(count + more)
            with m.If(fresh):
                m.d.sync += count.eq(0)
            m.d.comb += self.counts[name].eq(count)
        return m

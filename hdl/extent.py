"""Where what a command names in the memory ends, and whether the memory goes so far."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import Error

ADDRESS_BITS = 32
"""Of a word in the memory."""

END_BITS = 50
"""Of the end: two numbers of 32 bits, and two products of those with 16, fit."""


class Extent(wiring.Component):
    """``end = address + words + points * point_words + copies * copy_words``, and is it there?

    An address that the memory has not would wrap: a LOAD would overwrite another key's points, and
    a MULTIPLY sum them. The products are made bit by bit, so they take no multiplier and at most
    34 cycles, while nothing else is under way.

    Parameters
    ----------
    memory_words : how many there are; 0 for as many as have an address.

    Members
    -------
    start : begin, in
    address, words, points, point_words : see above, in, with `start`
    copies, copy_words : ... and to be held until `ready`
    ready : `fits` is said of what was begun last, out
    fits : the memory has every word before the end, out
    """

    def __init__(self, memory_words: int = 0):
        self.memory_words = memory_words or 1 << ADDRESS_BITS
        super().__init__({
            "start": In(1), "address": In(ADDRESS_BITS), "words": In(32),
            "points": In(32), "point_words": In(16), "copies": In(16), "copy_words": In(16),
            "ready": Out(1), "fits": Out(1)})

    def elaborate(self, platform):
        m = Module()
        end = Signal(END_BITS, reset_less=True)
        addend = Signal(32 + 16, reset_less=True)
        times = Signal(16)
        copies_left = Signal()
        m.d.comb += [self.ready.eq((times == 0) & ~copies_left),
                     self.fits.eq(end <= self.memory_words)]
        m.d.sync += [addend.eq(addend << 1), times.eq(times >> 1)]
        with m.If(times[0]):
            m.d.sync += end.eq(end + addend)
        with m.If(copies_left & (times == 0)):
            m.d.sync += [addend.eq(self.copies), times.eq(self.copy_words), copies_left.eq(0)]
        with m.If(self.start):
            m.d.sync += [end.eq(self.address + self.words), addend.eq(self.points),
                         times.eq(self.point_words), copies_left.eq(1)]
        return m


def place_states(m, commands, kept, following, place, error, extent, fits):
    """States that take a word of `commands` each, a PLACE, and find out whether the memory has it;
    then comes the one `following`. `kept`: by the name of each where its place is kept, or None;
    the others are as in `hdl.accelerator.Accelerator`."""
    names = list(kept)
    for name, after in zip(names, (*names[1:], following), strict=True):
        with m.State(name):
            m.d.comb += commands.ready.eq(1)
            with m.If(commands.valid):
                m.d.sync += place.as_value().eq(commands.payload)
                m.next = f"{name}_EXTENT"
        with m.State(f"{name}_EXTENT"):
            m.d.comb += extent.start.eq(1)
            m.next = f"{name}_WITHIN"
        with m.State(f"{name}_WITHIN"):
            with m.If(extent.ready):
                with m.If(~fits & (place.count != 0)):
                    m.d.sync += error.eq(Error.MEMORY)
                if kept[name] is not None:
                    m.d.sync += kept[name].eq(place)
                m.next = after

"""The levels of the sum: where the buckets at hand lie, and how many bits their numbers have."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.windows import BASE_BITS, MAX_WINDOW, WIDTHS, WINDOWS_BITS

SETTLE = 6
"""Cycles until it is known where a level begins and ends, and whether it fits."""


class Level(wiring.Signature):
    """The level at hand.

    Members
    -------
    first : it is the one of buckets, whose numbers are those of `hdl.windows` less 1
    window, window_ones : bits of a wide digit, or of a bucket's number, and so many ones
    half, half_ones : bits of a number at the level after, and so many ones
    begin, end : the mailboxes of the level, the second past the last one
    destination : where the level after begins
    """

    def __init__(self, mailbox_bits: int):
        super().__init__({
            "first": Out(1), "window": Out(WIDTHS), "window_ones": Out(MAX_WINDOW),
            "half": Out(WIDTHS), "half_ones": Out(MAX_WINDOW),
            "begin": Out(mailbox_bits), "end": Out(mailbox_bits + 1),
            "destination": Out(mailbox_bits)})


class Levels(wiring.Component):
    """Go from level to level: half the window, twice the groups, the other region.

    ::

        region   first    second   first       second
        level    0        1        2           3
        groups   g        2 g      4 g         8 g
        width    w        w / 2    w / 4       1       rounded up
        size     g << w   ...      groups << width

    At level 0 a group is a window of the unit's, and has half as many buckets: signed digits.
    Where a level lies goes through registers, so it has to `settle` first.

    Parameters
    ----------
    shape : `hdl.msm.MsmShape`.

    Members
    -------
    group, window, windows, second_region : what is to be summed, in; see `hdl.msm.Msm`
    based, base : digits are to this base, in; only where they may be
    to_first, to_next : go to the first level, or from the level at hand to the next one, from the
        cycle after the next on, in
    settle : wait until the level has settled, in
    settled : that is so in this cycle, out
    fits : the level ends before the other region begins, or where the memory does, out
    level : see `Level`, out
    last : numbers have one bit, out
    group_at_hand : the group as it was when the first level was gone to, out
    """

    def __init__(self, shape):
        self.shape = shape
        group = range(max(2, len(shape.adder.groups)))
        super().__init__({
            **({"based": In(1), "base": In(BASE_BITS)} if shape.batches else {}),
            "group": In(group), "window": In(WIDTHS), "windows": In(WINDOWS_BITS),
            "second_region": In(shape.mailbox_bits),
            "to_first": In(1), "to_next": In(1), "settle": In(1),
            "settled": Out(1), "fits": Out(1), "level": Out(Level(shape.mailbox_bits)),
            "last": Out(1), "group_at_hand": Out(group),
        })

    def elaborate(self, platform):
        m = Module()
        level, bits, units = self.level, self.shape.mailbox_bits, self.shape.adder.units
        width = Signal(WIDTHS)
        groups = Signal(WINDOWS_BITS + MAX_WINDOW)
        second_region = Signal(bits)
        odd = Signal()  # the level at hand lies in the second region

        # Where to go is known late, so the level changes a cycle after.
        to_first = Signal()
        to_next = Signal()
        m.d.sync += [to_first.eq(self.to_first), to_next.eq(self.to_next)]
        with m.If(to_first):
            m.d.sync += [
                self.group_at_hand.eq(self.group), second_region.eq(self.second_region),
                width.eq(self.window), odd.eq(0), level.first.eq(1),
                groups.eq(self.windows if units == 1 else (self.windows + units - 1) // units),
            ]
        with m.Elif(to_next):
            m.d.sync += [width.eq((width + 1) >> 1), odd.eq(~odd), level.first.eq(0),
                         groups.eq(groups << 1)]
        m.d.comb += self.last.eq(width == 1)

        m.d.sync += [
            level.window.eq(width), level.half.eq((width + 1) >> 1),
            level.window_ones.eq(Cat(n < level.window for n in range(MAX_WINDOW))),
            level.half_ones.eq(Cat(n < level.half for n in range(MAX_WINDOW))),
        ]
        past = Signal(bits + 4 + MAX_WINDOW)
        size = Signal(bits + 3 + MAX_WINDOW)
        m.d.sync += [
            level.begin.eq(Mux(odd, second_region, 0)),
            size.eq((groups[:bits + 2] << width) >> level.first),
            past.eq(level.begin + size),
        ]
        m.d.comb += [level.end.eq(past[:bits + 1]),
                     level.destination.eq(Mux(odd, 0, second_region))]

        room = Signal(bits + 1)
        fits = (past <= room) & ~groups[bits + 2:].any()
        if self.shape.batches:  # to a base: as many buckets as half of it
            with m.If(self.based & level.first):
                m.d.sync += size.eq(self.base >> 1)
            fits &= ~(self.based & level.first & (self.base >> width).any())
        m.d.sync += self.fits.eq(fits)
        for index, group in enumerate(self.shape.adder.groups):
            with m.If(self.group_at_hand == index):
                m.d.sync += room.eq(Mux(odd, self.shape.mailboxes(group), second_region))

        settling = Signal(range(SETTLE))
        m.d.comb += self.settled.eq(settling == SETTLE - 1)
        m.d.sync += settling.eq(0)
        with m.If(self.settle):
            m.d.sync += settling.eq(settling + 1)
        return m

"""The buckets of a level, looked at one a cycle for the next full one."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class BucketSearch(wiring.Component):
    """Find the full mailboxes of a level, one after another.

    A mailbox is looked at in one cycle and known to be full in the next, so one that has been
    looked at beyond a full one is looked at again, once that has been fetched.

    Members
    -------
    restart, down : begin, with the first mailbox, or with the last one and down, in
    searching, downwards : go on, up or down, in; after a `restart` that way
    begin, end : the level's mailboxes, the second past the last one, in
    place : the mailbox to look at in this cycle, out
    full : the one of the cycle before is full, in
    found, mailbox : there is a full one, this one, out
    taken : it is being fetched, in
    done : there is none left, and none found, out
    """

    def __init__(self, mailbox_bits: int):
        self.mailbox_bits = mailbox_bits
        super().__init__({
            "restart": In(1), "down": In(1), "searching": In(1), "downwards": In(1),
            "begin": In(mailbox_bits), "end": In(mailbox_bits + 1),
            "place": Out(mailbox_bits), "full": In(1),
            "found": Out(1), "mailbox": Out(mailbox_bits), "taken": In(1), "done": Out(1)})

    def elaborate(self, platform):
        m = Module()
        # Beside `scan`, to the side that it comes from, lie those that have been looked at.
        scan = Signal(self.mailbox_bits + 1)
        seen = Signal(self.mailbox_bits + 1)
        seen_valid = Signal()
        stop = Signal(self.mailbox_bits + 1)
        place = Signal(self.mailbox_bits + 1)
        m.d.comb += [
            stop.eq(Mux(self.downwards, self.begin, self.end)),
            place.eq(Mux(self.downwards, scan - 1, scan)),
            self.place.eq(place[:self.mailbox_bits]),
            self.done.eq((scan == stop) & ~seen_valid & ~self.found),
        ]
        with m.If(self.restart):
            m.d.sync += [scan.eq(Mux(self.down, self.end, self.begin)), seen_valid.eq(0)]
        with m.Elif(self.searching):
            with m.If(seen_valid & self.full & ~self.found):
                m.d.sync += [self.mailbox.eq(seen[:self.mailbox_bits]), self.found.eq(1),
                             scan.eq(Mux(self.downwards, seen, seen + 1)), seen_valid.eq(0)]
            with m.Elif((scan != stop) & ~self.found):
                m.d.sync += [seen.eq(place), seen_valid.eq(1),
                             scan.eq(Mux(self.downwards, scan - 1, scan + 1))]
            with m.Else():
                m.d.sync += seen_valid.eq(0)
        with m.If(self.taken):
            m.d.sync += self.found.eq(0)
        return m

"""The buckets of a level, looked at one a cycle for the next full one."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class BucketSearch(wiring.Component):
    """Find the full mailboxes of a level, one after another.

    A mailbox is looked at in one cycle and known to be full in the next, so one that has been
    looked at beyond a full one is looked at again, once that has been fetched.

    Up they may be looked at in steps: from the first one to the end, then from the second one, and
    so on. Neighbours have most halves of their numbers in common; fetched one after another they
    would come to few mailboxes, where at the level's end only two of each are added at a time.

    Parameters
    ----------
    mailbox_bits : of the number of a mailbox.
    stepped : up, it goes in steps.

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
    step : from one to the next, in; set with `begin` and `end`, and held from `restart` on; only
        where it is `stepped`

    Attributes
    ----------
    What a proof may look at, besides the members:

    scan : beside it, to the side that it comes from, lie those that have been looked at
    stop : what it comes to at last
    seen, seen_valid : the mailbox looked at in the cycle before, if one was
    """

    def __init__(self, mailbox_bits: int, *, stepped: bool = False):
        self.mailbox_bits, self.stepped = mailbox_bits, stepped
        super().__init__({
            **({"step": In(mailbox_bits)} if stepped else {}),
            "restart": In(1), "down": In(1), "searching": In(1), "downwards": In(1),
            "begin": In(mailbox_bits), "end": In(mailbox_bits + 1),
            "place": Out(mailbox_bits), "full": In(1),
            "found": Out(1), "mailbox": Out(mailbox_bits), "taken": In(1), "done": Out(1)})
        self.scan = Signal(mailbox_bits + 1)
        self.seen = Signal(mailbox_bits + 1)
        self.seen_valid = Signal()
        self.stop = Signal(mailbox_bits + 1)

    def elaborate(self, platform):
        m = Module()
        scan, seen, seen_valid, stop = self.scan, self.seen, self.seen_valid, self.stop
        place = Signal(self.mailbox_bits + 1)
        m.d.comb += [
            stop.eq(Mux(self.downwards, self.begin, self.end)),
            place.eq(Mux(self.downwards, scan - 1, scan)),
            self.place.eq(place[:self.mailbox_bits]),
            self.done.eq((scan == stop) & ~seen_valid & ~self.found),
        ]
        upwards, first, wraps = scan + 1, Signal.like(scan), Signal()
        if self.stepped:
            # The steps began with `first`; the last such is the one before `past`.
            further, past = Signal(self.mailbox_bits + 2), Signal.like(scan)
            beyond = self.begin + self.step
            m.d.sync += past.eq(Mux(beyond < self.end, beyond, self.end))
            m.d.comb += [further.eq(scan + self.step), wraps.eq(further >= self.end)]
            upwards = Mux(wraps, Mux(first + 1 == past, self.end, first + 1), further)
            with m.If(self.restart):
                m.d.sync += first.eq(self.begin)
        with m.If(self.restart):
            m.d.sync += [scan.eq(Mux(self.down, self.end, self.begin)), seen_valid.eq(0)]
        with m.Elif(self.searching):
            with m.If(seen_valid & self.full & ~self.found):
                m.d.sync += [self.mailbox.eq(seen[:self.mailbox_bits]), self.found.eq(1),
                             scan.eq(Mux(self.downwards, seen,
                                         scan if self.stepped else seen + 1)),
                             seen_valid.eq(0)]
            with m.Elif((scan != stop) & ~self.found):
                m.d.sync += [seen.eq(place), seen_valid.eq(1),
                             scan.eq(Mux(self.downwards, scan - 1, upwards))]
                if self.stepped:
                    m.d.sync += first.eq(first + wraps)
            with m.Else():
                m.d.sync += seen_valid.eq(0)
        with m.If(self.taken):
            m.d.sync += self.found.eq(0)
        return m

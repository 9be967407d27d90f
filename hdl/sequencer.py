"""The steps of a multi-scalar multiplication, one after another."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.mailbox_unit import Orders


class Sequencer(wiring.Component):
    """Say what is done in each step, and when the next one begins.

    ========  =================================================  ==================================
    state     what happens                                       left when: for
    ========  =================================================  ==================================
    CLEAR     the mailboxes are emptied, one a cycle             all are: IDLE
    IDLE      nothing                                            `clear`: CLEAR; `start`: FIT
    FIT       every level is looked at, before anything is put   one does not fit: IDLE, `refused`;
              anywhere                                           the last one does: SETTLE
    SETTLE    the frames take on the group's length              all units had a turn: BEGIN
    BEGIN     so does everything that counts along, so that a    all units had a turn: FILL
              run always takes the same cycles
    FILL      points and scalars go into the buckets             none is left, units done: LEVEL
    LEVEL     the level at hand settles                          it has: SUM; if it is the last:
                                                                 HAND_OUT, with `finish` COMBINE
    SUM       its buckets are streamed back, to the next one     units done: LEVEL
    HAND_OUT  the last level goes to the host                    `handed_out`: LAST
    COMBINE   ... to the finisher                                `handed_out`: REST
    REST      the adder gets its multiplier back                 `resting`: END after the lowest
                                                                 windows, else LAST
    END       the finisher is told that no group follows         `ended`: LAST
    LAST      the answer that ends the pass is given             `answered`: IDLE; with `finish`,
                                                                 after the lowest windows, POINT
    POINT     the finisher gives the sum                         `finished`: IDLE
    ========  =================================================  ==================================

    Parameters
    ----------
    mailbox_bits : of each unit.
    finisher : there is one; else there are no states for it, and no `finish`.

    Members
    -------
    clear, start : what to do next, in; only while `ready`
    finish, lowest : to the finisher; the pass has the lowest windows, in
    turns_end : in this cycle the turns of all units end, in
    settled, fits, last_level : see `hdl.levels.Levels`, in
    batch_fill, batch_sum : sums are made in batches where the buckets are filled; in the level that
        the one at hand is streamed back to, in
    loaded, done : no point is left; all units are done, in
    handed_out, resting, ended, answered, finished : see above, in
    ready, refused : see `hdl.msm.Msm`, out
    starting : `start` is heeded, out
    to_first, to_next, settle : for `hdl.levels.Levels`, out
    begin : fill the buckets, from the next cycle on, out
    next_step : the units are not done any more, out
    orders : for the mailbox units, see `hdl.mailbox_unit.Orders`, out
    filling, summing, finishing : for what is counted, out
    handing_out, combine : hand the last level out; start the finisher with it, out
    combining : the finisher goes on, out
    say_end, say_last, say_point : in these states, out
    """

    def __init__(self, mailbox_bits: int, *, finisher: bool):
        self.mailbox_bits, self.finisher = mailbox_bits, finisher
        super().__init__({
            **dict.fromkeys((
                "clear", "start", "finish", "lowest", "turns_end", "settled", "fits", "last_level",
                "batch_fill", "batch_sum", "loaded", "done", "handed_out", "resting", "ended",
                "answered", "finished"), In(1)),
            **dict.fromkeys((
                "ready", "refused", "starting", "to_first", "to_next", "settle", "begin",
                "next_step", "filling", "summing", "finishing", "handing_out", "combine",
                "combining", "say_end", "say_last", "say_point"), Out(1)),
            "orders": Out(Orders(mailbox_bits)),
        })

    def elaborate(self, platform):
        m = Module()
        orders = self.orders
        with m.FSM():
            # What every unit is told of the state is a register beside it.
            with m.State("CLEAR"):
                m.d.sync += orders.clear_place.eq(orders.clear_place + 1)
                with m.If(orders.clear_place == (1 << self.mailbox_bits) - 1):
                    m.d.sync += orders.clearing.eq(0)
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += orders.clear_place.eq(0)
                with m.If(self.clear):
                    m.d.sync += orders.clearing.eq(1)
                    m.next = "CLEAR"
                with m.Elif(self.start):
                    m.d.comb += [self.starting.eq(1), self.to_first.eq(1)]
                    m.next = "FIT"
            with m.State("FIT"):
                m.d.comb += self.settle.eq(1)
                with m.If(self.settled):
                    with m.If(~self.fits):
                        m.d.comb += self.refused.eq(1)
                        m.next = "IDLE"
                    with m.Elif(self.last_level):
                        m.d.comb += self.to_first.eq(1)
                        m.next = "SETTLE"
                    with m.Else():
                        m.d.comb += self.to_next.eq(1)
            with m.State("SETTLE"):
                with m.If(self.turns_end):
                    m.d.sync += orders.batched.eq(self.batch_fill)
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                with m.If(self.turns_end):
                    m.d.comb += [self.begin.eq(1), self.next_step.eq(1)]
                    m.d.sync += orders.enable.eq(1)
                    m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += self.filling.eq(1)
                with m.If(~self.loaded):
                    m.d.comb += self.next_step.eq(1)
                with m.Elif(self.done):
                    m.d.sync += orders.batched.eq(0)
                    m.next = "LEVEL"
            with m.State("LEVEL"):
                m.d.comb += [self.summing.eq(1), self.settle.eq(1), self.next_step.eq(1),
                             orders.restart.eq(1), orders.down.eq(self.last_level)]
                with m.If(self.settled):
                    m.d.sync += [orders.again.eq(~self.last_level),
                                 orders.batched.eq(self.batch_sum & ~self.last_level),
                                 orders.hand_out.eq(self.last_level)]
                    m.next = "SUM"
                    with m.If(self.last_level):
                        m.next = "HAND_OUT"
                        if self.finisher:
                            with m.If(self.finish):
                                m.next = "COMBINE"
            with m.State("SUM"):
                m.d.comb += self.summing.eq(1)
                with m.If(self.done):
                    m.d.comb += [self.to_next.eq(1), self.next_step.eq(1)]
                    m.d.sync += [orders.again.eq(0), orders.batched.eq(0)]
                    m.next = "LEVEL"
            with m.State("HAND_OUT"):
                m.d.comb += self.handing_out.eq(1)
                with m.If(self.handed_out):
                    m.d.sync += orders.hand_out.eq(0)
                    m.next = "LAST"
            with m.State("LAST"):
                m.d.comb += [self.say_last.eq(1), self.combining.eq(self.finish)]
                with m.If(self.answered):
                    m.d.sync += orders.enable.eq(0)
                    m.next = "IDLE"
                    if self.finisher:
                        with m.If(self.finish & self.lowest):
                            m.next = "POINT"
            if self.finisher:
                self._finish(m)
        return m

    def _finish(self, m):
        with m.State("COMBINE"):
            m.d.comb += [self.handing_out.eq(1), self.combine.eq(1), self.finishing.eq(1),
                         self.combining.eq(1)]
            with m.If(self.handed_out):
                m.d.sync += self.orders.hand_out.eq(0)
                m.next = "REST"
        with m.State("REST"):
            m.d.comb += [self.finishing.eq(1), self.combining.eq(1)]
            with m.If(self.resting):
                m.next = "LAST"
                with m.If(self.lowest):
                    m.next = "END"
        with m.State("END"):
            m.d.comb += [self.say_end.eq(1), self.finishing.eq(1), self.combining.eq(1)]
            with m.If(self.ended):
                m.next = "LAST"
        with m.State("POINT"):
            m.d.comb += [self.say_point.eq(1), self.finishing.eq(1), self.combining.eq(1)]
            with m.If(self.finished):
                m.next = "IDLE"

"""The mailboxes always come to rest: proven by what is left to do."""

from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.boards.cores.proofs.mailboxes import BITS, FETCH, NOTHING, OPERAND, SUM
from proofmill.hdl import mailboxes as mailboxes_module


class DrainProof(wiring.Component):
    """The mailboxes always come to rest, and how soon.

    What is left to do is ``work``: one for each resident, two for each pair on its way. A sum
    that is served takes one off (it stays: a pair less, a resident more; it leaves in a pair: a
    resident less), and so does a fetch; an operand that is taken adds one. Nothing else changes
    it. So with n operands still to come, ``work + 2 * n`` falls with everything that is served and
    never rises; and something is served in every frame whose first cycle finds an operand waiting,
    in every frame whose last slot finds a fetch waiting, and within ``frames + 1`` frames of the
    last service while a pair is on its way. It cannot fall below 0, so within
    ``(work + 2 * n) * (frames + 1)`` frames nothing waits and nothing is on its way.
    """

    def __init__(self, shape, module=mailboxes_module):
        self.shape, self.module = shape, module
        (self.group,) = shape.groups
        super().__init__({
            "operand_valid": In(1), "operand_mailbox": In(BITS),
            "fetch_valid": In(1), "fetch_mailbox": In(BITS)})

    def elaborate(self, platform):
        m = Module()
        shape, group = self.shape, self.group
        interval, beats = shape.interval[group], 3 * group.degree
        services, frames = interval // beats, shape.schedules[group].frames
        dut = self.module.Mailboxes(shape, BITS, datapath=False)
        m.submodules.dut = dut
        leaving, flying, kind = dut.leaving, dut.flying, dut.kind.as_value()
        flags = []
        for number in range(1 << BITS):
            port = dut.flags.read_port(domain="comb")
            m.d.comb += port.addr.eq(number)
            flags.append(port.data)

        cycle = Signal(range(interval))
        last = cycle == interval - 1
        m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
        m.d.comb += [
            dut.operand.valid.eq(self.operand_valid), dut.operand.mailbox.eq(self.operand_mailbox),
            dut.fetch.valid.eq(self.fetch_valid), dut.fetch.mailbox.eq(self.fetch_mailbox),
        ]
        m.d.comb += [
            dut.group.eq(0), dut.last.eq(last), dut.enable.eq(1), dut.clear.eq(0),
            Assume(~ResetSignal()),
            Assume(~self.fetch_valid | Array(flags)[self.fetch_mailbox]),
        ]
        for valid, number, taken in (
                (self.operand_valid, self.operand_mailbox, dut.operand.taken),
                (self.fetch_valid, self.fetch_mailbox, dut.fetch.taken)):
            waited, held = Signal(), Signal.like(number)
            m.d.sync += [waited.eq(valid & ~taken), held.eq(number)]
            m.d.comb += Assume(~waited | (valid & (number == held)))

        # What is left to do, counted two ways.
        on_their_way = [leaving.valid, *(entry.valid for entry in flying[:frames]),
                        flying[frames].valid & (cycle <= 1)]
        residents, pairs = sum(flags), sum(on_their_way)
        work = Signal(8)
        summed = dut.accept & (kind == SUM)
        served = Signal()
        m.d.comb += [served.eq(summed | dut.operand.taken | dut.fetch.taken),
                     Assert(work == residents + 2 * pairs)]
        with m.If(dut.operand.taken):
            m.d.sync += work.eq(work + 1)
        with m.Elif(served):
            m.d.sync += work.eq(work - 1)
            m.d.comb += Assert(work != 0)

        # The assumptions leave room for all that is spoken of.
        m.d.comb += [Cover(summed & dut.leaves), Cover(summed & ~dut.leaves),
                     Cover(dut.fetch.taken), Cover(dut.waited),
                     Cover(dut.quiet & last & (residents == 1))]

        # What was there at the frame's beginning is not there at its end without a service.
        operand_there, fetch_there, something = Signal(), Signal(), Signal()
        with m.If(cycle == 0):
            m.d.sync += [operand_there.eq(self.operand_valid), something.eq(0)]
        with m.If(cycle == beats * (services - 1)):
            m.d.sync += fetch_there.eq(self.fetch_valid)
        with m.If(last):
            m.d.sync += fetch_there.eq(0)
        with m.If(served):
            m.d.sync += something.eq(1)
        waits = Signal()     # ... for the last slot's second cycle, in which it is taken
        m.d.comb += [
            waits.eq((cycle == beats * (services - 1) + 1) & fetch_there),
            Assert((cycle < 2) | ~operand_there | something),
            Assert(~waits | dut.fetch.taken), Assert(~dut.fetch.taken | waits),
            Assert(~fetch_there | (cycle > beats * (services - 1))),
        ]

        # Frames that have begun since anything was served; the youngest pair is as old at least.
        idle = Signal(range(frames + 4))
        with m.If(served | (pairs == 0)):
            m.d.sync += idle.eq(0)
        with m.Elif(last):
            m.d.sync += idle.eq(idle + 1)
        m.d.comb += [
            Assert(idle <= frames + 1),
            Assert(~leaving.valid | (idle == 0)),
            *(Assert(~entry.valid | (idle <= n + 1)) for n, entry in enumerate(flying[:frames])),
        ]

        # After a frame in which nothing was served nothing moves, and the outside is told so.
        left = Signal(range(beats + 1))
        m.d.sync += left.eq(Mux(dut.accept, beats, Mux(left != 0, left - 1, 0)))
        m.d.comb += [
            Assert(dut.moving == (left != 0)),
            Assert((left == 0) | (dut.position == beats - left)),
            Assert((left == 0) | (beats - left == Mux(
                dut.phase >= 2, dut.phase - 2, dut.phase + beats - 2))),
            Assert(something | (cycle < 2) | ((left == 0) & ~flying[frames].valid)),
            Assert((cycle >= 2) | (left <= 2 - cycle)),
            Assert(dut.quiet | ~last | something | (pairs != 0)),
            Assert(~dut.quiet | ~last | (pairs == 0)),
        ]

        # Where we are, so that the induction knows.
        m.d.comb += [
            Assert(cycle < interval), Assert(dut.phase < beats),
            Assert(dut.service * beats + dut.phase == cycle),
            Assert((kind == NOTHING) | ((dut.phase == 1) & (dut.service < services))),
            Assert((kind == SUM) == ((cycle == 1) & flying[frames].valid)),
            Assert((kind != SUM) | (dut.mailbox == flying[frames].mailbox)),
            Assert((kind != OPERAND) | (self.operand_valid & (
                dut.mailbox == self.operand_mailbox))),
            Assert((kind != FETCH) | (self.fetch_valid & (dut.service == services - 1) & (
                dut.mailbox == self.fetch_mailbox))),
            Assert((cycle != 1) | ~operand_there | (kind != NOTHING)),
            Assert(~leaving.valid | (cycle >= 2)),
        ]
        return m

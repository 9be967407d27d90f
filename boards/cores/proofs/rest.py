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
        dut = self.module.Mailboxes(self.shape, BITS, datapath=False)
        m.submodules.dut = dut
        kind = dut.kind.as_value()
        frame = Frame(m, dut, self.shape, self.group)
        m.d.comb += [
            dut.operand.valid.eq(self.operand_valid), dut.operand.mailbox.eq(self.operand_mailbox),
            dut.fetch.valid.eq(self.fetch_valid), dut.fetch.mailbox.eq(self.fetch_mailbox),
        ]
        m.d.comb += [
            dut.group.eq(0), dut.last.eq(frame.last), dut.enable.eq(1), dut.clear.eq(0),
            Assume(~ResetSignal()),
            Assume(~self.fetch_valid | Array(frame.flags)[self.fetch_mailbox]),
        ]
        for valid, number, taken in (
                (self.operand_valid, self.operand_mailbox, dut.operand.taken),
                (self.fetch_valid, self.fetch_mailbox, dut.fetch.taken)):
            waited, held = Signal(), Signal.like(number)
            m.d.sync += [waited.eq(valid & ~taken), held.eq(number)]
            m.d.comb += Assume(~waited | (valid & (number == held)))
        frame.rests(m, dut)

        # What is left to do, counted two ways.
        work = Signal(8)
        summed = dut.accept & (kind == SUM)
        m.d.comb += Assert(work == frame.work)
        with m.If(dut.operand.taken):
            m.d.sync += work.eq(work + 1)
        with m.Elif(frame.served):
            m.d.sync += work.eq(work - 1)
            m.d.comb += Assert(work != 0)

        # The assumptions leave room for all that is spoken of.
        m.d.comb += [Cover(summed & dut.leaves), Cover(summed & ~dut.leaves),
                     Cover(dut.fetch.taken), Cover(dut.waited),
                     Cover(dut.quiet & frame.last & (frame.residents == 1)),
                     Assert((kind != FETCH) | (self.fetch_valid & (
                         dut.mailbox == self.fetch_mailbox)))]
        return m


class Frame:
    """Where mailboxes are in their frame, and what is on its way, for a proof that they rest.

    Parameters
    ----------
    m : of the proof.
    dut : the mailboxes, of one group; `last` is theirs.
    shape, group : what they ask of an `AdderShape`, see `mailboxes.adder_like`; the group.

    Attributes
    ----------
    cycle, last : of the frame; that is its last one
    first, service : the last slot's first cycle; cycles of a slot
    flags, residents, pairs : which mailboxes are full, how many; pairs on their way
    work : what is left to do, see `DrainProof`
    served, something : a sum, operand or fetch is; one has been since the frame's first cycle
    operand_there, fetch_there : one waited in the frame's first cycle; in the last slot's
    """

    def __init__(self, m, dut, shape, group):
        interval, self.service = shape.frame[group], 3 * group.degree
        self.services, self.frames = interval // self.service, shape.schedules[group].frames
        self.interval, self.first = interval, self.service * (interval // self.service - 1)
        self.flags = []
        for number in range(1 << dut.mailbox_bits):
            port = dut.flags.read_port(domain="comb")
            m.d.comb += port.addr.eq(number)
            self.flags.append(port.data)
        self.cycle = Signal(range(interval))
        self.last = self.cycle == interval - 1
        m.d.sync += self.cycle.eq(Mux(self.last, 0, self.cycle + 1))
        self.residents = sum(self.flags)
        self.pairs = sum([dut.leaving.valid, *(entry.valid for entry in dut.flying[:self.frames]),
                          dut.flying[self.frames].valid & (self.cycle <= 1)])
        self.work = self.residents + 2 * self.pairs
        self.served, self.something = Signal(), Signal()
        self.operand_there, self.fetch_there = Signal(), Signal()

    def rests(self, m, dut):
        """Claim that something is served while there is something to be, and `quiet` is told."""
        cycle, last, beats, frames = self.cycle, self.last, self.service, self.frames
        leaving, flying, kind = dut.leaving, dut.flying, dut.kind.as_value()
        served, something, pairs = self.served, self.something, self.pairs
        operand_there, fetch_there = self.operand_there, self.fetch_there
        m.d.comb += served.eq(
            dut.accept & (kind == SUM) | dut.operand.taken | dut.fetch.taken)

        # What was there at the frame's beginning is not there at its end without a service.
        with m.If(cycle == 0):
            m.d.sync += [operand_there.eq(dut.operand.valid), something.eq(0)]
        with m.If(cycle == self.first):
            m.d.sync += fetch_there.eq(dut.fetch.valid)
        with m.If(last):
            m.d.sync += fetch_there.eq(0)
        with m.If(served):
            m.d.sync += something.eq(1)
        waits = Signal()     # ... for the last slot's second cycle, in which it is taken
        m.d.comb += [
            waits.eq((cycle == self.first + 1) & fetch_there),
            Assert((cycle < 2) | ~operand_there | something),
            Assert(~waits | dut.fetch.taken), Assert(~dut.fetch.taken | waits),
            Assert(~fetch_there | (cycle > self.first)),
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
            Assert(cycle < self.interval), Assert(dut.phase < beats),
            Assert(dut.service * beats + dut.phase == cycle),
            Assert((kind == NOTHING) | ((dut.phase == 1) & (dut.service < self.services))),
            Assert((kind == SUM) == ((cycle == 1) & flying[frames].valid)),
            Assert((kind != SUM) | (dut.mailbox == flying[frames].mailbox)),
            Assert((kind != OPERAND) | (dut.operand.valid & (
                dut.mailbox == dut.operand.mailbox))),
            Assert((kind != FETCH) | (dut.service == self.services - 1)),
            Assert((cycle != 1) | ~operand_there | (kind != NOTHING)),
            Assert(~leaving.valid | (cycle >= 2)),
        ]

"""The mailboxes, proven: nothing is lost, nothing doubled, nothing goes where it does not belong.

The proofs are by induction, so they hold for any number of cycles, for every order of operands,
sums and fetches and for every value. They speak of one mailbox and one coordinate, which are
free: what holds for them holds for all.

That the unit drains is proven by what is left to do: see `boards.cores.proofs.rest`.
"""

from functools import reduce
from types import SimpleNamespace

from amaranth import *
from amaranth.hdl import Assert, Assume
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import mailboxes as mailboxes_module
from proofmill.hdl.mailboxes import AWAY

BITS = 2             # of a mailbox's number
COORDINATE_BITS = 2  # the values go through untouched, so few are enough
NOTHING, SUM, OPERAND, FETCH = range(4)
DEPTH = AWAY + 2     # of the induction: a coordinate is on its way for so long


def adder_like(group, interval, frames):
    """What `Mailboxes` asks of an `AdderShape`."""
    return SimpleNamespace(
        groups=[group], interval={group: interval}, frame={group: interval},
        coordinate_bits=COORDINATE_BITS, positions=range(3 * group.degree),
        schedules={group: SimpleNamespace(frames=frames)})


class MailboxProof(wiring.Component):
    """The mailboxes in any surroundings that keep to their side of the agreement."""

    def __init__(self, shape, module=mailboxes_module, *, datapath=True):
        self.shape, self.module, self.datapath = shape, module, datapath
        (self.group,) = shape.groups
        super().__init__({
            "operand_valid": In(1), "operand_mailbox": In(BITS),
            "operand_coordinate": In(COORDINATE_BITS),
            "fetch_valid": In(1), "fetch_mailbox": In(BITS),
            "total": In(COORDINATE_BITS),
            "watched": In(BITS), "coordinate": In(range(6)), "follow": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape, group = self.shape, self.group
        interval, beats = shape.interval[group], 3 * group.degree
        services, frames = interval // beats, shape.schedules[group].frames
        dut = self.module.Mailboxes(shape, BITS, datapath=self.datapath)
        m.submodules.dut = dut
        leaving, flying = dut.leaving, dut.flying
        kind, mailbox = dut.kind.as_value(), dut.mailbox
        service, phase, moving, position = dut.service, dut.phase, dut.moving, dut.position
        accept, pair = dut.accept, dut.leaves

        history = m.submodules.history = Module()

        def past(value):
            """`value` a cycle ago."""
            held = Signal.like(value)
            history.d.sync += held.eq(value)
            return held

        def flag(number):
            port = dut.flags.read_port(domain="comb")
            m.d.comb += port.addr.eq(number)
            return port.data

        started = past(Const(1))
        m.d.comb += Assume(~ResetSignal())

        # The surroundings: frames, a watched mailbox and coordinate that stay, handshakes.
        cycle = Signal(range(interval))
        last = cycle == interval - 1
        m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
        m.d.comb += [
            dut.operand.valid.eq(self.operand_valid), dut.operand.mailbox.eq(self.operand_mailbox),
            dut.operand.coordinate.eq(self.operand_coordinate),
            dut.fetch.valid.eq(self.fetch_valid), dut.fetch.mailbox.eq(self.fetch_mailbox),
            dut.total.eq(self.total),
        ]
        watched = self.watched
        full = flag(watched)
        m.d.comb += [
            dut.group.eq(0), dut.last.eq(last), dut.enable.eq(1),
            dut.probe.eq(watched), dut.clear.eq(0),
            Assume(self.coordinate < beats),
            Assume(~self.fetch_valid | flag(self.fetch_mailbox)),
        ]
        with m.If(started):
            m.d.comb += [Assume(watched == past(watched)),
                         Assume(self.coordinate == past(self.coordinate))]
        for valid, number, taken in (
                (self.operand_valid, self.operand_mailbox, dut.operand.taken),
                (self.fetch_valid, self.fetch_mailbox, dut.fetch.taken)):
            with m.If(started & past(valid & ~taken)):
                m.d.comb += [Assume(valid), Assume(number == past(number))]

        # Where we are; who is served.
        returning = flying[frames]
        m.d.comb += [
            Assert(cycle < interval), Assert(phase < beats),
            Assert(service * beats + phase == cycle),
            Assert((kind == NOTHING) | ((phase == 1) & (service < services))),
            Assert((kind == SUM) == ((cycle == 1) & returning.valid)),
            Assert((kind != SUM) | (mailbox == returning.mailbox)),
            Assert((kind != OPERAND) | (self.operand_valid & (mailbox == self.operand_mailbox))),
            Assert((kind != FETCH) | (self.fetch_valid & (mailbox == self.fetch_mailbox)
                                      & (service == services - 1))),
            Assert(~leaving.valid | (cycle >= 2)),
            # A sum never waits; one pair leaves in a frame at the most.
            Assert((kind != SUM) | accept),
            Assert(~(accept & pair & leaving.valid)),
            # Operand and fetch are told so in the cycle they are accepted, and not otherwise.
            Assert(dut.operand.taken == (accept & (kind == OPERAND))),
            Assert(dut.fetch.taken == (accept & (kind == FETCH))),
        ]

        # The watched mailbox: each service turns its flag over, and nothing else does.
        mine = mailbox == watched
        arrived = accept & mine & (kind != FETCH)
        fetched = accept & mine & (kind == FETCH)
        with m.If(started):
            with m.If(past(arrived & full)):
                m.d.comb += Assert(~full & leaving.valid & (leaving.mailbox == watched))
            with m.Elif(past(arrived)):
                m.d.comb += Assert(full)
            with m.Elif(past(fetched)):
                m.d.comb += Assert(~full)
            with m.Else():
                m.d.comb += Assert(full == past(full))
            m.d.comb += Assert(dut.probed == past(full))

        # The law of conservation: operands taken, less those fetched, less one for each addition,
        # are the resident and the pairs on their way.
        count = Signal(6)
        m.d.sync += count.eq(count + (dut.operand.taken & mine) - fetched - (arrived & full))

        def for_watched(entry):
            return entry.valid & (entry.mailbox == watched)

        under_way = for_watched(leaving) + sum(
            (for_watched(entry) for entry in flying[:frames]),
            for_watched(returning) & (cycle <= 1))
        m.d.comb += [
            Assert(count == full + under_way),
            Assert(~(dut.quiet & last) | (under_way == 0)),
            Assert(dut.paired == leaving.valid),
        ]

        # Any pair, followed: its sum is served, at its mailbox, in the first slot of the frame
        # that is `frames` + 1 later than the one it left in.
        age, place = Signal(range(frames + 3)), Signal(BITS)
        with m.If((age == 0) & accept & pair & self.follow):
            m.d.sync += [age.eq(1), place.eq(mailbox)]
        with m.Elif((age == frames + 2) & (cycle == 1)):
            m.d.sync += age.eq(0)
            m.d.comb += Assert((kind == SUM) & (mailbox == place))
        with m.Elif((age != 0) & last):
            m.d.sync += age.eq(age + 1)
        m.d.comb += [Assert(age <= frames + 2), Assert((age != frames + 2) | (cycle <= 1))]
        for n, entry in enumerate([leaving, *flying], 1):
            with m.If(age == n):
                m.d.comb += Assert(entry.valid & (entry.mailbox == place))
        with m.If(age == 1):
            m.d.comb += Assert(cycle >= 2)

        # After being accepted an operand, sum or bucket has `beats` cycles for its coordinates.
        left, mover = Signal(range(beats + 1)), Signal.like(mailbox)
        mover_kind, mover_pair = Signal(2), Signal()
        with m.If(accept):
            m.d.sync += [left.eq(beats), mover.eq(mailbox), mover_kind.eq(kind),
                         mover_pair.eq(pair)]
        with m.Elif(left != 0):
            m.d.sync += left.eq(left - 1)
        with m.If(left != 0):
            m.d.comb += [
                Assert(moving & (position == beats - left)),
                Assert(Mux(phase >= 2, phase - 2, phase + beats - 2) == beats - left),
                Assert(dut.moving_mailbox == mover),
                Assert(dut.moving_kind.as_value() == mover_kind),
                Assert(dut.moving_leaves == mover_pair),
                Assert(mover_kind != NOTHING),
                Assert(~mover_pair | (mover_kind != FETCH)),
            ]
        with m.Else():
            m.d.comb += Assert(~moving)
        # Which coordinate of an operand is wanted has been said two cycles before.
        wanted = past(past(dut.operand.position))
        m.d.comb += [
            Assert(~past(started) | (left == 0) | (wanted == beats - left)),
            Assert((left == 0) | (dut.total_position == beats - left)),
        ]
        if not self.datapath:
            return m

        # The watched coordinate of the watched mailbox's resident, from port to port.
        now = (left != 0) & (mover == watched) & (beats - left == self.coordinate)
        value = Mux(mover_kind == SUM, self.total, self.operand_coordinate)
        stays = ~mover_pair & (mover_kind != FETCH)
        resident = Signal(COORDINATE_BITS)
        with m.If(now & stays):
            m.d.sync += resident.eq(value)
        to_come = (left != 0) & (mover == watched) & (beats - left <= self.coordinate)
        rows = BITS - (group.degree - 1)
        place = Cat(watched[:rows], self.coordinate)
        stored = [plane.read_port(domain="comb") for plane in dut.residents]
        m.d.comb += [each.addr.eq(place[:BITS]) for each in stored]
        now_stored = Array(each.data for each in stored)[place[BITS:]]
        m.d.comb += Assert(~past(started) | past(past(Mux(to_come, stays, ~full)))
                           | (now_stored == past(past(resident))))
        if rows < BITS:
            m.d.comb += [Assume(number[rows:] == 0) for number in (
                watched, self.operand_mailbox, self.fetch_mailbox)]
            m.d.comb += [Assert(~entry.valid | (entry.mailbox[rows:] == 0))
                         for entry in [leaving, *flying]]
            m.d.comb += [Assert((left == 0) | (mover[rows:] == 0)),
                         Assert((kind == NOTHING) | (mailbox[rows:] == 0))]

        def away(value):
            """`value` when the coordinate had its turn that now goes to the adder."""
            return reduce(lambda each, _: past(each), range(AWAY), value)

        with m.If(away(started)):
            m.d.comb += [
                Assert(dut.pair.load == away((left != 0) & mover_pair)),
                Assert(dut.fetched.valid == away((left != 0) & (mover_kind == FETCH))),
            ]
            with m.If(away(now & mover_pair)):
                m.d.comb += Assert(
                    (dut.pair.position == self.coordinate)
                    & (dut.pair.q == away(resident)) & (dut.pair.p == away(value)))
            with m.If(away(now & (mover_kind == FETCH))):
                m.d.comb += Assert((dut.fetched.position == self.coordinate)
                                   & (dut.fetched.coordinate == away(resident)))
        return m

"""A whole mailbox unit always comes to rest: proven by what is left to do.

Mailboxes, ring, recoder and search are those of the gateware, with its frames; the mailboxes are
few, and coordinates are left out, which decide nothing. The mailboxes by themselves are in
`boards.cores.proofs.rest`.
"""

from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.boards.cores.proofs.digits import values_of
from proofmill.boards.cores.proofs.mailboxes import FETCH, OPERAND, SUM
from proofmill.boards.cores.proofs.rest import Frame
from proofmill.hdl.curve import Group
from proofmill.hdl.levels import Level
from proofmill.hdl.mailbox_unit import MailboxUnit
from proofmill.hdl.mailboxes import AWAY
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.point_adder import AdderShape
from proofmill.hdl.unit_windows import WINDOWS

DEPTH = 1
"""Of the induction."""

MAILBOX_BITS = 2


def small(adder: AdderShape) -> MailboxUnit:
    """A unit in the frames of this adder, of few mailboxes."""
    return MailboxUnit(MsmShape(adder=adder, mailbox_bits=MAILBOX_BITS, datapath=False), 0)


def fits(adder: AdderShape, group: Group) -> bool:
    """A bucket is in the ring before the frame's last slot, so that the next one has room."""
    slot = 3 * group.degree
    return slot * (adder.frame[group] // slot - 1) >= AWAY + 3


class DrainOfUnit(wiring.Component):
    """A unit to which points are loaded, whose buckets are streamed back or handed out.

    What is left to do is a number: of the mailboxes what `rest.DrainProof` counts, 2 for an
    operand, 3 for a part of which one may be made, and so on back to a bucket that the search has
    not looked at, each stage more than all that it becomes. Claimed: unless a point is loaded, it
    never rises, and falls whenever the recoder, the search, a fetch or a service makes a step
    (mailboxes, ring and search by themselves, with what goes from one to the other). In every frame
    such a step is made, unless pairs are on their way, nothing else is to be done, and a sum is
    served within ``frames + 1`` frames, or an entry waits for the outside to be handed out, or the
    unit is at rest and says so. So with no more points to come, and none waiting for the outside,
    it is at rest after ``frames + 2`` times as many frames as that number, and one more.

    What the unit is told may change after a cycle in which it is at rest, and a search begins then;
    there is a place in the ring for a point that is loaded, which none is while buckets are
    searched for. What begins or ends with which mailbox, and how many windows there are, is free.

    Parameters
    ----------
    unit : without coordinates and batches, see `small`; its own frames, if there are several.
    group : of points, of which `fits` is so.
    """

    def __init__(self, unit: MailboxUnit, group: Group):
        self.unit, self.group = unit, group
        bits = unit.shape.mailbox_bits
        super().__init__({
            "again": In(1), "hand_out": In(1), "restart": In(1), "down": In(1),
            "level": In(Level(bits)), "windows": In(WINDOWS), "commit": In(1), "entry_left": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.unit
        adder, boxes, operands, search = dut.shape.adder, dut.boxes, dut.operands, dut.search
        recoder = operands.recoder
        work = recoder.state.shape()
        frame = Frame(m, boxes, adder, self.group)
        told = Cat(self.again, self.hand_out, self.down, *values_of(self.level),
                   *values_of(self.windows))
        for own, inner in ((self.level, dut.level), (self.windows, dut.windows)):
            wiring.connect(m, wiring.flipped(own), inner)
        searching, fetching = self.again | self.hand_out, operands.fetching
        used, most = Signal.like(operands.put), operands.ring - 1
        before, changes = Signal.like(told), Signal(init=1)
        m.d.sync += [before.eq(told), changes.eq(dut.drained & boxes.quiet & ~self.commit)]
        m.d.comb += [
            dut.group.eq(adder.groups.index(self.group)), dut.frame_last.eq(frame.last),
            dut.turn.eq((dut.unit - 1) % adder.units),
            dut.orders.enable.eq(1), dut.orders.clearing.eq(0),
            dut.orders.again.eq(self.again), dut.orders.hand_out.eq(self.hand_out),
            dut.orders.restart.eq(self.restart), dut.orders.down.eq(self.down),
            dut.load.commit.eq(self.commit), dut.entry.left.eq(self.entry_left),
            used.eq(operands.put - operands.taken_out),
            Assume(~ResetSignal()), Assume(changes | (told == before)),
            Assume(~self.restart | changes), Assume(~self.again | ~self.hand_out),
            Assume(~self.commit | ~searching & (used != most)),
            Assume(~self.entry_left | self.hand_out & (used != 0)),
        ]
        frame.rests(m, boxes)
        bucket, ring, buckets = self._left(m, recoder, search, used, fetching)
        arrives = self._arrives(m, boxes, fetching, frame)

        # Steps, and what each takes off; only a point that comes adds to what is left.
        active = recoder.part_valid | (recoder.state != work.NONE) | (
            (used != 0) & ~self.hand_out)
        taken, fetched = boxes.operand.taken, boxes.fetch.taken
        goes_on, looks, summed = Signal(), Signal(), Signal()
        m.d.comb += [
            goes_on.eq(active & ~recoder.operand.valid | self.entry_left),
            looks.eq(searching & ~search.found & (
                search.seen_valid | (search.scan != search.stop))),
            summed.eq(frame.served & ~taken & ~fetched)]
        steps, came = goes_on | looks | frame.served | arrives, Signal()
        m.d.sync += came.eq(self.commit | self.restart)
        for name, value, off, on in (
                ("work", frame.work, summed, taken),
                ("ring", ring, Mux(taken, 2, goes_on), Mux(arrives, bucket, 0)),
                ("buckets", buckets, Mux(arrives, bucket + 1, looks | fetched), 0)):
            before_it, after_it = (Signal(len(value) + 1, name=f"{name}_{when}")
                                   for when in ("before", "after"))
            m.d.sync += [before_it.eq(value + on), after_it.eq(off)]
            m.d.comb += Assert(changes | came | (value + after_it <= before_it))

        # Nothing has been done since the frame's first cycle, and nothing has come.
        still, calm, cycle = Signal(), Signal(), frame.cycle
        m.d.comb += calm.eq(still & (cycle != 0) & (told == before))
        m.d.sync += still.eq((still | (cycle == 0)) & (told == before)
                             & ~(steps | self.commit | self.restart))
        waits = self.hand_out & (used != 0)  # for the outside
        served = frame.first + 1             # the cycle in which a fetch is
        kind = boxes.kind.as_value()
        m.d.comb += [
            Assert(~calm | ~frame.last | (frame.pairs != 0) | dut.at_rest | waits),
            # So it goes through a frame that is calm.
            Assert(~calm | ~frame.something),
            Assert(~calm | recoder.operand.valid | ~active),
            Assert(~calm | ~recoder.operand.valid | frame.operand_there),
            Assert(~calm | ~searching | search.found
                   | ((search.scan == search.stop) & ~search.seen_valid)),
            Assert(~calm | ~fetching | (cycle <= AWAY + 1)),
            Assert(~calm | (cycle < AWAY + 3) | waits | operands.room),
            Assert(~calm | (cycle != served) | waits | ~search.found | frame.fetch_there),
            Assert(~calm | (cycle <= served) | waits | ~search.found),
            # Whatever is done or not.
            Assert((recoder.state == work.NONE) | (used != 0) & ~self.hand_out),
            Assert(searching | ~(search.seen_valid | search.found | fetching)),
            Assert(~search.seen_valid | (search.scan == Mux(
                self.hand_out, search.seen, search.seen + 1)[:len(search.scan)])),
            Assert(~(searching & operands.room) | (used <= most - 2)),
            Assert(~(fetching & operands.room) | (cycle == served + 1)),
            Assert(~fetching | (used <= most - 2)),
            Assert((kind != FETCH) | search.found & ~fetching & (used <= most - 2)),
            # What the memory said of the mailbox that is served.
            Assert((kind != SUM) & (kind != OPERAND) | (
                (boxes.leaves | boxes.waited) == Array(frame.flags)[boxes.mailbox])),
            Cover(recoder.operand.valid), Cover(frame.served)]
        with m.If(recoder.state == work.BEGIN):
            m.d.comb += Assert(recoder.next_number == self.windows.begin)
        with m.If(recoder.state == work.CUT):
            m.d.comb += [Assert(recoder.number < self.windows.end),
                         Assert(recoder.next_number == recoder.number + recoder.units)]
        return m

    def _left(self, m, recoder, search, used, fetching):
        """What a bucket in the ring counts, what is left to do of all in the ring and behind it,
        and of those that are searched for: each stage more than what it turns into."""
        work, begin, end = recoder.state.shape(), self.windows.begin, self.windows.end
        windows = Mux(end > begin, end - begin, 0)
        bucket = Mux(self.hand_out, 1, 13)
        waiting = Mux(self.again | self.hand_out, bucket, 4 * windows + 3)
        recoded, ring, buckets = Signal(12), Signal(15), Signal(9)
        with m.Switch(recoder.state):
            for state, value in ((work.BEGIN, 4 * windows + 2),
                                 (work.CUT, 4 * (end - recoder.number) + 1), (work.LOOK, 12),
                                 (work.COUNT, 11), (work.LOW, 10), (work.HIGH, 6),
                                 (work.LEAVE, 1)):
                with m.Case(state):
                    m.d.comb += recoded.eq(value)
        unseen = Mux(self.hand_out, search.scan - search.stop, search.stop - search.scan)
        m.d.comb += [
            ring.eq(2 * recoder.operand.valid + 3 * recoder.part_valid + recoded + sum(
                Mux(used - (recoder.state != work.NONE) > n, waiting, 0)
                for n in range((1 << len(used)) - 1))),
            buckets.eq(Mux(fetching, bucket + 1, 0) + Mux(search.found, bucket + 2, 0)
                       + Mux(search.seen_valid, bucket + 3, 0) + Mux(
                           self.again | self.hand_out,
                           unseen[:len(search.scan)] * (bucket + 4), 0))]
        return bucket, ring, buckets

    def _arrives(self, m, boxes, fetching, frame):
        """The last coordinate of a bucket comes into the ring: from its service on each is on its
        way for so long, as `boards.cores.proofs.mailboxes` proves, which is taken as given here."""
        first, beats, cycle = frame.first + 2, frame.service, frame.cycle
        since = Signal.like(cycle)
        m.d.comb += since.eq(Mux(cycle >= first, cycle - first, cycle + frame.interval - first))
        valid = boxes.moving & (boxes.moving_kind.as_value() == FETCH)
        position = boxes.position
        for away in range(AWAY + 1):
            if away:
                held, its_position = Signal(name=f"away{away}"), Signal.like(
                    position, name=f"position{away}")
                m.d.sync += [held.eq(valid), its_position.eq(position)]
                valid, position = held, its_position
            m.d.comb += [
                Assert(valid == (fetching & (since >= away) & (since < away + beats))),
                Assert(~valid | (since == position + away))]
        m.d.comb += [Assert(~fetching | (since < AWAY + beats)),
                     Assume(boxes.fetched.valid == valid),
                     Assume(~valid | (boxes.fetched.position == position))]
        return valid & (position == beats - 1)

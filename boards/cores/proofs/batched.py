"""The mailboxes where sums are made in batches: nothing is lost, and no pair is ever refused."""

from types import SimpleNamespace

from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.boards.cores.proofs.mailboxes import BITS, COORDINATE_BITS, FETCH, NOTHING, SUM
from proofmill.hdl import mailbox_batches as port_module
from proofmill.hdl import mailboxes as mailboxes_module
from proofmill.hdl.curve import Group
from proofmill.hdl.mailbox_batches import beats, most_flying
from proofmill.hdl.mailboxes import AWAY


def on_its_way(group: Group) -> int:
    """Cycles from a pair's leaving its mailbox to its going into the adder's queue."""
    return AWAY + beats(group)


def depth(group: Group) -> int:
    """Of the induction: a pair is on its way for so long."""
    return on_its_way(group) + 3


ADDER = SimpleNamespace(buffers=3, least=4, pairs=4, queue=5, tag_bits=BITS)
"""What a `PairPort` asks of a `hdl.batch_shape.BatchShape` without a datapath."""


class BatchedProof(wiring.Component):
    """The mailboxes and their port, before any adder that gives every pair's sum once, in any
    order, after any time.

    Of one mailbox, whichever it is, what is left to do is ``work``: its flag, and two for each of
    its pairs on their way. An operand that is taken adds one, a sum or a fetch that is served takes
    one off; so every pair goes to the adder, once, and every sum is served where it belongs. The
    adder's queue always has a place for a pair that comes, and no more pairs are on their way than
    leave the adder a buffer. A sum that may be served is, within a slot and a fetch.

    Parameters
    ----------
    shape : what `Mailboxes` asks of an `AdderShape`, see `mailboxes.adder_like`.
    modules : where `Mailboxes` and `PairPort` are from.
    """

    def __init__(self, shape, modules=(mailboxes_module, port_module)):
        self.shape, self.modules = shape, modules
        (self.group,) = shape.groups
        super().__init__({
            "operand_valid": In(1), "operand_mailbox": In(BITS),
            "fetch_valid": In(1), "fetch_mailbox": In(BITS),
            "sum_valid": In(1), "sum_mailbox": In(BITS), "pop": In(1), "watched": In(BITS)})

    def elaborate(self, platform):
        m = Module()
        boxes, ports = self.modules
        m.submodules.dut = dut = boxes.Mailboxes(self.shape, BITS, datapath=False, unit=1)
        m.submodules.port = port = ports.PairPort(
            {self.group: ADDER}, COORDINATE_BITS, BITS, 1, datapath=False)
        wiring.connect(m, dut.port, port.boxes)
        kind, watched = dut.kind.as_value(), self.watched

        def past(value, cycles=1):
            for _ in range(cycles):
                held = Signal.like(value)
                m.d.sync += held.eq(value)
                value = held
            return value

        def flag(number):
            read = dut.flags.read_port(domain="comb")
            m.d.comb += read.addr.eq(number)
            return read.data

        frame, slot = self.shape.frame[self.group], beats(self.group)
        cycle = Signal(range(frame))
        last = cycle == frame - 1
        started = past(Const(1))
        m.d.sync += cycle.eq(Mux(last, 0, cycle + 1))
        pushed = port.pairs.valid
        m.d.comb += [
            dut.group.eq(0), dut.last.eq(last), dut.enable.eq(1), dut.clear.eq(0),
            dut.batched.eq(1), port.position.eq(dut.total_position),
            dut.operand.valid.eq(self.operand_valid), dut.operand.mailbox.eq(self.operand_mailbox),
            dut.fetch.valid.eq(self.fetch_valid), dut.fetch.mailbox.eq(self.fetch_mailbox),
            port.sums.valid.eq(self.sum_valid), port.sums.payload.tag.eq(self.sum_mailbox),
            port.popped.eq(self.pop), port.pairs.ready.eq(1),
            Assume(~ResetSignal()), Assume(~started | (watched == past(watched))),
            Assume(~self.fetch_valid | flag(self.fetch_mailbox)),
        ]
        # What is offered stays until it is taken.
        for valid, number, taken in (
                (self.operand_valid, self.operand_mailbox, dut.operand.taken),
                (self.fetch_valid, self.fetch_mailbox, dut.fetch.taken),
                (self.sum_valid, self.sum_mailbox, port.sums.ready)):
            m.d.comb += Assume(~started | ~past(valid & ~taken) | (
                valid & (number == past(number))))

        # The adder: pairs in its queue, and those whose sums are to come, of this mailbox and all.
        queued, own, others = (Signal(6, name=name) for name in ("queued", "own", "others"))
        summed = port.sums.ready
        is_own = port.pairs.payload.tag == watched
        sum_is_own = self.sum_mailbox == watched
        m.d.sync += [
            queued.eq(queued + pushed - self.pop),
            own.eq(own + (pushed & is_own) - (summed & sum_is_own)),
            others.eq(others + (pushed & ~is_own) - (summed & ~sum_is_own))]
        m.d.comb += [
            Assume(~self.pop | (queued != 0)),
            # A sum is of a pair that has left the queue.
            Assume(~self.sum_valid | (Mux(sum_is_own, own, others) != 0)),
            Assume(~self.sum_valid | (own + others > queued)),
        ]

        # Pairs between a mailbox and the queue: every one that leaves is there so much later.
        left, tags = [dut.port.left], [dut.mailbox]
        for _ in range(on_its_way(self.group)):
            left.append(past(left[-1]))
            tags.append(past(tags[-1]))
        between = sum(left[1:], C(0, 1))
        between_own = sum((a & (b == watched) for a, b in zip(left[1:], tags[1:], strict=True)),
                          C(0, 1))
        m.d.comb += [
            Assert(pushed == left[-1]), Assert(~pushed | (port.pairs.payload.tag == tags[-1])),
            Assert(port.waiting == queued + between),
            Assert(port.flying == own + others + between),
            Assert(port.waiting <= ADDER.queue - 1),
            Assert(~pushed | (queued <= ADDER.queue - 2)),
            Assert(port.flying <= most_flying(ADDER)), Assert(queued <= own + others),
        ]

        # What is left to do for this mailbox, counted two ways.
        work = Signal(8)
        at_this = dut.mailbox == watched
        served = dut.accept & ((kind == SUM) | (kind == FETCH)) & at_this
        with m.If(dut.operand.taken & at_this):
            m.d.sync += work.eq(work + 1)
        with m.Elif(served):
            m.d.sync += work.eq(work - 1)
            m.d.comb += Assert(work != 0)
        m.d.comb += Assert(work == flag(watched) + 2 * (own + between_own))

        # A sum that may be served waits for the end of a slot, and perhaps for a fetch.
        waits = Signal(5)
        m.d.sync += waits.eq(Mux(dut.port.sum_valid & ~summed & dut.mode, waits + 1, 0))
        odd = frame % slot
        m.d.comb += Assert(waits <= 2 * slot + odd)

        # Before the first frame nothing happens; the adder's own frames never have anything.
        idle = (kind == NOTHING) & ~dut.moving & (work == 0) & (port.flying == 0)
        m.d.comb += [
            Assert(dut.mode | idle & (waits == 0)), Assert(~dut.leaving.valid),
            *(Assert(~tag.valid) for tag in dut.flying),
            Assert((kind == NOTHING) | (dut.phase == 1) | (cycle == 0)),
            Assert(~dut.mode | (dut.phase < slot)), Assert(cycle < frame),
            Assert(~dut.mode | ~dut.moving | (dut.position < slot)),
            Assert(~dut.mode | (dut.service * slot + dut.phase == cycle)),
            Assert(~dut.quiet | (port.flying == 0)),
        ]
        m.d.comb += [Cover(pushed & (queued == ADDER.queue - 2)),
                     Cover(port.flying == most_flying(ADDER)), Cover(dut.waited),
                     Cover(summed & dut.leaves), Cover(dut.fetch.taken & dut.mode)]
        return m

"""A mailbox unit: mailboxes, the operands that go into them, and the search for full buckets."""

from functools import cached_property

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.banks import Pair
from proofmill.hdl.batch_intake import pair_layout, sum_layout
from proofmill.hdl.bucket_search import BucketSearch
from proofmill.hdl.frames import FRAME_NUMBER_BITS
from proofmill.hdl.levels import Level
from proofmill.hdl.loader import Load
from proofmill.hdl.mailbox_batches import PairPort
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.operands import HandedOut, Operands
from proofmill.hdl.transform import PlanePort
from proofmill.hdl.unit_windows import WINDOWS


class Orders(wiring.Signature):
    """What every mailbox unit is to do.

    Members
    -------
    enable : serve
    restart, down : look through the level's buckets from the beginning, or from the end down
    again : stream them back
    hand_out : hand them out, from the highest group down, as the finish wants it
    batched : make sums in batches
    clearing, clear_place : empty this mailbox; only while not enabled
    """

    def __init__(self, mailbox_bits: int):
        super().__init__({
            "enable": Out(1), "restart": Out(1), "down": Out(1), "again": Out(1),
            "hand_out": Out(1), "batched": Out(1), "clearing": Out(1, init=1),
            "clear_place": Out(mailbox_bits)})


class MailboxUnit(wiring.Component):
    """One of the units that feed the adder in turn, each in frames of all their turns.

    Parameters
    ----------
    shape : `hdl.msm.MsmShape`.
    unit : which of them it is.

    Members
    -------
    group : which group, in
    frame_last, turn : from the adder's frames, in
    orders : see `Orders`, in
    level : the level at hand, see `hdl.levels.Level`, in
    windows : this unit's, see `hdl.unit_windows.WINDOWS`, in
    load : points from the loader, see `hdl.loader.Load`, in
    room : a point may be loaded, out
    pair : to the adder, see `hdl.banks.Pair`, out
    totals : sums from its lanes, in
    entry : what is handed out, see `hdl.operands.HandedOut`, out
    at_rest : nothing is to be done or on its way, at the end of a frame, out
    drained : nothing is left but sums on their way, out
    digit_taken, paired, waited, cutting : to be counted, out; see `hdl.commands.COUNTERS`
    lending, planes : see `hdl.mailboxes.Mailboxes`, in; only of the first unit, where there are
        transforms or matrices
    pairs, sums, popped : to and from a batch-affine adder, see `hdl.mailbox_batches.PairPort`; only
        where there is one

    Attributes
    ----------
    boxes, operands, search : its parts, for a proof to look at
    """

    def __init__(self, shape, unit: int):
        self.shape, self.unit = shape, unit
        self.lent = shape.lent if unit == 0 and shape.datapath else None
        adder, bits = shape.adder, shape.mailbox_bits
        super().__init__({
            "group": In(range(max(2, len(adder.groups)))),
            "frame_last": In(1), "turn": In(range(max(2, adder.units))),
            "orders": In(Orders(bits)), "level": In(Level(bits)), "windows": In(WINDOWS),
            "load": In(Load(adder.curve.words)), "room": Out(1),
            "pair": Out(Pair(adder)), "totals": In(adder.coordinate_bits).array(adder.lanes),
            "entry": Out(HandedOut(adder, bits)),
            "at_rest": Out(1), "drained": Out(1),
            "digit_taken": Out(1), "paired": Out(1), "waited": Out(1), "cutting": Out(1),
            **({} if self.lent is None else {
                "lending": In(1), "planes": In(PlanePort(*self.lent[1:])).array(self.lent[0])}),
            **({} if not shape.batches else {
                "pairs": Out(stream.Signature(pair_layout(shape.widest, shape.datapath))),
                "sums": In(stream.Signature(sum_layout(shape.widest, shape.datapath))),
                "popped": In(1)}),
        })

    @cached_property
    def boxes(self):
        """Parts are made when they are first looked at: a unit that is not elaborated has none."""
        shape = self.shape
        return Mailboxes(
            shape.adder, shape.mailbox_bits, datapath=shape.datapath, lent=self.lent,
            unit=shape.unit(shape.adder.groups[0])[0] if shape.batches else None)

    @cached_property
    def operands(self):
        shape = self.shape
        return Operands(shape.adder, shape.mailbox_bits, datapath=shape.datapath,
                        affine=bool(shape.batches))

    @cached_property
    def search(self):
        return BucketSearch(self.shape.mailbox_bits, stepped=bool(self.shape.batches))

    def elaborate(self, platform):
        m = Module()
        shape, orders = self.shape, self.orders
        m.submodules.mailboxes = boxes = self.boxes
        m.submodules.operands = operands = self.operands
        m.submodules.search = search = self.search
        for own, inner in ((self.level, operands.level), (self.windows, operands.windows),
                           (self.load, operands.load), (self.pair, boxes.pair),
                           (self.entry, operands.entry)):
            wiring.connect(m, wiring.flipped(own), inner)
        if self.lent is not None:
            m.d.comb += boxes.lending.eq(self.lending)
            for own, inner in zip(self.planes, boxes.planes, strict=True):
                wiring.connect(m, wiring.flipped(own), inner)
        wiring.connect(m, operands.operand, boxes.operand)
        wiring.connect(m, boxes.fetched, operands.fetched)

        # The unit's own frame begins when its turn does. The first frames of the further units
        # begin in round 0, so what they are in before that is round -1.
        last = Signal()
        round_number = Signal(
            FRAME_NUMBER_BITS, init=0 if self.unit == 0 else (1 << FRAME_NUMBER_BITS) - 1)
        before = (self.unit - 1) % shape.adder.units
        m.d.comb += last.eq(self.frame_last & (self.turn == before))
        with m.If(last):
            m.d.sync += round_number.eq(round_number + 1)

        searching = orders.again | orders.hand_out
        m.d.comb += [
            search.restart.eq(orders.restart), search.down.eq(orders.down),
            search.searching.eq(searching), search.downwards.eq(orders.hand_out),
            search.begin.eq(self.level.begin), search.end.eq(self.level.end),
            search.full.eq(boxes.probed), search.taken.eq(boxes.fetch.taken),
            boxes.probe.eq(Mux(orders.clearing, orders.clear_place, search.place)),
            boxes.clear.eq(orders.clearing),
            boxes.fetch.valid.eq(search.found & operands.room),
            boxes.fetch.mailbox.eq(search.mailbox),
            operands.fetch_taken.eq(boxes.fetch.taken), operands.fetch_mailbox.eq(search.mailbox),
            boxes.group.eq(self.group), operands.group.eq(self.group),
            boxes.last.eq(last), boxes.round.eq(round_number), boxes.enable.eq(orders.enable),
            operands.again.eq(orders.again), operands.batched.eq(orders.batched),
            operands.hand_out.eq(orders.hand_out),
            self.room.eq(operands.room),
            self.drained.eq(operands.idle & (search.done | ~searching)),
            self.at_rest.eq(last & boxes.quiet & self.drained),
            self.cutting.eq(operands.cutting), self.waited.eq(boxes.waited),
            self.digit_taken.eq(boxes.operand.taken & ~orders.again),
            self.paired.eq(boxes.paired & last),
        ]
        # The coordinates of one sum come one a cycle, each on its lane.
        for index, group in enumerate(shape.adder.groups):
            with m.If(self.group == index):
                with m.Switch(boxes.total_position):
                    for position in range(3 * group.degree):
                        with m.Case(position):
                            lane = position // shape.adder.interval[group]
                            m.d.comb += boxes.total.eq(self.totals[lane])
        if shape.batches:
            # Of one set of buckets, one further in both halves of the number; of several the
            # mailboxes that they come to are many, and should not all be filled at once.
            alone = self.level.first & (self.windows.begin + 1 == self.windows.end)
            m.d.comb += search.step.eq(Mux(alone, self.level.half_ones + 2, 1))
            self._connect_batches(m, boxes)
        return m

    def _connect_batches(self, m, boxes):
        shape, orders = self.shape, self.orders
        m.submodules.port = port = PairPort(
            shape.batches, shape.adder.coordinate_bits, shape.mailbox_bits, boxes.unit,
            datapath=shape.datapath)
        for own, inner in ((port.pairs, wiring.flipped(self.pairs)),
                           (port.sums, wiring.flipped(self.sums)), (boxes.port, port.boxes)):
            wiring.connect(m, own, inner)
        m.d.comb += [port.popped.eq(self.popped), boxes.batched.eq(orders.batched),
                     port.position.eq(boxes.total_position), port.group.eq(self.group)]
        with m.If(orders.batched):
            m.d.comb += [boxes.total.eq(port.total), self.paired.eq(boxes.port.left)]

"""A mailbox unit: mailboxes, the operands that go into them, and the search for full buckets."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.operands import LEVEL, Operands
from proofmill.hdl.point_adder import of_unit


class MailboxUnit(wiring.Component):
    """One of the units that feed the adder in turn, each in frames of all their turns.

    Members
    -------
    group, again, hand_out, first, begin, end, destination : the step at hand, in
    window, window_ones, half, half_ones : see `hdl.operands.Recoder`, in
    restart, down : look through the buckets from `begin` to `end`, or down, in
    enable : serve, in
    clearing, clear_place : empty this mailbox, in
    frame_last, turn : from the adder's frames, in
    begin_window, end_window, last_window, wide_windows, begin_bit, step_bits : see
        `hdl.operands.Recoder`, in
    load... : points from the loader, in
    room : a point may be loaded, out
    at_rest : nothing is to be done or on its way, at the end of a frame, out
    entry_valid, entry_left, entry_mailbox : what is handed out
    read_row, entry_coordinate : a coordinate of it; see `hdl.operands.READ`
    adder_... : pairs to the adder, out, and sums from it, in
    digit_taken, paired, waited, cutting : to be counted, out
    drained : nothing is left but sums on their way, out
    """

    def __init__(self, shape, unit: int):
        self.shape, self.unit = shape, unit
        adder, bits = shape.adder, shape.mailbox_bits
        width = adder.coordinate_bits
        coordinates = range(max(3 * group.degree for group in adder.groups))
        super().__init__({
            "group": In(range(max(2, len(adder.groups)))),
            "again": In(1), "hand_out": In(1), "first": In(1), "enable": In(1),
            **LEVEL, "begin": In(bits + 1), "end": In(bits + 1),
            "destination": In(bits), "restart": In(1), "down": In(1),
            "clearing": In(1), "clear_place": In(bits),
            "frame_last": In(1), "turn": In(range(max(2, adder.units))),
            "begin_window": In(9), "end_window": In(9), "last_window": In(9),
            "wide_windows": In(9), "begin_bit": In(10), "step_bits": In(10),
            "load": In(1), "load_row": In(3), "load_coordinate": In(4 * WORD),
            "load_negative": In(4 * WORD), "load_scalar": In(4 * WORD), "load_top": In(2),
            "load_commit": In(1),
            "room": Out(1), "at_rest": Out(1),
            "entry_valid": Out(1), "entry_left": In(1), "entry_mailbox": Out(bits),
            "read_row": In(coordinates), "entry_coordinate": Out(width),
            "adder_load": Out(1), "adder_position": Out(coordinates), "adder_start": Out(16),
            "adder_p": Out(width), "adder_q": Out(width),
            **{of_unit("adder_total", lane): In(width) for lane in range(adder.lanes)},
            "digit_taken": Out(1), "paired": Out(1), "waited": Out(1), "cutting": Out(1),
            "drained": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        shape, adder, bits = self.shape, self.shape.adder, self.shape.mailbox_bits
        m.submodules.mailboxes = boxes = Mailboxes(adder, bits, datapath=shape.datapath)
        m.submodules.operands = operands = Operands(adder, bits, datapath=shape.datapath)

        # The unit's own frame begins when its turn does. The first frames of the further units
        # begin in round 0, so what they are in before that is round -1.
        last = Signal()
        round_number = Signal(16, init=0 if self.unit == 0 else (1 << 16) - 1)
        before = (self.unit - 1) % adder.units
        m.d.comb += last.eq(self.frame_last & (self.turn == before))
        with m.If(last):
            m.d.sync += round_number.eq(round_number + 1)

        # The buckets of the level at hand, looked at one a cycle for the next full one.
        scan, seen, seen_valid = Signal(bits + 1), Signal(bits + 1), Signal()
        found, found_valid, scanned = Signal(bits), Signal(), Signal()
        scanning, stop, place = Signal(), Signal(bits + 1), Signal(bits + 1)
        m.d.comb += [
            scanning.eq(self.again | self.hand_out),
            # Handing out goes from the highest group down, as the finish wants it.
            stop.eq(Mux(self.hand_out, self.begin, self.end)),
            place.eq(Mux(self.hand_out, scan - 1, scan)),
            boxes.probe.eq(Mux(self.clearing, self.clear_place, place)),
            boxes.clear.eq(self.clearing),
            scanned.eq((scan == stop) & ~seen_valid & ~found_valid),
        ]
        with m.If(self.restart):
            m.d.sync += [scan.eq(Mux(self.down, self.end, self.begin)), seen_valid.eq(0)]
        with m.Elif(scanning):
            with m.If(seen_valid & boxes.probed & ~found_valid):
                m.d.sync += [found.eq(seen), found_valid.eq(1),
                             scan.eq(Mux(self.hand_out, seen, seen + 1)),
                             seen_valid.eq(0)]
            with m.Elif((scan != stop) & ~found_valid):
                m.d.sync += [seen.eq(place), seen_valid.eq(1),
                             scan.eq(Mux(self.hand_out, scan - 1, scan + 1))]
            with m.Else():
                m.d.sync += seen_valid.eq(0)
        with m.If(boxes.fetch_taken):
            m.d.sync += found_valid.eq(0)

        m.d.comb += [
            boxes.group.eq(self.group), boxes.last.eq(last), boxes.enable.eq(self.enable),
            boxes.operand_valid.eq(operands.operand_valid),
            boxes.operand_mailbox.eq(operands.operand_mailbox),
            operands.operand_taken.eq(boxes.operand_taken),
            operands.read_position.eq(boxes.read_position),
            boxes.operand_coordinate.eq(operands.operand_coordinate),
            boxes.fetch_valid.eq(found_valid & operands.room),
            boxes.fetch_mailbox.eq(found),
            operands.fetch_taken.eq(boxes.fetch_taken),
            operands.fetch_mailbox.eq(found),
            operands.fetched.eq(boxes.fetched),
            operands.fetched_position.eq(boxes.fetched_position),
            operands.fetched_coordinate.eq(boxes.fetched_coordinate),
            operands.group.eq(self.group), operands.again.eq(self.again),
            *[getattr(operands, name).eq(getattr(self, name)) for name in LEVEL],
            operands.first.eq(self.first), operands.source.eq(self.begin),
            operands.destination.eq(self.destination), operands.hand_out.eq(self.hand_out),
            operands.entry_left.eq(self.entry_left), operands.read_row.eq(self.read_row),
            self.room.eq(operands.room), self.entry_valid.eq(operands.entry_valid),
            self.entry_mailbox.eq(operands.entry_mailbox),
            self.entry_coordinate.eq(operands.entry_coordinate),
            self.drained.eq(operands.idle & (scanned | ~scanning)),
            self.at_rest.eq(last & boxes.quiet & self.drained),
            self.cutting.eq(operands.cutting),
            self.adder_load.eq(boxes.adder_load), self.adder_position.eq(boxes.adder_position),
            self.adder_p.eq(boxes.adder_p), self.adder_q.eq(boxes.adder_q),
            boxes.round.eq(round_number), self.adder_start.eq(boxes.adder_start),
            self.digit_taken.eq(boxes.operand_taken & ~self.again),
            self.paired.eq(boxes.paired & last), self.waited.eq(boxes.waited),
        ]
        # The coordinates of one sum come one a cycle, each on its lane.
        for index, group in enumerate(adder.groups):
            with m.If(self.group == index):
                with m.Switch(boxes.total_position):
                    for position in range(3 * group.degree):
                        with m.Case(position):
                            lane = position // adder.interval[group]
                            m.d.comb += boxes.adder_total.eq(
                                getattr(self, of_unit("adder_total", lane)))
        for name in ("begin_window", "end_window", "last_window", "wide_windows", "begin_bit",
                     "step_bits", "load", "load_row", "load_coordinate", "load_negative",
                     "load_scalar", "load_top", "load_commit"):
            m.d.comb += getattr(operands, name).eq(getattr(self, name))
        return m

"""Multi-scalar multiplication: fill the mailboxes, stream them back through themselves, hand out.

::

     scalars ─► recoder ─(mailbox, ±point)─► mailboxes ─(mailbox, P, Q)─► adder ─┐
     points  ───────────────────────────────►  ▲ ▲                               │
               again, half the window ─────────┘ └──────────(mailbox, P + Q)─────┘

After the last level one point is left for every bit of every window; the sum of those times
powers of two, a few hundred operations, is the host's: see `hdl.windows`.
"""

from dataclasses import dataclass

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.commands import ANSWER, COUNTERS, WORD, Command
from hdl.mailboxes import Mailboxes
from hdl.operands import Operands
from hdl.point_adder import AdderShape, Frames, PointAdder
from hdl.windows import MAX_WINDOW

REQUEST = data.StructLayout({"address": 32, "words": 8})
"""What is asked of the memory: `words` words from word `address` on, answered in order."""

COUNTER_BITS = 48


@dataclass(frozen=True, kw_only=True)
class MsmShape:
    """A multi-scalar multiplication unit.

    Parameters
    ----------
    adder : the point adder.
    mailbox_bits : the memory holds 2 ** mailbox_bits G1 points.
    datapath : False leaves out coordinates and arithmetic: the same control, cycle for cycle,
        without values.
    """

    adder: AdderShape
    mailbox_bits: int
    datapath: bool = True

    def mailboxes(self, group) -> int:
        """Mailboxes there are for points of `group`."""
        return (1 << self.mailbox_bits) // group.degree

    @property
    def coordinate_words(self) -> int:
        """Words one coordinate takes in an answer."""
        return -(-self.adder.coordinate_bits // WORD)


class Msm(wiring.Component):
    """Sum of scalars times points.

    Members
    -------
    start : begin, in; only while `ready`
    ready : nothing is under way, out
    group, window, windows, second_region, address, count : what to do, in, read at `start`
    scalars : stream of words, in
    requests, points : to and from the memory
    answers : stream of words, out
    clear : empty all mailboxes, in; only while `ready`
    counters : see `hdl.commands.COUNTERS`, out
    """

    def __init__(self, shape: MsmShape):
        self.shape = shape
        words = stream.Signature(WORD)
        super().__init__({
            "start": In(1), "ready": Out(1), "clear": In(1),
            "group": In(range(max(2, len(shape.adder.groups)))),
            "window": In(range(MAX_WINDOW + 1)), "windows": In(16),
            "second_region": In(shape.mailbox_bits),
            "address": In(32), "count": In(32),
            "scalars": In(words), "points": In(words), "answers": Out(words),
            "requests": Out(stream.Signature(REQUEST)),
            "counters": Out(data.ArrayLayout(COUNTER_BITS, len(COUNTERS))),
        })

    def elaborate(self, platform):
        m = Module()
        shape, adder_shape = self.shape, self.shape.adder
        bits = shape.mailbox_bits
        m.submodules.frames = frames = Frames(adder_shape)
        m.submodules.mailboxes = boxes = Mailboxes(adder_shape, bits, datapath=shape.datapath)
        m.submodules.operands = operands = Operands(adder_shape, bits, datapath=shape.datapath)

        group = Signal.like(self.group)
        window, width = Signal(range(MAX_WINDOW + 1)), Signal(range(MAX_WINDOW + 1))
        windows, groups = Signal(16), Signal(16 + MAX_WINDOW)
        second_region = Signal(bits)
        odd = Signal()      # the level at hand lies in the second region
        first = Signal()    # ... and is the first one, of buckets
        counters = {name: self.counters[n] for n, name in enumerate(COUNTERS)}

        # The buckets of the level at hand, looked at one a cycle for the next full one.
        begin, end = Signal(bits + 1), Signal(bits + 1)
        scan, seen, seen_valid = Signal(bits + 1), Signal(bits + 1), Signal()
        found, found_valid = Signal(bits), Signal()
        scanning = Signal()
        clearing, clear_place = Signal(), Signal(bits)
        m.d.comb += [
            begin.eq(Mux(odd, second_region, 0)),
            end.eq(begin + Mux(first, groups << (width - 1)[:5], groups << width)),
            boxes.probe.eq(Mux(clearing, clear_place, scan)),
            boxes.clear.eq(clearing),
        ]
        with m.If(scanning):
            with m.If(seen_valid & boxes.probed & ~found_valid):
                m.d.sync += [found.eq(seen), found_valid.eq(1), scan.eq(seen + 1),
                             seen_valid.eq(0)]
            with m.Elif((scan != end) & ~found_valid):
                m.d.sync += [seen.eq(scan), seen_valid.eq(1), scan.eq(scan + 1)]
            with m.Else():
                m.d.sync += seen_valid.eq(0)
        with m.If(boxes.fetch_taken):
            m.d.sync += found_valid.eq(0)
        scanned = Signal()
        m.d.comb += scanned.eq((scan == end) & ~seen_valid & ~found_valid)

        again, hand_out, enable = Signal(), Signal(), Signal()
        start = Signal()
        m.d.comb += [
            frames.group.eq(group),
            boxes.group.eq(group), boxes.cycle.eq(frames.cycle), boxes.last.eq(frames.last),
            boxes.enable.eq(enable),
            boxes.operand_valid.eq(operands.operand_valid),
            boxes.operand_mailbox.eq(operands.operand_mailbox),
            operands.operand_taken.eq(boxes.operand_taken),
            operands.read_operand.eq(boxes.read_operand),
            operands.read_position.eq(boxes.read_position),
            boxes.operand_coordinate.eq(operands.operand_coordinate),
            boxes.fetch_valid.eq(found_valid & operands.room & (again | hand_out)),
            boxes.fetch_mailbox.eq(found),
            operands.fetch_taken.eq(boxes.fetch_taken),
            operands.fetch_mailbox.eq(found),
            operands.fetched.eq(boxes.fetched),
            operands.fetched_position.eq(boxes.fetched_position),
            operands.fetched_coordinate.eq(boxes.fetched_coordinate),
            operands.group.eq(group), operands.again.eq(again), operands.first.eq(first),
            operands.window.eq(width), operands.half.eq((width + 1) >> 1),
            operands.source.eq(begin), operands.destination.eq(Mux(odd, 0, second_region)),
            operands.start.eq(start), operands.count.eq(self.count),
            operands.hand_out.eq(hand_out),
        ]
        wiring.connect(m, operands.scalars, wiring.flipped(self.scalars))
        wiring.connect(m, operands.points, wiring.flipped(self.points))
        if shape.datapath:
            m.submodules.adder = adder = PointAdder(adder_shape)
            m.d.comb += [
                adder.group.eq(group), adder.cycle.eq(frames.cycle),
                adder.next_cycle.eq(frames.next_cycle), adder.number.eq(frames.number),
                adder.load.eq(boxes.adder_load), adder.position.eq(boxes.adder_position),
                adder.p.eq(boxes.adder_p), adder.q.eq(boxes.adder_q),
                boxes.adder_total.eq(adder.total),
            ]

        # Points are asked for ahead of their use: two at a time.
        asked, arriving = Signal(32), Signal(2)
        address = Signal(32)
        words_each = Signal(8)
        for index, g in enumerate(adder_shape.groups):
            with m.If(group == index):
                m.d.comb += words_each.eq(8 * g.degree)
        m.d.comb += [
            self.requests.valid.eq((asked != 0) & (arriving != 2)),
            self.requests.payload.address.eq(address),
            self.requests.payload.words.eq(words_each),
        ]
        arrived, word = Signal(), Signal(8)
        m.d.comb += arrived.eq(
            self.points.valid & self.points.ready & (word == words_each - 1))
        with m.If(self.points.valid & self.points.ready):
            m.d.sync += word.eq(Mux(arrived, 0, word + 1))
        asking = Signal()
        m.d.comb += asking.eq(self.requests.valid & self.requests.ready)
        m.d.sync += arriving.eq(arriving + asking - arrived)
        with m.If(asking):
            m.d.sync += [asked.eq(asked - 1), address.eq(address + words_each)]

        # What is counted, and when.
        filling, summing = Signal(), Signal()
        with m.If(filling):
            m.d.sync += counters["fill"].eq(counters["fill"] + 1)
        with m.If(summing):
            m.d.sync += counters["sum"].eq(counters["sum"] + 1)
        with m.If(hand_out):
            m.d.sync += counters["output"].eq(counters["output"] + 1)
        with m.If(boxes.operand_taken & ~again):
            m.d.sync += counters["digits"].eq(counters["digits"] + 1)
        with m.If(boxes.paired & frames.last):
            m.d.sync += counters["additions"].eq(counters["additions"] + 1)
        with m.If(boxes.waited):
            m.d.sync += counters["waited"].eq(counters["waited"] + 1)
        with m.If(operands.skipped):
            m.d.sync += counters["skipped"].eq(counters["skipped"] + 1)

        # Handing out an entry of the ring: its header, then its coordinates word by word.
        sending, send_row, send_word = Signal(), Signal(range(6)), Signal(4)
        rows = Signal(3)
        for index, g in enumerate(adder_shape.groups):
            with m.If(group == index):
                m.d.comb += rows.eq(3 * g.degree)
        header = Signal(ANSWER)
        coordinate = Signal(shape.coordinate_words * WORD)
        m.d.comb += [
            operands.read_row.eq(send_row),
            coordinate.eq(operands.entry_coordinate),
            header.command.eq(Command.MULTIPLY),
            header.group.eq((operands.entry_mailbox - begin)[:bits] >> width),
        ]
        send_last = Signal()
        m.d.comb += send_last.eq((send_row == rows - 1)
                                 & (send_word == shape.coordinate_words - 1))

        with m.FSM():
            with m.State("CLEAR"):
                m.d.comb += clearing.eq(1)
                m.d.sync += clear_place.eq(clear_place + 1)
                with m.If(clear_place == (1 << bits) - 1):
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += clear_place.eq(0)
                with m.If(self.clear):
                    m.d.sync += Cat(counters.values()).eq(0)
                    m.next = "CLEAR"
                with m.Elif(self.start):
                    m.d.sync += [
                        group.eq(self.group), window.eq(self.window), width.eq(self.window),
                        windows.eq(self.windows), groups.eq(self.windows),
                        second_region.eq(self.second_region), odd.eq(0), first.eq(1),
                        Cat(counters.values()).eq(0), address.eq(self.address),
                    ]
                    m.next = "SETTLE"
            with m.State("SETTLE"):  # the frames take on the group's length
                with m.If(frames.last):
                    m.next = "BEGIN"
            with m.State("BEGIN"):  # ... and so does everything that counts along
                with m.If(frames.last):
                    m.d.comb += start.eq(1)
                    m.d.sync += [asked.eq(self.count), enable.eq(1)]
                    m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += filling.eq(1)
                with m.If(operands.loaded & operands.idle & boxes.quiet & frames.last):
                    m.next = "LEVEL"
            with m.State("LEVEL"):
                m.d.comb += summing.eq(1)
                m.d.sync += [scan.eq(begin), seen_valid.eq(0)]
                m.next = "HAND_OUT"
                with m.If(width != 1):
                    m.next = "SUM"
            with m.State("SUM"):
                m.d.comb += [summing.eq(1), again.eq(1), scanning.eq(1)]
                with m.If(scanned & operands.idle & boxes.quiet & frames.last):
                    m.d.sync += [
                        odd.eq(~odd), first.eq(0), groups.eq(groups << 1),
                        width.eq((width + 1) >> 1),
                    ]
                    m.next = "LEVEL"
            with m.State("HAND_OUT"):
                m.d.comb += [hand_out.eq(1), scanning.eq(1)]
                with m.If(sending):
                    m.d.comb += [
                        self.answers.valid.eq(1),
                        self.answers.payload.eq(coordinate.word_select(send_word, WORD)),
                    ]
                    with m.If(self.answers.ready):
                        m.d.sync += send_word.eq(send_word + 1)
                        with m.If(send_word == shape.coordinate_words - 1):
                            m.d.sync += [send_word.eq(0), send_row.eq(send_row + 1)]
                        with m.If(send_last):
                            m.d.sync += [sending.eq(0), send_row.eq(0)]
                            m.d.comb += operands.entry_left.eq(1)
                with m.Elif(operands.entry_valid):
                    m.d.comb += [self.answers.valid.eq(1), self.answers.payload.eq(header)]
                    with m.If(self.answers.ready):
                        m.d.sync += sending.eq(1)
                with m.Elif(scanned & operands.idle & boxes.quiet & frames.last):
                    m.next = "LAST"
            with m.State("LAST"):
                m.d.comb += [header.last.eq(1), self.answers.valid.eq(1),
                             self.answers.payload.eq(header)]
                with m.If(self.answers.ready):
                    m.d.sync += enable.eq(0)
                    m.next = "IDLE"
        return m

"""Multi-scalar multiplication: fill the mailboxes, stream them back through themselves, hand out.

::

     scalars ─► recoder ─(mailbox, ±point)─► mailboxes ─(mailbox, P, Q)─► adder ─┐
     points  ───────────────────────────────►  ▲ ▲                               │
               again, half the window ─────────┘ └──────────(mailbox, P + Q)─────┘

After the last level one point is left for every bit of every window. The sum of those times
powers of two, a few hundred operations, is the finisher's, on a multiplier of the adder, or the
host's: see `hdl.windows` and `hdl.processor_finisher`.
"""

from dataclasses import dataclass

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import ANSWER, COUNTERS, WORD, Command
from proofmill.hdl.mailbox_unit import MailboxUnit
from proofmill.hdl.operands import LEVEL, READ, PointLoader
from proofmill.hdl.point_adder import AdderShape, Frames, PointAdder, next_frame, of_unit
from proofmill.hdl.processor_finisher import Finisher, HighestGroup
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.hdl.windows import MAX_WINDOW

REQUEST = data.StructLayout({"address": 32, "words": 8})
"""What is asked of the memory: `words` words from word `address` on, answered in order."""

COUNTER_BITS = 48

AHEAD = 4
"""Points asked for and not yet there."""

SETTLE = 6
"""Cycles until it is known where a level begins and ends, and whether it fits."""


@dataclass(frozen=True, kw_only=True)
class MsmShape:
    """A multi-scalar multiplication unit.

    Parameters
    ----------
    adder : the point adder.
    mailbox_bits : the memory of each mailbox unit holds 2 ** mailbox_bits G1 points.
    datapath : False leaves out coordinates and arithmetic: the same control, cycle for cycle,
        without values.
    finisher : False leaves out the field processor; what is asked to be finished is refused.
    """

    adder: AdderShape
    mailbox_bits: int
    datapath: bool = True
    finisher: bool = True

    @property
    def processor(self) -> ProcessorShape:
        """The field processor, on the point adder's first multiplier, behind one register."""
        multiplier = self.adder.multiplier
        return ProcessorShape(multiplier=multiplier, latency=multiplier.latency + 1,
                              interval=multiplier.interval)

    def mailboxes(self, group) -> int:
        """Mailboxes a unit has for points of `group`."""
        return (1 << self.mailbox_bits) // group.degree

    @property
    def coordinate_words(self) -> int:
        """Words one coordinate takes in an answer."""
        return -(-self.adder.coordinate_bits // WORD)


def product(number, factor):
    """``number * factor`` as a sum, for small numbers; either may be a constant."""
    if isinstance(factor, int):
        return sum((number << bit for bit in range(factor.bit_length()) if factor >> bit & 1),
                   C(0, 1))
    return sum((Mux(factor[bit], number << bit, 0) for bit in range(len(factor))), C(0, 1))


def finishing_program(processor, curve):
    """``firmware/programs/finish.asm`` for `curve` on `processor`."""
    from proofmill.firmware.library import program
    from proofmill.firmware.target import Target

    return program("finish", Target(shape=processor, curve=curve))


class Msm(wiring.Component):
    """Sum of scalars times points.

    Members
    -------
    start : begin, in; only while `ready`
    ready : nothing is under way, out
    refused : a level does not fit its region, so it is not begun, out; some cycles after `start`
    group, window, windows, first_window, all_windows, wide_windows, second_region, address, count,
        bias, finish : what to do, in; see `hdl.commands` and `hdl.windows`; to be held from
        `start` on, `count` until a scalar is taken
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
            "start": In(1), "ready": Out(1), "refused": Out(1), "clear": In(1),
            "group": In(range(max(2, len(shape.adder.groups)))),
            "window": In(range(MAX_WINDOW + 1)), "windows": In(16),
            "first_window": In(16), "all_windows": In(16), "wide_windows": In(16),
            "bias": In(4 * WORD),
            "second_region": In(shape.mailbox_bits),
            "address": In(32), "count": In(32), "finish": In(1),
            "scalars": In(words), "points": In(words), "answers": Out(words),
            "requests": Out(stream.Signature(REQUEST)),
            "counters": Out(data.ArrayLayout(COUNTER_BITS, len(COUNTERS))),
        })

    def elaborate(self, platform):
        m = Module()
        shape, adder_shape = self.shape, self.shape.adder
        bits, units = shape.mailbox_bits, range(adder_shape.units)
        m.submodules.frames = frames = Frames(adder_shape)
        m.submodules.loader = loader = PointLoader(adder_shape)

        group = Signal.like(self.group)
        width = Signal(range(MAX_WINDOW + 1))     # of a number at the level at hand
        groups = Signal(16 + MAX_WINDOW)
        second_region = Signal(bits)
        odd = Signal()      # the level at hand lies in the second region
        first = Signal()    # ... and is the first one, of buckets
        clearing, clear_place = Signal(init=1), Signal(bits)
        again, hand_out, enable = Signal(), Signal(), Signal()
        counters = {}
        begin, end, past, size = (Signal(bits + 1), Signal(bits + 1),
                                  Signal(bits + 4 + MAX_WINDOW), Signal(bits + 3 + MAX_WINDOW))
        restart = Signal()  # look through the level's buckets from its beginning
        # Where a level lies goes through registers, and the level waits until it is known.
        settled, settling = Signal(), Signal(range(SETTLE))
        level = {name: Signal(member.shape, name=f"level_{name}")
                 for name, member in LEVEL.items()}
        m.d.sync += [
            level["window"].eq(width), level["half"].eq((width + 1) >> 1),
            *[level[f"{name}_ones"].eq(Cat(n < level[name] for n in range(MAX_WINDOW)))
              for name in ("window", "half")],
        ]
        m.d.comb += [
            frames.group.eq(group), end.eq(past), settled.eq(settling == SETTLE - 1),
        ]
        m.d.sync += [
            settling.eq(0),
            begin.eq(Mux(odd, second_region, 0)),
            size.eq((groups[:bits + 2] << width) >> first),
            past.eq(begin + size),
        ]
        # A level has to end where the other region begins, or where the memory does.
        room, fits = Signal(bits + 1), Signal()
        m.d.sync += fits.eq((past <= room) & ~groups[bits + 2:].any())
        for index, g in enumerate(adder_shape.groups):
            with m.If(group == index):
                m.d.sync += room.eq(Mux(odd, shape.mailboxes(g), second_region))

        # Points are asked for ahead of their use, so that the memory's latency is hidden even
        # where a point has a single digit.
        asked, arriving = Signal(32), Signal(range(AHEAD + 1))
        address = Signal(32)
        words_each = Signal(8)
        for index, g in enumerate(adder_shape.groups):
            with m.If(group == index):
                m.d.comb += words_each.eq(8 * g.degree)
        m.d.comb += [
            self.requests.valid.eq((asked != 0) & (arriving != AHEAD)),
            self.requests.payload.address.eq(address),
            self.requests.payload.words.eq(words_each),
        ]
        asking = Signal()
        m.d.comb += asking.eq(self.requests.valid & self.requests.ready)
        m.d.sync += arriving.eq(arriving + asking - loader.arrived)
        with m.If(asking):
            m.d.sync += [asked.eq(asked - 1), address.eq(address + words_each)]

        wiring.connect(m, loader.scalars, wiring.flipped(self.scalars))
        wiring.connect(m, loader.points, wiring.flipped(self.points))
        start = Signal()
        m.d.sync += start.eq(0)
        m.d.comb += [
            loader.group.eq(group), loader.start.eq(start), loader.count.eq(self.count),
            loader.bias.eq(self.bias),
        ]

        # The mailbox units. A window begins where all before it are `window` bits less one wide,
        # and the wide ones among them one more. These are known long before the first scalar: by
        # registers from unit to unit, and by sums, which a device makes of tables, not products.
        parts = []
        narrow, step_bits = Signal(range(MAX_WINDOW)), Signal(10)
        m.d.sync += [narrow.eq(self.window - 1), step_bits.eq(product(narrow, adder_shape.units))]
        narrow_bits = product(self.first_window[:9], narrow)
        for unit in units:
            number, wider = Signal(9, name=f"window{unit}"), Signal(9, name=f"wider{unit}")
            before, begin_bit = (Signal(10, name=f"narrow_bits{unit}"),
                                 Signal(10, name=f"begin_bit{unit}"))
            m.d.sync += [
                number.eq(self.first_window + unit),
                wider.eq(Mux(number < self.wide_windows, number, self.wide_windows)),
                before.eq(narrow_bits), begin_bit.eq(before + wider),
            ]
            narrow_bits = before + narrow
            part = m.submodules[of_unit("unit", unit)] = MailboxUnit(shape, unit)
            parts.append(part)
            m.d.comb += [
                part.group.eq(group), part.frame_last.eq(frames.last),
                part.turn.eq(frames.turn), part.enable.eq(enable), part.again.eq(again),
                part.hand_out.eq(hand_out), part.first.eq(first), *[
                    getattr(part, name).eq(level[name]) for name in LEVEL],
                part.begin.eq(begin), part.end.eq(end), part.restart.eq(restart),
                part.destination.eq(Mux(odd, 0, second_region)),
                part.clearing.eq(clearing), part.clear_place.eq(clear_place),
                part.begin_window.eq(number), part.wide_windows.eq(self.wide_windows),
                part.end_window.eq(self.first_window + self.windows),
                part.last_window.eq(self.all_windows - 1),
                part.begin_bit.eq(begin_bit), part.step_bits.eq(step_bits),
                part.load.eq(loader.write), part.load_row.eq(loader.row),
                part.load_coordinate.eq(loader.coordinate),
                part.load_negative.eq(loader.negative),
                part.load_scalar.eq(loader.scalar), part.load_top.eq(loader.top),
                part.load_commit.eq(loader.commit),
            ]
        m.d.comb += loader.enable.eq(Cat(part.room for part in parts).all())
        if shape.datapath:
            m.submodules.adder = adder = PointAdder(adder_shape)
            m.d.comb += [
                adder.group.eq(group), *[
                    getattr(adder, name).eq(getattr(frames, name))
                    for name in next_frame(adder_shape)]]
            for unit, part in zip(units, parts, strict=True):
                m.d.comb += [
                    getattr(adder, of_unit(to, unit)).eq(getattr(part, f"adder_{to}"))
                    for to in ("load", "position", "start", "p", "q")]
                m.d.comb += [
                    getattr(part, of_unit("adder_total", lane)).eq(
                        getattr(adder, of_unit("total", lane)))
                    for lane in range(adder_shape.lanes)]
        # The finish, on the adder's first multiplier. The processor issues a product, a cycle later
        # it gives the operands, which are then held for a cycle: so it issues in the cycle before
        # the frame's cycles in which operands are read. Passes come from the highest windows down;
        # the first one begins anew, whatever came before. Between them the processor stands still.
        starting, combining = Signal(), Signal()
        if shape.finisher:
            every = adder_shape.multiplier.interval
            finisher = Finisher(
                shape.processor, finishing_program(shape.processor, adder_shape.curve),
                adder_shape.groups, adder_shape.coordinate_bits, units=adder_shape.units,
                datapath=shape.datapath)
            m.submodules.finisher = ResetInserter(self.clear | (starting & (
                self.first_window + self.windows == self.all_windows)))(
                    EnableInserter(combining)(finisher))
            m.d.comb += [
                finisher.group.eq(group), finisher.window.eq(self.window),
                finisher.wide.eq(self.wide_windows),
            ]
            m.d.comb += finisher.accept.eq(every == 1)
            with m.Switch(frames.cycle):
                with m.Case(*range(every - 1, max(adder_shape.interval.values()), every)):
                    m.d.comb += finisher.accept.eq(1)
            if shape.datapath:
                m.d.comb += [
                    adder.borrowed.eq(finisher.multiplying), adder.borrowed_a.eq(finisher.a),
                    adder.borrowed_b.eq(finisher.b), finisher.product.eq(adder.product),
                ]

        # A unit is done at the end of one of its frames, and stays so until the next step.
        done, all_done = Signal(adder_shape.units), Signal()
        m.d.comb += all_done.eq(done.all())
        for unit, part in zip(units, parts, strict=True):
            with m.If(part.at_rest):
                m.d.sync += done[unit].eq(1)

        # What is counted, and when; a cycle later, since much of it is known late.
        filling, summing, finishing = Signal(), Signal(), Signal()
        drained = Signal()
        m.d.comb += drained.eq(Cat(part.drained for part in parts).all()
                               & (loader.done | ~filling))

        def number_of(name):
            """How many units say `name` this cycle."""
            return sum(getattr(part, name) for part in parts)

        counted = {
            "fill": filling, "sum": summing, "output": hand_out & ~self.finish,
            "finish": finishing, "recode": number_of("cutting"),
            "drain": (filling | summing) & drained, "digits": number_of("digit_taken"),
            "additions": number_of("paired"), "waited": number_of("waited"),
            "skipped": loader.skipped,
        }
        for name, amount in counted.items():
            total = counters[name] = Signal(COUNTER_BITS, name=f"{name}_counter")
            more = Signal(range(adder_shape.units + 1), name=f"{name}_more")
            m.d.sync += more.eq(amount)
            with m.If(more != 0):
                m.d.sync += total.eq(total + more)
        fresh = Signal()
        m.d.sync += fresh.eq(self.ready & (self.clear | self.start))
        with m.If(fresh):
            m.d.sync += Cat(counters.values()).eq(0)
        m.d.comb += Cat(self.counters).eq(Cat(counters[name] for name in COUNTERS))

        # Handing out the entries of the rings, unit by unit: a header, then word by word. Or, to
        # the finisher, from the highest window down.
        sending, send_row, send_word = Signal(), Signal(range(6)), Signal(4)
        asked_unit = Signal(range(max(2, adder_shape.units)))
        speaker, kept_unit = Signal.like(asked_unit), Signal.like(asked_unit)
        m.d.comb += speaker.eq(asked_unit)
        told = Signal()  # every unit has said what it has next, or that it has nothing
        if shape.finisher:
            m.submodules.highest = highest = HighestGroup(adder_shape.units, bits)
            for unit, part in zip(units, parts, strict=True):
                m.d.comb += [
                    getattr(highest, f"group{unit}").eq((part.entry_mailbox - begin)[:bits] >> 1),
                    getattr(highest, f"valid{unit}").eq(part.entry_valid),
                ]
            m.d.comb += [
                highest.window.eq(self.window),
                told.eq(Cat(part.entry_valid | done[unit]
                            for unit, part in zip(units, parts, strict=True)).all()),
            ]
            with m.If(self.finish):
                m.d.comb += speaker.eq(Mux(sending, kept_unit, highest.chosen))
        rows = Signal(3)
        for index, g in enumerate(adder_shape.groups):
            with m.If(group == index):
                m.d.comb += rows.eq(3 * g.degree)
        header = Signal(ANSWER)
        coordinate = Signal(shape.coordinate_words * WORD)
        entry_valid, entry_left, entry_mailbox = Signal(), Signal(), Signal(bits)
        with m.Switch(speaker):
            for unit, part in zip(units, parts, strict=True):
                with m.Case(unit):
                    m.d.comb += [
                        entry_valid.eq(part.entry_valid), part.entry_left.eq(entry_left),
                        entry_mailbox.eq(part.entry_mailbox),
                        coordinate.eq(part.entry_coordinate),
                    ]
        m.d.comb += [
            *[part.read_row.eq(send_row) for part in parts],
            header.command.eq(Command.MULTIPLY), header.unit.eq(speaker),
            header.group.eq((entry_mailbox - begin)[:bits] >> width),
        ]
        if shape.finisher:
            m.d.comb += [
                finisher.entries.payload.group.eq(header.group),
                finisher.entries.payload.first.eq(self.first_window + speaker),
                finisher.coordinates.payload.eq(coordinate),
            ]
        # A coordinate is there some cycles after its entry and row.
        reading, there = Signal(range(READ + 1)), Signal()
        m.d.comb += there.eq(reading == READ)
        m.d.sync += reading.eq(Mux(there, READ, reading + 1))
        send_last = Signal()
        m.d.comb += send_last.eq((send_row == rows - 1)
                                 & (send_word == shape.coordinate_words - 1))

        # Where to go is known late, so the level changes a cycle after.
        to_first_level, to_next_level = Signal(), Signal()
        m.d.sync += [to_first_level.eq(0), to_next_level.eq(0)]
        with m.If(to_first_level):
            m.d.sync += [
                group.eq(self.group), second_region.eq(self.second_region),
                address.eq(self.address), width.eq(self.window), odd.eq(0), first.eq(1),
                groups.eq(self.windows if adder_shape.units == 1 else
                          (self.windows + adder_shape.units - 1) // adder_shape.units),
            ]
        with m.Elif(to_next_level):
            m.d.sync += [width.eq((width + 1) >> 1), odd.eq(~odd), first.eq(0),
                         groups.eq(groups << 1)]
        with m.FSM():
            # What every unit is told of the state is a register beside it.
            with m.State("CLEAR"):
                m.d.sync += clear_place.eq(clear_place + 1)
                with m.If(clear_place == (1 << bits) - 1):
                    m.d.sync += clearing.eq(0)
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += self.ready.eq(1)
                m.d.sync += clear_place.eq(0)
                with m.If(self.clear):
                    m.d.sync += clearing.eq(1)
                    m.next = "CLEAR"
                with m.Elif(self.start):
                    m.d.comb += starting.eq(1)
                    m.d.sync += to_first_level.eq(1)
                    m.next = "FIT"
            with m.State("FIT"):  # look at every level before anything is put anywhere
                m.d.sync += settling.eq(settling + 1)
                with m.If(settled):
                    with m.If(~fits):
                        m.d.comb += self.refused.eq(1)
                        m.next = "IDLE"
                    with m.Elif(width == 1):
                        m.d.sync += to_first_level.eq(1)
                        m.next = "SETTLE"
                    with m.Else():
                        m.d.sync += to_next_level.eq(1)
            # The frames take on the group's length, and so does everything that counts along:
            # begin where all units' turns begin, so that a run always takes the same cycles.
            with m.State("SETTLE"):
                with m.If(frames.last & (frames.turn == adder_shape.units - 1)):
                    m.next = "BEGIN"
            with m.State("BEGIN"):
                with m.If(frames.last & (frames.turn == adder_shape.units - 1)):
                    m.d.sync += [start.eq(1), asked.eq(self.count), enable.eq(1), done.eq(0)]
                    m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += filling.eq(1)
                with m.If(~loader.done):
                    m.d.sync += done.eq(0)
                with m.Elif(all_done):
                    m.next = "LEVEL"
            with m.State("LEVEL"):
                m.d.comb += [summing.eq(1), restart.eq(1)]
                m.d.sync += [settling.eq(settling + 1), done.eq(0)]
                for part in parts:
                    m.d.comb += part.down.eq(width == 1)
                with m.If(settled):
                    m.d.sync += [again.eq(width != 1), hand_out.eq(width == 1)]
                    m.next = "HAND_OUT"
                    if shape.finisher:
                        with m.If(self.finish):
                            m.next = "COMBINE"
                    with m.If(width != 1):
                        m.next = "SUM"
            with m.State("SUM"):
                m.d.comb += summing.eq(1)
                with m.If(all_done):
                    m.d.sync += [to_next_level.eq(1), done.eq(0), again.eq(0)]
                    m.next = "LEVEL"
            with m.State("HAND_OUT"):
                with m.If(sending):
                    m.d.comb += [
                        self.answers.valid.eq(there),
                        self.answers.payload.eq(coordinate.word_select(send_word, WORD)),
                    ]
                    with m.If(there & self.answers.ready):
                        m.d.sync += send_word.eq(send_word + 1)
                        with m.If(send_word == shape.coordinate_words - 1):
                            m.d.sync += [send_word.eq(0), send_row.eq(send_row + 1),
                                         reading.eq(0)]
                        with m.If(send_last):
                            m.d.sync += [sending.eq(0), send_row.eq(0)]
                            m.d.comb += entry_left.eq(1)
                with m.Elif(entry_valid):
                    m.d.comb += [self.answers.valid.eq(1), self.answers.payload.eq(header)]
                    m.d.sync += reading.eq(0)
                    with m.If(self.answers.ready):
                        m.d.sync += sending.eq(1)
                with m.Elif(done.bit_select(speaker, 1)):
                    m.d.sync += asked_unit.eq(asked_unit + 1)
                    with m.If(asked_unit == adder_shape.units - 1):
                        m.d.sync += [asked_unit.eq(0), hand_out.eq(0)]
                        m.next = "LAST"
            with m.State("LAST"):
                m.d.comb += [header.last.eq(1), header.group.eq(0), header.unit.eq(0),
                             self.answers.valid.eq(1),
                             self.answers.payload.eq(header), combining.eq(self.finish)]
                with m.If(self.answers.ready):
                    m.d.sync += enable.eq(0)
                    m.next = "IDLE"
                    if shape.finisher:
                        with m.If(self.finish & (self.first_window == 0)):
                            m.next = "POINT"
            if shape.finisher:
                with m.State("COMBINE"):
                    m.d.comb += [finishing.eq(1), combining.eq(1), finisher.start.eq(1)]
                    with m.If(sending):
                        m.d.comb += finisher.coordinates.valid.eq(there)
                        with m.If(there & finisher.coordinates.ready):
                            m.d.sync += [send_row.eq(send_row + 1), reading.eq(0)]
                            with m.If(send_row == rows - 1):
                                m.d.sync += [sending.eq(0), send_row.eq(0)]
                                m.d.comb += entry_left.eq(1)
                    with m.Elif(told & entry_valid):
                        m.d.comb += finisher.entries.valid.eq(1)
                        m.d.sync += reading.eq(0)
                        with m.If(finisher.entries.ready):
                            m.d.sync += [sending.eq(1), kept_unit.eq(speaker)]
                    with m.Elif(all_done):
                        m.d.sync += hand_out.eq(0)
                        m.next = "REST"
                with m.State("REST"):  # the adder has its multiplier back
                    m.d.comb += [finishing.eq(1), combining.eq(1)]
                    with m.If(finisher.resting):
                        m.next = "LAST"
                        with m.If(self.first_window == 0):
                            m.next = "END"
                with m.State("END"):
                    m.d.comb += [finisher.entries.valid.eq(1),
                                 finisher.entries.payload.last.eq(1), finishing.eq(1),
                                 combining.eq(1)]
                    with m.If(finisher.entries.ready):
                        m.next = "LAST"
                with m.State("POINT"):
                    m.d.comb += [
                        self.answers.valid.eq(finisher.words.valid),
                        self.answers.payload.eq(finisher.words.payload),
                        finisher.words.ready.eq(self.answers.ready), finishing.eq(1),
                        combining.eq(1),
                    ]
                    with m.If(finisher.ready):
                        m.next = "IDLE"
        return m

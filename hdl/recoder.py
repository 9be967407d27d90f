"""Scalars become signed digits, and buckets' numbers halves: operands for the mailboxes."""

from amaranth import *
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import exact_log2

from proofmill.hdl.commands import NUMBER
from proofmill.hdl.levels import Level
from proofmill.hdl.slicer import SLICE
from proofmill.hdl.unit_windows import WINDOWS
from proofmill.hdl.windows import BIT_NUMBER_BITS, MAX_WINDOW, WINDOW_NUMBER_BITS


class Work(enum.Enum, shape=3):
    """What the recoder does with an entry."""

    NONE = 0   # there is none; the next one's registers are loaded
    BEGIN = 1  # is there any window of this slice for this unit?
    CUT = 2    # a digit out of the slice
    LOOK = 3   # which place is it, of which group's buckets?
    COUNT = 4  # and which number has it?
    LOW = 5    # the lower half of the number
    HIGH = 6   # and the upper one
    LEAVE = 7  # its last operand is made, if it is none with digit zero


class Entry(wiring.Signature):
    """The next entry of a unit's ring, to be recoded.

    Members
    -------
    valid : there is one
    slice : of a point, see `hdl.slicer.SLICE`
    mailbox : of a bucket
    left : the recoder has done with it
    """

    def __init__(self, mailbox_bits: int):
        super().__init__({"valid": Out(1), "slice": Out(SLICE), "mailbox": Out(mailbox_bits),
                          "left": In(1)})


class Recoded(wiring.Signature):
    """What an entry is added to: mailbox `mailbox`, `negative` or not, until it is `taken`."""

    def __init__(self, mailbox_bits: int):
        super().__init__({"valid": Out(1), "mailbox": Out(mailbox_bits), "negative": Out(1),
                          "taken": In(1)})


class Recoder(wiring.Component):
    """Turn a slice of a scalar into signed digits, or a bucket's number into its halves.

    ::

        entry ─┬─► slice  ─► a window's bits, less the bias ─┬─► part ─► |part|, sign ─► operand
               └─► bucket ─► lower half, upper half ─────────┘           unless it is 0

        cycle       0     1      2      3      4      5
        slice       NONE  BEGIN  CUT    CUT    CUT    LEAVE
          part                          first  second third
          operand                              first         second
        bucket      NONE  LOOK   COUNT  LOW    HIGH   LEAVE
          part                                 lower  upper
          operand                                     lower

    A digit is cut out a cycle, goes through a register and, if it is not zero, becomes an operand,
    every other cycle at the most. The entry is left in the cycle in which its last digit may do so.
    So if operands are taken at once, a slice of n digits, k of them but for the last one not zero,
    is left ``n + 2 + k`` cycles after the one it was first there in, and a bucket ``5 + k``, with
    its two halves for digits.

    Of a slice, every `units`-th window from the first on is this unit's, up to the scalar's highest
    digit that is not zero. Digit d of its n-th window, not zero, goes to mailbox
    ``n * 2 ** (window - 1) + |d| - 1``, negated when d < 0. When buckets are streamed back, bucket
    number j of a group goes, with ``low + high * 2 ** half = j``, to the groups ``2 * group`` and
    ``2 * group + 1`` of the destination, as numbers `low` and `high` where they are not zero.

    Parameters
    ----------
    mailbox_bits, units : bits of a mailbox's number; mailbox units, this one among them.
    number_bits : of a scalar with its bias that are looked at; fewer where nothing longer comes.

    Members
    -------
    again : buckets are streamed back, in
    level : the level at hand, see `hdl.levels.Level`, in
    windows : this unit's, see `hdl.unit_windows.WINDOWS`, in
    entry : see `Entry`, in
    operand : see `Recoded`, out
    idle : no entry is being recoded and no operand waits, out
    cutting : a digit is cut out of a scalar in this cycle, out

    Attributes
    ----------
    What a proof may look at, besides the members:

    state : what is done with the entry, see `Work`
    part, middle, part_base : while `part_valid`, what will be the next operand, or a zero
    scalar, highest, final : of the slice
    base : one before the window's first bucket
    number, bit, around : of the window at hand: the scalar is read in pieces of as many bits as the
        widest window has, and it begins at bit number `bit` of the two pieces `around` it
    next_number, next_bit : of the unit's next window; past the last one by its step, which nobody
        looks at
    place, group, bucket : of a bucket streamed back: where it lies in the level, then in its group;
        the group; its number
    """

    def __init__(self, mailbox_bits: int, units: int = 1, number_bits: int = NUMBER):
        self.mailbox_bits, self.units, self.number_bits = mailbox_bits, units, number_bits
        super().__init__({
            "again": In(1), "level": In(Level(mailbox_bits)), "windows": In(WINDOWS),
            "entry": In(Entry(mailbox_bits)), "operand": Out(Recoded(mailbox_bits)),
            "idle": Out(1), "cutting": Out(1),
        })
        self.state = Signal(Work)
        self.part_valid = Signal()
        self.part = Signal(MAX_WINDOW + 1)
        self.middle = Signal(MAX_WINDOW + 1)
        self.part_base = Signal(mailbox_bits)
        self.scalar = Signal(number_bits, reset_less=True)
        self.highest = Signal(BIT_NUMBER_BITS)
        self.final = Signal()
        self.base = Signal(mailbox_bits)
        self.number = Signal(WINDOW_NUMBER_BITS)
        self.bit = Signal(exact_log2(MAX_WINDOW))
        self.around = Signal(2 * MAX_WINDOW)
        self.next_number = Signal(WINDOW_NUMBER_BITS + 1)
        self.next_bit = Signal(BIT_NUMBER_BITS + 1)
        self.place = Signal(mailbox_bits)
        self.group = Signal(mailbox_bits)
        self.bucket = Signal(MAX_WINDOW + 1)

    def elaborate(self, platform):
        m = Module()
        level, windows, entry, operand = self.level, self.windows, self.entry, self.operand
        state = self.state
        free = Signal()       # the operand's place is, at the end of this cycle
        part_valid, part, middle, part_base = (
            self.part_valid, self.part, self.middle, self.part_base)
        part_free = Signal()
        m.d.comb += [
            free.eq(~operand.valid),
            part_free.eq(~part_valid | free),
            self.idle.eq((state == Work.NONE) & ~part_valid & ~operand.valid),
            self.cutting.eq((state == Work.CUT) & part_free),
        ]

        # A part becomes an operand: its distance from the middle is its place among the buckets.
        # That an operand has been taken is known late, so the next one comes a cycle after that.
        negative = Signal()
        m.d.comb += negative.eq(part < middle)
        with m.If(operand.taken):
            m.d.sync += operand.valid.eq(0)
        with m.If(free):
            m.d.sync += [
                part_valid.eq(0), operand.valid.eq(part_valid & (part != middle)),
                operand.negative.eq(negative),
                operand.mailbox.eq(
                    Mux(negative, part_base + middle - part, part_base - middle + part)),
            ]

        # A digit: what stands in the window, less the bias.
        buckets = Signal(MAX_WINDOW)         # of a window: 2 ** (window - 1)
        m.d.comb += buckets.eq(level.window_ones ^ (level.window_ones >> 1))
        scalar, highest, final, base = self.scalar, self.highest, self.final, self.base
        within = exact_log2(MAX_WINDOW)
        number, bit, around = self.number, self.bit, self.around
        next_number, next_bit = self.next_number, self.next_bit
        narrow = Signal()                    # the window at hand has one bit less
        wider = Signal(range(self.units + 1))  # wide windows from the next one to the one after
        done = Signal()
        m.d.comb += [
            narrow.eq(number >= windows.wide),
            wider.eq(Mux(next_number >= windows.wide, 0,
                         Mux(next_number + self.units < windows.wide, self.units,
                             (windows.wide - next_number)[:WINDOW_NUMBER_BITS]))),
            done.eq((next_number >= windows.end) | (next_bit > highest)),
        ]

        def to_the_next_window():
            return [
                number.eq(next_number[:WINDOW_NUMBER_BITS]), bit.eq(next_bit[:within]),
                around.eq(Cat(scalar, C(0, 2 * MAX_WINDOW)).bit_select(
                    Cat(C(0, within), next_bit[within:exact_log2(self.number_bits)]),
                    2 * MAX_WINDOW)),
                next_number.eq(next_number + self.units),
                next_bit.eq(next_bit + windows.step_bits + wider),
            ]

        # A bucket streamed back: its number and group, then the two halves of the number.
        place, group, bucket = self.place, self.group, self.bucket
        pair = Signal(self.mailbox_bits + 1)  # the group in the destination
        m.d.comb += pair.eq(Cat(state == Work.HIGH, group))

        with m.Switch(state):
            with m.Case(Work.NONE):
                m.d.sync += [
                    scalar.eq(entry.slice.scalar), base.eq(-1), highest.eq(entry.slice.highest),
                    final.eq(entry.slice.final), next_number.eq(windows.begin),
                    next_bit.eq(windows.begin_bit + entry.slice.begin),
                    place.eq(entry.mailbox - level.begin),
                ]
                with m.If(entry.valid):
                    m.d.sync += state.eq(Mux(self.again, Work.LOOK, Work.BEGIN))
            with m.Case(Work.BEGIN):
                # A unit may have no window in this pass, or none that the scalar reaches.
                m.d.sync += [*to_the_next_window(), state.eq(Mux(done, Work.LEAVE, Work.CUT))]
            with m.Case(Work.CUT):
                with m.If(part_free):
                    m.d.sync += [
                        part_valid.eq(1),
                        part.eq((around >> bit) & (level.window_ones >> narrow)),
                        middle.eq(Mux(final & (number == windows.last), 0, buckets >> narrow)),
                        part_base.eq(base), base.eq(base + buckets),
                        *to_the_next_window(),
                    ]
                    with m.If(done):
                        m.d.sync += state.eq(Work.LEAVE)
            with m.Case(Work.LOOK):
                m.d.sync += [
                    place.eq(place & (level.window_ones >> level.first)),
                    group.eq((place << level.first) >> level.window),
                    state.eq(Work.COUNT),
                ]
            with m.Case(Work.COUNT):  # of the first level, place n is bucket n + 1
                m.d.sync += [bucket.eq(place + level.first), state.eq(Work.LOW)]
            with m.Case(Work.LOW, Work.HIGH):
                with m.If(part_free):
                    m.d.sync += [
                        part_valid.eq(1), middle.eq(0),
                        part.eq(Mux(state == Work.LOW, bucket & level.half_ones,
                                    bucket >> level.half)),
                        part_base.eq(level.destination + (pair << level.half)),
                        state.eq(Mux(state == Work.LOW, Work.HIGH, Work.LEAVE)),
                    ]
            with m.Case(Work.LEAVE):
                with m.If(free):
                    m.d.comb += entry.left.eq(1)
                    m.d.sync += state.eq(Work.NONE)
        return m

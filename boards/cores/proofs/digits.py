"""The recoder at full width, proven: every operand is the digit of its window, or a bucket's half.

The proof is by induction, so it holds for any number of cycles and entries, for every scalar and
every bias, every width of a window and every first and last one: all of these are free. Digits are
told by their definition in `hdl.windows`: what stands in the window, less half of what it holds.
That digits add up to their scalar is a sum of integers, for a solver alone: see `sum_claims`.
"""

from collections.abc import Iterable, Iterator

from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In
from amaranth.utils import exact_log2

from proofmill.hdl import recoder as recoder_module
from proofmill.hdl.commands import NUMBER
from proofmill.hdl.levels import Level
from proofmill.hdl.recoder import Entry
from proofmill.hdl.unit_windows import WINDOWS
from proofmill.hdl.windows import (
    MAX_WINDOW,
    WindowPlan,
    stride_for,
)

DEPTH = 1
"""Of the induction."""

COPIES = (1, 2, 8, 16)
"""Of a point, for which `sum_claims` are made."""


class DigitProof(wiring.Component):
    """A recoder before which entries come at any time, and from which operands are taken at any.

    What it is told (the level, the windows, whether buckets are streamed back) changes only after a
    cycle in which it is idle and no entry is there; an entry stays until it is left.

    The unit's windows are gone through from `windows.begin` on, to the next one whenever a part is
    made. Each window begins where the one before ends, so between two of a unit's there are the
    widths of the others'. Claimed: of a slice a part is made for each window that begins below the
    slice's highest bit and before `windows.end`, for no other, and before the entry is left; the
    digit is what stands in the window less half, or less nothing if it is the scalar's last; if it
    is not zero there is an operand of it, in this order and no other, with mailbox and sign as
    `hdl.recoder.Recoder` says. Of a bucket: both halves of its number, likewise.

    Parameters
    ----------
    mailbox_bits, units : see `hdl.recoder.Recoder`.
    module : where the recoder is from.
    """

    def __init__(self, mailbox_bits: int, units: int, module=recoder_module):
        self.mailbox_bits, self.units, self.module = mailbox_bits, units, module
        self.dut = module.Recoder(mailbox_bits, units)
        super().__init__({
            "again": In(1), "level": In(Level(mailbox_bits)), "windows": In(WINDOWS),
            "entry": In(Entry(mailbox_bits)), "taken": In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.dut = dut = self.dut
        level, windows, entry, operand = dut.level, dut.windows, dut.entry, dut.operand
        for own, inner in ((self.level, level), (self.windows, windows), (self.entry, entry)):
            wiring.connect(m, wiring.flipped(own), inner)
        m.d.comb += [dut.again.eq(self.again), operand.taken.eq(self.taken)]
        slice_, work, state = entry.slice, self.module.Work, dut.state
        m.d.comb += [Assume(~ResetSignal()), Assume(~self.taken | operand.valid)]

        # What is told makes sense, and stays; so does an entry.
        window, less = level.window, Signal(range(MAX_WINDOW), name="window_less_1")
        m.d.comb += less.eq(window - 1)
        m.d.comb += [
            Assume((window >= 2) & (window <= MAX_WINDOW)),
            Assume(level.window_ones == (1 << window) - 1),
            Assume(windows.step_bits == sum([less] * self.units)),
            Assume(level.half <= MAX_WINDOW), Assume(level.half_ones == (1 << level.half) - 1)]
        told = Cat(self.again, *values_of(level), *values_of(windows))
        before, held = Signal.like(told), Signal.like(Cat(slice_, entry.mailbox))
        changes, waits = Signal(init=1), Signal()
        m.d.sync += [before.eq(told), changes.eq(dut.idle & ~entry.valid),
                     held.eq(Cat(slice_, entry.mailbox)), waits.eq(entry.valid & ~entry.left)]
        m.d.comb += [Assume(changes | (told == before)),
                     Assume(~waits | (entry.valid & (Cat(slice_, entry.mailbox) == held)))]

        # Where the next part is from, and at which mailbox its own begin; of the entry have been
        # made so many, or two at least.
        making, made = Signal(), Signal(range(3))
        passed_number, passed_bit = Signal.like(dut.next_number), Signal.like(dut.next_bit)
        passed_boxes, first = (Signal(self.mailbox_bits, name=name) for name in (
            "passed_boxes", "first"))
        number, bit, over = Signal.like(passed_number), Signal.like(passed_bit), Signal()
        following, narrow = Signal.like(bit), Signal()
        m.d.comb += [
            making.eq((~dut.part_valid | ~operand.valid) & (
                (state == work.CUT) | (state == work.LOW) | (state == work.HIGH))),
            number.eq(Mux(made == 0, windows.begin, passed_number)),
            bit.eq(Mux(made == 0, windows.begin_bit + slice_.begin, passed_bit)),
            first.eq(Mux(made == 0, 0, passed_boxes)),
            over.eq((number >= windows.end) | (bit > slice_.highest)),
            narrow.eq(number >= windows.wide),
            following.eq(bit + sum(Mux(number + n >= windows.wide, less, window)
                                   for n in range(self.units)))]
        with m.If(making):
            m.d.sync += [made.eq(Mux(made == 2, 2, made + 1)),
                         passed_number.eq(number + self.units), passed_bit.eq(following),
                         passed_boxes.eq(first + (C(1) << less))]
        with m.If(entry.left):
            m.d.sync += made.eq(0)
            m.d.comb += Assert(Mux(self.again, made == 2, over))

        # Its digit, or half; and the operand that this becomes.
        # A window that begins at bit 16 a + b begins at bit b of what is there from bit 16 a on.
        within_piece = exact_log2(MAX_WINDOW)
        pieces = Cat(slice_.scalar, C(0, 2 * MAX_WINDOW)).bit_select(
            Cat(C(0, within_piece), bit[within_piece:exact_log2(NUMBER)]), 2 * MAX_WINDOW)
        content, half = Signal(MAX_WINDOW + 1), Signal(MAX_WINDOW)
        expected = Signal(data.StructLayout({"mailbox": self.mailbox_bits, "negative": 1}))
        zero = Signal()
        _, within, group = bucket = self._bucket(m, level, entry)
        with m.If(self.again):  # the lower half of its number, then the upper one
            m.d.comb += [
                content.eq(Mux(made == 0, (within + level.first) & level.half_ones,
                               (within + level.first) >> level.half)),
                zero.eq(content == 0), expected.mailbox.eq(
                    level.destination + ((2 * group + made) << level.half) + content)]
        with m.Else():
            m.d.comb += [
                content.eq((pieces >> bit[:within_piece]) & (level.window_ones >> narrow)),
                half.eq(Mux(slice_.final & (number == windows.last), 0,
                            (C(1) << less) >> narrow)),
                zero.eq(content == half), expected.negative.eq(content < half),
                expected.mailbox.eq(first - 1 + Mux(
                    expected.negative, half - content, content - half)),
                Assert(~making | ~over)]

        # Operands to come: one is offered, another may be behind it.
        queue = [Signal(expected.shape(), name=f"queued{n}") for n in range(2)]
        queued, comes = Signal(range(4)), Signal()
        m.d.comb += comes.eq(making & ~zero)
        m.d.sync += queued.eq(queued + comes - self.taken)
        with m.If(self.taken):
            m.d.sync += queue[0].eq(queue[1])
        with m.If(comes):
            m.d.sync += Array(queue)[queued - self.taken].eq(expected)
        m.d.comb += [
            Assert(~operand.valid | (queued != 0)),
            Assert(~operand.valid | (operand.mailbox == queue[0].mailbox)
                   & (operand.negative == queue[0].negative)),
            Assert(~dut.idle | (queued == 0)),
            Cover(self.taken & operand.negative & (bit > 250)),
            Cover(self.taken & self.again & (level.half == 8)),
            Cover(entry.left & ~self.again & (made == 2))]
        self._inside(m, dut, made, (number, bit, over, first, pieces, following), bucket,
                     (queue, queued))
        return m

    def _bucket(self, m, level, entry):
        """Of a bucket: where it lies in its level, where in its group, and which group that is."""
        place, within, group = (Signal(self.mailbox_bits, name=f"bucket_{name}")
                                for name in ("place", "within", "group"))
        m.d.comb += [
            place.eq(entry.mailbox - level.begin),
            within.eq(place & (level.window_ones >> level.first)),
            group.eq((place << level.first) >> level.window)]
        return place, within, group

    def _inside(self, m, dut, made, at, bucket, queues):
        """What holds it together, for the induction."""
        state, work, slice_, level = dut.state, self.module.Work, dut.entry.slice, dut.level
        again = dut.again
        number, bit, over, first, pieces, following = at
        queue, queued = queues
        waiting = dut.part_valid & (dut.part != dut.middle)
        negative = dut.part < dut.middle
        last = Mux(dut.operand.valid, queue[1], queue[0])
        place, within, group = bucket
        m.d.comb += [
            Assert(queued == dut.operand.valid + waiting),
            Assert(~waiting | (data.View(queue[0].shape(), last).negative == negative)),
            Assert(~waiting | (data.View(queue[0].shape(), last).mailbox == Mux(
                negative, dut.part_base + dut.middle - dut.part,
                dut.part_base - dut.middle + dut.part)[:self.mailbox_bits])),
            Assert(made <= 2),
            Assert((made == 0) | (state == work.CUT) | (state == work.LEAVE)
                   | (state == work.HIGH))]
        with m.If(state != work.NONE):
            m.d.comb += [
                Assert(dut.entry.valid), Assert(dut.scalar == slice_.scalar),
                Assert(dut.highest == slice_.highest), Assert(dut.final == slice_.final),
                Assert(again == ((state == work.LOOK) | (state == work.COUNT)
                                 | (state == work.LOW) | (state == work.HIGH)
                                 | (state == work.LEAVE) & again))]
        with m.Switch(state):
            with m.Case(work.BEGIN):
                m.d.comb += [Assert(dut.next_number == number), Assert(dut.next_bit == bit),
                             Assert(dut.base == (1 << self.mailbox_bits) - 1)]
            with m.Case(work.CUT):
                m.d.comb += [
                    Assert(~over), Assert(dut.number == number),
                    Assert(dut.bit == bit[:len(dut.bit)]),
                    Assert(dut.around == pieces),
                    Assert(dut.next_number == number + self.units),
                    Assert(dut.next_bit == following),
                    Assert(dut.base == (first - 1)[:self.mailbox_bits])]
            with m.Case(work.LOOK):
                m.d.comb += Assert(dut.place == place)
            with m.Case(work.COUNT):
                m.d.comb += [Assert(dut.place == within), Assert(dut.group == group)]
            with m.Case(work.LOW, work.HIGH):
                m.d.comb += [Assert(dut.bucket == within + level.first), Assert(dut.group == group),
                             Assert(made == (state == work.HIGH))]
            with m.Case(work.LEAVE):
                m.d.comb += Assert(Mux(again, made == 2, over))


def values_of(interface) -> list[Value]:
    """The members of an interface that has no interfaces in it."""
    return [getattr(interface, name) for name in interface.signature.members]


def plans_of(scalar_bits: int, units: int) -> Iterator[WindowPlan]:
    """Every width of a window, and as many of `COPIES` as its windows cut a slice for."""
    for window in range(2, MAX_WINDOW + 1):
        for copies in COPIES:
            try:
                yield WindowPlan(scalar_bits, window, units,
                                 stride=stride_for(scalar_bits + 1, copies))
            except ValueError:  # no such slices
                continue


def sum_claim(plan: WindowPlan, missing: int = 0) -> list[str]:
    """Digits are not worth their scalar, or one that is not looked at is not zero.

    What stands in the windows is a number ``v0`` .. of its own for each; together they are the
    scalar and the bias. Its digit is that, less half, less nothing in the last one; so if it is
    the bias that stands there, as above the highest bit that differs, the digit is zero. The bias
    that is added is `missing` less.
    """
    digits = range(plan.digits)
    halves = [1 << plan.width(n) - 1 for n in digits[:-1]] + [0]
    bias = plan.bias - missing
    lines = [f"(declare-const v{n} Int)" for n in digits]
    lines += [f"(assert (and (>= v{n} 0) (< v{n} {1 << plan.width(n)})))" for n in digits]
    biased = _sum(f"(* {1 << plan.position(n)} v{n})" for n in digits)
    worth = _sum(f"(* {1 << plan.position(n)} (- v{n} {half}))" for n, half in enumerate(halves))
    others = " ".join(
        f"(not (= (mod (div {bias} {1 << plan.position(n)}) {1 << plan.width(n)}) {half}))"
        for n, half in enumerate(halves))
    return [*lines, "(declare-const scalar Int)",
            f"(assert (and (>= scalar 0) (< scalar {1 << plan.scalar_bits})))",
            f"(assert (= {biased} (+ scalar {bias})))",
            f"(assert (or (not (= {worth} scalar)) {others}))"]


def room_claim(plan: WindowPlan) -> list[str]:
    """A scalar and the bias do not fit the windows."""
    end = plan.position(plan.digits - 1) + plan.width(plan.digits - 1)
    return ["(declare-const scalar Int)",
            f"(assert (and (>= scalar 0) (< scalar {1 << plan.scalar_bits})))",
            f"(assert (>= (+ scalar {plan.bias}) {1 << min(end, NUMBER)}))"]


def sum_claims(plans: Iterable[WindowPlan]) -> Iterator[list[str]]:
    """... of each of the plans."""
    for plan in plans:
        yield sum_claim(plan)
        yield room_claim(plan)


def _sum(terms: Iterable[str]) -> str:
    return f"(+ 0 {' '.join(terms)})"

"""The recoder, proven: the digits of every scalar are worth the scalar, whatever came before.

The proof begins in any state at all in which the recoder has done with an entry, so by induction
over the entries it holds for every one of any sequence. Scalars, the pauses of whoever takes the
operands, and when the entry comes are free; every trace of so many cycles is covered.
"""

from operator import attrgetter

from amaranth import *
from amaranth.hdl import Assert, Assume, Cover
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from proofmill.hdl import recoder as recoder_module
from proofmill.hdl.slicer import SLICE
from proofmill.hdl.windows import WindowPlan

NUMBER = 16
"""Bits of a scalar and its bias that are few enough for a solver."""

SCALAR_BITS = 8
MAILBOX_BITS = 9
PAUSES = 2
"""Cycles beyond those that recoding itself takes: in which nobody takes the operand, or the entry
has not come."""


def told_of(plan, unit=0):
    """What the recoder of a unit is told of the windows, by the paths of its members."""
    return {"level.window": plan.window, "level.window_ones": (1 << plan.window) - 1,
            "windows.begin": unit, "windows.end": plan.windows, "windows.last": plan.last,
            "windows.wide": plan.wide, "windows.begin_bit": plan.position(unit),
            "windows.step_bits": plan.units * (plan.window - 1)}


def regions(plan, unit, copy=0):
    """(first mailbox, mailboxes, bit) of each of the unit's windows in slice `copy`: digit d goes
    to mailbox ``first + |d| - 1`` and counts for ``d << bit``.

    Where windows begin is read off the bias, which has the highest bit of each but the last.
    """
    half = 1 << plan.window - 1
    bits = [0, *(bit + 1 for bit in range(plan.bias.bit_length()) if plan.bias >> bit & 1)]
    bits = bits[copy * plan.windows:][:plan.windows]
    return [(n * half, half, bit) for n, bit in enumerate(bits[unit::plan.units])]


class Unit(wiring.Component):
    """One unit's recoder with one slice, and what its operands are worth in all.

    Members
    -------
    slice : as the slicer makes it, in
    come, taken, again_slice : free, in
    complete : the entry has been left and its last operand taken, out
    value : of the operands taken, modulo a power of two above any sum, out
    """

    def __init__(self, module, plan, unit, copy, mailbox_bits):
        self.module, self.plan, self.unit, self.copy = module, plan, unit, copy
        self.mailbox_bits = mailbox_bits
        self.value_bits = plan.position(plan.digits - 1) + plan.window + 2
        super().__init__({
            "slice": In(SLICE), "come": In(1), "taken": In(1), "first": In(1),
            "again_slice": In(SLICE),
            "complete": wiring.Out(1), "value": wiring.Out(self.value_bits)})

    def elaborate(self, platform):
        m = Module()
        plan = self.plan
        m.submodules.dut = dut = self.module.Recoder(self.mailbox_bits, plan.units, NUMBER)
        for name, value in told_of(plan, self.unit).items():
            m.d.comb += attrgetter(name)(dut).eq(value)
        own = regions(plan, self.unit, self.copy)

        # The entry comes, is recoded and left; its last operand may be taken after that.
        come, left, just, told = Signal(), Signal(), Signal(), Signal()
        leaves = Signal()
        m.d.comb += [
            dut.entry.valid.eq(~self.first & (self.come | come)),
            dut.entry.slice.eq(Mux(left, self.again_slice, self.slice)),
            dut.operand.taken.eq(self.taken),
            leaves.eq(dut.entry.valid & dut.entry.left & ~left),
            Assume(~self.taken | dut.operand.valid),
            # What goes before: an entry that is being left, or a recoder at rest.
            Assume(~self.first | dut.entry.left | dut.idle),
        ]
        m.d.sync += [come.eq(dut.entry.valid & ~dut.entry.left), left.eq(left | leaves),
                     just.eq(leaves)]

        # Whose operand it is: the entry's before, this one's, or the next one's.
        second, before, was_before, ours, last = (
            Signal(name=name) for name in ("second", "before", "was_before", "ours", "last"))
        m.d.comb += [
            before.eq(self.first | Mux(second, dut.operand.valid, was_before)),
            ours.eq(dut.operand.valid & ~before & (~left | just | last)),
            self.complete.eq(told | (left & ~ours)),
        ]
        m.d.sync += [second.eq(self.first), was_before.eq(before & ~self.taken),
                     last.eq((just | last) & ours & ~self.taken), told.eq(self.complete)]
        counted = self.taken & ours

        # What an operand is worth; every window has one at the most, and they come in order.
        worth, window = Signal(self.value_bits), Signal(range(len(own) + 1))
        known = Signal()
        for n, (first, mailboxes, bit) in enumerate(own):
            with m.If((dut.operand.mailbox >= first) & (dut.operand.mailbox < first + mailboxes)):
                m.d.comb += [
                    worth.eq((dut.operand.mailbox - first + 1)[:plan.window] << bit),
                    window.eq(n), known.eq(1)]
        following = Signal(range(len(own) + 1))
        with m.If(counted):
            m.d.comb += [Assert(known), Assert(window >= following)]
            m.d.sync += [
                following.eq(window + 1),
                self.value.eq(Mux(dut.operand.negative, self.value - worth, self.value + worth))]

        # An operand that is not taken stays as it is.
        waited, mailbox, negative = Signal(), Signal(self.mailbox_bits), Signal()
        m.d.sync += [waited.eq(dut.operand.valid & ~self.taken), mailbox.eq(dut.operand.mailbox),
                     negative.eq(dut.operand.negative)]
        with m.If(waited):
            m.d.comb += Assert(dut.operand.valid & (dut.operand.mailbox == mailbox)
                               & (dut.operand.negative == negative))

        # No cycle is lost but to those who wait: two to take the entry up, two for each window,
        # since an operand's place is empty for a cycle after it, and one to leave the entry.
        most = 2 * len(own) + 3
        cycles = Signal(range(most + 2))
        with m.If(dut.entry.valid & ~left & (~dut.operand.valid | self.taken)):
            m.d.sync += cycles.eq(cycles + 1)
            m.d.comb += Assert(cycles < most)
        return m


class RecoderProof(wiring.Component):
    """All units recode all slices of a scalar; what they make of them is the scalar."""

    def __init__(self, plan, module=recoder_module, mailbox_bits=MAILBOX_BITS):
        self.plan, self.mailbox_bits = plan, mailbox_bits
        self.units = [Unit(module, plan, unit, copy, mailbox_bits)
                      for copy in range(plan.copies) for unit in range(plan.units)]
        super().__init__({
            "scalar": In(plan.scalar_bits), "come": In(len(self.units)),
            "taken": In(len(self.units)), "again_slice": In(SLICE)})

    def elaborate(self, platform):
        m = Module()
        first = Signal(init=1)
        m.d.sync += first.eq(0)
        scalar = Signal.like(self.scalar)
        m.d.sync += scalar.eq(self.scalar)
        m.d.comb += [Assume(~ResetSignal()), Assume(first | (self.scalar == scalar))]
        # The highest bit in which the biased scalar differs from the bias.
        biased, highest, total = Signal(NUMBER), Signal(8), 0
        m.d.comb += biased.eq(self.scalar + self.plan.bias)
        for bit in range(NUMBER):
            with m.If(biased[bit] != self.plan.bias >> bit & 1):
                m.d.comb += highest.eq(bit)
        for n, unit in enumerate(self.units):
            m.submodules[f"unit{n}"] = unit
            m.d.comb += [
                unit.first.eq(first), unit.slice.scalar.eq(biased),
                unit.slice.highest.eq(highest), unit.slice.begin.eq(unit.copy * self.plan.stride),
                unit.slice.final.eq(unit.copy == self.plan.copies - 1),
                unit.come.eq(self.come[n]), unit.taken.eq(self.taken[n]),
                unit.again_slice.eq(self.again_slice)]
            total += unit.value
        complete = Signal()
        m.d.comb += complete.eq(Cat(unit.complete for unit in self.units).all())
        with m.If(complete):
            bits = self.units[0].value_bits
            m.d.comb += [Assert(total[:bits] == self.scalar), Cover(self.scalar == 0),
                         Cover((1 << self.plan.scalar_bits) - 1 == self.scalar)]
        return m


def free(plan):
    """The modules of a `RecoderProof` that begin in any state at all."""
    return [f"top.unit{n}.dut" for n in range(plan.units * plan.copies)]


def depth(plan):
    """Cycles until the entry has been left and its last operand taken, pauses among them."""
    return 6 + 2 * len(regions(plan, 0)) + PAUSES


def plans_of(units: int) -> dict[str, WindowPlan]:
    """Those that are proven of an accelerator of so many units, by name: windows of three bits, a
    window that holds the scalar, and slices of three bits."""
    plans = {"digits": WindowPlan(SCALAR_BITS, 3, min(units, 3))}
    if units == 1:
        plans |= {"one_digit": WindowPlan(SCALAR_BITS, 8, 1),
                  "slices": WindowPlan(SCALAR_BITS, 3, 1, 0, 3)}
    return plans

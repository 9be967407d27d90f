"""The finish of a multi-scalar multiplication on the chip: the last level in, one affine point out.

::

     groups, coordinates ─► exponents ─► field processor ─► words
                                           a, b ║ ▲ product
                                                ▼ ║
                                  a multiplier of the point adder
"""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.curve import FILE_WORDS, Group
from proofmill.hdl.inverter import inverter_port
from proofmill.hdl.microcode import COUNTER_BITS
from proofmill.hdl.processor import CLOCK_BITS, Processor
from proofmill.hdl.processor_shape import ProcessorShape
from proofmill.hdl.windows import MAX_WINDOW, WIDTHS, WINDOWS_BITS, halves

GROUP_BITS = 16
"""Bits of a group's number."""

ENTRY = data.StructLayout({"group": GROUP_BITS, "first": WINDOWS_BITS, "last": 1})
"""A group of the last level, whose coordinates follow; `first` is the window that the numbers of
its mailbox unit begin with. `last` stands after all groups, for none."""


class GroupExponent(wiring.Component):
    """The power of two that a group of the last level counts for: see `WindowPlan.exponent`.

    ``exponent = position(first + (group >> levels) * units) + sum(bit[n] * width[n])``, where the
    widths are the window's halves, and `units` mailbox units have every so many windows each. Two
    cycles from the group to the exponent.

    Members
    -------
    group, first, window, wide : in
    enable : go on, in
    exponent : out, two cycles later
    """

    def __init__(self, units: int = 1):
        self.units = units
        super().__init__({
            "group": In(GROUP_BITS), "first": In(WINDOWS_BITS),
            "window": In(WIDTHS), "wide": In(WINDOWS_BITS),
            "enable": In(1, init=1), "exponent": Out(COUNTER_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        number = Signal(GROUP_BITS)
        inside = Signal(range(MAX_WINDOW))
        with m.Switch(self.window):
            for window in range(2, MAX_WINDOW + 1):
                widths = halves(window)[::-1]
                with m.Case(window):
                    m.d.sync += [
                        number.eq(sum(((self.group >> len(widths)) << place
                                       for place in range(self.units.bit_length())
                                       if self.units >> place & 1), self.first)),
                        inside.eq(sum(Mux(bit, width, 0)
                                      for bit, width in zip(self.group, widths, strict=False))),
                    ]
        # No product of Amaranth's: it would take a DSP block.
        narrow = Signal(range(MAX_WINDOW))
        m.d.comb += narrow.eq(self.window - 1)
        m.d.sync += self.exponent.eq(
            inside + Mux(number < self.wide, number, self.wide)
            + sum(Mux(bit, number << place, 0) for place, bit in enumerate(narrow)))
        return EnableInserter(self.enable)(m)


class HighestGroup(wiring.Component):
    """Which mailbox unit has the group of the highest window: combinational.

    Unit u has the windows u, u + units and so on, so of two units with the same window of their
    own, the later one has the higher window.

    Members
    -------
    window : the width of a window, in
    groups : of each unit, the `number` of its group, and whether it has one, in
    chosen : that unit, out; the first where none has one
    """

    def __init__(self, units: int, group_bits: int):
        self.units, self.group_bits = units, group_bits
        super().__init__({
            "window": In(WIDTHS), "chosen": Out(range(max(2, units))),
            "groups": In(wiring.Signature({
                "number": Out(group_bits), "valid": Out(1)})).array(units),
        })

    def elaborate(self, platform):
        m = Module()
        best, unit, some = C(0, self.group_bits), C(0, len(self.chosen)), C(0, 1)
        for n, group in enumerate(self.groups):
            number = Signal(self.group_bits, name=f"number{n}")
            with m.Switch(self.window):
                for window in range(2, MAX_WINDOW + 1):
                    with m.Case(window):
                        m.d.comb += number.eq(group.number >> len(halves(window)))
            better = Signal(name=f"better{n}")
            m.d.comb += better.eq(group.valid & (~some | (number >= best)))
            best, unit, some = Mux(better, number, best), Mux(better, n, unit), some | group.valid
        m.d.comb += self.chosen.eq(unit)
        return m


class Finisher(wiring.Component):
    """Combine the groups of the last level into ``sum(2 ** exponent * point)``, in affine form.

    The groups come from the highest exponent down, each with its homogeneous coordinates as they
    lie in the mailboxes, unreduced; a group that was never filled is left out. They may come in
    several passes, with anything else on the multiplier between them, begun once it is `resting`.
    The point goes out as it lies in a `.zkey`: x, then y, each part in `words`, low word first; all
    zero at infinity. While groups are still coming, those that are there are combined already.

    Parameters
    ----------
    shape : the processor's, for the multiplier at the ports.
    program : ``firmware/programs/finish.asm``, assembled for that and the curve.
    groups : the groups there are, in the order of the index `group`.
    coordinate_bits : of a coordinate as it comes in; at most the multiplier's operand bits.
    units : mailbox units, see `GroupExponent`.
    datapath : see `hdl.processor.Processor`.
    words : of a part of a coordinate that goes out, see `hdl.curve.Curve.words`.

    Members
    -------
    start : begin, in; only while `ready`
    group : index into `groups`, in, read at `start`
    window, wide : the width of a wide window, and how many there are, in, read at `start`
    ready : nothing is under way, out
    resting : an entry is waited for, and the multiplier is free until it comes, out
    entries : stream of `ENTRY`, in
    coordinates : stream of coordinates, in; 3 or 6 after each entry but the last
    words : stream of words, out
    a, b, multiplying, product, accept : the multiplier's, see `hdl.processor.Processor`
    inverter : see there
    cycles, waited : see there
    """

    def __init__(self, shape: ProcessorShape, program, groups, coordinate_bits: int, *,
                 units: int = 1, datapath: bool = True, words: int = FILE_WORDS):
        if coordinate_bits > shape.multiplier.operand_bits:
            raise ValueError(f"coordinates of {coordinate_bits} bits do not fit a multiplier that "
                             f"takes {shape.multiplier.operand_bits}")
        self.shape, self.groups, self.units = shape, list(groups), units
        self.out_words = words
        self.entry_points = []
        for group in self.groups:
            label = f"combine_{group.value}"
            if label not in program.labels:
                raise ValueError(f"the program has no label {label}; assemble finish.asm")
            self.entry_points.append(program.labels[label])
        self.processor = Processor(shape, program, datapath=datapath)
        super().__init__({
            "start": In(1), "group": In(range(max(2, len(self.groups)))),
            "window": In(WIDTHS), "wide": In(WINDOWS_BITS), "ready": Out(1),
            "resting": Out(1),
            "entries": In(stream.Signature(ENTRY)),
            "coordinates": In(stream.Signature(coordinate_bits)),
            "words": Out(stream.Signature(WORD)),
            "a": Out(shape.multiplier.operand_bits), "b": Out(shape.multiplier.operand_bits),
            "multiplying": Out(1), "product": In(shape.value_bits), "accept": In(1, init=1),
            **({} if shape.inverter is None else {"inverter": Out(inverter_port(shape.inverter))}),
            "cycles": Out(CLOCK_BITS), "waited": Out(CLOCK_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.processor = processor = self.processor
        if self.shape.inverter is not None:
            wiring.connect(m, processor.inverter, wiring.flipped(self.inverter))
        m.submodules.exponent = exponent = GroupExponent(self.units)
        m.d.comb += [
            self.a.eq(processor.a), self.b.eq(processor.b),
            self.multiplying.eq(processor.multiplying), processor.product.eq(self.product),
            processor.accept.eq(self.accept), self.cycles.eq(processor.cycles),
            self.waited.eq(processor.waited),
        ]

        # What the processor is given: for each entry the doublings before it, whether a point
        # follows, and the point.
        rows = Signal(range(3 * Group.G2.degree + 1))
        row = Signal.like(rows)
        entry = Signal(ENTRY)
        window = Signal.like(self.window)
        wide = Signal.like(self.wide)
        above = Signal(COUNTER_BITS)
        first = Signal()  # the exponent before, if there was one
        doublings = Signal(COUNTER_BITS)
        fed = Signal()  # an entry is being looked at
        m.d.comb += [exponent.enable.eq(fed), exponent.group.eq(entry.group),
                     exponent.first.eq(entry.first),
                     exponent.window.eq(window), exponent.wide.eq(wide)]
        i = processor.i
        with m.FSM(name="feed") as feed:
            with m.State("IDLE"):
                m.d.sync += [first.eq(1), window.eq(self.window), wide.eq(self.wide)]
                with m.Switch(self.group):
                    for index, (group, address) in enumerate(
                            zip(self.groups, self.entry_points, strict=True)):
                        with m.Case(index):
                            m.d.comb += processor.entry.eq(address)
                            m.d.sync += rows.eq(3 * group.degree)
                m.d.comb += processor.start.eq(self.start & self.ready)
                with m.If(self.start & self.ready):
                    m.next = "ENTRY"
            with m.State("ENTRY"):
                m.d.comb += self.entries.ready.eq(1)
                m.d.sync += [entry.eq(self.entries.payload), row.eq(0)]
                with m.If(self.entries.valid):
                    m.next = "EXPONENT"
            with m.State("EXPONENT"):
                m.d.comb += fed.eq(1)
                m.next = "SETTLE"
            with m.State("SETTLE"):
                m.d.comb += fed.eq(1)
                m.next = "GAP"
            with m.State("GAP"):
                m.d.sync += [
                    doublings.eq(Mux(first, 0, above - Mux(entry.last, 0, exponent.exponent))),
                    above.eq(exponent.exponent), first.eq(0),
                ]
                m.next = "DOUBLINGS"
            with m.State("DOUBLINGS"):
                m.d.comb += i.valid.eq(1)
                with m.If(i.ready):
                    m.next = "FOLLOWS"
            with m.State("FOLLOWS"):
                m.d.comb += i.valid.eq(1)
                with m.If(i.ready):
                    m.next = "POINT"
                    with m.If(entry.last):
                        m.next = "IDLE"
            with m.State("POINT"):
                m.d.comb += [i.valid.eq(self.coordinates.valid),
                             self.coordinates.ready.eq(i.ready)]
                with m.If(i.valid & i.ready):
                    m.d.sync += row.eq(row + 1)
                    with m.If(row == rows - 1):
                        m.next = "ENTRY"

        m.d.comb += i.payload.eq(Mux(
            feed.ongoing("POINT"), self.coordinates.payload,
            Mux(feed.ongoing("DOUBLINGS"), doublings, ~entry.last)))

        # What it gives: values, each cut into words.
        value = Signal(self.out_words * WORD)
        left = Signal(range(self.out_words + 1))
        m.d.comb += [
            self.words.payload.eq(value[:WORD]), self.words.valid.eq(left != 0),
            processor.o.ready.eq(left == 0),
            self.resting.eq(feed.ongoing("ENTRY") & ~self.entries.valid & processor.resting),
            self.ready.eq(feed.ongoing("IDLE") & processor.ready & (left == 0)),
        ]
        with m.If(left == 0):
            with m.If(processor.o.valid):
                m.d.sync += [value.eq(processor.o.payload), left.eq(self.out_words)]
        with m.Elif(self.words.ready):
            m.d.sync += [value.eq(value >> WORD), left.eq(left - 1)]
        return m

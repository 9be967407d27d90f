"""The groups of the last level on their way out: to the host as they are, or to the finisher."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import ANSWER, WORD, Command
from proofmill.hdl.operands import READ, HandedOut
from proofmill.hdl.processor_finisher import ENTRY, HighestGroup
from proofmill.hdl.windows import WIDTHS, WINDOWS_BITS


class HandOut(wiring.Component):
    """Take the entries out of the mailbox units' rings, one after another.

    To the host, unit by unit: for each entry a header (`hdl.commands.ANSWER`), then its
    coordinates, row by row, word by word. To the finisher, from the highest window down, whichever
    unit has it; so it waits until every unit has said what it has next, or that it has nothing.

    Parameters
    ----------
    shape : `hdl.msm.MsmShape`.

    Members
    -------
    group, window, first_window, begin : what is handed out, and where its level begins, in
    enable : hand out, in
    finish : to the finisher, in
    entries : of each unit, see `hdl.operands.HandedOut`, in
    done : the units that have nothing left, in
    words : stream of words for the host, out
    groups, coordinates : streams for the finisher, see there, out
    finished : nothing is left, out
    """

    def __init__(self, shape):
        self.shape = shape
        adder = shape.adder
        super().__init__({
            "group": In(range(max(2, len(adder.groups)))), "window": In(WIDTHS),
            "first_window": In(WINDOWS_BITS), "begin": In(shape.mailbox_bits),
            "enable": In(1), "finish": In(1),
            "entries": In(HandedOut(adder, shape.mailbox_bits)).array(adder.units),
            "done": In(adder.units),
            "words": Out(stream.Signature(WORD)),
            "groups": Out(stream.Signature(ENTRY)),
            "coordinates": Out(stream.Signature(adder.coordinate_bits)),
            "finished": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        sending = Signal()  # an entry's coordinates; else it is said which one it is
        # A group's number: it has two mailboxes, of which the first is never filled.
        numbers = [((entry.mailbox - self.begin)[:self.shape.mailbox_bits] >> 1)
                   for entry in self.entries]
        asked = Signal(range(max(2, len(self.entries))))  # unit by unit
        speaker = Signal.like(asked)
        m.d.comb += speaker.eq(asked)
        told = C(1)
        if self.shape.finisher:
            told = self._highest_speaks(m, speaker, numbers, sending)

        # What the speaker has. A coordinate is there some cycles after its entry and row.
        valid = Signal()
        left = Signal()
        number = Signal(self.shape.mailbox_bits)
        coordinate = Signal(self.shape.coordinate_words * WORD)
        row = Signal(self.shape.adder.positions)
        reading = Signal(range(READ + 1))
        there = Signal()
        m.d.comb += [there.eq(reading == READ), *[entry.row.eq(row) for entry in self.entries]]
        with m.Switch(speaker):
            for unit, entry in enumerate(self.entries):
                with m.Case(unit):
                    m.d.comb += [valid.eq(entry.valid), entry.left.eq(left),
                                 number.eq(numbers[unit]), coordinate.eq(entry.coordinate)]

        begins = Signal()  # it has been said which entry it is
        passes = Signal()  # a coordinate of it has been sent
        sent = self._to_host(m, sending, valid, number, speaker, there, coordinate)
        given = self._to_finisher(m, sending, valid & told, number, speaker, there, coordinate)
        m.d.comb += [begins.eq(~sending & (sent | given)), passes.eq(sending & (sent | given))]
        rows = Signal(3)
        for index, group in enumerate(self.shape.adder.groups):
            with m.If(self.group == index):
                m.d.comb += rows.eq(3 * group.degree)
        m.d.sync += reading.eq(Mux(there, READ, reading + 1))
        with m.If(~sending | passes):
            m.d.sync += reading.eq(0)
        with m.If(begins):
            m.d.sync += sending.eq(1)
        with m.If(passes):
            m.d.sync += row.eq(row + 1)
            with m.If(row == rows - 1):
                m.d.sync += [row.eq(0), sending.eq(0)]
                m.d.comb += left.eq(1)

        with m.If(self.enable & ~sending & ~valid):
            with m.If(self.finish):
                m.d.comb += self.finished.eq(self.done.all())
            with m.Elif(self.done.bit_select(speaker, 1)):
                m.d.sync += asked.eq(asked + 1)
                with m.If(asked == len(self.entries) - 1):
                    m.d.sync += asked.eq(0)
                    m.d.comb += self.finished.eq(1)
        return m

    def _highest_speaks(self, m, speaker, numbers, sending):
        """To the finisher, the unit that has the highest window speaks until its entry has been
        sent. Returns whether every unit has said what it has next, or that it has nothing."""
        m.submodules.highest = highest = HighestGroup(len(self.entries), self.shape.mailbox_bits)
        kept = Signal.like(speaker, name="kept_unit")
        told = Signal()
        m.d.comb += [
            highest.window.eq(self.window),
            told.eq(Cat(entry.valid | self.done[unit]
                        for unit, entry in enumerate(self.entries)).all()),
        ]
        for group, entry, number in zip(highest.groups, self.entries, numbers, strict=True):
            m.d.comb += [group.number.eq(number), group.valid.eq(entry.valid)]
        with m.If(~sending):
            m.d.sync += kept.eq(speaker)
        with m.If(self.finish):
            m.d.comb += speaker.eq(Mux(sending, kept, highest.chosen))
        return told

    def _to_host(self, m, sending, valid, number, speaker, there, coordinate):
        """A header, or a coordinate in words; returns whether it has been sent."""
        word = Signal(range(max(2, self.shape.coordinate_words)))
        header = Signal(ANSWER)
        sent = self.words.valid & self.words.ready
        last = word == self.shape.coordinate_words - 1
        m.d.comb += [
            header.command.eq(Command.MULTIPLY), header.unit.eq(speaker), header.group.eq(number),
            self.words.valid.eq(self.enable & ~self.finish & Mux(sending, there, valid)),
            self.words.payload.eq(Mux(sending, coordinate.word_select(word, WORD), header)),
        ]
        with m.If(sending & sent):
            m.d.sync += word.eq(Mux(last, 0, word + 1))
        return sent & (~sending | last)

    def _to_finisher(self, m, sending, valid, number, speaker, there, coordinate):
        """A group, or a coordinate of it; returns whether it has been taken."""
        enable = self.enable & self.finish
        groups, coordinates = self.groups, self.coordinates
        m.d.comb += [
            groups.valid.eq(enable & ~sending & valid),
            groups.payload.group.eq(number),
            groups.payload.first.eq(self.first_window + speaker),
            coordinates.valid.eq(enable & sending & there),
            coordinates.payload.eq(coordinate),
        ]
        return (groups.valid & groups.ready) | (coordinates.valid & coordinates.ready)

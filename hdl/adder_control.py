"""What a point adder does in which cycle: its schedules as tables, and the memories of them."""

from amaranth import *
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.schedule import Bank


class Timetable:
    """The schedules of an adder as tables, with one row for every cycle of every group's frame.

    Parameters
    ----------
    shape : the adder's, `hdl.point_adder.AdderShape`.

    Attributes
    ----------
    rows : of each table.
    first : each group's first row.
    address_bits : of a word's address in any bank.
    """

    def __init__(self, shape):
        self.shape = shape
        self.first, self.rows = {}, 0
        self._following = []  # the row of the cycle after
        for group in shape.groups:
            self.first[group] = self.rows
            self.rows += shape.interval[group]
            self._following += [*range(self.first[group] + 1, self.rows), self.first[group]]
        self.address_bits = max(words for _, words in shape.banks.values()).bit_length() - 1

    def row(self, group, time: int) -> int:
        """The row of the cycle in which something at `time` of an evaluation happens."""
        return self.first[group] + time % self.shape.interval[group]

    def two_early(self, contents: dict) -> list:
        """A table's rows, from {row: what it says}, each two cycles before its own."""
        following = self._following
        return [contents.get(following[following[n]], {}) for n in range(self.rows)]

    def operations(self, unit: str) -> list:
        """(group, operation) of all operations of `unit`."""
        return [(group, operation) for group, schedule in self.shape.schedules.items()
                for operation in schedule.operations if operation.unit == unit]

    def sources(self, unit: str, port: int) -> list[Bank]:
        """The banks that `port` of `unit` reads at any time."""
        return sorted({schedule.bank[node] for schedule in self.shape.schedules.values()
                       for user, user_port, node, _ in schedule.reads
                       if (user, user_port) == (unit, port)})

    def reads(self, unit: str, port: int) -> dict[int, dict[str, int]]:
        """{row: from which of the `sources`, and where in it, `port` of `unit` reads}."""
        sources = self.sources(unit, port)
        return {self.row(group, time): {"source": sources.index(schedule.bank[node]),
                                        **self._place(schedule, node, time)}
                for group, schedule in self.shape.schedules.items()
                for user, user_port, node, time in schedule.reads
                if (user, user_port) == (unit, port)}

    def writes(self, unit: str, latency: int) -> dict[int, dict[str, int]]:
        """{row: where in its bank `unit` writes}, `latency` cycles from operands to readable."""
        contents = {}
        for group, operation in self.operations(unit):
            time = operation.time + latency - 1
            contents[self.row(group, time)] = {"enable": 1, **self._place(
                self.shape.schedules[group], operation.node, time)}
        return contents

    def _place(self, schedule, node, time: int) -> dict[str, int]:
        """What to add to the frame's number to find `node` at `time`; or, for what was brought in,
        to the round's, and whose pair it is of: the unit's whose turn was `back` frames ago."""
        words, frames = 1 << self.address_bits, time // schedule.interval
        if not schedule.bank[node].brought_in:
            return {"address": (schedule.offset[node] - frames) % words}
        rounds, back = divmod(frames, self.shape.units)
        return {"address": (schedule.offset[node] - rounds) % words, "back": back}


class Control(wiring.Component):
    """A memory that says what to do in each cycle.

    It is read two cycles early, one for the row's number and one for what it says, each kept in a
    register: what it says goes to every bit of an operand, and a memory is slow to say it.

    Parameters
    ----------
    timetable : of the adder.
    layout : of a row.
    contents : {row: what it says}; the other rows are zero.

    Members
    -------
    row : the row of this cycle, a cycle late, in
    word : what to do in this cycle, out
    next_word : and in the next, out
    """

    def __init__(self, timetable: Timetable, layout: data.Layout, contents: dict):
        self.depth = max(2, timetable.rows)
        self.layout, self.contents = layout, timetable.two_early(contents)
        super().__init__({"row": In(range(self.depth)), "word": Out(layout),
                          "next_word": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = memory.Memory(
            shape=self.layout, depth=self.depth, init=self.contents)
        port = words.read_port()
        m.d.comb += [port.addr.eq(self.row), self.next_word.eq(port.data)]
        m.d.sync += self.word.eq(port.data)
        return m

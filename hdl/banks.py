"""The banks of a point adder, in which values wait from the unit that made them to those that use
them, and the ports they are read and written by."""

from amaranth import *
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import Out

from proofmill.hdl.adder_control import Control
from proofmill.hdl.frames import FRAME_NUMBER_BITS
from proofmill.hdl.schedule import Bank, side


class Pair(wiring.Signature):
    """A pair of points on its way to the adder, one coordinate of both a cycle.

    Members
    -------
    load : there is a coordinate
    position : which one
    start : the round in which the evaluation starts
    p, q : its value for either point
    """

    def __init__(self, shape):
        super().__init__({
            "load": Out(1), "position": Out(shape.positions),
            "start": Out(FRAME_NUMBER_BITS),
            "p": Out(shape.coordinate_bits), "q": Out(shape.coordinate_bits)})


def choose(m, number, values, chosen):
    """``chosen = values[number]`` by a tree of multiplexers, which needs no decoder of `number`."""
    if len(values) == 1:
        m.d.comb += chosen.eq(values[0])
        return
    half = 1 << (len(values) - 1).bit_length() - 1
    bit = half.bit_length() - 1
    with m.If(number[bit]):
        choose(m, number[:bit], values[half:], chosen)
    with m.Else():
        choose(m, number[:bit], values[:half], chosen)


class Banks:
    """All banks of an adder, with what reads and writes them, put into its module `m`.

    Parameters
    ----------
    timetable : of the adder.
    group : index into its groups.
    next_frame : `hdl.frames.NextFrame`.
    """

    def __init__(self, m, timetable, group, next_frame):
        self.m, self.timetable, self.shape = m, timetable, timetable.shape
        self.group, self.next = group, next_frame
        self.row = Signal(range(max(2, timetable.rows)), name="row")
        for index, each in enumerate(self.shape.groups):
            with m.If(group == index):
                m.d.sync += self.row.eq(timetable.first[each] + next_frame.cycle)
        # What is brought in has a bank for each unit that brings it. As registers, a bank would
        # need a decoder in the way of every word's writing.
        self.memories = {}
        for bank, (bits, words) in self.shape.banks.items():
            units = range(self.shape.units if bank.brought_in else 1)
            attributes = {} if bank.brought_in else {"ram_style": "distributed"}
            self.memories[bank] = [
                memory.Memory(shape=bits, depth=words, init=[], attrs=attributes) for _ in units]
            for unit, words in zip(units, self.memories[bank], strict=True):
                label = f"{bank}_unit{unit}_bank" if bank.brought_in else f"{bank}_bank"
                m.submodules[label] = words

    def register(self, name, value):
        """`value` a cycle later."""
        held = Signal.like(value, name=name, reset_less=True)
        self.m.d.sync += held.eq(value)
        return held

    def control(self, name, layout, contents):
        """A control memory beside the others; see `hdl.adder_control.Control`."""
        control = self.m.submodules[f"{name}_control"] = Control(self.timetable, layout, contents)
        self.m.d.comb += control.row.eq(self.row)
        return control

    def read(self, unit: str, port: int):
        """What `port` of `unit` reads this cycle, from whichever bank its schedule says."""
        m, shape, timetable = self.m, self.shape, self.timetable
        name, sources = f"{unit}_{port}", timetable.sources(unit, port)
        control = self.control(name, data.StructLayout({
            "source": range(max(2, len(sources))), "address": timetable.address_bits,
            "back": range(max(2, shape.units))}), timetable.reads(unit, port))
        word = control.next_word
        address, whose, rounded = (
            Signal(timetable.address_bits, name=f"{name}_address"),
            Signal.like(self.next.turn, name=f"{name}_unit"),
            Signal(timetable.address_bits, name=f"{name}_round"))
        # The unit whose pair is evaluated had its turn so many frames ago, perhaps a round earlier.
        earlier = Signal(name=f"{name}_earlier")
        m.d.comb += earlier.eq(self.next.turn < word.back)
        m.d.sync += [
            address.eq(word.address + self.next.number),
            whose.eq(self.next.turn - word.back + Mux(earlier, shape.units, 0)),
            rounded.eq(word.address + self.next.round - earlier),
        ]
        found = []
        for bank in sources:
            ports = [words.read_port(domain="comb") for words in self.memories[bank]]
            m.d.comb += [each.addr.eq(rounded if bank.brought_in else address) for each in ports]
            found.append(Array(each.data for each in ports)[whose] if len(ports) > 1
                         else ports[0].data)
        value = Signal(max(shape.banks[bank][0] for bank in sources), name=f"{name}_value")
        choose(m, control.word.source, found, value)
        return value

    def write(self, unit: str, value, latency: int):
        """Write what `unit` has finished, `latency` cycles from operands to readable, into its own
        bank, where its schedule says."""
        m, timetable = self.m, self.timetable
        control = self.control(f"{unit}_write", data.StructLayout({
            "enable": 1, "address": timetable.address_bits}), timetable.writes(unit, latency))
        address = Signal(timetable.address_bits, name=f"{unit}_write_address")
        (words,) = self.memories[Bank(unit)]
        port = words.write_port()
        m.d.sync += address.eq(control.next_word.address + self.next.number)
        m.d.comb += [port.en.eq(control.word.enable), port.addr.eq(address), port.data.eq(value)]

    def bring_in(self, unit: int, pair):
        """Write the coordinates that mailbox unit number `unit` brings: see `Pair`."""
        for number, value in ((0, pair.p), (1, pair.q)):
            self._bring_in(side(number), unit, pair, value)

    def _bring_in(self, bank, unit, pair, value):
        m, name = self.m, f"{bank}_unit{unit}"
        offset = Signal(self.timetable.address_bits, name=f"{name}_offset")
        for index, group in enumerate(self.shape.groups):
            schedule = self.shape.schedules[group]
            with m.If(self.group == index):
                with m.Switch(pair.position):
                    for node, place in schedule.offset.items():
                        if schedule.bank[node] == bank:
                            with m.Case(node.position):
                                m.d.comb += offset.eq(place)
        loaded = Signal(name=f"{name}_loaded")
        address = Signal(self.timetable.address_bits, name=f"{name}_address")
        port = self.memories[bank][unit].write_port()
        m.d.sync += [address.eq(offset + pair.start), loaded.eq(pair.load)]
        m.d.comb += [port.en.eq(loaded), port.addr.eq(address),
                     port.data.eq(self.register(f"{name}_coordinate", value))]

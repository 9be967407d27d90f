"""An SDRAM chip as its data sheet tells it: it keeps words, and it keeps watch.

A component of its own clock domain ``chip``, so the same chip answers in Amaranth's simulator and
under Verilator. It does what a chip would do with the commands it sees, and holds every one to
the rules; the first that is broken is named by a number that stays.
"""

import enum
import math
from typing import Any

from amaranth import Cat, ClockDomain, ClockSignal, Instance, Module, Mux, ResetSignal, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.sdram import BURST, IS42S16160, Pin, SdramPins, SdramTiming


class Rule(enum.IntEnum):
    """What a controller may do wrong."""

    NONE = 0
    NOT_STARTED = 1      # used before precharge, eight refreshes and mode, or too soon after power
    MODE = 2             # a mode other than bursts of four in sequence at the chip's latency
    OPEN_OPENED = 3      # ACTIVATE in a bank with an open row
    CLOSED_USED = 4      # READ or WRITE in a bank without one
    TRCD = 5
    TRP = 6
    TRAS = 7
    TRC = 8
    TRFC = 9
    TWR = 10             # a row closed too soon after a write, or in the middle of one
    REFRESH_OPEN = 11    # REFRESH with a row open
    REFRESH_LATE = 12    # more than nine intervals without one: JEDEC lets eight be put off
    COLLISION = 13       # both sides drive the data pins
    READ_CLOSED = 14     # a row closed while a burst was being read out of it, or a burst cut
    NOT_DRIVEN = 15      # a column to be written is not on the pins


CELLS = """
module sdram_cells #(parameter DEPTH = 1) (
    input clk, input store, input [$clog2(DEPTH)-1:0] store_at, input [15:0] value,
    input [$clog2(DEPTH)-1:0] read_at, output [15:0] read);
  reg [15:0] cells [0:DEPTH-1];
  assign read = cells[read_at];
  always @(posedge clk) if (store) cells[store_at] <= value;
endmodule
"""


class SdramChip(wiring.Component):  # type: ignore[misc]
    """The chip, clocked by the inverse of ``sync``.

    Parameters
    ----------
    clock_hz : for turning the times of `timing` into cycles.
    start_cycles : the pause after power-up that is insisted on.
    verilog_cells : keep the cells in `CELLS`, which only Verilog simulators know, instead of in
        an Amaranth memory: millions of those take minutes to write out.

    Members
    -------
    pins : to the controller, in
    broken : the first `Rule` that was broken, out
    refreshes : REFRESH commands so far, out
    """

    def __init__(self, clock_hz: float, timing: SdramTiming = IS42S16160, *,
                 start_cycles: int | None = None, verilog_cells: bool = False) -> None:
        self.clock_hz, self.timing, self.verilog_cells = clock_hz, timing, verilog_cells
        self.start_cycles = start_cycles or math.ceil(timing.start * clock_hz / 1e9)
        super().__init__({"pins": In(SdramPins()), "broken": Out(4),  # type: ignore[no-untyped-call]
                          "refreshes": Out(32)})

    def cycles(self, nanoseconds: float) -> int:
        """Whole cycles of at least that time."""
        return math.ceil(nanoseconds * self.clock_hz / 1e9 - 1e-9)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.domains.chip = ClockDomain(local=True)
        m.d.comb += [ClockSignal("chip").eq(~ClockSignal()), ResetSignal("chip").eq(0)]
        t, pins = self.timing, self.pins
        column_bits = (t.columns - 1).bit_length()
        depth = t.banks * t.rows * t.columns
        read_at, read_value = Signal(range(depth)), Signal(16)
        store_at, store = Signal(range(depth)), Signal()
        if self.verilog_cells:
            m.submodules.cells = Instance(
                "sdram_cells", p_DEPTH=depth, i_clk=ClockSignal("chip"), i_store=store,
                i_store_at=store_at, i_value=pins.write, i_read_at=read_at, o_read=read_value)
        else:
            cells = m.submodules.cells = memory.Memory(shape=16, depth=depth, init=[])
            write_port, read_port = cells.write_port(domain="chip"), cells.read_port(domain="comb")
            m.d.comb += [
                write_port.en.eq(store), write_port.addr.eq(store_at),
                write_port.data.eq(pins.write), read_port.addr.eq(read_at),
                read_value.eq(read_port.data)]

        def rule(condition: Any, broken: Rule) -> None:
            with m.If(condition & (self.broken == Rule.NONE)):
                m.d.chip += self.broken.eq(broken)

        def age(name: str, most: int) -> Signal:
            """Cycles since something, up to `most`."""
            since = Signal(range(most + 2), name=name, init=most + 1)
            with m.If(since <= most):
                m.d.chip += since.eq(since + 1)
            return since

        trcd, trp, tras = self.cycles(t.trcd), self.cycles(t.trp), self.cycles(t.tras)
        trc, trfc, twr = self.cycles(t.trc), self.cycles(t.trfc), self.cycles(t.twr)
        late = math.ceil(9 * t.refresh_ms * 1e-3 / t.rows * self.clock_hz)

        power = Signal(range(self.start_cycles + 2))
        with m.If(power <= self.start_cycles):
            m.d.chip += power.eq(power + 1)
        precharged, counted, started = Signal(), Signal(range(9)), Signal()
        opened = [Signal(name=f"open{n}") for n in range(t.banks)]
        rows = [Signal(range(t.rows), name=f"row{n}") for n in range(t.banks)]
        since_open = [age(f"since_open{n}", trc) for n in range(t.banks)]
        since_close = [age(f"since_close{n}", trp) for n in range(t.banks)]
        since_refresh = age("since_refresh", trfc)
        since_write = age("since_write", BURST + twr)
        unrefreshed = Signal(range(late + 2))

        # A burst: its cells, the column it is at, how many columns are left.
        place, column = Signal(range(t.banks * t.rows)), Signal(column_bits)
        writing, reading = Signal(range(BURST + 1)), Signal(range(BURST + 1))
        behind = range(t.cas - 1)           # registers behind the cells
        columns_out = [Signal(16, name=f"out{n}") for n in behind]
        driving = [Signal(name=f"driving{n}") for n in behind]

        def cell(row: Any, at: Any) -> Any:
            return (row << column_bits) | at

        # The burst wraps within its four columns.
        low = BURST.bit_length() - 1
        following = Signal(column_bits)
        m.d.comb += [
            following.eq((column >> low << low) | ((column + 1)[:low])),
            read_at.eq(cell(place, column)), store_at.eq(cell(place, column)),
        ]
        with m.If(writing != 0):
            m.d.comb += store.eq(1)
            m.d.chip += [writing.eq(writing - 1), column.eq(following)]
            rule(~pins.drive, Rule.NOT_DRIVEN)
        with m.If(reading != 0):
            m.d.chip += [reading.eq(reading - 1), column.eq(following)]
        source, valid = read_value, reading != 0
        for value, drives in zip(columns_out, driving, strict=True):
            m.d.chip += [value.eq(source), drives.eq(valid)]
            source, valid = value, drives
        m.d.comb += pins.read.eq(Mux(valid, source, 0xDEAD))
        rule(valid & pins.drive, Rule.COLLISION)

        with m.If(started & (unrefreshed <= late)):
            m.d.chip += unrefreshed.eq(unrefreshed + 1)
        rule(unrefreshed > late, Rule.REFRESH_LATE)

        used = ((pins.command == Pin.ACTIVATE) | (pins.command == Pin.READ)
                | (pins.command == Pin.WRITE))
        rule((pins.command != Pin.NOTHING) & (power < self.start_cycles), Rule.NOT_STARTED)
        rule(used & ~started, Rule.NOT_STARTED)
        rule((pins.command != Pin.NOTHING) & (since_refresh < trfc), Rule.TRFC)
        with m.Switch(pins.command):
            with m.Case(Pin.MODE):
                wanted = t.cas << 4 | low
                rule((pins.address != wanted) | (pins.bank != 0), Rule.MODE)
                rule(~precharged | (counted < 8), Rule.NOT_STARTED)
                m.d.chip += [started.eq(1), unrefreshed.eq(0)]
            with m.Case(Pin.REFRESH):
                rule(Cat(opened).any(), Rule.REFRESH_OPEN)
                for n in range(t.banks):
                    rule(since_close[n] < trp, Rule.TRP)
                m.d.chip += [since_refresh.eq(1), unrefreshed.eq(0),
                             self.refreshes.eq(self.refreshes + 1)]
                with m.If(counted != 8):
                    m.d.chip += counted.eq(counted + 1)
            with m.Case(Pin.PRECHARGE):
                rule((writing != 0) | (since_write < BURST - 1 + twr), Rule.TWR)
                # The last column has to have left the cells.
                rule(reading > 1, Rule.READ_CLOSED)
                with m.If(pins.address[10]):
                    m.d.chip += precharged.eq(1)
                for n in range(t.banks):
                    with m.If(pins.address[10] | (pins.bank == n)):
                        rule(opened[n] & (since_open[n] < tras), Rule.TRAS)
                        m.d.chip += [opened[n].eq(0), since_close[n].eq(1)]
        for n in range(t.banks):
            here = pins.bank == n
            with m.If((pins.command == Pin.ACTIVATE) & here):
                rule(opened[n], Rule.OPEN_OPENED)
                rule(since_close[n] < trp, Rule.TRP)
                rule(since_open[n] < trc, Rule.TRC)
                m.d.chip += [opened[n].eq(1), rows[n].eq(pins.address), since_open[n].eq(1)]
            with m.If(((pins.command == Pin.READ) | (pins.command == Pin.WRITE)) & here):
                rule(~opened[n], Rule.CLOSED_USED)
                rule(since_open[n] < trcd, Rule.TRCD)
                rule((reading > 1) | (writing != 0), Rule.READ_CLOSED)
                m.d.chip += place.eq(rows[n] * t.banks + n)
                with m.If(pins.command == Pin.READ):
                    m.d.chip += [column.eq(pins.address), reading.eq(BURST)]
                with m.Else():
                    # The first column is on the pins with the command.
                    first = pins.address[:column_bits]
                    rule(~pins.drive, Rule.NOT_DRIVEN)
                    m.d.comb += [store.eq(1), store_at.eq(cell(rows[n] * t.banks + n, first))]
                    m.d.chip += [writing.eq(BURST - 1), since_write.eq(1),
                                 column.eq((first >> low << low) | ((first + 1)[:low]))]
        return m

"""A controller for single-data-rate SDRAM chips of 16 bits: words of 64 bits, in bursts of four.

Made for the 32 MB chips of small boards (ISSI IS42S16160G, Winbond W9825G6KH, Micron
MT48LC16M16A2, JEDEC's 256 Mbit SDR SDRAM): four banks of 8192 rows of 512 columns. The chip is
clocked by the inverted clock of the controller, so it sees what the controller launches half a
cycle later, and its answers are half a cycle old when they are taken.
"""

import enum
import math
from dataclasses import dataclass

from amaranth import *
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.commands import WORD
from proofmill.hdl.fetcher import REQUEST, WRITE

BURST = 4
"""Columns of 16 bits in a word, and so the chip's burst length."""


class Pin(enum.IntEnum):
    """The command on (cs_n, ras_n, cas_n, we_n), by JEDEC's truth table; cs_n is always 0."""

    NOTHING = 0b0111
    ACTIVATE = 0b0011
    READ = 0b0101
    WRITE = 0b0100
    PRECHARGE = 0b0010
    REFRESH = 0b0001
    MODE = 0b0000


@dataclass(frozen=True, kw_only=True)
class SdramTiming:
    """A chip: its size, and its times in nanoseconds (the slowest of the three chips named above).

    Parameters
    ----------
    rows, columns, banks : how it is organised; all powers of two.
    cas : cycles from READ to the first column.
    trcd : from ACTIVATE to READ or WRITE. trp : from PRECHARGE to ACTIVATE or REFRESH.
    tras : from ACTIVATE to PRECHARGE, at least. trc : from ACTIVATE to ACTIVATE, and trfc from
        REFRESH on. twr : from the last column written to PRECHARGE. start : pause after power-up.
    refresh_ms : every row is refreshed in this time.
    """

    rows: int = 8192
    columns: int = 512
    banks: int = 4
    cas: int = 2
    trcd: float = 20.0
    trp: float = 20.0
    tras: float = 45.0
    trc: float = 67.5
    trfc: float = 67.5
    twr: float = 15.0
    start: float = 200_000.0
    refresh_ms: float = 64.0

    @property
    def words(self) -> int:
        """Words of 64 bits the chip holds."""
        return self.banks * self.rows * self.columns // BURST

    def read_cycles(self, clock_hz: float) -> int:
        """Cycles from one request of 8 words in a row to the next, but for refreshes: the columns,
        opening and closing the row, and three of the controller's own."""
        return (8 * BURST + whole_cycles(self.trcd, clock_hz) + whole_cycles(self.trp, clock_hz)
                + 3)


def whole_cycles(nanoseconds: float, clock_hz: float) -> int:
    """Whole cycles of at least that time."""
    return math.ceil(nanoseconds * clock_hz / 1e9 - 1e-9)


IS42S16160 = SdramTiming()


class SdramPins(wiring.Signature):
    """The wires to the chip, as registers of the controller drive them; the clock is apart."""

    def __init__(self):
        super().__init__({
            "command": Out(4, init=Pin.NOTHING), "bank": Out(2),
            "address": Out(13), "write": Out(16),
            "drive": Out(1), "read": In(16)})


class SdramController(wiring.Component):
    """Answer the accelerator's memory port from an SDRAM chip.

    Requests and writes are served one after another, a write first. The row is opened for a
    request and closed behind it. A read of 8 words takes
    `SdramTiming.read_cycles`.

    Parameters
    ----------
    clock_hz : of the controller and the chip.
    timing : of the chip. `start_cycles` replaces its pause after power-up (simulation).
    pad_cycles : cycles that registers in the pads add to the way out and back.

    Members
    -------
    requests, points, writes : see `hdl.accelerator.Accelerator`
    drop : discard what has been asked for and not answered, in; hold until `idle`
    idle : nothing is under way and the chip has been started, out
    pins : to the chip, out
    """

    def __init__(self, clock_hz: float, timing: SdramTiming = IS42S16160, *,
                 start_cycles: int | None = None, pad_cycles: int = 0):
        self.clock_hz, self.timing, self.pad_cycles = clock_hz, timing, pad_cycles
        self.start_cycles = start_cycles or math.ceil(timing.start * clock_hz / 1e9)
        super().__init__({
            "requests": In(stream.Signature(REQUEST)), "points": Out(stream.Signature(WORD)),
            "writes": In(stream.Signature(WRITE)), "drop": In(1), "idle": Out(1),
            "pins": Out(SdramPins())})

    def elaborate(self, platform):
        m = Module()
        t = self.timing
        trcd, trp, tras, trc, trfc, twr = (
            whole_cycles(time, self.clock_hz)
            for time in (t.trcd, t.trp, t.tras, t.trc, t.trfc, t.twr))
        column_bits, row_bits = (t.columns - 1).bit_length(), (t.rows - 1).bit_length()
        bank_bits = (t.banks - 1).bit_length()
        interval = math.floor(t.refresh_ms * 1e-3 / t.rows * self.clock_hz)

        # Words go through a queue, since the chip does not wait; a burst is begun while there is
        # room for it and for those on their way.
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=WORD, depth=16)
        on_the_way = Signal(range(5))
        room = Signal()
        arrived = Signal()
        m.d.comb += [
            self.points.valid.eq(queue.r_rdy & ~self.drop), self.points.payload.eq(queue.r_data),
            queue.r_en.eq(self.points.ready | self.drop),
            room.eq(queue.w_level + on_the_way < 15),
        ]

        # Refreshes that are due; up to eight may be put off, two never are.
        due = Signal(4)
        elapsed = Signal(range(interval))
        refreshed = Signal()
        tick = Signal()
        m.d.comb += tick.eq(elapsed == interval - 1)
        m.d.sync += [elapsed.eq(Mux(tick, 0, elapsed + 1)), due.eq(due + tick - refreshed)]

        # The pins, registered.
        pins, dq = self.pins, Signal(16)
        command = Signal(4, init=Pin.NOTHING)
        bank = Signal(2)
        address = Signal(13)
        write = Signal(16)
        drive = Signal()
        m.d.sync += [command.eq(Pin.NOTHING), drive.eq(0), dq.eq(pins.read)]
        m.d.comb += [pins.command.eq(command), pins.bank.eq(bank), pins.address.eq(address),
                     pins.write.eq(write), pins.drive.eq(drive)]

        # READ is decided in cycle 0, on the pins in cycle 1, seen by the chip in its middle; the
        # first column is on the pins at the end of cycle `cas`, and in `dq` in the one after, all
        # of it later by what the pads add.
        flight = Signal(t.cas + BURST + self.pad_cycles)
        reading = Signal()
        gathered = Signal(WORD - 16, reset_less=True)
        m.d.sync += [
            flight.eq(Cat(reading, flight)[:len(flight)]), gathered.eq(Cat(gathered[16:], dq)),
            on_the_way.eq(on_the_way + reading - arrived),
        ]
        m.d.comb += [
            arrived.eq(flight[t.cas + BURST - 1 + self.pad_cycles]),
            queue.w_en.eq(arrived), queue.w_data.eq(Cat(gathered, dq)),
        ]

        # A word's place: column, bank, row, so that neighbours in one row share the opening.
        where = Signal(32)
        left = Signal(8)
        word_bits = column_bits - (BURST.bit_length() - 1)
        column = Cat(Const(0, BURST.bit_length() - 1), where[:word_bits])
        at_bank = where[word_bits:word_bits + bank_bits]
        at_row = where[word_bits + bank_bits:word_bits + bank_bits + row_bits]
        writing = Signal()
        data_word = Signal(WORD, reset_less=True)
        wait = Signal(range(max(self.start_cycles, 2 * trfc) + 1))
        since_open = Signal(range(trc + 1))      # cycles since ACTIVATE, as far as they matter
        beat = Signal(range(BURST + 1))
        rounds = Signal(4)
        with m.If(since_open != trc):
            m.d.sync += since_open.eq(since_open + 1)
        with m.If(wait != 0):
            m.d.sync += wait.eq(wait - 1)

        def issue(pin, cycles=1):
            """Put a command on the pins; the next comes `cycles` later at the earliest."""
            m.d.sync += [command.eq(pin), wait.eq(cycles - 1)]

        with m.FSM():
            with m.State("POWER_UP"):
                m.d.sync += wait.eq(self.start_cycles)
                m.next = "START"
            with m.State("START"):
                m.d.sync += due.eq(0)
                with m.If(wait == 0):
                    m.d.sync += [address.eq(1 << 10), rounds.eq(8)]
                    issue(Pin.PRECHARGE, trp)
                    m.next = "START_REFRESH"
            with m.State("START_REFRESH"):
                with m.If(wait == 0):
                    issue(Pin.REFRESH, trfc)
                    m.d.sync += rounds.eq(rounds - 1)
                    with m.If(rounds == 1):
                        m.next = "MODE"
            with m.State("MODE"):
                with m.If(wait == 0):
                    m.d.sync += [bank.eq(0), address.eq(t.cas << 4 | (BURST.bit_length() - 1))]
                    issue(Pin.MODE, 2)
                    m.next = "IDLE"
            with m.State("IDLE"):
                m.d.comb += self.idle.eq((on_the_way == 0) & ~queue.r_rdy)
                with m.If(wait == 0):
                    with m.If(due != 0):
                        m.d.comb += refreshed.eq(1)
                        issue(Pin.REFRESH, trfc)
                    with m.Elif(self.writes.valid & ~self.drop):
                        m.d.comb += self.writes.ready.eq(1)
                        m.d.sync += [where.eq(self.writes.payload.address), left.eq(1),
                                     writing.eq(1), data_word.eq(self.writes.payload.word)]
                        m.next = "OPEN"
                    with m.Elif(self.requests.valid & ~self.drop):
                        m.d.comb += self.requests.ready.eq(1)
                        m.d.sync += [where.eq(self.requests.payload.address),
                                     left.eq(self.requests.payload.words), writing.eq(0)]
                        m.next = "OPEN"
                with m.If(self.drop & self.requests.valid):
                    m.d.comb += self.requests.ready.eq(1)
                with m.If(self.drop & self.writes.valid):
                    m.d.comb += self.writes.ready.eq(1)
            with m.State("OPEN"):
                with m.If((wait == 0) & (since_open == trc)):
                    m.d.sync += [bank.eq(at_bank), address.eq(at_row), since_open.eq(1)]
                    issue(Pin.ACTIVATE, trcd)
                    m.next = "TRANSFER"
            with m.State("TRANSFER"):
                m.d.sync += address.eq(column)
                with m.If(wait == 0):
                    with m.If(writing):
                        m.d.sync += [write.eq(data_word), drive.eq(1), beat.eq(BURST - 1),
                                     data_word.eq(data_word >> 16)]
                        issue(Pin.WRITE, 1)
                        m.next = "WRITE"
                    with m.Elif(self.drop):
                        m.next = "CLOSE"
                    with m.Elif(room):
                        m.d.comb += reading.eq(1)
                        m.d.sync += [left.eq(left - 1), where.eq(where + 1)]
                        issue(Pin.READ, BURST)
                        # The next word is in another row, or there is none, or a refresh waits.
                        with m.If((left == 1) | where[:word_bits].all() | (due != 0)):
                            m.next = "CLOSE"
                    with m.Elif(due != 0):  # nobody takes the words: the row must not stay open
                        m.next = "CLOSE"
            with m.State("WRITE"):
                m.d.sync += [write.eq(data_word), drive.eq(1), data_word.eq(data_word >> 16),
                             beat.eq(beat - 1)]
                with m.If(beat == 1):
                    m.d.sync += [left.eq(0), wait.eq(twr)]
                    m.next = "CLOSE"
            with m.State("CLOSE"):
                with m.If((wait == 0) & (since_open >= tras)):
                    m.d.sync += address.eq(1 << 10)
                    issue(Pin.PRECHARGE, trp)
                    m.next = "NEXT"
            with m.State("NEXT"):  # what is left of a request goes on after a refresh
                with m.If(wait == 0):
                    m.next = "OPEN"
                    with m.If(due != 0):
                        m.d.comb += refreshed.eq(1)
                        issue(Pin.REFRESH, trfc)
                    with m.If((left == 0) | self.drop):
                        m.next = "IDLE"
        return m

"""An asynchronous serial line: eight data bits, no parity, one stop bit, the lowest bit first."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

WORST_RATE_ERROR = 0.02
"""How far two ends may be apart: the tenth bit is still sampled inside itself with room to spare
for edges that are not steep."""


def divisor(clock_hz: float, baud: float) -> int:
    """Clock cycles of one bit, rounded.

    Raises ValueError where that is further from `baud` than `WORST_RATE_ERROR`.
    """
    cycles = max(1, round(clock_hz / baud))
    error = clock_hz / cycles / baud - 1
    if abs(error) > WORST_RATE_ERROR:
        raise ValueError(
            f"{baud:,.0f} baud cannot be made from {clock_hz / 1e6:g} MHz: {cycles} cycles a bit "
            f"are {error:+.1%} off; choose a rate that divides the clock, such as "
            f"{clock_hz / cycles:,.0f}")
    return cycles


class UartTransmitter(wiring.Component):
    """Send bytes: a start bit, eight data bits, a stop bit, `divisor` cycles each.

    Members
    -------
    bytes : stream, in; a byte every ``10 * divisor`` cycles, one after another without a gap
    line : out, 1 while idle
    """

    def __init__(self, divisor: int):
        if divisor < 1:
            raise ValueError(f"a bit takes at least one cycle, not {divisor}")
        self.divisor = divisor
        super().__init__({"bytes": In(stream.Signature(8)), "line": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        bits = Signal(9, init=0x1ff)
        left = Signal(range(11))
        count = Signal(range(max(2, self.divisor)))
        last = Signal()
        m.d.comb += [
            last.eq(count == self.divisor - 1),
            # The next byte is taken in the last cycle of the stop bit.
            self.bytes.ready.eq((left == 0) | ((left == 1) & last)),
        ]
        with m.If(left != 0):
            m.d.sync += count.eq(Mux(last, 0, count + 1))
            with m.If(last):
                m.d.sync += [self.line.eq(bits[0]), bits.eq(Cat(bits[1:], 1)), left.eq(left - 1)]
        with m.If(self.bytes.valid & self.bytes.ready):
            m.d.sync += [self.line.eq(0), bits.eq(Cat(self.bytes.payload, 1)), left.eq(10),
                         count.eq(0)]
        return m


class UartReceiver(wiring.Component):
    """Receive bytes: every bit is looked at in its middle.

    A byte whose stop bit is 0 is dropped, and nothing is taken for a start before the line has
    been 1 again. There is no way to hold the sender back: what a byte is not wanted for when it
    comes is lost, which the framing above it notices.

    Members
    -------
    line : in, from the pin through two registers
    valid, byte : a byte has come, out, for one cycle
    """

    def __init__(self, divisor: int):
        if divisor < 1:
            raise ValueError(f"a bit takes at least one cycle, not {divisor}")
        self.divisor = divisor
        super().__init__({"line": In(1, init=1), "valid": Out(1), "byte": Out(8)})

    def elaborate(self, platform):
        m = Module()
        first = Signal(init=1)
        line = Signal(init=1)
        m.d.sync += [first.eq(self.line), line.eq(first)]

        bits = Signal(8)
        left = Signal(range(11))
        count = Signal(range(2 * self.divisor + 1))
        idle = Signal()   # the line has been 1 since the last byte
        with m.If(left == 0):
            with m.If(line):
                m.d.sync += idle.eq(1)
            with m.Elif(idle):
                # The first look is in the middle of bit 0, one and a half bits from here.
                m.d.sync += [left.eq(9), idle.eq(0),
                             count.eq(self.divisor + self.divisor // 2 - 1)]
        with m.Elif(count != 0):
            m.d.sync += count.eq(count - 1)
        with m.Else():
            m.d.sync += [count.eq(self.divisor - 1), left.eq(left - 1)]
            with m.If(left == 1):
                m.d.comb += [self.valid.eq(line), self.byte.eq(bits)]
                m.d.sync += idle.eq(line)
            with m.Else():
                m.d.sync += bits.eq(Cat(bits[1:], line))
        return m

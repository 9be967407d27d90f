# amaranth: UnusedElaboratable=no
"""The serial line: every byte value at several rates, noise, and rates that cannot be made."""

from random import Random

import pytest
from amaranth import *
from amaranth.lib import wiring

from proofmill.hdl.uart import UartReceiver, UartTransmitter, divisor
from tests.simulation import simulate
from tests.streams import send


class Loop(wiring.Component):
    """A transmitter whose line is, through `cut`, the receiver's."""

    def __init__(self, cycles):
        self.transmitter, self.receiver = UartTransmitter(cycles), UartReceiver(cycles)
        super().__init__({"low": wiring.In(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.transmitter, m.submodules.receiver = self.transmitter, self.receiver
        m.d.comb += self.receiver.line.eq(self.transmitter.line & ~self.low)
        return m


async def listen(ctx, receiver, count):
    """The next `count` bytes."""
    taken = []
    while len(taken) < count:
        _, _, valid, byte = await ctx.tick().sample(receiver.valid, receiver.byte)
        if valid:
            taken.append(byte)
    return taken


@pytest.mark.parametrize("cycles", [1, 2, 3, 4, 33])
@pytest.mark.parametrize("pause", [0, 0.5])
def test_every_byte_arrives(cycles, pause):
    loop, taken = Loop(cycles), []
    payloads = list(range(256)) if cycles < 33 else [0, 0xff, 0x55, 0xaa, 1, 0x80]

    async def feed(ctx):
        await send(ctx, loop.transmitter.bytes, payloads, rng=Random(1), pause=pause)

    async def drain(ctx):
        taken.extend(await listen(ctx, loop.receiver, len(payloads)))

    simulate(loop, feed, drain, cycles=12 * cycles * len(payloads) + 1000)
    assert taken == payloads


@pytest.mark.parametrize("sender", [31, 32, 34, 35])
def test_a_sender_some_percent_off_is_understood(sender):
    """Bits of `sender` cycles, read by a receiver that expects 33: up to 6 % apart."""
    receiver, taken = UartReceiver(33), []
    payloads = [0x00, 0xff, 0x55, 0xaa, 0x80, 0x01]

    async def feed(ctx):
        for byte in payloads:
            for bit in (0, *(byte >> n & 1 for n in range(8)), 1):
                ctx.set(receiver.line, bit)
                for _ in range(sender):
                    await ctx.tick()

    async def drain(ctx):
        taken.extend(await listen(ctx, receiver, len(payloads)))

    if sender in (32, 34):
        simulate(receiver, feed, drain, cycles=10_000)
        assert taken == payloads
    else:   # six percent: nearly half a bit at the last one; understood or not, it must not hang
        simulate(receiver, feed, cycles=10_000)


def test_a_line_held_low_is_no_byte_and_the_next_byte_is_read():
    loop, taken = Loop(4), []

    async def feed(ctx):
        ctx.set(loop.low, 1)
        for _ in range(100):
            await ctx.tick()
        ctx.set(loop.low, 0)
        for _ in range(8):
            await ctx.tick()
        await send(ctx, loop.transmitter.bytes, [0x12, 0x34], rng=Random(1), pause=0)

    async def drain(ctx):
        taken.extend(await listen(ctx, loop.receiver, 2))

    simulate(loop, feed, drain, cycles=1000)
    assert taken == [0x12, 0x34]


def test_rates():
    assert divisor(100e6, 3e6) == 33
    assert divisor(48e6, 3e6) == 16
    with pytest.raises(ValueError, match=r"3,000,000 baud cannot be made from 25 MHz.*3,125,000"):
        divisor(25e6, 3e6)
    with pytest.raises(ValueError, match="at least one cycle, not 0"):
        UartTransmitter(0)
    with pytest.raises(ValueError, match="at least one cycle, not 0"):
        UartReceiver(0)

# amaranth: UnusedElaboratable=no
"""Every simulation watches that the rules of streams are kept: what breaks them is noticed."""

import pytest
from amaranth import *
from amaranth.hdl import Fragment
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.block_memory import BlockMemory
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.framing import FramedLink
from proofmill.hdl.narrow import Narrow
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.hdl.sdram import IS42S16160, SdramController
from proofmill.hdl.uart import UartTransmitter
from tests.simulation import simulate
from tests.stream_rules import answers_to_ready, streams_within


class Speaker(wiring.Component):
    """Offers words, and may change or withdraw one that has not been taken."""

    words: Out(stream.Signature(8))

    def __init__(self, fault):
        self.fault = fault
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        patience = Signal(3)
        m.d.sync += patience.eq(patience + 1)
        m.d.comb += self.words.valid.eq(1)
        with m.If(patience == 7):
            m.d.comb += [self.words.valid.eq(self.fault != "withdraws"),
                         self.words.payload.eq(self.fault == "changes")]
        return m


@pytest.mark.parametrize("fault", ["withdraws", "changes", None])
def test_the_stream_rules_are_watched(fault):
    if fault is None:
        simulate(Speaker(fault), wait)
    else:
        sentence = {"withdraws": "words withdrew a word", "changes": "words changed a word"}
        with pytest.raises(AssertionError, match=sentence[fault]):
            simulate(Speaker(fault), wait)


def test_a_deadlock_is_noticed():
    async def wait_for_ever(ctx):
        while True:
            await ctx.tick()

    with pytest.raises(TimeoutError, match="had not finished after 50 cycles"):
        simulate(Speaker(None), wait_for_ever, cycles=50)


class Within(wiring.Component):
    """A `Speaker` two levels down, that nobody outside sees."""

    def __init__(self, speaker, levels=2):
        self.speaker, self.levels = speaker, levels
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = (
            Within(self.speaker, self.levels - 1) if self.levels > 1 else self.speaker)
        return m


class Coward(wiring.Component):
    """Offers a word only where it would be taken."""

    words: Out(stream.Signature(8))

    def __init__(self, registers):
        self.registers = registers
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        ready = self.words.ready
        for _ in range(self.registers):
            later = Signal()
            m.d.sync += later.eq(ready)
            ready = later
        seen = Signal()
        m.d.comb += [seen.eq(ready), self.words.valid.eq(seen)]
        return m


async def wait(ctx):
    for _ in range(20):
        await ctx.tick()


@pytest.mark.parametrize("fault", ["withdraws", "changes"])
def test_the_rules_are_watched_on_streams_within(fault):
    with pytest.raises(AssertionError, match=r"inner\.inner\.words (withdrew|changed) a word"):
        simulate(Within(Speaker(fault)), wait)
    simulate(Within(Speaker(fault)), wait, unwatched=["inner.inner.words"])


def test_what_is_offered_must_not_depend_on_whether_it_is_taken():
    for dut, name in ((Coward(0), "words"), (Within(Coward(0)), r"inner\.inner\.words")):
        with pytest.raises(AssertionError, match=f"^valid depends on ready .*: {name}$"):
            simulate(dut, wait)
    simulate(Coward(1), wait)


class Listener(wiring.Component):
    """Takes no word."""

    words: In(stream.Signature(8))

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.words.ready.eq(0)
        return m


def test_testbenches_are_held_to_the_rules_too():
    dut = Listener()

    async def withdraw(ctx):
        ctx.set(dut.words.valid, 1)
        await ctx.tick()
        ctx.set(dut.words.valid, 0)
        await wait(ctx)

    with pytest.raises(AssertionError, match="^words withdrew a word"):
        simulate(dut, withdraw)


def test_words_may_be_withdrawn_where_that_is_excused():
    class Dropper(wiring.Component):
        drop: In(1)
        words: Out(stream.Signature(8))

        def elaborate(self, platform):
            m = Module()
            m.d.comb += self.words.valid.eq(~self.drop)
            m.d.sync += self.words.payload.eq(0)
            return m

    async def drop(ctx):
        await wait(ctx)
        ctx.set(dut.drop, 1)
        await wait(ctx)

    dut = Dropper()
    simulate(dut, drop, excused=dut.drop)
    dut = Dropper()
    with pytest.raises(AssertionError, match="^words withdrew a word"):
        simulate(dut, drop)


PROGRAM = finishing_program(TOY_SHAPE)


@pytest.mark.parametrize("make, count", [
    (lambda: Accelerator(TOY_SHAPE, PROGRAM), 13), (lambda: SdramController(60e6), 3),
    (lambda: BlockMemory(64), 3), (lambda: UartTransmitter(4), 1), (FramedLink, 4),
    (lambda: Narrow(2), 2),
    (lambda: BoardCore(TOY_SHAPE, PROGRAM, divisor=4, clock_hz=60e6, timing=IS42S16160), 21),
    (lambda: BoardCore(TOY_SHAPE, PROGRAM, divisor=4, clock_hz=60e6), 21)],
    ids=["accelerator", "sdram", "block-memory", "uart", "framing", "narrow", "board",
         "small-board"])
def test_no_stream_of_the_gateware_depends_on_being_taken(make, count):
    fragment = Fragment.get(make(), None)
    streams = list(streams_within(fragment))
    assert len(streams) >= count
    assert answers_to_ready(fragment.prepare(), streams) == []

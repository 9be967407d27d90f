# amaranth: UnusedElaboratable=no
"""The memory controller against the chip's rules: words come back, refreshes are in time."""

from dataclasses import replace
from random import Random

import pytest
from amaranth import *
from amaranth.lib import wiring

from proofmill.hdl.sdram import IS42S16160, Pin, SdramController
from proofmill.sim.sdram import Rule, SdramChip
from tests.simulation import simulate

CLOCK = 60e6
SMALL = replace(IS42S16160, rows=16, columns=64, refresh_ms=64.0 * 16 / 8192)
"""Fewer rows, refreshed as often as the real ones."""


class Board(wiring.Component):
    """A controller and a chip."""

    def __init__(self, clock=CLOCK, timing=SMALL, chip_timing=SMALL, start=50, chip_start=50):
        self.controller = SdramController(clock, timing, start_cycles=start)
        self.chip = SdramChip(clock, chip_timing, start_cycles=chip_start)
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.controller, m.submodules.chip = self.controller, self.chip
        wiring.connect(m, self.controller.pins, self.chip.pins)
        return m


async def write(ctx, controller, address, words):
    port = controller.writes
    for n, word in enumerate(words):
        ctx.set(port.payload, {"address": address + n, "word": word})
        ctx.set(port.valid, 1)
        await ctx.tick().until(port.ready)
    ctx.set(port.valid, 0)


async def ask(ctx, controller, address, count):
    port = controller.requests
    ctx.set(port.payload, {"address": address, "words": count})
    ctx.set(port.valid, 1)
    await ctx.tick().until(port.ready)
    ctx.set(port.valid, 0)


async def take(ctx, controller, count, rng, pause):
    taken = []
    while len(taken) < count:
        ctx.set(controller.points.ready, rng.random() >= pause)
        _, _, ready, valid, word = await ctx.tick().sample(
            controller.points.ready, controller.points.valid, controller.points.payload)
        if ready and valid:
            taken.append(word)
    ctx.set(controller.points.ready, 0)
    return taken


@pytest.mark.parametrize("clock", [25e6, 60e6, 100e6, 133e6])
def test_words_come_back_by_every_clock_rate(clock):
    board, rng = Board(clock), Random(int(clock))
    words = {address: rng.getrandbits(64) for address in (*range(120, 140), *range(0, 20), 1023)}
    pause = 0.0

    async def bench(ctx):
        nonlocal pause
        for address, word in words.items():
            await write(ctx, board.controller, address, [word])
        for address, count in ((120, 20), (0, 8), (8, 8), (1023, 1), (4, 16), (126, 8)):
            await ask(ctx, board.controller, address, count)
            wanted = [words[address + n] for n in range(count)]
            assert await take(ctx, board.controller, count, rng, pause) == wanted
            pause = 0.7 - pause
        assert ctx.get(board.chip.broken) == Rule.NONE

    simulate(board, bench, cycles=20_000)


def test_two_requests_queued_and_a_row_that_nobody_empties_is_refreshed():
    board, rng = Board(), Random(3)

    async def bench(ctx):
        await write(ctx, board.controller, 0, range(100, 140))
        await ask(ctx, board.controller, 0, 40)
        before = ctx.get(board.chip.refreshes)
        for _ in range(5_000):       # ten refresh intervals in which no word is taken
            await ctx.tick()
        assert ctx.get(board.chip.refreshes) >= before + 9
        assert await take(ctx, board.controller, 40, rng, 0) == list(range(100, 140))
        assert ctx.get(board.chip.broken) == Rule.NONE

    simulate(board, bench, cycles=20_000)


def test_eight_words_take_fifty_cycles():
    """A request of a G1 point, back to back, as the accelerator makes them."""
    board = Board()

    async def bench(ctx):
        await write(ctx, board.controller, 0, range(64))
        ctx.set(board.controller.points.ready, 1)
        took = 0
        for n in range(8):
            await ask(ctx, board.controller, 8 * n, 8)
        while not ctx.get(board.controller.idle):
            await ctx.tick()
            took += 1
        assert took < 60


    simulate(board, bench, cycles=5_000)


def test_what_was_asked_for_is_dropped():
    board, rng = Board(), Random(5)

    async def bench(ctx):
        controller = board.controller
        await write(ctx, controller, 0, range(64))
        await ask(ctx, controller, 0, 40)
        for _ in range(20):
            await ctx.tick()
        ctx.set(controller.drop, 1)
        await ctx.tick().until(controller.idle)
        ctx.set(controller.drop, 0)
        await ask(ctx, controller, 32, 4)
        assert await take(ctx, controller, 4, rng, 0) == [32, 33, 34, 35]
        assert ctx.get(board.chip.broken) == Rule.NONE

    simulate(board, bench, cycles=5_000, excused=board.controller.drop)


def brought(board, cycles=3_000):
    """The rule that is broken when words are written and read back."""
    rng, broken = Random(1), []

    async def bench(ctx):
        await write(ctx, board.controller, 0, range(20))
        await ask(ctx, board.controller, 0, 20)
        await take(ctx, board.controller, 20, rng, 0)
        for _ in range(2_000):
            await ctx.tick()
        broken.append(Rule(ctx.get(board.chip.broken)))

    simulate(board, bench, cycles=cycles)
    return broken[0]


@pytest.mark.parametrize("change,rule", [
    ({"trcd": 60.0}, Rule.TRCD), ({"trp": 60.0}, Rule.TRP), ({"tras": 3000.0}, Rule.TRAS),
    ({"trfc": 200.0}, Rule.TRFC), ({"twr": 120.0}, Rule.TWR), ({"cas": 3}, Rule.MODE),
    ({"refresh_ms": 64.0 * 16 / 8192 / 20}, Rule.REFRESH_LATE)])
def test_the_chip_notices_a_controller_made_for_a_faster_one(change, rule):
    assert brought(Board(chip_timing=replace(SMALL, **change))) == rule


def test_the_chip_notices_a_pause_that_is_too_short():
    assert brought(Board(start=50, chip_start=80)) == Rule.NOT_STARTED


def test_the_commands_are_those_of_the_truth_table():
    assert {pin.name: f"{pin:04b}" for pin in Pin} == {
        "NOTHING": "0111", "ACTIVATE": "0011", "READ": "0101", "WRITE": "0100",
        "PRECHARGE": "0010", "REFRESH": "0001", "MODE": "0000"}


@pytest.mark.parametrize("clock", [25e6, 66.67e6, 100e6, 133e6])
def test_points_come_as_fast_as_the_chip_says(clock):
    """Requests one after another, on average: what a device's identity says, and refreshes."""
    board, requests = Board(clock), 30

    async def bench(ctx):
        controller = board.controller
        ctx.set(controller.points.ready, 1)
        await ask(ctx, controller, 0, 8)
        cycles = 0
        ctx.set(controller.requests.payload, {"address": 8, "words": 8})
        ctx.set(controller.requests.valid, 1)
        for _ in range(requests):
            ready = False
            while not ready:
                *_, ready = await ctx.tick().sample(controller.requests.ready)
                cycles += 1
        assert SMALL.read_cycles(clock) - 1 <= cycles / requests <= 1.1 * SMALL.read_cycles(clock)

    simulate(board, bench, cycles=5_000)

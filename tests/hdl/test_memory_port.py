# amaranth: UnusedElaboratable=no
"""A port to the memory of two words a cycle: what it brings, and what is refused."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.block_memory import BlockMemory
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.commands import WORD, Command, Error
from proofmill.hdl.narrow import Narrow
from proofmill.hdl.presets import (
    STANDARD,
    TOY_SHAPE,
    control_only,
    with_batches,
    with_transforms,
)
from proofmill.hdl.sdram import IS42S16160
from proofmill.sim.commands import transform_words
from proofmill.sim.verilated import Simulation, build
from tests.hdl.words import Link, answer
from tests.simulation import simulate
from tests.streams import receive, send

WIDE = replace(TOY_SHAPE, port=2)


@pytest.mark.parametrize("pause", [0, 0.4])
def test_words_come_one_by_one(pause):
    rng = Random(7)
    words = [rng.getrandbits(WORD) for _ in range(40)]
    dut, found = Narrow(2), []

    async def bring(ctx):
        await send(ctx, dut.wide, [low | high << WORD for low, high in zip(
            words[::2], words[1::2], strict=True)], rng=Random(8), pause=pause)

    async def take(ctx):
        found.extend(await receive(ctx, dut.narrow, len(words), rng=Random(9), pause=pause))

    simulate(dut, bring, take, cycles=1000)
    assert found == words


@pytest.mark.parametrize("port_words, size", [(1, 23), (2, 23), (2, 24)])
@pytest.mark.parametrize("pause", [0, 0.4])
def test_what_was_written_word_by_word_is_read(port_words, size, pause):
    """Of a memory with as many rows as words fill, the last of them half."""
    rng, dut = Random(size), BlockMemory(size, port_words)
    words = [rng.getrandbits(WORD) for _ in range(size)]
    bursts = [(0, 2), (6, 8), (14, 4), (2, 16), (20, 2)]
    found = []

    async def host(ctx):
        await send(ctx, dut.writes, [{"address": address, "word": word}
                                     for address, word in enumerate(words)],
                   rng=Random(1), pause=pause)
        await send(ctx, dut.requests, [{"address": address, "words": count}
                                       for address, count in bursts], rng=Random(2), pause=pause)

    async def take(ctx):
        count = sum(count for _, count in bursts) // port_words
        for row in await receive(ctx, dut.points, count, rng=Random(3), pause=pause):
            found.extend(row >> WORD * n & (1 << WORD) - 1 for n in range(port_words))

    simulate(dut, host, take, cycles=2000)
    assert found == [word for address, count in bursts for word in words[address:address + count]]


def test_shapes_that_such_a_port_does_not_suit_are_refused():
    with pytest.raises(ValueError, match="one word in a cycle, or two, and not 3"):
        replace(TOY_SHAPE, port=3)
    with pytest.raises(ValueError, match="values of 1 words do not begin where a port of 2"):
        replace(with_transforms(TOY_SHAPE), port=2)
    assert with_transforms(WIDE).port_words == 1
    with pytest.raises(ValueError, match="an SDRAM, .* answers one word at a time"):
        BoardCore(WIDE, finishing_program(WIDE), divisor=4, clock_hz=60e6, timing=IS42S16160)
    with pytest.raises(ValueError, match="a transfer of 3 words"):
        Narrow(3)


@pytest.mark.slow  # compiles an accelerator whose values have more than one word
def test_values_within_a_transfer_are_refused():
    """Those of a tile are brought as points are; a small transform takes none of the memory."""
    shape = control_only(with_transforms(with_batches(STANDARD)))
    power, transform = shape.transforms + 1, shape.transform
    values = [0] * (1 << power)
    simulation = Simulation(build(shape)[1])
    try:
        assert Link(simulation).ask(transform_words(
            power, transform.value_words, values, values, address=1, count=transform.room(power)),
            1) == [answer(Command.TRANSFORM, error=Error.MEMORY)]
    finally:
        simulation.close()

# amaranth: UnusedElaboratable=no
"""Scalars from the memory beside points: all of them in order, and neither waits for the other."""

from random import Random

import pytest

from proofmill.hdl.commands import CODE_BITS, CODE_WORDS, CODES, WORD
from proofmill.hdl.stored_scalars import StoredScalars
from tests.hdl.memories import reads
from tests.simulation import simulate
from tests.streams import receive, send

POINTS = 40
"""Asked for in every run, of 8 words each."""


def word_at(address):
    return address * 0x9E3779B97F4A7C15 % (1 << 64)


@pytest.mark.parametrize("size, step, pause", [(4, 1, 0), (4, 2, 0.3), (1, 1, 0.3), (2, 2, 0)])
def test_scalars_and_points(size, step, pause):
    """Several counts one after another; words are taken late, points too."""
    dut, rng = StoredScalars(size, step), Random(size)
    counts = [0, 1, CODES - 1, CODES, 2 * CODES + 6] if step == 1 else [2, CODES, 2 * CODES + 6]
    found = []

    async def scalars(ctx):
        for count in counts:
            ctx.set(dut.address, 1000)
            ctx.set(dut.count, count)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            found.append(await receive(ctx, dut.words, count * size + -(-count // CODES),
                                       rng=Random(1), pause=0.6))
            for _ in range(4):
                *_, valid = await ctx.tick().sample(dut.words.valid)
                assert not valid

    async def asked(ctx):
        await send(ctx, dut.asked, ({"address": 8 * n, "words": 8} for n in range(POINTS)),
                   rng=Random(2), pause=pause)

    async def given(ctx):
        words = await receive(ctx, dut.given, POINTS * 8 // step, rng=Random(3), pause=pause)
        assert words == [sum(word_at(first + n) << WORD * n for n in range(step))
                         for first in range(0, 8 * POINTS, step)]

    simulate(dut, scalars, asked, given, background=reads(dut, word_at, rng, pause, step),
             cycles=20_000)
    codes = sum(CODE_WORDS.index(size) << CODE_BITS * n for n in range(CODES))
    for count, words in zip(counts, found, strict=True):
        values = [word_at(1000 + n) for n in range(count * size)]
        assert words == [word for first in range(0, count * size, CODES * size)
                         for word in (codes, *values[first:first + CODES * size])]


def test_points_come_while_nobody_takes_scalars():
    """... however many scalars have been asked for: the slicer waits for points."""
    dut = StoredScalars(4)

    async def bench(ctx):
        ctx.set(dut.count, 1000)
        ctx.set(dut.start, 1)
        await ctx.tick()
        ctx.set(dut.start, 0)
        for _ in range(200):
            await ctx.tick()
        for n in range(POINTS):
            await send(ctx, dut.asked, [{"address": 8 * n, "words": 8}],
                       rng=Random(1), pause=0)
            words = await receive(ctx, dut.given, 8, rng=Random(1), pause=0)
            assert words == [word_at(8 * n + k) for k in range(8)]

    simulate(dut, bench, background=reads(dut, word_at, Random(1), 0), cycles=3_000)


def test_scalars_that_have_no_code():
    with pytest.raises(ValueError, match="scalars of 3 words have no code"):
        StoredScalars(3)

"""What a command names in the memory, against products of integers."""

from random import Random

import pytest

from proofmill.hdl.extent import Extent
from tests.simulation import simulate

BITS = {"address": 32, "words": 32, "points": 32, "point_words": 16, "copies": 16,
        "copy_words": 16}


def end(fields):
    return (fields["address"] + fields["words"] + fields["points"] * fields["point_words"]
            + fields["copies"] * fields["copy_words"])


def cases():
    """Edges of every number, and what ends just at the end of a small memory, and beside it."""
    rng = Random(1)
    yield dict.fromkeys(BITS, 0)
    yield {name: (1 << bits) - 1 for name, bits in BITS.items()}
    for _ in range(60):
        yield {name: rng.getrandbits(rng.randrange(1, bits + 1)) for name, bits in BITS.items()}
    for change in (-1, 0, 1):
        yield {"address": 1000 + change, "words": 8, "points": 100, "point_words": 30,
               "copies": 4, "copy_words": 23}


@pytest.mark.parametrize("memory_words", [0, 1000 + 8 + 3000 + 92, 1 << 22])
def test_the_end_is_compared_with_the_memory(memory_words):
    dut, most = Extent(memory_words), 0

    async def check(ctx):
        nonlocal most
        for fields in cases():
            for name, value in fields.items():
                ctx.set(getattr(dut, name), value)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            for name in ("address", "words", "points", "point_words"):  # they need not be held
                ctx.set(getattr(dut, name), 0)
            cycles = 0
            while not ctx.get(dut.ready):
                await ctx.tick()
                cycles += 1
            most = max(most, cycles)
            assert ctx.get(dut.fits) == (end(fields) <= (memory_words or 1 << 32)), fields

    simulate(dut, check, cycles=10_000)
    assert most == 33

"""The search for full mailboxes: each is found once, in the order that is asked for."""

from random import Random

import pytest

from proofmill.hdl.bucket_search import BucketSearch
from tests.simulation import simulate


def found(begin, end, full, step=None, down=False):
    """The mailboxes that are found, each taken after some cycles."""
    dut, full, seen, rng = BucketSearch(6, stepped=step is not None), set(full), [], Random(1)

    async def run(ctx):
        ctx.set(dut.begin, begin)
        ctx.set(dut.end, end)
        if step is not None:
            ctx.set(dut.step, step)
        ctx.set(dut.restart, 1)
        ctx.set(dut.down, down)
        await ctx.tick().repeat(3)
        ctx.set(dut.restart, 0)
        ctx.set(dut.searching, 1)
        ctx.set(dut.downwards, down)
        place = None
        while True:
            ctx.set(dut.full, place in full)
            take = ctx.get(dut.found) and rng.random() < 0.4
            ctx.set(dut.taken, take)
            if take:
                seen.append(ctx.get(dut.mailbox))
                full.remove(seen[-1])
            elif ctx.get(dut.done):
                return
            place = ctx.get(dut.place)
            await ctx.tick()

    simulate(dut, run, cycles=2000)
    assert not full
    return seen


@pytest.mark.parametrize("begin, end", [(0, 64), (3, 50), (7, 8), (5, 5), (40, 53)])
def test_every_full_one_is_found_once(begin, end):
    some = sorted(Random(end).sample(range(begin, end), (end - begin) * 2 // 3))
    for full in (range(begin, end), some, []):
        assert found(begin, end, full) == list(full)
        assert found(begin, end, full, down=True) == list(full)[::-1]
        for step in (1, 3, 5, 9, 17):
            assert found(begin, end, full, step) == sorted(
                full, key=lambda place, step=step: ((place - begin) % step, place))
            assert found(begin, end, full, step, down=True) == list(full)[::-1]

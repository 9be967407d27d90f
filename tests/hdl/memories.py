"""The memory behind a unit, in Amaranth's own simulator."""

from proofmill.hdl.commands import WORD


def reads(dut, word_at, rng, pause, step=1):
    """Testbenches that answer requests in order, `step` words a transfer, each what `word_at` says
    of its address; they stall."""
    wanted = []

    async def requests(ctx):
        while True:
            ctx.set(dut.requests.ready, ready := rng.random() >= pause)
            *_, valid, payload = await ctx.tick().sample(dut.requests.valid, dut.requests.payload)
            if ready and valid:
                assert payload.words % step == payload.address % step == 0
                wanted.extend(range(payload.address, payload.address + payload.words, step))

    async def points(ctx):
        while True:
            if not wanted or rng.random() < pause:
                await ctx.tick()
                continue
            first = wanted.pop(0)
            ctx.set(dut.points.payload, sum(word_at(first + n) << WORD * n for n in range(step)))
            ctx.set(dut.points.valid, 1)
            while True:
                *_, ready = await ctx.tick().sample(dut.points.ready)
                if ready:
                    break
            ctx.set(dut.points.valid, 0)

    return [requests, points]

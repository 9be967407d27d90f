"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from dataclasses import replace
from random import Random

import cocotb

from proofmill.hdl.commands import COUNTERS, IDENTITY, Command, Error
from proofmill.hdl.curve import Group
from proofmill.hdl.field import TOY_ROOTS
from proofmill.hdl.presets import TOY_SHAPE, with_batches, with_one_way, with_transforms
from proofmill.sim.commands import load_words, multiply_words, one_way_words
from proofmill.sim.transform import one_way
from tests.cocotb_streams import Stream, start
from tests.hdl.cocotb_memory import memory
from tests.hdl.points import toy_points
from tests.hdl.words import Expected, answer, header, patterns, plan_for

PAUSE = float(os.environ["PAUSE"])
BATCHED = int(os.environ.get("BATCHED", "0"))
SHAPE = with_batches(TOY_SHAPE, pairs=16) if BATCHED else TOY_SHAPE
if "TRANSFORMS" in os.environ:
    SHAPE = with_transforms(SHAPE)
ONE_WAY = "ONE_WAY" in os.environ
if ONE_WAY:
    SHAPE = with_one_way(SHAPE)
CURVE = SHAPE.adder.curve


async def transformed_one_way(ask, rng):
    """There and back, on a coset: all as defined."""
    power, coset = rng.randrange(1, 5), rng.randrange(4)
    values = [rng.randrange(TOY_ROOTS.modulus) for _ in range(1 << power)]
    for inverse in (False, True):
        wanted = one_way(TOY_ROOTS, values, inverse=inverse, coset=coset)
        found = await ask(one_way_words(power, 1, values, inverse=inverse, coset=coset),
                          1 + len(values))
        assert found == [answer(Command.ONE_WAY), *wanted]


@cocotb.test(timeout_time=200, timeout_unit="us")
async def answers_match_the_definition(dut):
    rng = Random(cocotb.RANDOM_SEED)
    commands, answers = Stream(dut, "commands"), Stream(dut, "answers")
    await start(dut, commands.valid, commands.payload, answers.ready, dut.points__valid,
                dut.points__payload, dut.requests__ready, dut.writes__ready)
    cocotb.start_soon(memory(dut, {}, Random(rng.random()), PAUSE))

    async def ask(words, count):
        sending = cocotb.start_soon(commands.send(words, Random(rng.random()), PAUSE))
        received = await answers.receive(count, Random(rng.random()), PAUSE)
        await sending
        return received

    assert (await ask([header(Command.IDENTIFY)], 1 + len(IDENTITY)))[0] == answer(
        Command.IDENTIFY)
    assert await ask([header(200)], 1) == [answer(200, error=Error.UNKNOWN_COMMAND)]
    for group, window in ((Group.G1, 3), (Group.G2, 2)):
        plan = replace(plan_for(SHAPE, window), batched=BATCHED)
        points = [None, *rng.choices(toy_points(group), k=7)]
        assert await ask(load_words(CURVE, group, points, unit=SHAPE.unit(group)), 1) == [
            answer(Command.LOAD)]
        for scalars in list(patterns(CURVE.scalar.modulus, len(points), window).values())[:2]:
            run = Expected(SHAPE, group, plan, scalars, points)
            run.check(await ask(multiply_words(group, plan, scalars), run.words))
            if ONE_WAY:
                await transformed_one_way(ask, rng)
    assert (await ask([header(Command.COUNTERS)], 1 + len(COUNTERS)))[0] == answer(
        Command.COUNTERS)

# amaranth: UnusedElaboratable=no
"""The accelerator in Amaranth's simulator: streams that stall on all sides and keep the rules."""

from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import (
    COUNTERS,
    IDENTITY,
    POINT_WORDS,
    Command,
    Error,
    words_end,
)
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.presets import TOY_SHAPE, at_interval, control_only
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words, raw_load_words
from tests.choice import slow_but
from tests.hdl.memories import reads
from tests.hdl.points import toy_points
from tests.hdl.words import Expected, answer, copies_words, header, patterns
from tests.simulation import simulate
from tests.streams import receive, send

ORDER = TOY_CURVE.scalar.modulus
COPIES = 1000
"""Where they lie in memory."""


def memory_behind(dut, words, rng, pause):
    """Testbenches that are the memory: it writes, it answers requests in order, it stalls."""
    async def writes(ctx):
        while True:
            ctx.set(dut.writes.ready, ready := rng.random() >= pause)
            *_, valid, payload = await ctx.tick().sample(dut.writes.valid, dut.writes.payload)
            if ready and valid:
                words[payload.address] = payload.word

    return writes, *reads(dut, lambda address: words.get(address, 0), rng, pause)


def converse(dut, exchanges, *, seed, pause, cycles, listen_pause=None, memory=None):
    """Send the words of each of `exchanges`, (words, how many answers); return the answers.

    `memory`: what is in it, by address.
    """
    answers, memory = [], {} if memory is None else memory

    async def host(ctx):
        await send(ctx, dut.commands, [word for words, _ in exchanges for word in words],
                   rng=Random(seed), pause=pause)

    async def listen(ctx):
        for _, count in exchanges:
            answers.append(await receive(
                ctx, dut.answers, count, rng=Random(seed + 1),
                pause=pause if listen_pause is None else listen_pause))

    simulate(dut, host, listen, cycles=cycles,
             background=memory_behind(dut, memory, Random(seed + 2), pause))
    return answers


@pytest.mark.parametrize("group, window, pause", slow_but(
    [(Group.G1, 3, 0), (Group.G2, 2, 0.4)],
    [(group, window, pause) for group, window in ((Group.G1, 3), (Group.G2, 2))
     for pause in (0, 0.4)]))
def test_commands_and_answers(group, window, pause):
    """One conversation: errors in between, sums twice, counters, identity, reset."""
    rng, plan = Random(window), WindowPlan(TOY_CURVE.scalar.bits, window)
    points = [None, *rng.choices(toy_points(group), k=9)]
    points[3] = points[2]
    sums = [Expected(TOY_SHAPE, group, plan, scalars[:count], points[:count])
            for count, scalars in zip((10, 10, 1, 0), patterns(ORDER, 10, 1).values(),
                                      strict=False)]
    exchanges = [
        ([header(Command.IDENTIFY)], 1 + len(IDENTITY)),
        (load_words(TOY_CURVE, group, points), 1),
        ([header(99)], 1),
        *((multiply_words(group, plan, run.scalars), run.words) for run in sums),
        ([header(Command.COUNTERS)], 1 + len(COUNTERS)),
        (multiply_words(group, plan, [1] * 3, window=1), 1),
        ([header(Command.RESET)], 1),
        (multiply_words(group, plan, sums[0].scalars), sums[0].words),
    ]
    answers = converse(Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE)), exchanges, seed=1,
                       pause=pause, cycles=60_000)
    assert answers[0][0] == answer(Command.IDENTIFY)
    assert answers[1] == [answer(Command.LOAD)]
    assert answers[2] == [answer(99, error=Error.UNKNOWN_COMMAND)]
    for run, words in zip([*sums, sums[0]], [*answers[3:7], answers[-1]], strict=True):
        run.check(words)
    assert answers[7][0] == answer(Command.COUNTERS)
    assert answers[8] == [answer(Command.MULTIPLY, error=Error.WINDOW)]
    assert answers[9] == [answer(Command.RESET)]


@pytest.mark.parametrize("interval", slow_but([4], [6, 4, 3, 2, 1]))
def test_several_units_and_passes(interval):
    """The same sum by as many mailbox units as the interval takes, in one pass and in several, and
    with copies of the points."""
    shape, rng = at_interval(interval, TOY_SHAPE), Random(interval)
    group, points = Group.G1, [None, *rng.choices(toy_points(Group.G1), k=11)]
    scalars = patterns(ORDER, len(points), 2)["uniform"]
    runs = [Expected(shape, group, plan, scalars, points, one_pass)
            for plan in (WindowPlan(TOY_CURVE.scalar.bits, 2, shape.adder.units, at_once)
                         for at_once in (3, 5))
            for one_pass in plan.passes]
    slices = WindowPlan(TOY_CURVE.scalar.bits, 2, shape.adder.units, stride=4)
    runs.append(Expected(shape, group, slices, scalars, points))
    answers = converse(Accelerator(shape, finishing_program(shape)), [
        (load_words(TOY_CURVE, group, points), 1),
        (copies_words(TOY_CURVE, group, slices, points, COPIES), 1),
        *((multiply_words(group, run.plan, scalars, address=COPIES if run.plan is slices else 0,
                          first=run.first, windows=run.windows), run.words)
          for run in runs)], seed=interval, pause=0.1, cycles=60_000)
    for run, words in zip(runs, answers[2:], strict=True):
        run.check(words)


def test_a_host_that_hardly_listens():
    """Buckets are fetched faster than they are handed out, so they have to wait for room."""
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2)
    run = Expected(TOY_SHAPE, Group.G1, plan, [255, 170, 85, 1], toy_points(Group.G1)[9:13])
    answers = converse(Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE)), [
        (load_words(TOY_CURVE, Group.G1, run.points), 1),
        (multiply_words(Group.G1, plan, run.scalars), run.words)], seed=5, pause=0,
        listen_pause=0.95, cycles=30_000)
    run.check(answers[1])


def test_control_alone_answers_as_much():
    plan = WindowPlan(TOY_CURVE.scalar.bits, 3)
    shape, points = control_only(TOY_SHAPE), toy_points(Group.G1)[5:9]
    run = Expected(shape, Group.G1, plan, [1, 100, 180, 77], points)
    answers = converse(Accelerator(shape, finishing_program(shape)), [
        (load_words(TOY_CURVE, Group.G1, points), 1),
        (multiply_words(Group.G1, plan, run.scalars), run.words)], seed=3, pause=0.3,
        cycles=30_000)
    run.check(answers[1])


def test_what_the_memory_has_not_is_neither_written_nor_summed():
    """Addresses would wrap, into another key's points; what does fit goes on as ever."""
    plan = WindowPlan(TOY_CURVE.scalar.bits, 3)
    points = toy_points(Group.G1)[5:8]
    run = Expected(TOY_SHAPE, Group.G1, plan, [1, 100, 180], points)
    there = POINT_WORDS * len(points)
    memory = {}

    refused = answer(Command.LOAD, error=Error.MEMORY)
    beyond = answer(Command.MULTIPLY, error=Error.MEMORY)
    exchanges = [
        (load_words(TOY_CURVE, Group.G1, points), 1),
        (raw_load_words(there - 4, [7] * 12), 1),
        (raw_load_words(there, [7]), 1),
        (raw_load_words((1 << 32) - 1, [7, 7]), 1),
        (raw_load_words(there, []), 1),
        *((multiply_words(Group.G1, plan, run.scalars, **fields), 1) for fields in (
            {"address": 1}, {"address": (1 << 32) - 8}, {"point_words": 9},
            {"count": 1 << 31}, {"copies": 2, "copy_words": 1},
            {"copies": (1 << 16) - 1, "copy_words": (1 << 16) - 1})),
        *((multiply_words(Group.G1, plan, run.scalars, **fields), 1) for fields in (
            {"copies": 0}, {"stride": 257})),
        (multiply_words(Group.G1, plan, []), 1),
        (multiply_words(Group.G1, plan, run.scalars), run.words),
    ]
    answers = converse(
        Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE), memory_words=there), exchanges,
        seed=4, pause=0, cycles=30_000, memory=memory)
    done = [answer(Command.LOAD)]
    loaded, *rest = answers
    assert (loaded, rest[:4]) == (done, [[refused]] * 3 + [done])
    assert rest[4:10] == [[beyond]] * 6
    assert rest[10:12] == [[answer(Command.MULTIPLY, error=Error.WINDOW)]] * 2
    assert rest[12] == [answer(Command.MULTIPLY)]
    run.check(rest[13])
    assert memory == dict(enumerate(load_words(TOY_CURVE, Group.G1, points)[2:]))


@pytest.mark.parametrize("group", Group)
def test_the_end_of_what_is_read(group):
    """By looking at every word that is: of each copy of each point."""
    size = POINT_WORDS * group.degree
    for count, copies, point_words, copy_words in ((1, 1, size, 0), (3, 1, size, 0),
                                                   (3, 4, 4 * size, size), (2, 2, 1, 5)):
        read = [5 + point * point_words + copy * copy_words + word for point in range(count)
                for copy in range(copies) for word in range(size)]
        assert words_end(size, address=5, count=count, copies=copies, point_words=point_words,
                         copy_words=copy_words) == max(read) + 1
    assert words_end(8, address=5, count=0, copies=1, point_words=8, copy_words=0) == 5

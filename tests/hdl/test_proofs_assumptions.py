# amaranth: UnusedElaboratable=no
"""What the proofs assume of the surroundings is so in whole runs of the accelerator.

`tests.hdl.test_mailboxes_proof` and `tests.hdl.test_recoder_proof` prove a part in any
surroundings that keep to their side; here the surroundings are the real ones.
"""

from operator import attrgetter
from random import Random

import pytest
from amaranth.hdl import Fragment

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.mailboxes import Mailboxes
from proofmill.hdl.presets import TOY_SHAPE, at_interval
from proofmill.hdl.recoder import Recoder
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words
from tests.hdl import test_accelerator
from tests.hdl.points import toy_points
from tests.hdl.words import Expected, patterns
from tests.simulation import simulate
from tests.stream_rules import components_within

CONFIGURATION = (
    "again", "level.first", "level.window", "level.half", "level.begin", "level.destination",
    "windows.begin", "windows.end", "windows.last", "windows.wide", "windows.begin_bit",
    "windows.step_bits")


def stays(name, before, now):
    """What was offered and not taken is offered still, and is the same."""
    offered, taken, *what = before
    if offered and not taken:
        assert now[0] and list(now[2:]) == what, f"{name} did not wait"


def watch_mailboxes(boxes, frame, seen):
    """The mailboxes' frames, operands and fetches, as the proof assumes them."""
    operand = (boxes.operand.valid, boxes.operand.taken, boxes.operand.mailbox)
    fetch = (boxes.fetch.valid, boxes.fetch.taken, boxes.fetch.mailbox)

    async def watch(ctx):
        before, cycle, served = None, None, None
        while True:
            full = ctx.get(boxes.flags.data[ctx.get(boxes.fetch.mailbox)])
            _, _, last, enable, quiet, clear, group, *now = await ctx.tick().sample(
                boxes.last, boxes.enable, boxes.quiet, boxes.clear, boxes.group, *operand, *fetch)
            if enable:
                assert not clear
                if cycle is not None and served:
                    assert last == (cycle == frame[group] - 1), "a frame is not as long as it is"
                if before:
                    stays("an operand", before[:3], now[:3])
                    stays("a fetch", before[3:], now[3:])
                if now[3]:
                    assert full, "a bucket that is empty is fetched"
                seen["operands"] += now[1]
                seen["fetches"] += now[4]
            if served is not None and enable != served:
                # Nothing on its way, nothing served: as if nobody had wanted anything.
                assert quiet, "serving begins or ends while something is on its way"
            before, served = now if enable else None, enable
            cycle = 0 if last else None if cycle is None else cycle + 1

    return watch


def watch_recoder(recoder, seen):
    """The recoder's entries and what it is told, as the proof assumes them."""
    entry = (recoder.entry.valid, recoder.entry.left, recoder.entry.slice)
    told = attrgetter(*CONFIGURATION)(recoder)

    async def watch(ctx):
        before = None
        while True:
            _, _, idle, valid, taken, *now = await ctx.tick().sample(
                recoder.idle, recoder.operand.valid, recoder.operand.taken, *entry, *told)
            assert valid or not taken, "an operand is taken that is not there"
            if before and not before[0]:
                stays("an entry", before[1][:3], now[:3])
                assert now[3:] == before[1][3:], "the windows change under way"
            before = (idle and not now[0], now)
            seen["entries"] += bool(now[0] and now[1])

    return watch


@pytest.mark.parametrize("interval, group, window, pause", [
    (12, Group.G1, 3, 0.3), (12, Group.G2, 2, 0), (3, Group.G1, 2, 0.3)],
    ids=lambda value: getattr(value, "value", value))
def test_the_surroundings_keep_to_their_side(interval, group, window, pause, monkeypatch):
    shape, rng = at_interval(interval, TOY_SHAPE), Random(interval)
    plan = WindowPlan(TOY_CURVE.scalar.bits, window, shape.adder.units)
    points = [None, *rng.choices(toy_points(group), k=11)]
    seen = {"operands": 0, "fetches": 0, "entries": 0}
    runs = [Expected(shape, group, plan, scalars, points)
            for scalars in list(patterns(TOY_CURVE.scalar.modulus, len(points), 3).values())[:3]]

    def with_watchers(dut, *testbenches, background=(), **options):
        fragment = Fragment.get(dut, None)
        watchers = []
        for _, part in components_within(fragment):
            if isinstance(part, Mailboxes):
                watchers.append(watch_mailboxes(part, {
                    n: shape.adder.frame[g] for n, g in enumerate(shape.adder.groups)}, seen))
            elif isinstance(part, Recoder):
                watchers.append(watch_recoder(part, seen))
        assert len(watchers) == 2 * shape.adder.units
        simulate(dut, *testbenches, background=[*background, *watchers], fragment=fragment,
                 **options)

    monkeypatch.setattr(test_accelerator, "simulate", with_watchers)
    answers = test_accelerator.converse(Accelerator(shape, finishing_program(shape)), [
        (load_words(TOY_CURVE, group, points), 1),
        *((multiply_words(group, plan, run.scalars), run.words) for run in runs)],
        seed=interval, pause=pause, cycles=60_000)
    for run, words in zip(runs, answers[1:], strict=True):
        run.check(words)
    assert min(seen.values()) > 20

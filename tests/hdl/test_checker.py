"""What checks proofs within an accelerator, by itself: in Amaranth's simulator, where its words and
the multiplier's slots come when they like."""

from collections import Counter
from itertools import count
from random import Random
from types import SimpleNamespace

import pytest
from amaranth import *
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.firmware.check_program import check_words
from proofmill.hdl.check_shape import (
    PLANE_CYCLES,
    PLANES,
    QUEUE,
    ROUND,
    SUMS_QUEUE,
    Begin,
    CheckShape,
    Keep,
)
from proofmill.hdl.checker import Checker
from proofmill.hdl.commands import PLACE, WORD, pack
from proofmill.hdl.fetcher import REQUEST
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import TOY_SHAPE, with_check
from proofmill.hdl.wide_shape import TERMS
from proofmill.sim.checker import carried_out, key_words
from tests.hdl.check_runs import Run
from tests.hdl.memories import reads
from tests.simulation import simulate

TOY = with_check(TOY_SHAPE).checker
FOLDED = CheckShape(row_bits=6, multiplier=FoldedShape(
    field=TOY.field, operand_bits=22, digit=6, limb=8, interval=7))


class Within(wiring.Component):
    """A checker with the multiplier and the planes that are lent to it."""

    def __init__(self, shape):
        self.shape = shape
        super().__init__({
            "start": In(1), "program": In(PLACE), "inputs": In(PLACE), "key": In(PLACE),
            "ready": Out(1), "wrong": Out(1), "took": Out(32), "slot": In(1),
            "requests": Out(stream.Signature(REQUEST)), "points": In(stream.Signature(WORD))})

    def elaborate(self, platform):
        m = Module()
        field, latency = self.shape.field, self.shape.multiplier.latency
        m.submodules.checker = checker = Checker(self.shape)
        wiring.connect(m, wiring.flipped(self.requests), checker.requests)
        wiring.connect(m, checker.points, wiring.flipped(self.points))
        m.d.comb += [*(getattr(checker, name).eq(getattr(self, name))
                       for name in ("start", "program", "inputs", "key", "slot")),
                     *(getattr(self, name).eq(getattr(checker, name))
                       for name in ("ready", "wrong", "took"))]
        # The values before anything is written are nobody's.
        rows, random, self.held = 1 << self.shape.row_bits, Random(1), []
        for number, plane in enumerate(checker.planes):
            m.submodules[f"plane{number}"] = held = memory.Memory(
                shape=field.register_bits, depth=rows,
                init=[random.randrange(2 * field.modulus) for _ in range(rows)])
            self.held.append(held)
            read, write = held.read_port(), held.write_port()
            assert PLANE_CYCLES == 3
            m.d.sync += [read.addr.eq(plane.row), plane.word.eq(read.data),
                         write.addr.eq(plane.written), write.data.eq(plane.value),
                         write.en.eq(plane.enable)]
        inverse_radix = pow(self.shape.multiplier.radix, -1, field.modulus)
        stages = [Signal(field.register_bits, name=f"stage{n}") for n in range(latency)]
        taken = Mux(checker.multiplying, checker.a * checker.b, random.randrange(100))
        # At times a product is one modulus more than it has to be.
        m.d.sync += [stages[0].eq(taken * inverse_radix % field.modulus
                                  + Mux(checker.a[0], field.modulus, 0)),
                     *(after.eq(before) for before, after in zip(stages, stages[1:], strict=False)),
                     checker.product.eq(stages[-1])]
        return m


def carried(shape, programs, pause=0.0, every=1, unwatched=(), cycles=30_000):
    """(wrong, what each plane's rows hold, as residues, cycles) after each of `programs`, which are
    words, those of the inputs and those of the key. The multiplier takes operands every so many
    cycles."""
    dut, rng, found, held = Within(shape), Random(1), [], []

    async def bench(ctx):
        for parts in programs:
            at = 0
            for name, words in zip(("program", "inputs", "key"), parts, strict=True):
                ctx.set(getattr(dut, name), {"address": at, "count": len(words)})
                at += len(words)
            held[:] = [word for words in parts for word in words]
            assert ctx.get(dut.ready)
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            await ctx.tick().until(dut.ready)
            found.append((bool(ctx.get(dut.wrong)), [
                [ctx.get(row) % shape.field.modulus for row in plane.data]
                for plane in dut.held], ctx.get(dut.took)))

    async def slots(ctx):
        for number in count():
            ctx.set(dut.slot, number % every == 0)
            await ctx.tick()

    simulate(dut, bench, background=[slots, *reads(dut, held.__getitem__, rng, pause)],
             unwatched=unwatched, cycles=cycles)
    return found


HOW = [(TOY, 0), (TOY, 0.6), (FOLDED, 0.1)]
IDS = ["at once", "late", "folded"]


@pytest.mark.parametrize("shape,pause", HOW, ids=IDS)
def test_right_and_wrong_whenever_words_come(shape, pause):
    programs, wanted = [], []
    for seed in range(3):
        run = Run(SimpleNamespace(checker=shape), seed, steps=8 + 8 * seed)
        for wrong in (0, 1 + seed):
            programs.append((check_words(run.program), run.words(wrong),
                             key_words(run.program, run.key)))
            wanted.append(bool(wrong))
    found = carried(shape, programs, pause, shape.multiplier.interval)
    assert [wrong for wrong, _, _ in found] == wanted


@pytest.mark.parametrize("shape,pause", HOW, ids=IDS)
def test_what_is_kept_depends_on_the_order_of_words_alone(shape, pause):
    """Words that begin and keep anything, as fast as they may and no faster: every row, in every
    plane, is what it has to be."""
    rng, programs, wanted = Random(3), [], []
    for _ in range(3):
        values = [rng.randrange(shape.field.modulus) for _ in range((1 << shape.row_bits) - 1)]
        words = random_words(shape, rng, 150)
        programs.append((words, values[:40], values[40:]))
        wanted.append(carried_out(shape, words, values))
    for (wrong, planes, _), (looked, rows) in zip(carried(
            shape, programs, pause, shape.multiplier.interval), wanted, strict=True):
        assert wrong == any(looked)
        assert planes == [rows] * PLANES


def random_words(shape, rng, number):
    """Words that keep only what was begun before, of which no more is under way than there is room
    for; and look at zeros, mostly."""
    room = {Begin.SUM: SUMS_QUEUE - 1, Begin.PRODUCT: QUEUE - 1, Begin.INVERSE: 1}
    keeping = {Begin.SUM: Keep.SUM, Begin.PRODUCT: Keep.PRODUCT, Begin.INVERSE: Keep.INVERSE}
    there, words = Counter(), []
    for _ in range(number):
        fields = {f"term{n}": pack(shape.instruction.members[f"term{n}"], row=rng.randrange(
            1 << shape.row_bits), shift=rng.randrange(3), negative=rng.randrange(2))
            for n in range(TERMS)}
        keep = rng.choice([None, *(kind for kind in there.elements())])
        begin = rng.choice([kind for kind, most in room.items() if there[kind] < most]
                           + [Begin.NOTHING, Begin.LOOK])
        if keep is not None:
            there[keep] -= 1
            fields |= {"keep": keeping[keep],
                       "kept": rng.randrange(1, 1 << shape.row_bits)}
        if begin is Begin.LOOK and rng.random() < 0.9:
            fields["term0"] = 0
        if begin in room:
            there[begin] += 1
        words.append(pack(shape.instruction, begin=begin, **fields))
    return words


def test_any_program_ends():
    """Words at random, and the check after them is right."""
    rng = Random(5)
    run = Run(SimpleNamespace(checker=TOY), 1)
    right = check_words(run.program), run.words(0), key_words(run.program, run.key)
    programs = [program for _ in range(6) for program in (
        ([rng.getrandbits(WORD) for _ in range(rng.randrange(1, 60))], [], []), right)]
    # What an inverter that is busy does not take is nobody's.
    found = carried(TOY, programs, unwatched=["checker.inverter.operands"])
    assert not any(wrong for wrong, _, _ in found[1::2])
    assert len({cycles for _, _, cycles in found[1::2]}) == 1


def test_a_word_a_cycle():
    """Rounds of a product and three sums whose latencies are those that programs are made for wait
    for nothing."""
    rounds, latency = 40, {Keep.SUM: TOY.sum_latency - 1, Keep.PRODUCT: TOY.product_latency - 1}
    words = []
    for number in range(rounds):
        begins = [Begin.PRODUCT, *[Begin.SUM] * (ROUND - 1)]
        keeps = [*[Keep.SUM] * (ROUND - 1), Keep.PRODUCT]
        words += [pack(TOY.instruction, begin=begin if number < rounds - 10 else 0,
                       keep=keep if latency[keep] <= number < rounds - 10 + latency[keep]
                       else 0, kept=3)
                  for begin, keep in zip(begins, keeps, strict=True)]
    (_, _, cycles), (_, _, none) = carried(TOY, [(words, [], []), ([0], [], [])])
    assert cycles - none == len(words) - 1

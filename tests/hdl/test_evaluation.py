"""The evaluation unit's gateware: the definition's sums, in the model's cycles."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.hdl.evaluation import Evaluation, EvaluationShape
from proofmill.hdl.field import BN254_SCALAR, TOY, PrimeField
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.sim.evaluation import (
    Entry,
    cycles,
    entry_words,
    evaluate,
    given_words,
    in_order,
    numbered,
)
from tests.simulation import simulate
from tests.streams import receive, send

TOY_EVALUATION = EvaluationShape(multiplier=TOY_SHAPE.adder.multiplier, wire_bits=4, number_bits=8,
                                 row_bits=4)


def found_by(shape, runs, pause=0.0):
    """Of each (entries, witness, rows): (the sums, cycles from the first entry to the last result,
    as many as the model says)."""
    dut, rng, found, cycle = Evaluation(shape), Random(1), [], [0]

    async def count(ctx):
        while True:
            await ctx.tick()
            cycle[0] += 1

    async def bench(ctx):
        for entries, witness, rows in runs:
            some, dictionary = numbered(shape, entries)
            ordered = in_order(some)
            await send(ctx, dut.i, map(shape.given.from_bits, given_words(
                shape, witness, dictionary)), rng=rng, pause=pause)
            ctx.set(dut.rows, rows)
            while not ctx.get(dut.entries.ready):
                await ctx.tick()
            begin = cycle[0]
            await send(ctx, dut.entries, map(shape.entry.from_bits, entry_words(shape, ordered)),
                       rng=rng, pause=pause)
            sums = await receive(ctx, dut.o, rows, rng=rng, pause=pause)
            found.append((sums, cycle[0] - begin, cycles(shape, len(ordered), rows)))

    simulate(dut, bench, background=[count], cycles=20_000)
    return found


def random_run(shape, seed, entries, rows):
    """Entries with 0, 1, -1 and a few coefficients, of a witness with the field's edges."""
    rng, p, wires = Random(seed), shape.field.modulus, 1 << shape.wire_bits
    witness = [rng.choice([0, 1, p - 1, rng.randrange(p)]) for _ in range(wires)]
    values = [0, 1, p - 1, 2, *(rng.randrange(p) for _ in range(6))]
    return ([Entry(rng.randrange(rows), rng.randrange(wires), rng.choice(values))
             for _ in range(entries)], witness, rows)


@pytest.mark.parametrize("pause", [0, 0.4], ids=["flowing", "stalling"])
def test_random_matrices_one_after_another(pause):
    """A short one after a longer one, rows without entries, and one row that has all."""
    runs = [random_run(TOY_EVALUATION, seed, count, rows)
            for seed, (count, rows) in enumerate([(60, 16), (40, 9), (5, 1), (1, 16)])]
    for (entries, witness, rows), (sums, taken, said) in zip(
            runs, found_by(TOY_EVALUATION, runs, pause), strict=True):
        assert sums == evaluate(TOY, entries, witness, rows)
        assert taken == said or pause and taken > said


def test_every_coefficient_of_the_toy_field():
    witness = [0, 1, 2, 3, 80, 81, 82, 83, 100, 120, 140, 150, 159, 160, 161, 162]
    entries = [Entry((wire + coefficient) % 16, wire, coefficient)
               for coefficient in range(TOY.modulus) for wire in (0, 1, 6, 15)]
    (sums, taken, said), = found_by(TOY_EVALUATION, [(entries, witness, 16)])
    assert sums == evaluate(TOY, entries, witness, 16) and taken == said


def test_full_width():
    shape = EvaluationShape(multiplier=replace(STANDARD.adder.multiplier, field=BN254_SCALAR),
                            wire_bits=3, number_bits=4, row_bits=3)
    run = random_run(shape, 7, 80, 8)
    (sums, taken, said), = found_by(shape, [run])
    assert sums == evaluate(BN254_SCALAR, *run) and taken == said


def test_shapes_that_cannot_be():
    with pytest.raises(ValueError, match="operands every 3 cycles, and entries come in every"):
        EvaluationShape(multiplier=FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8,
                                               interval=3))
    with pytest.raises(ValueError, match="at least 2 wires, 4 numbers of coefficients and 2 rows"):
        EvaluationShape(multiplier=TOY_SHAPE.adder.multiplier, row_bits=0)
    near = PrimeField(name="near a power of two", modulus=241)
    with pytest.raises(ValueError, match="may have more than 9 bits; take more operand bits than"):
        EvaluationShape(multiplier=MultiplierShape(field=near, operand_bits=9, digit=3, limb=4))

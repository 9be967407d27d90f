"""Runs of a transform unit: what its tests hold to the definition, in Verilog and in Amaranth."""

from random import Random

import numpy as np

from proofmill.hdl.commands import WORD, split
from proofmill.hdl.transform_unit import TransformUnit
from proofmill.sim.transform import cycles, one_way_cycles
from tests.hdl.compiled import Compiled

SLACK = 40
"""Cycles that a run takes besides loading, computing and handing out, at the most."""


def vectors(field, power, seed):
    """Pairs (a, b) of vectors: edges of the field, one value alone, and random ones."""
    rng, count, most = Random(seed), 1 << power, field.modulus - 1
    yield from (([0] * count, [most] * count), ([most] * count, [most] * count),
                ([1] * count, [1] * count))
    alone = [0] * count
    alone[rng.randrange(count)] = most
    yield alone, alone[::-1]
    yield tuple([rng.randrange(field.modulus) for _ in range(count)] for _ in range(2))


def words_of(shape, values):
    return [word for value in values for word in split(value, shape.value_words)]


def values_of(shape, words):
    size = shape.value_words
    return [sum(int(word) << WORD * n for n, word in enumerate(words[at:at + size]))
            for at in range(0, len(words), size)]


async def with_pauses(ctx, dut, shape, values, count, rng):
    """(The `count` values that come out, the cycles it was computed in) where the words of `values`
    come and go at random, in Amaranth's simulator, from the cycle after its start on."""
    words, answers, took, offered = words_of(shape, values), [], 0, False
    while len(answers) < count * shape.value_words:
        offered = offered or (bool(words) and rng.random() < 0.7)
        ctx.set(dut.words.valid, offered)
        ctx.set(dut.words.payload, words[0] if offered else rng.getrandbits(8))
        taking = rng.random() < 0.6
        ctx.set(dut.answers.ready, taking)
        took += ctx.get(dut.computing)
        if offered and ctx.get(dut.words.ready):
            words.pop(0)
            offered = False
        if taking and ctx.get(dut.answers.valid):
            answers.append(ctx.get(dut.answers.payload))
        await ctx.tick()
    return values_of(shape, answers), took


class Runs:
    """A unit's Verilog, compiled, whose streams never pause."""

    def __init__(self, shape):
        self.shape, self.unit = shape, Compiled(TransformUnit(shape))

    def __call__(self, cases):
        """For every (power, a, b): h, and the cycles it was computed in."""
        return self._run([(power, [*a, *b], len(a), cycles(self.shape, power), 0)
                          for power, a, b in cases])

    def one_way(self, cases):
        """Likewise for every (power, values, inverse, coset)."""
        return self._run([(power, values, len(values), one_way_cycles(self.shape, power),
                           1 | inverse << 1 | coset << 2)
                          for power, values, inverse, coset in cases])

    def _run(self, cases):
        """Of every (power, values, how many of them come out, cycles, way)."""
        shape, rows, ends = self.shape, [], []
        for power, values, count, took, way in cases:
            words = words_of(shape, values)
            rest = took + shape.interval + SLACK + count * max(shape.value_words, 8)
            if power > shape.power:  # what moves between memory and planes, and before each tile
                rest += count * 15 * 12 * shape.value_words + (SLACK << power - shape.power + 2)
            part = np.zeros((1 + len(words) + rest, 5), dtype=np.uint64)
            part[0, 0], part[:, 1], part[:, 4] = 1, power, way
            part[1:len(words) + 1, 2] = 1
            part[1:len(words) + 1, 3] = words
            rows.append(part)
            ends.append(len(part))
        start, power, valid, payload, way = np.concatenate(rows).T
        more = {"way": way} if shape.one_way else {}
        found = self.unit.run(sum(ends), start=start, power=power, words__valid=valid,
                              words__payload=payload, answers__ready=1, **more)
        at, results = 0, []
        for length, (_, _, count, *_) in zip(ends, cases, strict=True):
            part = slice(at, at + length)
            at += length
            words = found["answers__payload"][part][found["answers__valid"][part] != 0]
            assert found["ready"][part][0] and len(words) == count * shape.value_words
            results.append((values_of(shape, words), int(found["computing"][part].sum())))
        return results

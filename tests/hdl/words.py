"""An accelerator as its command words see it, and what the definition says of the answers."""

from random import Random

import numpy as np

from proofmill.hdl.commands import (
    ANSWER,
    COUNTERS,
    HEADER,
    WORD,
    Command,
    pack,
    unpack,
)
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words
from proofmill.sim.curve import equation, to_affine
from proofmill.sim.msm import copies, exponent_of_group, last_level, multi_scalar_product


def header(command, **fields):
    return pack(HEADER, command=command, **fields)


def copies_words(curve, group, plan, points, address=0, unit=None):
    """The words of LOAD for `points` with their copies, as `plan` wants them."""
    law = equation(curve, group)
    return load_words(curve, group, [copy for point in points
                                     for copy in copies(law, plan, point)], address, unit)


def answer(command, **fields):
    """The word with which `command` is answered."""
    return pack(ANSWER, command=command, last=1, **fields)


class Expected:
    """What MULTIPLY must answer, by the definition: all of it, or one of the plan's passes.

    `sums` says what is to come, by the power of two that it counts for.
    """

    def __init__(self, shape, group, plan, scalars, points, one_pass=None):
        self.shape, self.group, self.plan = shape, group, plan
        self.law = equation(shape.adder.curve, group)
        self.scalars, self.points = scalars, points
        self.first, self.windows = one_pass or (0, plan.windows)
        # All windows by one unit; of which, only where the groups' numbers begin differs.
        sums = {exponent_of_group(plan, number): point for number, point in last_level(
            self.law, plan, scalars, points).items()}
        if self.windows == plan.windows:
            total = None
            for exponent, point in sums.items():
                total = self.law.add(total, self.law.multiply(1 << exponent, point))
            assert total == multi_scalar_product(self.law, scalars, points)
        end = self.first + self.windows
        self.sums = {exponent: point for exponent, point in sums.items()
                     if plan.position(self.first) <= exponent
                     and (end == plan.windows or exponent < plan.position(end))}
        self.record = 1 + 3 * group.degree * shape.coordinate_words

    @property
    def words(self):
        """How many words come back."""
        return self.record * len(self.sums) + 1

    def check(self, words):
        """Compare group by group; a group comes once, in any order, unreduced."""
        words = list(map(int, words))
        assert len(words) == self.words
        assert words[-1] == answer(Command.MULTIPLY)
        curve, degree = self.shape.adder.curve, self.group.degree
        found = {}
        for n in range(0, len(words) - 1, self.record):
            head = unpack(ANSWER, words[n])
            assert (head["command"], head["last"], head["error"]) == (Command.MULTIPLY, 0, 0)
            size = self.shape.coordinate_words
            parts = [sum(word << WORD * k for k, word in enumerate(words[at:at + size]))
                     for at in range(n + 1, n + self.record, size)]
            exponent = self.plan.exponent(head["group"], head["unit"], self.first)
            assert exponent not in found, "a group came twice"
            found[exponent] = to_affine(
                tuple(tuple(parts[degree * k:degree * (k + 1)]) for k in range(3)),
                curve.base.modulus)
        if self.shape.datapath:
            assert found == self.sums
        else:
            assert found.keys() == self.sums.keys()


class Link:
    """Exact exchanges with a `sim.verilated.Simulation`."""

    def __init__(self, simulation):
        self.simulation = simulation

    def ask(self, words, room, cycles=2_000_000):
        """Send `words`; return exactly `room` words, and fail where there are fewer or more."""
        taken, answers = self.simulation.exchange(
            np.array(words, dtype=np.uint64), room, cycles)
        assert (taken, len(answers)) == (len(words), room), "the accelerator stopped"
        return [int(word) for word in answers]

    def load(self, curve, group, points, address=0):
        assert self.ask(load_words(curve, group, points, address), 1) == [answer(Command.LOAD)]

    def load_copies(self, curve, group, plan, points, unit=None):
        words = copies_words(curve, group, plan, points, unit=unit)
        assert self.ask(words, 1) == [answer(Command.LOAD)]

    def multiply(self, expected, address=0):
        expected.check(self.ask(
            multiply_words(expected.group, expected.plan, expected.scalars, address=address,
                           coordinate_words=expected.shape.adder.curve.words,
                           first=expected.first, windows=expected.windows),
            expected.words))

    def counters(self):
        first, *values = self.ask([header(Command.COUNTERS)], 1 + len(COUNTERS))
        assert first == answer(Command.COUNTERS)
        return dict(zip(COUNTERS, values, strict=True))

    def assert_silent(self, cycles=3000):
        """Nothing more comes."""
        assert self.simulation.exchange(np.array([], dtype=np.uint64), 1, cycles)[1].size == 0


def patterns(order, count, seed):
    """Scalars as they come, and as they come at the worst: {name: list}."""
    rng = Random(seed)
    return {
        "uniform": [rng.randrange(order) for _ in range(count)],
        "equal": [rng.randrange(1, order)] * count,
        "binary": [rng.randrange(2) for _ in range(count)],
        "hot": [rng.choice([7, 7, 7, rng.randrange(order)]) for _ in range(count)],
        "sparse": [rng.choice([0, 0, 0, rng.randrange(order)]) for _ in range(count)],
        "greatest": [order - 1] * count,
    }


def plan_for(shape, window):
    return WindowPlan(shape.adder.curve.scalar.bits, window)

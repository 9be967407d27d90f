# amaranth: UnusedElaboratable=no
"""Transforms of one vector within the accelerator: by command, beside sums and transforms."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import SIZE, Command, Error, pack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.field import BN254_SCALAR, TOY_ROOTS
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, control_only, with_one_way, with_transforms
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words, one_way_words, transform_words
from proofmill.sim.transform import one_way, one_way_cycles, quotient
from tests.choice import slow_but
from tests.hdl.points import toy_points
from tests.hdl.test_accelerator import converse
from tests.hdl.test_transform_accelerator import FOLDED, opened
from tests.hdl.test_transform_accelerator import run as run_transform
from tests.hdl.test_transform_one_way import WAYS, on_the_host
from tests.hdl.transform_runs import values_of, vectors
from tests.hdl.words import Expected, answer, header

SHAPES = {
    "toy": with_one_way(TOY_SHAPE),
    "folded": with_one_way(FOLDED),
    "tiles": replace(with_one_way(TOY_SHAPE), transforms=3),
    "evaluation": replace(with_one_way(TOY_SHAPE), evaluation=True),
    "control": control_only(with_one_way(TOY_SHAPE)),
}


def run(link, shape, values, inverse, coset):
    """(The numbers that come out, the counter) of one ONE_WAY."""
    size, power = shape.transform.value_words, len(values).bit_length() - 1
    first, *words = link.ask(one_way_words(power, size, values, inverse=inverse, coset=coset),
                             1 + len(values) * size)
    assert first == answer(Command.ONE_WAY)
    counters = link.counters()
    assert counters["moved"] == 0
    return values_of(shape.transform, words), counters["transform"]


@pytest.mark.parametrize("name", slow_but(["toy"], list(SHAPES)))
def test_between_sums_and_transforms(name):
    """Every size and way, in the model's cycles: neither disturbs the others."""
    shape, rng = SHAPES[name], Random(2)
    link, most = opened(shape), shape.transform.one_way_most
    assert link.ask([header(Command.ONE_WAY)], 1) == [answer(Command.ONE_WAY, unit=most)]
    assert most == (3 if name == "tiles" else 4)
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2)
    points = rng.sample(toy_points(Group.G1), 12)
    link.load(TOY_CURVE, Group.G1, points)
    for power in range(1, most + 1):
        for inverse, coset in WAYS:
            values = list(vectors(TOY_ROOTS, power, power + coset))[-1][0]
            found, took = run(link, shape, values, inverse, coset)
            assert found == (one_way(TOY_ROOTS, values, inverse=inverse, coset=coset)
                             if shape.datapath else [0] * len(values))
            assert took == one_way_cycles(shape.transform, power)
        link.multiply(Expected(shape, Group.G1, plan, [
            rng.randrange(TOY_CURVE.scalar.modulus) for _ in points], points))
        a, b = list(vectors(TOY_ROOTS, power, power))[-1]
        h, _ = run_transform(link, shape, power, a, b)
        assert h == (quotient(TOY_ROOTS, a, b) if shape.datapath else [0] * len(a))
    link.assert_silent()


def test_streams_that_stall():
    """In Amaranth's simulator: transforms both ways and sums, all streams pausing."""
    shape = SHAPES["toy"]
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2)
    total = Expected(shape, Group.G1, plan, [255, 170, 85, 1], toy_points(Group.G1)[9:13])
    values = list(vectors(TOY_ROOTS, 3, 3))[-1][0]
    there, back = (one_way_words(3, 1, values, inverse=inverse, coset=3)
                   for inverse in (False, True))
    answers = converse(Accelerator(shape, finishing_program(shape)), [
        (load_words(TOY_CURVE, Group.G1, total.points), 1), (there, 9),
        (multiply_words(Group.G1, plan, total.scalars), total.words),
        (one_way_words(2, 1, values[:3]), 1), (back, 9),
        (transform_words(3, 1, values, values), 9)], seed=4, pause=0.4, cycles=40_000)
    total.check(answers[2])
    assert answers[1] == [answer(Command.ONE_WAY), *one_way(TOY_ROOTS, values, coset=3)]
    assert answers[3] == [answer(Command.ONE_WAY, error=Error.TRANSFORM)]
    assert answers[4] == [answer(Command.ONE_WAY),
                          *one_way(TOY_ROOTS, values, inverse=True, coset=3)]
    assert answers[5] == [answer(Command.TRANSFORM), *quotient(TOY_ROOTS, values, values)]


def test_what_is_not_possible_is_refused_and_all_of_it_taken():
    shape = SHAPES["toy"]
    link = opened(shape)
    for power, words in ((0, 1), (1, 1), (1, 3), (5, 32), (1 << 31, 2), (2, 0)):
        assert link.ask([header(Command.ONE_WAY, finish=1), pack(SIZE, power=power, words=words),
                         *[7] * words], 1) == [answer(Command.ONE_WAY, error=Error.TRANSFORM)]
    assert run(link, shape, [3, 4], False, 1)[0] == one_way(TOY_ROOTS, [3, 4], coset=1)


def test_a_reset_in_the_middle():
    shape = SHAPES["toy"]
    link, values = opened(shape), list(vectors(TOY_ROOTS, 4, 2))[-1][0]
    words = one_way_words(4, 1, values, coset=3)
    for count, wait in ((9, 0), (len(words), 30), (len(words), 300)):
        link.ask(words[:count], 0)
        link.simulation.exchange(words[:0], 0, wait)
        link.simulation.reset()
        assert run(link, shape, values, False, 3) == (
            one_way(TOY_ROOTS, values, coset=3), one_way_cycles(shape.transform, 4))


@pytest.mark.parametrize("shape", [TOY_SHAPE, with_transforms(TOY_SHAPE)])
def test_without_them_it_is_an_unknown_command(shape):
    assert opened(shape).ask([header(Command.ONE_WAY)], 1) == [
        answer(Command.ONE_WAY, error=Error.UNKNOWN_COMMAND)]


@pytest.mark.slow
def test_full_width():
    """The standard accelerator, against the host's transforms."""
    shape = with_one_way(STANDARD)
    assert shape.transform.one_way_most == 12
    link = opened(shape)
    for power in (1, 5, 12):
        for inverse, coset in WAYS[::3]:
            values = list(vectors(BN254_SCALAR, power, power))[-1][0]
            assert run(link, shape, values, inverse, coset) == (
                on_the_host(values, inverse, coset), one_way_cycles(shape.transform, power))


def test_shapes_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="^transforms one way are those of the transforms"):
        replace(TOY_SHAPE, one_way=True)

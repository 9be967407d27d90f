# amaranth: UnusedElaboratable=no
"""Transforms within the accelerator: by command, on the adder's multiplier, in its mailboxes, and
larger ones in tiles, over its memory."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import COUNTERS, HEADER, PLACE, SIZE, Command, Error, pack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.field import BN254_SCALAR, TOY_ROOTS
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval, control_only, with_transforms
from proofmill.hdl.transform_shape import TransformShape
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words, transform_words
from proofmill.sim.transform import cycles, quotient
from proofmill.sim.verilated import Simulation, build
from tests.choice import slow_but
from tests.hdl.points import toy_points
from tests.hdl.test_accelerator import converse
from tests.hdl.test_transform import on_the_host
from tests.hdl.transform_runs import values_of, vectors
from tests.hdl.words import Expected, Link, answer, header

FOLDED = replace(TOY_SHAPE, finisher=False, adder=replace(
    TOY_SHAPE.adder, intervals=((Group.G1, 36), (Group.G2, 108)), multiplier=FoldedShape(
        field=TOY_SHAPE.adder.multiplier.field, operand_bits=22, digit=6, limb=8, interval=3)))
SHAPES = {
    "toy": with_transforms(TOY_SHAPE),
    "tiles": replace(with_transforms(TOY_SHAPE), transforms=2),
    "tiles, folded": replace(with_transforms(FOLDED), transforms=3),
    "tiles, control": control_only(replace(with_transforms(TOY_SHAPE), transforms=3)),
    "folded": with_transforms(FOLDED),
    "two units": with_transforms(at_interval(6, TOY_SHAPE)),
    "control": control_only(with_transforms(TOY_SHAPE)),
}


def command(shape, power, a, b, address=0):
    """The words of one TRANSFORM, whose tiles lie behind word `address`."""
    transform = shape.transform
    room = 3 * transform.value_words << power if power > transform.power else 0
    return transform_words(power, transform.value_words, a, b, address, room)


def run(link, shape, power, a, b, address=0):
    """(h, the counter) of one TRANSFORM."""
    size = shape.transform.value_words
    first, *words = link.ask(command(shape, power, a, b, address), 1 + len(a) * size)
    assert first == answer(Command.TRANSFORM)
    counters = link.counters()
    assert (counters["moved"] > 0) == (power > shape.transform.power)
    return values_of(shape.transform, words), counters["transform"]


def opened(shape):
    return Link(Simulation(build(shape)[1]))


@pytest.mark.parametrize("name", slow_but(["toy", "tiles"], list(SHAPES)))
def test_between_sums(name):
    """Every size, in the model's cycles, before, between and after sums in both groups: neither
    disturbs the other, and the mailboxes' memory, which both use, is nobody's; in the memory beside
    them the points stay, up to the word before the tiles."""
    shape = SHAPES[name]
    link, field = opened(shape), TOY_ROOTS
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2, shape.adder.units)
    rng = Random(1)
    for power in range(1, shape.transform.most + 1):
        group = rng.choice([group for group in shape.adder.groups
                            if plan.mailboxes <= shape.mailboxes(group)])
        points = rng.sample(toy_points(group), 12)
        scalars = [rng.randrange(TOY_CURVE.scalar.modulus) for _ in points]
        link.load(TOY_CURVE, group, points)
        for a, b in list(vectors(field, power, power))[-2:]:
            h, took = run(link, shape, power, a, b, address=8 * group.degree * len(points))
            assert h == (quotient(field, a, b) if shape.datapath else [0] * len(a))
            assert took == cycles(shape.transform, power)
        link.multiply(Expected(shape, group, plan, scalars, points))
        # The counter of transforms is of the last one; sums leave it.
        assert link.counters()["transform"] == took
    link.assert_silent()


@pytest.mark.parametrize("name", slow_but(["toy"], ["toy", "tiles"]))
def test_streams_that_stall(name):
    """In Amaranth's simulator: transforms and sums in one conversation, all streams pausing."""
    shape = SHAPES[name]
    plan = WindowPlan(TOY_CURVE.scalar.bits, 2)
    run = Expected(shape, Group.G1, plan, [255, 170, 85, 1], toy_points(Group.G1)[9:13])
    cases = [(power, *list(vectors(TOY_ROOTS, power, power))[-1]) for power in (3, 1, 4)]
    transforms = [(command(shape, power, a, b, 32), 1 + len(a)) for power, a, b in cases]
    product = multiply_words(Group.G1, plan, run.scalars)
    answers = converse(Accelerator(shape, finishing_program(shape)), [
        (load_words(TOY_CURVE, Group.G1, run.points), 1), transforms[0], (product, run.words),
        (transform_words(2, 1, [1], [2]), 1), transforms[1], ([header(Command.RESET)], 1),
        transforms[2], (product, run.words)], seed=4, pause=0.4, cycles=60_000)
    for n in (2, 7):
        run.check(answers[n])
    assert answers[3] == [answer(Command.TRANSFORM, error=Error.TRANSFORM)]
    for (_, a, b), (head, *h) in zip(cases, (answers[n] for n in (1, 4, 6)), strict=True):
        assert head == answer(Command.TRANSFORM) and h == quotient(TOY_ROOTS, a, b)


def test_what_is_not_possible_is_refused_and_all_of_it_taken():
    """Sizes that are not there, and words that are not so many; the link stays in step."""
    shape = SHAPES["tiles"]
    link = opened(shape)
    for power, words, room in ((0, 2, 0), (1, 3, 0), (1, 0, 0), (5, 64, 96), (1 << 31, 1, 0),
                               (40, 0, 0), (2, 4, 0), (2, 8, 12), (3, 16, 0), (3, 16, 23),
                               (4, 32, 49)):
        data = [7] * words
        assert link.ask([header(Command.TRANSFORM), pack(PLACE, address=0, count=room),
                         pack(SIZE, power=power, words=words), *data],
                        1) == [answer(Command.TRANSFORM, error=Error.TRANSFORM)]
    a, b = list(vectors(TOY_ROOTS, 3, 1))[-1]
    assert run(link, shape, 3, a, b)[0] == quotient(TOY_ROOTS, a, b)


def test_without_transforms_the_command_is_refused():
    link = opened(TOY_SHAPE)
    assert link.ask(transform_words(1, 1, [1, 2], [3, 4]), 1) == [
        answer(Command.TRANSFORM, error=Error.TRANSFORM)]
    assert link.counters()["transform"] == link.counters()["moved"] == 0
    assert COUNTERS[-2:] == ("transform", "moved")
    assert link.ask([pack(HEADER, command=Command.RESET)], 1) == [answer(Command.RESET)]


@pytest.mark.parametrize("name, power", [("toy", 5), ("tiles", 4)])
def test_a_reset_in_the_middle(name, power):
    """Whatever was under way is gone, and what follows is right."""
    shape = SHAPES[name]
    link = opened(shape)
    a, b = list(vectors(TOY_ROOTS, power, 2))[-1]
    words = command(shape, power, a, b)
    for count, wait in ((9, 0), (len(words), 30), (len(words), 300), (len(words), 900)):
        link.ask(words[:count], 0)
        link.simulation.exchange(words[:0], 0, wait)
        link.simulation.reset()
        assert run(link, shape, power, a, b) == (
            quotient(TOY_ROOTS, a, b), cycles(shape.transform, power))


def test_a_memory_that_ends_before_the_tiles_do():
    """Nothing is overwritten, all words are taken, and what fits to the last word is computed."""
    shape = SHAPES["tiles"]
    a, b = list(vectors(TOY_ROOTS, 3, 4))[-1]
    words = 3 << 3
    answers = converse(Accelerator(shape, finishing_program(shape), memory_words=100), [
        (command(shape, 3, a, b, 101 - words), 1), (command(shape, 3, a, b, 100 - words), 9),
        (command(shape, 2, a[:4], b[:4], 99), 5)], seed=1, pause=0.1, cycles=20_000)
    assert answers[0] == [answer(Command.TRANSFORM, error=Error.MEMORY)]
    for n, (values, other) in enumerate(((a, b), (a[:4], b[:4])), 1):
        assert answers[n] == [answer(Command.TRANSFORM), *quotient(TOY_ROOTS, values, other)]


@pytest.mark.slow
def test_full_width():
    """The standard accelerator: 2^12 values, and small ones, in tiles too, against the host's
    transforms."""
    shape = with_transforms(STANDARD)
    assert shape.transforms == 12 and shape.transform.most == 24
    link = opened(shape)
    for power in (1, 4, 7, 12, 13):
        a, b = list(vectors(BN254_SCALAR, power, power))[-1]
        h, took = run(link, shape, power, a, b)
        assert h == on_the_host(a, b)
        assert took == cycles(shape.transform, power)
        assert power != 12 or took <= 166_000


@pytest.mark.parametrize("change, sentence", [
    (dict(transforms=6), r"^toy-roots has transforms of 2 to 2 \*\* 5 values"),
    (dict(mailbox_bits=5), (r"^transforms of 2 \*\* 5 values take 64 rows of memory, and 5 "
                            r"mailbox_bits are 32$")),
    (dict(adder=TOY_SHAPE.adder), (r"^transforms are computed in the multiplier's second field, "
                                   r"and this one has none$")),
])
def test_shapes_that_cannot_be_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(SHAPES["toy"], **change)


def test_the_transforms_of_a_shape():
    shape: MsmShape = SHAPES["toy"]
    assert shape.transform == TransformShape(
        multiplier=shape.adder.multiplier, power=5, more=1, reach=5)
    assert TOY_SHAPE.transform is None

# amaranth: UnusedElaboratable=no
"""Matrices within the accelerator: by command, on the adder's multiplier, in its mailboxes."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.commands import ARRAY, MATRIX, OPERANDS, PLACE, Command, Error, pack
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.matmul import array_words
from proofmill.hdl.presets import TOY_SHAPE, control_only, with_matrices, with_transforms
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.commands import load_words, multiply_words, raw_load_words
from proofmill.sim.matrix import Plan, matmul_words, sums_of, weight_words
from tests.hdl.matrix_runs import matrices
from tests.hdl.points import toy_points
from tests.hdl.test_accelerator import converse
from tests.hdl.words import Expected, answer, header

SHAPE = with_matrices(TOY_SHAPE)
ONE_PLANE = replace(SHAPE, adder=replace(
    SHAPE.adder, multiplier=replace(SHAPE.adder.multiplier, element=2)))
"""Elements of two bits, whose weights take one plane of the mailboxes, as bytes do full size."""

PLACE_OF_W = 500
"""Where weights lie in the memory, behind the points."""


def planned(shape, rows, terms, columns, seed):
    """(plan, x, w), random."""
    x, w = matrices(shape.matrix.multiplier, rows, terms, columns, seed)
    plan = Plan(shape.matrix, rows, terms, columns)
    plan.check()
    return plan, x, w


def loaded(plan, w):
    """The words of LOAD for weights."""
    return raw_load_words(PLACE_OF_W, weight_words(plan, w).tolist())


def checked(answers, plan, x, w, cycles):
    first, *sums, took = answers
    assert first == answer(Command.MATMUL)
    assert np.array_equal(sums_of(plan, np.array(sums, dtype=np.uint64)), x @ w)
    assert not cycles or took == plan.cycles


def asked(plan, x, **more):
    return matmul_words(plan, x, PLACE_OF_W, **more).tolist(), plan.sums + 2


@pytest.mark.parametrize("shape, pause", [
    pytest.param(SHAPE, 0, id="flowing"), pytest.param(ONE_PLANE, 0, id="one plane"), *(
        pytest.param(*case, id=name, marks=pytest.mark.slow) for name, *case in (
            ("stalling", SHAPE, 0.4), ("beside transforms", with_transforms(SHAPE), 0.4)))])
def test_between_sums(shape, pause):
    """A sum, matrices, matrices by weights that are there, at another entry, and a sum; then none
    are there any more."""
    assert shape.lent[0] == (1 if shape is ONE_PLANE else 3)
    rng, window = Random(1), WindowPlan(TOY_CURVE.scalar.bits, 2)
    points = rng.choices(toy_points(Group.G1), k=6)
    run = Expected(shape, Group.G1, window, [rng.randrange(181) for _ in points], points)
    total = multiply_words(Group.G1, window, run.scalars), run.words
    plan, x, w = planned(shape, 6, 7, 5, 1)
    other, y, v = planned(shape, 1, 3, 1, 2)
    exchanges = [
        ([header(Command.MATRICES)], 1 + len(ARRAY)),
        (load_words(TOY_CURVE, Group.G1, points), 1), total, (loaded(plan, w), 1),
        (asked(plan, x, count=0)[0], 1), asked(plan, x), asked(plan, x[::-1], count=0),
        (loaded(other, v), 1), asked(other, y, entry=plan.weight_entries),
        asked(plan, x, count=0), total, (asked(plan, x, count=0)[0], 1)]
    found = converse(Accelerator(shape, finishing_program(shape)), exchanges, seed=1, pause=pause,
                     cycles=60_000)
    assert found[0] == [answer(Command.MATRICES), *array_words(shape.matrix).values()]
    run.check(found[2])
    assert found[4] == found[11] == [answer(Command.MATMUL, error=Error.MATRICES)]
    for answers, case in ((found[5], (plan, x, w)), (found[6], (plan, x[::-1], w)),
                          (found[8], (other, y, v)), (found[9], (plan, x, w))):
        checked(answers, *case, cycles=not pause)
    run.check(found[10])


def test_what_has_no_room_is_refused():
    """... with all the words that follow it taken."""
    plan, x, w = planned(SHAPE, 6, 9, 5, 1)
    good = matmul_words(plan, x, PLACE_OF_W).tolist()
    room = SHAPE.matrix.element_words << SHAPE.matrix.element_bits

    def with_word(place, layout, following, **fields):
        return [*good[:place], pack(layout, **fields), *good[place + 1:4], *[0] * following]

    sizes = {"steps": 1, "groups": 1, "tiles": 1}
    count = len(good) - 4
    bad = [
        *(with_word(2, MATRIX, count, **(sizes | {name: 0})) for name in sizes),
        with_word(3, OPERANDS, 0, words=0), with_word(3, OPERANDS, room + 1, words=room + 1),
        with_word(3, OPERANDS, 1, entry=1 << SHAPE.matrix.weight_bits, words=1),
        with_word(1, PLACE, count, count=1 + (1 << SHAPE.matrix.weight_bits))]
    beyond = with_word(1, PLACE, count, address=(1 << 10) - 3, count=4)
    dut = Accelerator(SHAPE, finishing_program(SHAPE), memory_words=1 << 10)
    *refused, memory, _, right = converse(
        dut, [*((words, 1) for words in [*bad, beyond]), (loaded(plan, w), 1), asked(plan, x)],
        seed=1, pause=0, cycles=60_000)
    assert refused == [[answer(Command.MATMUL, error=Error.MATRICES)]] * len(bad)
    assert memory == [answer(Command.MATMUL, error=Error.MEMORY)]
    checked(right, plan, x, w, cycles=True)


def test_the_control_alone_takes_the_same_cycles():
    shape = control_only(SHAPE)
    plan, x, w = planned(shape, 6, 9, 5, 1)
    _, (first, *sums, cycles) = converse(
        Accelerator(shape, finishing_program(shape)), [(loaded(plan, w), 1), asked(plan, x)],
        seed=1, pause=0, cycles=10_000)
    assert (first, set(sums), cycles) == (answer(Command.MATMUL), {0}, plan.cycles)


def test_gateware_without_matrices_says_so():
    dut = Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE))
    assert converse(dut, [([header(Command.MATRICES)], 1)], seed=1, pause=0, cycles=1_000) == [
        [answer(Command.MATRICES, error=Error.UNKNOWN_COMMAND)]]

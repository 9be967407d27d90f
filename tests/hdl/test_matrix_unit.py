"""Matrices on the folded multiplier's blocks: exact sums in the model's cycles."""

from dataclasses import replace
from itertools import product
from random import Random

import numpy as np
import pytest

from proofmill.boards.shapes import FIVE_ROWS, GW5A_ONE_ROW, SMALLEST, THREE_ROWS
from proofmill.hdl.field import BN254_BASE, TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.matrix_shape import MatrixShape
from proofmill.hdl.matrix_unit import MatrixUnit, MatrixUnitShape
from proofmill.hdl.presets import MATRICES, with_matrices
from proofmill.host.bench.matrices import matrix_figures
from proofmill.sim.field import montgomery_product
from proofmill.sim.matrix_gateware import MatrixGateware, MatrixModel, matrix_library
from tests.hdl.matrix_runs import FULL, TOYS, check, matrices, unit, words_of
from tests.simulation import simulate
from tests.streams import receive, send


def products(shape, cases, pause=0, bits=6):
    """[(plan, answers)] of each (x, w)."""
    dut, asked = MatrixUnit(unit(shape, bits)), [words_of(unit(shape, bits), *case)
                                                 for case in cases]
    found = []

    async def give(ctx):
        for _, words in asked:
            await send(ctx, dut.commands, words, rng=Random(1), pause=pause)

    async def take(ctx):
        for plan, _ in asked:
            found.append((plan, await receive(ctx, dut.answers, plan.sums + 1, rng=Random(2),
                                              pause=pause)))

    simulate(dut, give, take, cycles=60_000)
    return found


def every_pair(shape):
    """x with a row for all values of two elements, w with a column for them."""
    pairs = np.array(list(product(range(1 << shape.element), repeat=2)))
    return pairs, pairs.T


@pytest.mark.parametrize("name", TOYS)
def test_every_pair_of_elements(name):
    """All values of the two terms that a row of hardware adds in a step, for every place."""
    case = every_pair(TOYS[name])
    (plan, answers), = products(TOYS[name], [case], bits=7)
    check(plan, answers, *case)


@pytest.mark.parametrize("name", TOYS)
def test_small_shapes(name):
    """One after another on one unit: fewer rows, terms and columns than fit, and more; the most
    terms that a sum has room for, all of them the greatest."""
    shape = TOYS[name]
    loop, terms, columns = shape.loop, shape.step_terms, shape.columns
    sizes = [(1, 1, 1), (1, terms + 1, columns + 1), (loop, terms, columns),
             (loop + 1, 1, 2 * columns), (2 * loop + 1, 20, 3)]
    cases = [matrices(shape, *size, seed) for seed, size in enumerate(sizes)]
    most = (1 << shape.element) - 1
    cases.append((np.full((2, shape.most_terms), most), np.full((shape.most_terms, 2), most)))
    for (plan, answers), case in zip(products(shape, cases, bits=8), cases, strict=True):
        check(plan, answers, *case)


@pytest.mark.parametrize("name", ["one row", "two products"])
def test_answers_that_have_to_wait(name):
    """Rows wait with them, and nothing is lost."""
    shape = TOYS[name]
    case = matrices(shape, 2 * shape.loop, 2 * shape.step_terms, 2 * shape.columns)
    (plan, answers), = products(shape, [case], pause=0.7)
    check(plan, answers, *case, exact_cycles=False)


@pytest.mark.parametrize("name", TOYS)
def test_products_in_the_field_before_and_after(name):
    """The same blocks: products until the unit is busy, matrices, products again from any cycle."""
    shape = TOYS[name]
    dut, rng = MatrixUnit(unit(shape)), Random(3)
    case = matrices(shape, 7, 9, 5)
    plan, words = words_of(unit(shape), *case)
    answers, checked = [], []

    async def multiply(ctx):
        """Start every `interval` cycles, with a pause while the unit is busy."""
        under_way, turn, cycle = [], 0, 0
        while checked.count(True) < 30:
            busy = ctx.get(dut.busy)
            given = [rng.getrandbits(shape.operand_bits) for _ in range(2)]
            which = rng.randrange(len(shape.fields))
            ctx.set(dut.start, turn == 0)
            ctx.set(dut.a, given[0])
            ctx.set(dut.b, given[1])
            if shape.second:
                ctx.set(dut.second, which)
            if turn == 0 and not busy:
                under_way.append((cycle + shape.latency, *given, which))
            turn = (turn + 1) % shape.interval
            if under_way and under_way[0][0] == cycle:
                _, a, b, which = under_way.pop(0)
                field = shape.fields[which]
                plain = MatrixShape(field=field, operand_bits=shape.operand_bits,
                                    digit=shape.digit, limb=shape.limb, element=shape.element,
                                    interval=shape.interval)
                assert ctx.get(dut.product) % field.modulus == montgomery_product(plain, a, b)
                checked.append(len(answers) > 0)
            await ctx.tick()
            cycle += 1

    async def matrix(ctx):
        await ctx.tick().repeat(60)
        await send(ctx, dut.commands, words, rng=rng, pause=0)
        answers.extend(await receive(ctx, dut.answers, plan.sums + 1, rng=rng, pause=0))

    simulate(dut, multiply, matrix)
    check(plan, answers, *case)
    assert checked.count(False) > 30


@pytest.mark.parametrize("name", FULL)
def test_bytes_at_full_width(name):
    """Random ones, and the greatest: the lower of two sums in a block carries most often."""
    shape = FULL[name]
    x, w = matrices(shape, 3, 23, 26)
    x[1], w[:, :4] = 255, 255
    (plan, answers), = products(shape, [(x, w)])
    check(plan, answers, x, w)


@pytest.mark.slow
@pytest.mark.parametrize("name", FULL)
def test_bytes_at_full_width_compiled(name):
    """The emitted Verilog, compiled: model and gateware agree in sums and cycles."""
    shape = MatrixUnitShape(multiplier=FULL[name], weight_bits=14, element_bits=14)
    gateware, model = MatrixGateware(shape, matrix_library(shape)), MatrixModel(shape)
    for size in ((1, 784, 128), (37, 300, 31), (64, 64, 64)):
        x, w = matrices(FULL[name], *size)
        found, wanted = gateware.multiply(x, w), model.multiply(x, w)
        assert np.array_equal(found.sums, wanted.sums) and found.cycles == wanted.cycles
    full = np.full((1, 4_000), 255), np.full((4_000, 3), 255)
    assert (gateware.multiply(*full).sums == 4_000 * 255 ** 2).all()
    gateware.close()
    with pytest.raises(ValueError, match="the simulation is closed"):
        gateware.multiply(*full)


def test_products_a_block_and_cycle():
    """All cycles of all commands count, and no product of padding; each command has room in the
    memories that the accelerator of the array has."""
    found = matrix_figures((256, 512, 1_024, 2_048))
    assert all(each["enough"] and each["wanted"] for each in found)
    assert {each["array"]: each["blocks"] for each in found} == {
        "18x18, one row": 31, "18x18, three rows": 91, "18x18, five rows": 151,
        "26x17, one row": 23, "26x17, two rows": 45}


@pytest.mark.parametrize("name, accelerator", [
    ("18x18, one row", SMALLEST), ("18x18, three rows", THREE_ROWS),
    ("18x18, five rows", FIVE_ROWS), ("26x17, one row", GW5A_ONE_ROW)])
def test_the_arrays_are_those_of_accelerators(name, accelerator):
    """... with their blocks, their room and their cycles."""
    found = with_matrices(accelerator).matrix
    assert found == replace(MATRICES[name], multiplier=replace(
        MATRICES[name].multiplier, least_loop=found.multiplier.least_loop))
    assert found.multiplier.loop == MATRICES[name].multiplier.loop


@pytest.mark.parametrize("parts, sentence", [
    (dict(least_loop=6, interval=5), "^matrices need a loop of 4 or 5 cycles, not 6$"),
    (dict(products=3), "^a block makes 1 product or 2, not 3$"),
    (dict(products=2), r"^2 x 8 bits have no room in a digit \(18 bits\) and a limb \(18 bits\)$"),
    (dict(element=19), r"^1 x 19 bits have no room in a digit \(18 bits\)"),
])
def test_wrong_shapes_are_refused(parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        MatrixShape(**dict(field=BN254_BASE, operand_bits=264, digit=18, limb=18, interval=15)
                    | parts)


def test_a_shape_without_blocks_for_its_columns_is_refused():
    with pytest.raises(ValueError, match="^3 columns of 1 rows lack a block"):
        MatrixShape(field=TOY, operand_bits=12, digit=4, limb=4, interval=3, element=2)


def test_a_memory_of_nothing_is_refused():
    with pytest.raises(ValueError, match="^weight_bits must be in 1 to 24, not 0$"):
        MatrixUnitShape(multiplier=TOYS["one row"], weight_bits=0, element_bits=1)


@pytest.mark.parametrize("x, w, sentence", [
    ([[1, 2]], [[1, 2]], "^1 x 2 cannot be multiplied by 1 x 2$"),
    ([[4]], [[1]], "^x has elements that are not in 0 to 3, or none$"),
    ([[1]], [[-1]], "^w has elements that are not in 0 to 3, or none$"),
    (np.ones((1, 29)), np.ones((29, 1)), "^a sum has 29 terms, and at most 28 are sure to fit$"),
    (np.ones((1, 20)), np.ones((20, 20)), "^w takes 100 entries, and there are 64$"),
])
def test_what_has_no_room_is_refused(x, w, sentence):
    """By the model as by the gateware."""
    with pytest.raises(ValueError, match=sentence):
        MatrixModel(unit(TOYS["one row"])).multiply(np.array(x, dtype=np.int64),
                                                    np.array(w, dtype=np.int64))


def test_the_mode_takes_the_multipliers_own_blocks():
    """... and gives products in its latency."""
    for shape in FULL.values():
        folded = FoldedShape(**{name: getattr(shape, name) for name in (
            "field", "operand_bits", "digit", "limb", "interval", "carry_cycles", "least_loop")})
        assert shape.multiplications == folded.multiplications
        assert shape.latency == folded.latency

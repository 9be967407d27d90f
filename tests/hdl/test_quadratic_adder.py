"""Batch-affine addition over Fp2: every pair of the toy twist, full width, the model's cycles."""

from dataclasses import replace
from random import Random

import pytest
import z3
from py_ecc import bn128

from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.field import TOY, TOY_ROOTS
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.hdl.quadratic_adder import QuadraticAdder
from proofmill.hdl.quadratic_shape import QuadraticShape
from proofmill.sim.batch import kind_of, products
from proofmill.sim.curve import equation
from tests.choice import slow_but
from tests.hdl.affine_batches import compiled_run, modelled, to_words, unpacked
from tests.hdl.points import from_py_ecc, toy_points
from tests.simulation import simulate

TOY_MULTIPLIER = TOY_SHAPE.adder.multiplier
SHAPES = {
    "toy": QuadraticShape(multiplier=TOY_MULTIPLIER),
    "small": QuadraticShape(multiplier=TOY_MULTIPLIER, pairs=8, least=5, buffers=2, queue=2),
    "folded": QuadraticShape(multiplier=FoldedShape(
        field=TOY, operand_bits=22, digit=6, limb=8, interval=3), pairs=16, least=12),
}

QUICK = (("toy", "equal"), ("small", "pauses"), ("folded", "now and then"))
"""Of the model's comparisons."""


def test_every_pair_of_points():
    """All 181 * 181 pairs of the toy twist's group, infinity, doublings and opposites included."""
    points, shape, rng = toy_points(Group.G2), replace(SHAPES["toy"], tag_bits=14), Random(1)
    order = [(i, j) for i in range(181) for j in range(181)]
    rng.shuffle(order)
    pairs = [(points[i], points[j]) for i, j in order]
    model, found = compiled_run(shape, pairs)
    for n, (i, j) in enumerate(order):
        assert found[n] == points[(i + j) % 181]
    assert model.products == products(shape, [kind_of(*pair) for pair in pairs], model.batches)
    assert model.products / len(pairs) < 15.1
    assert model.cycle / len(pairs) < 15.2


@pytest.mark.parametrize("name, kind", slow_but(QUICK, [
    (name, kind) for name in SHAPES for kind in ("random", "equal", "pauses", "now and then")]))
def test_the_model_has_the_gatewares_cycles(name, kind):
    """Whatever is added and however the streams pause."""
    shape, points, rng = SHAPES[name], toy_points(Group.G2), Random(name + kind)
    count = 400
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(count)]
    if kind == "equal":
        pairs = [(p, p) for p, _ in pairs]
    # Now and then batches are closed that have a pair or two.
    drain = None if kind != "now and then" else (
        lambda cycle, waiting: not waiting or cycle // 900 % 2 == 1)
    _, found = compiled_run(shape, pairs, None if kind in ("random", "equal") else rng, drain)
    law = equation(TOY_CURVE, Group.G2)
    assert [found[n] for n in range(count)] == [law.add(*pair) for pair in pairs]


@pytest.mark.slow
def test_full_width():
    """BN254 against py_ecc, in Amaranth's simulator; cycles as modelled."""
    shape, rng = QuadraticShape(multiplier=STANDARD.adder.multiplier, pairs=16, least=12), Random(2)
    points = [None, *(bn128.multiply(bn128.G2, rng.randrange(1, 1 << 60)) for _ in range(4))]
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(12)]
    pairs += [(p, p) for p in points] + [(p, bn128.neg(p)) for p in points]
    affine = [tuple(map(from_py_ecc, pair)) for pair in pairs]
    model, _, sums, _ = modelled(shape, [kind_of(*pair) for pair in affine])
    dut, found = QuadraticAdder(shape), []

    async def give(ctx):
        ctx.set(dut.pairs.valid, 1)
        for tag, (p, q) in enumerate(affine):
            ctx.set(dut.pairs.payload, {
                "p": to_words(shape, p), "q": to_words(shape, q), "tag": tag})
            await ctx.tick().until(dut.pairs.ready)
        ctx.set(dut.pairs.valid, 0)
        ctx.set(dut.drain, 1)

    async def take(ctx):
        ctx.set(dut.sums.ready, 1)
        for cycle in range(model.cycle):
            if ctx.get(dut.sums.valid):
                tag, point = unpacked(shape, ctx.get(dut.sums.payload.as_value()))
                found.append((cycle, tag))
                assert point == from_py_ecc(bn128.add(*pairs[tag]))
            await ctx.tick()
        assert ctx.get(dut.products) == model.products

    simulate(dut, give, take, cycles=model.cycle + 10)
    assert found == sums


def test_four_thousand_additions_of_the_standard_multiplier():
    """Products and cycles an addition, by the model: 15 products, and 6 a batch of 128."""
    shape = QuadraticShape(multiplier=STANDARD.adder.multiplier)
    assert (shape.chains, shape.products) == (3, 6)
    model, *_ = modelled(shape, [0] * 4096)
    assert model.products == 4096 * 15 + model.batches * 6
    assert model.products / 4096 < 15.1 and model.cycle < 15.8 * 4096
    assert model.most <= shape.buffers * shape.pairs


@pytest.mark.parametrize("name", ["toy", "bn254"])
@pytest.mark.parametrize("slack, answer", [(0, z3.unsat), (1, z3.sat)], ids=["bound", "below"])
def test_no_value_passes_its_bound(name, slack, answer):
    """A product of what any slot multiplies, and a sum's parts before they are reduced."""
    multiplier = {"toy": TOY_MULTIPLIER, "bn254": STANDARD.adder.multiplier}[name]
    shape = QuadraticShape(multiplier=multiplier)
    p, lift, product = shape.modulus, shape.lift, shape.bounds["a product"]
    assert lift % p == 0 and lift >= product
    for pair in shape.operands(product).values():
        assert multiplier.product_bound(*pair) <= product
        assert max(pair) <= shape.bounds["a sum of them"] < 1 << multiplier.operand_bits
    one, two, three, x, y, total = z3.Ints("one two three x y total")
    solver = z3.Solver()
    for value, largest in ((one, product), (two, product), (three, product), (x, p - 1),
                           (y, p - 1)):
        solver.add(0 <= value, value <= largest)
    solver.add(z3.Or(
        total == one + 2 * p - x - y, total == 2 * one + 2 * p - x - y,
        total == one + lift + p - two - x, total == one + 2 * lift + p - two - three - x))
    reduced = total
    for part in shape.reductions:
        reduced = z3.If(reduced >= part, reduced - part, reduced)
    solver.add(z3.Or(total < 0, total > shape.largest_total, reduced < 0, reduced >= p - slack))
    assert solver.check() == answer


def test_a_field_without_the_root_of_minus_one_is_refused():
    with pytest.raises(ValueError, match="^-1 is a square modulo 0x[0-9a-f]+, so there is no fie"):
        QuadraticShape(multiplier=replace(TOY_MULTIPLIER, field=TOY_ROOTS))

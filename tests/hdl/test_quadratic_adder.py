"""Batch-affine addition over Fp2: every pair of the toy twist, full width, the model's cycles."""

from dataclasses import replace
from random import Random

import pytest
import z3
from py_ecc import bls12_381, bn128

from proofmill.hdl.curve import BLS12_381, Group
from proofmill.hdl.field import TOY, TOY_ROOTS
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, of_curve
from proofmill.hdl.quadratic_shape import QuadraticShape
from tests.choice import slow_but
from tests.hdl.affine_batches import (
    KINDS,
    check_cycles,
    check_every_pair,
    modelled,
    simulated_run,
)
from tests.hdl.points import from_py_ecc

TOY_MULTIPLIER = TOY_SHAPE.adder.multiplier
SHAPES = {
    "toy": QuadraticShape(multiplier=TOY_MULTIPLIER),
    "small": QuadraticShape(multiplier=TOY_MULTIPLIER, pairs=8, least=5, buffers=2, queue=2),
    "folded": QuadraticShape(multiplier=FoldedShape(
        field=TOY, operand_bits=22, digit=6, limb=8, interval=3), pairs=16, least=12),
    "early": QuadraticShape(multiplier=TOY_MULTIPLIER, pairs=16, least=12, early=True),
}

QUICK = (("toy", "equal"), ("small", "pauses"), ("folded", "now and then"),
         ("early", "now and then"))
"""Of the model's comparisons."""


def test_every_pair_of_points():
    """Of the toy twist's group."""
    model = check_every_pair(SHAPES["toy"], Group.G2)
    assert model.products / 181 ** 2 < 15.1
    assert model.cycle / 181 ** 2 < 15.2


@pytest.mark.parametrize("name, kind", slow_but(QUICK, [
    (name, kind) for name in SHAPES for kind in KINDS]))
def test_the_model_has_the_gatewares_cycles(name, kind):
    check_cycles(SHAPES[name], Group.G2, 400, kind, name + kind)


MULTIPLIERS = {"toy": TOY_MULTIPLIER, "bn254": STANDARD.adder.multiplier,
               "bls12-381": of_curve(BLS12_381).adder.multiplier}


@pytest.mark.slow
@pytest.mark.parametrize("name, curve", [("bn254", bn128), ("bls12-381", bls12_381)])
def test_full_width(name, curve):
    """Against py_ecc, in Amaranth's simulator; cycles as modelled."""
    shape, rng = QuadraticShape(multiplier=MULTIPLIERS[name], pairs=16, least=12), Random(2)
    points = [None, *(curve.multiply(curve.G2, rng.randrange(1, 1 << 60)) for _ in range(4))]
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(12)]
    pairs += [(p, p) for p in points] + [(p, curve.neg(p)) for p in points]
    found = simulated_run(shape, [tuple(map(from_py_ecc, pair)) for pair in pairs])
    for tag, pair in enumerate(pairs):
        assert found[tag] == from_py_ecc(curve.add(*pair))


def test_four_thousand_additions_of_the_standard_multiplier():
    """Products and cycles an addition, by the model: 15 products, and 6 a batch of 128."""
    shape = QuadraticShape(multiplier=STANDARD.adder.multiplier)
    assert (shape.chains, shape.products) == (3, 6)
    model, *_ = modelled(shape, [0] * 4096)
    assert model.products == 4096 * 15 + model.batches * 6
    assert model.products / 4096 < 15.1 and model.cycle < 15.8 * 4096
    assert model.most <= shape.buffers * shape.pairs


@pytest.mark.parametrize("name", MULTIPLIERS)
@pytest.mark.parametrize("slack, answer", [(0, z3.unsat), (1, z3.sat)], ids=["bound", "below"])
def test_no_value_passes_its_bound(name, slack, answer):
    """A product of what any slot multiplies, and a sum's parts before they are reduced."""
    multiplier = MULTIPLIERS[name]
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

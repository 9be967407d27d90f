"""Batch-affine addition: every pair of the toy curve, full width, and the model's cycles."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import z3
from py_ecc import bn128

from proofmill.hdl.batch_adder import BatchAdder
from proofmill.hdl.batch_intake import pair_layout, sum_layout
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.curve import BLS12_377, BLS12_381, BN254, Group
from proofmill.hdl.field import TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, of_curve
from proofmill.sim.curve import equation
from tests.choice import slow_but
from tests.hdl.affine_batches import (
    KINDS,
    check_cycles,
    check_every_pair,
    modelled,
    packed,
    simulated_run,
    to_words,
    unpacked,
)
from tests.hdl.compiled import Compiled
from tests.hdl.points import bn254_generator, from_py_ecc, toy_points

TOY_MULTIPLIER = TOY_SHAPE.adder.multiplier
SHAPES = {
    "toy": BatchShape(multiplier=TOY_MULTIPLIER),
    "small": BatchShape(multiplier=TOY_MULTIPLIER, pairs=8, least=5, buffers=2, queue=2),
    "folded": BatchShape(multiplier=FoldedShape(
        field=TOY, operand_bits=22, digit=6, limb=8, interval=3), pairs=16, least=12),
    "two chains": BatchShape(multiplier=FoldedShape(
        field=TOY, operand_bits=22, digit=6, limb=8, interval=4), pairs=4, least=3),
    "early": BatchShape(multiplier=TOY_MULTIPLIER, pairs=16, least=12, early=True),
}

QUICK = (("toy", "equal"), ("small", "pauses"), ("folded", "now and then"),
         ("two chains", "random"), ("early", "now and then"))
"""Of the model's comparisons."""


def test_words_are_those_of_the_layouts():
    shape, point = SHAPES["toy"], ((9,), (11,))
    assert packed(shape, point, None, 77) == pair_layout(shape).const({
        "p": to_words(shape, point), "q": to_words(shape, None), "tag": 77}).as_value().value
    for infinite in (0, 1):
        x, y = (0, 0) if infinite else (5, 6)
        tag, found = unpacked(shape, sum_layout(shape).const({
            "x": x, "y": y, "infinite": infinite, "tag": 300}).as_value().value)
        assert tag == 300 and (found is None) == bool(infinite)
        assert infinite or to_words(shape, found) == {"x": x, "y": y, "infinite": 0}


def test_every_pair_of_points():
    """Of the toy curve's group."""
    model = check_every_pair(SHAPES["toy"], Group.G1)
    assert model.products / 181 ** 2 < 6.1
    assert model.cycle / 181 ** 2 < 6.2


@pytest.mark.parametrize("name, kind", slow_but(QUICK, [
    (name, kind) for name in SHAPES for kind in KINDS]))
def test_the_model_has_the_gatewares_cycles(name, kind):
    check_cycles(SHAPES[name], Group.G1, 600, kind, name + kind)


def test_full_width():
    """BN254 against py_ecc, in Amaranth's simulator; cycles as modelled."""
    shape, rng, law = BatchShape(multiplier=STANDARD.adder.multiplier, pairs=32, least=24
                                 ), Random(2), equation(BN254, Group.G1)
    base = bn254_generator(Group.G1)
    points = [None, *(law.multiply(rng.randrange(1, 1 << 60), base) for _ in range(6))]
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(60)]
    pairs += [(p, p) for p in points] + [(p, law.negate(p)) for p in points]
    found = simulated_run(shape, pairs)
    for tag, pair in enumerate(pairs):
        one, two = (None if p is None else tuple(bn128.FQ(c[0]) for c in p) for p in pair)
        assert found[tag] == from_py_ecc(bn128.add(one, two))


def test_four_thousand_additions_of_the_standard_multiplier():
    """Products and cycles an addition, by the model: 6 products, and 15 a batch of 128."""
    shape = BatchShape(multiplier=STANDARD.adder.multiplier)
    assert (shape.chains, shape.products) == (6, 15)
    model, *_ = modelled(shape, [0] * 4096)
    assert model.products == 4096 * 6 + model.batches * 15
    assert model.products / 4096 < 6.13 and model.cycle < 6.7 * 4096
    assert model.most <= shape.buffers * shape.pairs
    doubled, *_ = modelled(shape, [1] * 4096)
    assert doubled.products == 4096 * 7 + doubled.batches * 15


def test_a_batch_without_an_inverse_is_told():
    """x, and x + p beside it: not the same number, but the same x."""
    shape = SHAPES["small"]
    points = toy_points(Group.G1)
    x, y = next((x, y) for (x,), (y,) in points[1:]
                if x * shape.multiplier.radix % 163 < 256 - 163)
    word = pair_layout(shape).const({
        "p": to_words(shape, ((x,), (y,))),
        "q": {"x": x * shape.multiplier.radix % 163 + 163, "y": 3, "infinite": 0},
        "tag": 0}).as_value().value
    outputs = Compiled(BatchAdder(shape)).run(
        600, pairs__payload=word, pairs__valid=np.arange(600) < 4, sums__ready=1, drain=1)
    assert outputs["fault"][-1] == 1 and outputs["fault"][0] == 0


MULTIPLIERS = {
    "toy": TOY_MULTIPLIER, "bn254": STANDARD.adder.multiplier,
    "bls12-381": of_curve(BLS12_381).adder.multiplier,
    "bls12-377": of_curve(BLS12_377).adder.multiplier,
    "bls12-377, tables": KaratsubaShape(field=BLS12_377.base, operand_bits=387, digit=17, limb=26,
                                        depth=3, tables=13)}


@pytest.mark.parametrize("name", MULTIPLIERS)
@pytest.mark.parametrize("slack, answer", [(0, z3.unsat), (1, z3.sat)], ids=["bound", "below"])
def test_no_value_passes_its_bound(name, slack, answer):
    """A product of anything that is multiplied, and a sum's coordinate before it is reduced."""
    multiplier = MULTIPLIERS[name]
    shape = BatchShape(multiplier=multiplier)
    p, bounds = shape.modulus, shape.bounds
    largest = max(bounds.values())
    assert multiplier.product_bound(bounds["a product"], largest) <= bounds["a product"]
    assert multiplier.product_bound(2 * p - 1, 2 * p - 1) <= bounds["a product"]
    product, x1, x2, total = z3.Ints("product x1 x2 total")
    solver = z3.Solver()
    solver.add(0 <= product, product <= bounds["a product"], 0 <= x1, x1 < p, 0 <= x2, x2 < p,
               total == product + 2 * p - x1 - x2)
    reduced = total
    for part in shape.reductions:
        reduced = z3.If(reduced >= part, reduced - part, reduced)
    solver.add(z3.Or(total < 0, reduced < 0, reduced >= p - slack))
    assert solver.check() == answer


@pytest.mark.parametrize("changes, said", [
    ({"pairs": 96}, r"^pairs must be a power of two from 2 on, not 96$"),
    ({"buffers": 1}, r"^buffers must be a power of two from 2 on, not 1$"),
    ({"least": 129}, r"^a batch is closed with 1 to 128 pairs, not 129$"),
    ({"queue": 1}, r"^a queue holds 2 pairs or more, not 1$"),
    ({"multiplier": replace(TOY_MULTIPLIER, operand_bits=9)},
     r"^a \w+ can reach \d\.\d times the modulus, 1\d bits, but the multiplier takes 9; give it ")])
def test_what_makes_no_batch_adder_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        BatchShape(**{"multiplier": TOY_MULTIPLIER} | changes)

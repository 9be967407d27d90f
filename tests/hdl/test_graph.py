"""Bounds: none is exceeded, whatever the inputs; a formula that would overflow is refused."""

from functools import partial
from random import Random

import pytest
import z3

from proofmill.hdl.curve import BN254, TOY_CURVE, Group
from proofmill.hdl.field import BLS12_381_BASE
from proofmill.hdl.formulas import complete_addition, times_9, times_12_plus_15u
from proofmill.hdl.graph import Input, Product, Sum, trace
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.sim.curve import equation, to_affine, to_homogeneous
from proofmill.sim.field import montgomery_product
from proofmill.sim.schedule import evaluate
from tests.hdl.points import bn254_generator, toy_points

CASES = [(shape, group) for shape in (STANDARD.adder, TOY_SHAPE.adder) for group in Group]


def run(graph, shape, inputs, multiply):
    """The value of every node; every one checked against its bound."""
    values = {}
    for node in graph.nodes:
        if isinstance(node, Input):
            values[node] = inputs[node.side][node.position]
        else:
            operands = [values[operand] for operand in node.operands]
            values[node] = evaluate(node, operands, multiply, shape.field.modulus)
        assert 0 <= values[node] <= node.bound, node.name
    return values


def pipelined_product(shape, a, b):
    """What the pipeline really gives: digit by digit, the lifted modulus, no reduction.

    The same residue as `montgomery_product`, as large as the hardware lets it get.
    """
    total, base = 0, 1 << shape.digit
    for step in range(shape.steps):
        total += (a >> shape.digit * step) % base * b
        if step + 1 < shape.steps:
            total = (total >> shape.digit) + total % base * shape.lifted
        else:
            total = (total + total % base * shape.lift % base * shape.field.modulus) >> shape.digit
    return total


@pytest.mark.parametrize("shape", [STANDARD.adder.multiplier, TOY_SHAPE.adder.multiplier],
                         ids=lambda shape: shape.field.name)
def test_the_unreduced_product(shape):
    rng = Random(3)
    for _ in range(100):
        a, b = rng.getrandbits(shape.operand_bits), rng.getrandbits(shape.operand_bits)
        product = pipelined_product(shape, a, b)
        assert product % shape.field.modulus == montgomery_product(shape, a, b)
        assert product <= shape.product_bound(a, b)


@pytest.mark.parametrize("shape, group", CASES,
                         ids=lambda value: getattr(value, "value", None) or value.curve.name)
@pytest.mark.parametrize("extreme", ["zero", "bound", "mixed", "random"])
def test_no_value_exceeds_its_bound(shape, group, extreme):
    graph, bound = shape.traces[group]
    rng, multiplier = Random(1), shape.multiplier
    for _ in range(60):
        choose = {"zero": lambda: 0, "bound": lambda: bound,
                  "mixed": lambda: rng.choice([0, bound]),
                  "random": lambda: rng.randint(0, bound)}[extreme]
        inputs = [[choose() for _ in range(3 * group.degree)] for _ in range(2)]
        values = run(graph, multiplier, inputs, partial(pipelined_product, multiplier))
        assert all(values[node] <= bound for node in graph.outputs)


@pytest.mark.parametrize("shape, group", CASES,
                         ids=lambda value: getattr(value, "value", None) or value.curve.name)
def test_the_graph_adds_points(shape, group):
    (graph, _), multiplier, rng = shape.traces[group], shape.multiplier, Random(2)
    modulus, law = shape.curve.base.modulus, equation(shape.curve, group)
    if shape.curve is TOY_CURVE:
        points = toy_points(group)
    else:
        points = [law.multiply(n, bn254_generator(group)) for n in range(8)]
    for _ in range(40):
        p, q = rng.choice(points), rng.choice(points)
        inputs = [[part for c in to_homogeneous(
            point, tuple(rng.randrange(1, modulus) for _ in range(group.degree)), modulus)
            for part in c] for point in (p, q)]
        values = run(graph, multiplier, inputs, partial(pipelined_product, multiplier))
        parts = [values[node] for node in graph.outputs]
        d = group.degree
        assert to_affine(tuple(tuple(parts[n * d:(n + 1) * d]) for n in range(3)),
                         modulus) == law.add(p, q)


@pytest.mark.parametrize("shape, group", CASES,
                         ids=lambda value: getattr(value, "value", None) or value.curve.name)
def test_the_bounds_are_proven(shape, group):
    """By z3, node by node: from the operands' bounds follows the node's, for all values.

    A sum is linear. A product ab/R + added is bounded by its values at the operands' bounds,
    since it grows with both; what is added is what `MultiplierShape.product_bound` says.
    """
    graph, bound = shape.traces[group]
    multiplier, modulus = shape.multiplier, shape.multiplier.field.modulus
    last = multiplier.radix >> multiplier.digit
    added = (last - 1) * multiplier.lift * modulus + last * ((1 << multiplier.digit) - 1) * modulus
    solver = z3.Solver()
    values = {node: z3.Int(node.name) for node in graph.nodes}
    for node in graph.nodes:
        value, operands = values[node], [values[operand] for operand in node.operands]
        if isinstance(node, Sum):
            solver.push()
            solver.add([z3.And(v >= 0, v <= operand.bound)
                        for v, operand in zip(operands, node.operands, strict=True)])
            solver.add(value == z3.Sum(
                [(-1 if negative else 1) * (v * (1 << shift)) for v, shift, negative in zip(
                    operands, node.shifts, node.negative, strict=True)])
                + node.lift * modulus)
            solver.add(z3.Or(value < 0, value > node.bound))
            assert solver.check() == z3.unsat, node.name
            solver.pop()
        elif isinstance(node, Product):
            one, two = node.operands
            solver.push()
            solver.add(value * multiplier.radix <= one.bound * two.bound + added)
            solver.add(value > node.bound)
            assert solver.check() == z3.unsat, node.name
            solver.pop()
        assert node.bound < 1 << multiplier.operand_bits
    assert all(node.bound <= bound for node in graph.outputs)


def test_the_formula_takes_the_products_it_says():
    for group, products in ((Group.G1, 12), (Group.G2, 36)):
        graph, _ = STANDARD.adder.traces[group]
        assert len(graph.products) == products
        assert all(len(node.operands) <= 3 for node in graph.sums)


@pytest.mark.parametrize("formula, degree, times_3b", [
    (complete_addition, 1, times_9), (complete_addition, 2, times_12_plus_15u)])
def test_a_formula_that_overflows_is_refused_by_name(formula, degree, times_3b):
    shape = MultiplierShape(field=BN254.base, operand_bits=256, digit=17, limb=17)
    with pytest.raises(ValueError, match=(
            r"^sum\d+ = [+-] .* can reach \d+\.\d times the modulus, \d+ bits, but the "
            r"multiplier takes 256; give it wider operands or a formula with fewer sums$")):
        trace(partial(formula, times_3b=times_3b), degree, shape)


def test_a_formula_whose_outputs_grow_is_refused():
    def doubling(p, q):  # an output that is a sum of inputs has no bound that it keeps
        return type(p)(p.x + q.x, p.y + q.y, p.z + q.z)

    shape = MultiplierShape(field=BLS12_381_BASE, operand_bits=500, digit=17, limb=17)
    with pytest.raises(ValueError, match="grow without end"):
        trace(doubling, 1, shape)

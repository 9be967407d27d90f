# amaranth: UnusedElaboratable=no
"""Nothing overflows, proven at full width by z3: products, sums, and the registers they go into."""

from dataclasses import replace

import pytest
import z3

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BLS12_381_BASE, BN254_BASE, BN254_SCALAR, TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.graph import Product, Sum
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval

MULTIPLIERS = {
    "standard": STANDARD.adder.multiplier,
    "17 x 17": MultiplierShape(field=BN254_BASE, operand_bits=264, digit=17, limb=17),
    "folded": FoldedShape(field=BN254_BASE, operand_bits=264, digit=18, limb=36, interval=15),
    "karatsuba": KaratsubaShape(field=BN254_BASE, operand_bits=264, digit=17, limb=26, depth=2),
    "bls12-381": MultiplierShape(field=BLS12_381_BASE, operand_bits=392, digit=26, limb=34),
    "toy": MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8),
}


BOTH = {
    f"{name}, second field": replace(MULTIPLIERS[name], second=BN254_SCALAR)
    for name in ("standard", "folded", "karatsuba")}
"""... by two moduli: the bound of a product in the second."""


@pytest.mark.parametrize("name", [*MULTIPLIERS, *BOTH])
@pytest.mark.parametrize("missing, answer", [(0, z3.unsat), (1, z3.sat)], ids=["bound", "below"])
def test_a_product_stays_below_its_bound(name, missing, answer):
    """Step by step, for every digit and every quotient digit; not without what these add.

    A step adds ``digit * b`` and a multiple of the modulus that makes the lowest digit zero, and
    drops that digit. ``digit * b`` is a number of its own here: their sum is ``a * b``.
    """
    shape, second = (MULTIPLIERS | BOTH)[name], name in BOTH
    modulus, lift, base = shape.fields[second].modulus, shape.lifts[second], 1 << shape.digit
    most = 36 * modulus
    solver = z3.Solver()
    total, product = z3.IntVal(0), z3.IntVal(0)
    for step in range(shape.steps):
        part, quotient, following = (
            z3.Int(f"{name}{step}") for name in ("part", "quotient", "following"))
        multiple = (lift if step + 1 < shape.steps else 1) * modulus
        solver.add(part >= 0, quotient >= 0, quotient < base,
                   following * base == total + part + quotient * multiple)
        total, product = following, product + part * base ** step
    solver.add(product <= most * most)
    added = shape.product_bound(0, 0, second=second)
    assert added > modulus
    solver.add(total > shape.product_bound(most, most, second=second) - missing * added)
    assert solver.check() == answer


def shapes():
    """Adders at every interval, and of the other kinds of multipliers."""
    for interval in (12, 6, 4, 3, 2, 1):
        yield f"interval-{interval}", at_interval(interval).adder
    for kind in ("folded", "karatsuba"):
        shape = replace(STANDARD.adder, multiplier=MULTIPLIERS[kind])
        if kind == "folded":
            shape = replace(shape, intervals=((Group.G1, 180), (Group.G2, 540)))
        yield kind, shape
    yield "toy", TOY_SHAPE.adder


SHAPES = dict(shapes())


def exact(node, values, modulus):
    """A sum, as an integer of z3."""
    return node.lift * modulus + z3.Sum([
        (-1 if negative else 1) * (1 << shift) * value
        for value, shift, negative in zip(values, node.shifts, node.negative, strict=True)])


def can(*claims):
    """Whether z3 finds values for which all claims are true."""
    solver = z3.Solver()
    solver.add(*claims)
    found = solver.check()
    assert found != z3.unknown
    return found == z3.sat


def within(values, nodes):
    return [z3.And(value >= 0, value <= node.bound)
            for value, node in zip(values, nodes, strict=True)]


@pytest.mark.parametrize("name", SHAPES)
def test_every_sum_is_within_its_bound_and_its_bound_within_the_register(name):
    shape = SHAPES[name]
    modulus = shape.multiplier.field.modulus
    for group in shape.groups:
        graph, coordinate = shape.traces[group]
        bank = shape.schedules[group].bank
        for node in graph.nodes:
            assert node.bound < 1 << shape.banks[bank[node]][0], node.name
            assert node.bound < 1 << shape.multiplier.operand_bits
            if isinstance(node, Sum):
                values = z3.Ints(" ".join(f"v{n}" for n in range(len(node.operands))))
                value, inputs = exact(node, values, modulus), within(values, node.operands)
                assert not can(*inputs, z3.Or(value < 0, value > node.bound)), node.name
                # No bound is larger than it has to be, and no lift: the proof can fail.
                assert can(*inputs, value > node.bound - 1), node.name
                assert not node.lift or can(*inputs, value - modulus < 0), node.name
            elif isinstance(node, Product):
                one, two = node.operands
                assert node.bound >= shape.multiplier.product_bound(one.bound, two.bound)
        assert all(node.bound <= coordinate for node in graph.outputs)
        assert coordinate < 1 << shape.coordinate_bits

# amaranth: UnusedElaboratable=no
"""Nothing overflows, proven at full width by z3: products, sums, and the registers they go into."""

from dataclasses import replace

import pytest
import z3

from proofmill.boards.cores.proofs.bounds import product_claim, sum_claims
from proofmill.hdl.curve import BLS12_377, BLS12_381, Group
from proofmill.hdl.field import BLS12_377_BASE, BLS12_381_BASE, BN254_BASE, BN254_SCALAR, TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.graph import Product, Sum
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD, TOY_SHAPE, at_interval, of_curve

MULTIPLIERS = {
    "standard": STANDARD.adder.multiplier,
    "17 x 17": MultiplierShape(field=BN254_BASE, operand_bits=264, digit=17, limb=17),
    "folded": FoldedShape(field=BN254_BASE, operand_bits=264, digit=18, limb=36, interval=15),
    "karatsuba": KaratsubaShape(field=BN254_BASE, operand_bits=264, digit=17, limb=26, depth=2),
    "bls12-381": MultiplierShape(field=BLS12_381_BASE, operand_bits=392, digit=26, limb=34),
    "bls12-377": MultiplierShape(field=BLS12_377_BASE, operand_bits=388, digit=26, limb=34),
    "bls12-377, tables": KaratsubaShape(field=BLS12_377_BASE, operand_bits=387, digit=17, limb=26,
                                        depth=3, tables=13),
    "toy": MultiplierShape(field=TOY, operand_bits=22, digit=6, limb=8),
}


BOTH = {
    f"{name}, second field": replace(MULTIPLIERS[name], second=BN254_SCALAR)
    for name in ("standard", "folded", "karatsuba")}
"""... by two moduli: the bound of a product in the second."""


def answer_to(claim):
    """What z3 says of a claim's text."""
    solver = z3.Solver()
    solver.from_string("\n".join(claim))
    found = solver.check()
    assert found != z3.unknown
    return found


@pytest.mark.parametrize("name", [*MULTIPLIERS, *BOTH])
@pytest.mark.parametrize("missing, answer", [(0, z3.unsat), (1, z3.sat)], ids=["bound", "below"])
def test_a_product_stays_below_its_bound(name, missing, answer):
    """In both moduli; not without what the steps add."""
    shape, second = (MULTIPLIERS | BOTH)[name], name in BOTH
    assert shape.product_bound(0, 0, second=second) > shape.fields[second].modulus
    assert answer_to(product_claim(shape, 36 * shape.fields[second].modulus, second=second,
                                   missing=missing)) == answer


def shapes():
    """Adders at every interval, and of the other kinds of multipliers."""
    for interval in (12, 6, 4, 3, 2, 1):
        yield f"interval-{interval}", at_interval(interval).adder
    for kind in ("folded", "karatsuba"):
        shape = replace(STANDARD.adder, multiplier=MULTIPLIERS[kind])
        if kind == "folded":
            shape = replace(shape, intervals=((Group.G1, 180), (Group.G2, 540)))
        yield kind, shape
    for curve in (BLS12_381, BLS12_377):
        yield curve.name, of_curve(curve).adder
    yield "toy", TOY_SHAPE.adder


SHAPES = dict(shapes())


def can_be_negative(node, values, modulus):
    """Whether a sum would go below zero with one modulus less."""
    solver = z3.Solver()
    for value, operand in zip(values, node.operands, strict=True):
        solver.add(value >= 0, value <= operand.bound)
    solver.add((node.lift - 1) * modulus + z3.Sum([
        (-1 if negative else 1) * (1 << shift) * value
        for value, shift, negative in zip(values, node.shifts, node.negative, strict=True)]) < 0)
    return solver.check() == z3.sat


@pytest.mark.parametrize("name", SHAPES)
def test_every_sum_is_within_its_bound_and_its_bound_within_the_register(name):
    shape = SHAPES[name]
    modulus = shape.multiplier.field.modulus
    for group in shape.groups:
        graph, coordinate = shape.traces[group]
        claims = [list(sum_claims(shape, group, missing=missing)) for missing in (0, 1)]
        # No bound is larger than it has to be: the proof can fail.
        assert all(answer_to(claim) == z3.unsat for claim in claims[0])
        assert all(answer_to(claim) == z3.sat for claim in claims[1])
        sums = 0
        bank = shape.schedules[group].bank
        for node in graph.nodes:
            assert node.bound < 1 << shape.banks[bank[node]][0], node.name
            assert node.bound < 1 << shape.multiplier.operand_bits
            if isinstance(node, Sum):
                operands = z3.Ints(" ".join(f"v{n}" for n in range(len(node.operands))))
                sums += 1
                # No lift is larger than it has to be.
                assert not node.lift or can_be_negative(node, operands, modulus), node.name
            if isinstance(node, Product):
                one, two = node.operands
                assert node.bound >= shape.multiplier.product_bound(one.bound, two.bound)
        assert all(node.bound <= coordinate for node in graph.outputs)
        assert coordinate < 1 << shape.coordinate_bits
        assert sums == len(claims[0]) == len(claims[1])

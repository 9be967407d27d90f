"""Karatsuba's multiplier: what the pipelined one is held to, at every depth."""

from dataclasses import replace

import numpy as np
import pytest

from proofmill.hdl.cost import BLOCKS as BLOCKS_BY_NAME
from proofmill.hdl.curve import Group
from proofmill.hdl.field import (
    BLS12_377_BASE,
    BLS12_381_BASE,
    BN254_BASE,
    BN254_SCALAR,
    TOY,
    TOY_ROOTS,
)
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.sim.field import montgomery_product
from tests.hdl import test_point_adder
from tests.hdl.compiled import Compiled
from tests.hdl.test_montgomery import edge_and_random_pairs
from tests.simulation import simulate

BLOCKS = [(17, 17), (17, 24), (17, 26), (18, 36), (26, 34)]
"""Digit and limb: signed blocks of 18 x 18, 25 x 18 and 27 x 18 bits, ECP5's, the simulation's."""


@pytest.mark.parametrize("depth, digit, limb", [
    (0, 4, 5), (1, 2, 3), (1, 4, 4), (2, 2, 2), (2, 2, 5)])
def test_every_pair_of_operands(depth, digit, limb):
    """All the toy field's operands of nine bits."""
    exhaust(KaratsubaShape(field=TOY, operand_bits=9, digit=digit, limb=limb, depth=depth))


@pytest.mark.parametrize("depth, digit, limb, tables", [(1, 2, 3, 1), (1, 2, 3, 4), (0, 7, 7, 1)])
def test_every_pair_with_multiples_from_tables(depth, digit, limb, tables):
    """In some steps and in all of the lifted ones, in one part of a digit and in two."""
    exhaust(KaratsubaShape(field=TOY, operand_bits=9, digit=digit, limb=limb, depth=depth,
                           tables=tables))


def exhaust(shape):
    """All operands of nine bits, in the toy field."""
    side = np.arange(1 << 9, dtype=np.uint64)
    a, b = (x.reshape(-1) for x in np.meshgrid(side, side))
    rest = np.zeros(shape.latency, dtype=np.uint64)
    products = Compiled(shape.build()).run(
        a.size + shape.latency, a=np.concatenate([a, rest]), b=np.concatenate([b, rest]),
    )["product"][shape.latency:].astype(np.int64)
    a, b = a.astype(np.int64), b.astype(np.int64)
    assert not ((products % 163 * (shape.radix % 163) - a * b) % 163).any()
    largest = (1 << 9) - 1
    assert products.max() <= shape.product_bound(largest, largest)


@pytest.mark.parametrize("field, depth, digit, limb", [
    *((BN254_BASE, depth, digit, limb) for depth in (1, 2) for digit, limb in BLOCKS),
    (BN254_BASE, 0, 18, 36), (BN254_BASE, 3, 17, 26), (BN254_SCALAR, 2, 17, 26),
    (BN254_SCALAR, 1, 18, 18), (BLS12_381_BASE, 2, 17, 26), (BLS12_381_BASE, 3, 26, 34),
    (TOY, 1, 4, 5),
], ids=lambda value: getattr(value, "name", str(value)))
def test_products_match_the_definition(field, depth, digit, limb):
    """Edges and random operands at full width, one pair a cycle, after the stated latency."""
    check_products(KaratsubaShape(field=field, operand_bits=field.bits + 10, digit=digit,
                                  limb=limb, depth=depth))


@pytest.mark.parametrize("field, depth, digit, limb, tables", [
    (BN254_BASE, 2, 17, 26, 15), (BN254_BASE, 1, 11, 26, 3), (BLS12_377_BASE, 3, 17, 26, 12),
], ids=lambda value: getattr(value, "name", str(value)))
def test_products_match_with_multiples_from_tables(field, depth, digit, limb, tables):
    """The same where the multiples of the constant come from tables, in two parts and in three."""
    check_products(KaratsubaShape(field=field, operand_bits=field.bits + 10, digit=digit,
                                  limb=limb, depth=depth, tables=tables))


def check_products(shape):
    """Products of edges and of random operands, and their bound."""
    field, digit = shape.field, shape.digit
    pairs = edge_and_random_pairs(shape, 20, seed=digit)
    dut = shape.build()

    async def check(ctx):
        for cycle in range(len(pairs) + shape.latency):
            if cycle < len(pairs):
                ctx.set(dut.a, pairs[cycle][0])
                ctx.set(dut.b, pairs[cycle][1])
            if cycle >= shape.latency:
                a, b = pairs[cycle - shape.latency]
                product = ctx.get(dut.product)
                assert product % field.modulus == montgomery_product(shape, a, b)
                assert product <= shape.product_bound(a, b)
            await ctx.tick()

    simulate(dut, check)


@pytest.mark.parametrize("depth", [-1, 3, 5])
def test_a_depth_that_leaves_no_parts_is_refused(depth):
    with pytest.raises(ValueError, match=rf"^a depth of {depth} does not leave parts of a digit "
                                         r"\(6 bits\) of operands of 22 bits, or is not in 0 to 4"):
        KaratsubaShape(field=TOY, operand_bits=22, digit=6, limb=8, depth=depth)


@pytest.mark.parametrize("change, said", [
    ({"tables": 0}, "tables are for 1 to 3 lifted steps, not for 0"),
    ({"tables": 4}, "tables are for 1 to 3 lifted steps, not for 4"),
    ({"tables": 1, "second": TOY_ROOTS}, "of one modulus .*; here are 2 and 6"),
    ({"tables": 1, "digit": 19, "limb": 20, "operand_bits": 60, "depth": 1},
     "digits of 18 bits at the most; here are 1 and 19")])
def test_tables_that_there_are_not_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        KaratsubaShape(**{"field": TOY, "operand_bits": 22, "digit": 6, "limb": 8, "depth": 1}
                       | change)


def test_tables_take_the_place_of_blocks():
    """At 377 bits, on blocks of 26 x 17 bits: of every lifted step 14, for all limbs of the
    constant but the lowest, which is 1; neither the latency nor a bound is another."""
    shape = KaratsubaShape(field=BLS12_377_BASE, operand_bits=388, digit=17, limb=26, depth=3)
    block, blocks = BLOCKS_BY_NAME["26x17"], []
    for tables in (None, 1, 12, 22):
        other = replace(shape, tables=tables)
        blocks.append(block.total(other.multiplications))
        assert (other.latency, other.product_bits) == (shape.latency, shape.product_bits)
    assert blocks == [485, 485 - 14, 485 - 12 * 14, 485 - 22 * 14]


def test_an_adder_of_karatsuba_multipliers(monkeypatch):
    """What an adder of schoolbook ones is held to: golden sums, special pairs among them."""
    shape = KaratsubaShape(field=TOY, operand_bits=22, digit=5, limb=6, depth=2)
    adder = replace(TOY_SHAPE.adder, multiplier=shape, multipliers=2, adders=5,
                    intervals=((Group.G1, 6), (Group.G2, 18)))
    monkeypatch.setitem(test_point_adder.SHAPES, "karatsuba", adder)
    for group in Group:
        test_point_adder.test_random_and_special_pairs("karatsuba", group)

"""Two moduli on one multiplier: every product in either, in any order, on the blocks of one."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from proofmill.boards.shapes import FIVE_ROWS, SMALLEST
from proofmill.hdl.cost import BLOCKS
from proofmill.hdl.field import BN254_BASE, BN254_SCALAR, TOY, TOY_SCALAR
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.limbs import blocks_for
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import STANDARD
from proofmill.sim.field import montgomery_product
from tests.choice import slow_but
from tests.hdl.compiled import Compiled
from tests.hdl.test_cost import FULL, needs_yosys, yosys_blocks
from tests.hdl.test_montgomery import edge_and_random_pairs
from tests.simulation import simulate

BOTH = dict(field=TOY, second=TOY_SCALAR, operand_bits=9)
TOYS = {
    "pipelined": MultiplierShape(**BOTH, digit=4, limb=5),
    "narrow": MultiplierShape(**BOTH, digit=2, limb=3),
    "folded": FoldedShape(**BOTH, digit=2, limb=3, interval=3),
    "one step a row": FoldedShape(**BOTH, digit=3, limb=4, interval=1),
    "slow loop": FoldedShape(**BOTH, digit=2, limb=3, interval=5, least_loop=4),
    "karatsuba": KaratsubaShape(**BOTH, digit=2, limb=3, depth=1),
}


@pytest.mark.parametrize("name", slow_but(["pipelined", "folded", "karatsuba"], list(TOYS)))
def test_every_pair_of_operands_in_either_field(name):
    """All operands of nine bits, the field drawn anew for each pair, then the other one."""
    shape = TOYS[name]
    side, every = np.arange(1 << 9, dtype=np.uint64), shape.interval
    a, b = (np.tile(x.reshape(-1), 2) for x in np.meshgrid(side, side))
    second = np.random.default_rng(1).integers(0, 2, a.size // 2, dtype=np.uint64)
    second = np.concatenate([second, 1 - second])
    cycles = a.size * every + shape.latency
    # Between starts there is noise: nobody may look at it.
    noise = np.random.default_rng(2).integers(0, 1 << 9, (3, cycles), dtype=np.uint64)
    noise[2] &= 1
    for row, values in zip(noise, (a, b, second), strict=True):
        row[:a.size * every:every] = values
    start = {}
    if shape.kind == "folded":
        start["start"] = np.zeros(cycles, dtype=np.uint64)
        start["start"][::every] = 1
    products = Compiled(shape.build()).run(
        cycles, a=noise[0], b=noise[1], second=noise[2], **start)["product"]
    products = products[shape.latency::every][:a.size].astype(np.int64)
    a, b = a.astype(np.int64), b.astype(np.int64)
    largest = (1 << 9) - 1
    for which, field in enumerate(shape.fields):
        mine = second == which
        found, wanted = products[mine], a[mine] * b[mine]
        assert not ((found % field.modulus * (shape.radix % field.modulus) - wanted)
                    % field.modulus).any()
        assert found.max() <= shape.product_bound(largest, largest, second=bool(which))


WIDE = {
    "standard": replace(STANDARD.adder.multiplier, second=BN254_SCALAR),
    "ulx3s": replace(SMALLEST.adder.multiplier, second=BN254_SCALAR),
    "karatsuba": KaratsubaShape(field=BN254_BASE, second=BN254_SCALAR, operand_bits=264, digit=17,
                                limb=26, depth=2),
}


@pytest.mark.parametrize("name", slow_but(["standard"], list(WIDE)))
def test_products_match_the_definition_in_either_field(name):
    """Edges of both fields and random operands at full width; the fields mixed in flight."""
    shape = WIDE[name]
    rng = Random(7)
    pairs = [(a, b, which) for which, field in enumerate(shape.fields)
             for a, b in edge_and_random_pairs(replace(shape, field=field, second=None), 10, 3)]
    pairs = rng.sample(pairs, max(24, 240 // shape.interval))
    dut = shape.build()

    async def check(ctx):
        for cycle in range((len(pairs) - 1) * shape.interval + shape.latency + 1):
            n, phase = divmod(cycle, shape.interval)
            a, b, which = pairs[n] if n < len(pairs) and not phase else (1, 1, rng.randrange(2))
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            ctx.set(dut.second, which)
            if shape.kind == "folded":
                ctx.set(dut.start, not phase)
            if cycle >= shape.latency and not (cycle - shape.latency) % shape.interval:
                a, b, which = pairs[(cycle - shape.latency) // shape.interval]
                product, field = ctx.get(dut.product), shape.fields[which]
                assert product % field.modulus == montgomery_product(
                    replace(shape, field=field, second=None), a, b)
                assert product <= shape.product_bound(a, b, second=bool(which))
            await ctx.tick()

    simulate(dut, check)


@pytest.mark.parametrize("name", [*WIDE, "five rows"])
def test_the_bounds_of_both_fields(name):
    """In r a product of a factor below r is below 2.0001 r; in p what it was, so no formula's
    bounds change."""
    shape = (WIDE | {"five rows": replace(FIVE_ROWS.adder.multiplier, second=BN254_SCALAR)})[name]
    alone, r = replace(shape, second=None), BN254_SCALAR.modulus
    largest = (1 << shape.operand_bits) - 1
    for a, b in ((0, 0), (36 * r, 36 * r), (largest, largest)):
        assert shape.product_bound(a, b) == alone.product_bound(a, b)
        assert shape.product_bound(a, b, second=True) == replace(
            alone, field=BN254_SCALAR).product_bound(a, b)
    assert 1 < shape.product_bound(5 * r, r, second=True) / r < 2.0001
    assert shape.product_bits >= alone.product_bits
    # 2^28 divides r - 1: the lift is all ones, for every digit there is.
    assert shape.lifts[1] == (1 << shape.digit) - 1


@pytest.mark.parametrize("block, shape, blocks", FULL)
def test_a_second_modulus_takes_no_block(block, shape, blocks):
    both = replace(shape, second=BN254_SCALAR)
    assert BLOCKS[block].total(both.multiplications) == blocks
    assert (both.latency, both.interval) == (shape.latency, shape.interval)


@needs_yosys
@pytest.mark.parametrize("block, shape", slow_but(
    [("26x17", MultiplierShape(field=TOY, second=TOY_SCALAR, operand_bits=60, digit=17, limb=26))],
    [("26x17", MultiplierShape(field=TOY, second=TOY_SCALAR, operand_bits=60, digit=17, limb=26)),
     *((block, replace(shape, second=BN254_SCALAR)) for block, shape, _ in FULL)]))
def test_blocks_are_those_that_yosys_needs(block, shape, tmp_path):
    assert BLOCKS[block].total(shape.multiplications) == yosys_blocks(shape, block, tmp_path)


def test_narrow_limbs_of_either_modulus_take_no_block():
    assert not blocks_for((18, 3)) and blocks_for((18, 4))
    shape = WIDE["ulx3s"]
    top = max(shape.lifted_limbs[-1]).bit_length()
    assert top == 2 and shape.lifted_limbs[-1][0].bit_length() == 1


def test_operands_have_to_hold_both():
    with pytest.raises(ValueError, match="^operands of 22 bits cannot hold unreduced values of "
                                         "bn254-scalar, whose modulus has 254 bits$"):
        MultiplierShape(field=TOY, second=BN254_SCALAR, operand_bits=22, digit=6, limb=8)

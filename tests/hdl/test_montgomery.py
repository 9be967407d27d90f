from random import Random

import numpy as np
import pytest

from proofmill.hdl.field import BLS12_381_BASE, BN254_BASE, BN254_SCALAR, TOY, PrimeField, is_prime
from proofmill.hdl.montgomery import MontgomeryMultiplier, MultiplierShape
from proofmill.sim.field import montgomery_product
from tests.choice import slow_but
from tests.hdl.compiled import Compiled
from tests.simulation import simulate

BLOCKS = [(17, 17), (26, 34), (17, 34), (18, 36)]
"""Digit and limb: DSP48 and its like, the simulation's, and ECP5's halves."""


def edge_and_random_pairs(shape, count, seed):
    """Pairs of operands: the edges of the field and of the operands' width, all with all."""
    modulus, top = shape.field.modulus, 1 << shape.operand_bits
    edges = [0, 1, 2, modulus - 1, modulus, modulus + 1, top // 2, top - 2, top - 1,
             shape.radix % top, -(1 << shape.digit) % top, ((1 << shape.limb) - 1) % top,
             -modulus % top, shape.lift % top]
    rng = Random(seed)
    return ([(a, b) for a in edges for b in edges]
            + [(rng.getrandbits(shape.operand_bits), rng.getrandbits(shape.operand_bits))
               for _ in range(count)]
            + [(rng.randrange(modulus), rng.randrange(modulus)) for _ in range(count)])


def check_compiled(shape, a, b):
    """Multiply arrays of operands, one pair a cycle, and check every product."""
    rest = np.zeros(shape.latency, dtype=np.uint64)
    products = Compiled(MontgomeryMultiplier(shape)).run(
        a.size + shape.latency, a=np.concatenate([a, rest]), b=np.concatenate([b, rest]),
    )["product"][shape.latency:].astype(np.int64)
    a, b, modulus = a.astype(np.int64), b.astype(np.int64), shape.field.modulus
    # product * radix = a * b modulo the field's modulus, and the stated bound.
    assert not ((products % modulus * (shape.radix % modulus) - a % modulus * b) % modulus).any()
    ahead = products * shape.radix - a * b  # what Montgomery's quotients have added
    added = shape.product_bound(shape.radix, 1) - 1  # ... divided by the radix, rounded down
    assert (ahead >= 0).all() and (ahead // shape.radix <= added).all()
    largest = (1 << shape.operand_bits) - 1
    assert products.max() <= shape.product_bound(largest, largest)


@pytest.mark.parametrize("operand_bits, digit, limb", [
    (9, 2, 3), (9, 4, 5), (9, 5, 5), (9, 9, 20), (10, 2, 2), (10, 7, 9)])
def test_every_pair_of_operands(operand_bits, digit, limb):
    """All the toy field's operands of nine or ten bits, for all ways of cutting them."""
    side = np.arange(1 << operand_bits, dtype=np.uint64)
    a, b = (x.reshape(-1) for x in np.meshgrid(side, side))
    check_compiled(MultiplierShape(field=TOY, operand_bits=operand_bits, digit=digit, limb=limb),
                   a, b)


@pytest.mark.parametrize("digit, limb", slow_but([(2, 2)], [(2, 2), (3, 4)]))
def test_carries_through_many_limbs(digit, limb):
    """A million pairs in limbs so small that carries run through several that are all ones."""
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 1 << 22, size=(2, 1 << 20), dtype=np.uint64)
    check_compiled(MultiplierShape(field=TOY, operand_bits=22, digit=digit, limb=limb,
                                   carry_cycles=1 + digit % 2), a, b)


@pytest.mark.parametrize("field, digit, limb", slow_but(
    [*((BN254_BASE, *block) for block in BLOCKS), (BN254_SCALAR, 17, 17), (BLS12_381_BASE, 18, 36),
     (TOY, 26, 34)],
    [(field, *block) for field in (BN254_BASE, BN254_SCALAR, BLS12_381_BASE, TOY)
     for block in BLOCKS]), ids=lambda value: getattr(value, "name", str(value)))
def test_products_match_the_definition(field, digit, limb):
    """Edges and random operands at full width, one pair a cycle, after the stated latency."""
    shape = MultiplierShape(field=field, operand_bits=field.bits + 12, digit=digit, limb=limb)
    dut = MontgomeryMultiplier(shape)
    pairs = edge_and_random_pairs(shape, 40, seed=digit)

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


@pytest.mark.parametrize("digit, limb", BLOCKS)
def test_a_product_forgets_the_size_of_its_operands(digit, limb):
    """What the shape is for: below three times the modulus, however large the operands."""
    shape = MultiplierShape(field=BN254_BASE, operand_bits=264, digit=digit, limb=limb)
    largest = (1 << shape.operand_bits) - 1
    assert shape.product_bound(largest, largest) < 3 * shape.field.modulus or (
        shape.radix.bit_length() < 2 * 264 - 254)
    assert shape.product_bound(36 * shape.field.modulus, 36 * shape.field.modulus) < (
        3 * shape.field.modulus)


def test_the_lifted_modulus():
    for digit, limb in BLOCKS:
        shape = MultiplierShape(field=BN254_BASE, operand_bits=264, digit=digit, limb=limb)
        lifted = shape.lift * shape.field.modulus + 1
        assert lifted % (1 << digit) == 0 and shape.lifted == lifted >> digit


@pytest.mark.parametrize("parts, sentence", [
    (dict(digit=1, limb=8), r"^a limb \(8 bits\) must hold a digit \(1 bits\), and a digit at"),
    (dict(digit=9, limb=8), r"^a limb \(8 bits\) must hold a digit \(9 bits\)"),
    (dict(carry_cycles=0), r"^the last carries take 1 cycle or 2, not 0$"),
    (dict(operand_bits=8),
     r"^operands of 8 bits cannot hold unreduced values of toy, whose modulus has 8 bits$"),
])
def test_wrong_shapes_are_refused(parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        MultiplierShape(**dict(field=TOY, operand_bits=22, digit=6, limb=8) | parts)


@pytest.mark.parametrize("modulus", [-7, 0, 1, 2, 164])
def test_wrong_fields_are_refused(modulus):
    with pytest.raises(ValueError, match=f"^odd: the modulus must be odd .* not {modulus}$"):
        PrimeField(name="odd", modulus=modulus)


@pytest.mark.parametrize("modulus", [9, 15, 561, 3215031751, (1 << 127) - 3, 163 * 181])
def test_a_modulus_that_is_no_prime_is_refused(modulus):
    """Squares, Carmichael's numbers and strong pseudoprimes to few bases among them."""
    with pytest.raises(ValueError, match=f"^odd: .* must be a prime, and {modulus} is not$"):
        PrimeField(name="odd", modulus=modulus)


def test_primes_are_taken():
    primes = [n for n in range(3, 2000, 2) if all(n % k for k in range(3, n, 2))]
    assert [n for n in range(3, 2000, 2) if is_prime(n)] == primes
    assert is_prime((1 << 127) - 1)

"""Transforms of one vector: exact, in the model's cycles, at toy and at full size."""

from dataclasses import replace
from itertools import product
from random import Random

import pytest

from proofmill.hdl.field import BN254_SCALAR, TOY, TOY_ROOTS, PrimeField
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.transform_shape import TransformShape, root_of_unity
from proofmill.hdl.transform_unit import TransformUnit
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import from_limbs, to_limbs
from proofmill.sim.transform import cycles, one_way, one_way_cycles, one_way_passes, quotient
from tests.choice import slow_but
from tests.hdl.test_transform import TOYS, WIDE
from tests.hdl.transform_runs import Runs, vectors, with_pauses
from tests.simulation import simulate

SHAPES = {name: replace(shape, one_way=True) for name, shape in TOYS.items()
          if shape.power > 1 and name != "tiles of 4"}
WAYS = list(product((False, True), range(4)))
"""Whether inverse, and the coset."""


def cases_of(shape, seed):
    """(power, values, inverse, coset) of every size and way."""
    for power in range(1, shape.one_way_most + 1):
        for inverse, coset in WAYS:
            for values, _ in vectors(shape.field, power, seed):
                yield power, values, inverse, coset


@pytest.mark.parametrize("name", slow_but(["pipelined", "tiles of 8"], list(SHAPES)))
def test_every_size_and_coset(name):
    """In the emitted Verilog, beside transforms of two vectors, which leave no trace."""
    shape = SHAPES[name]
    runs, cases = Runs(shape), list(cases_of(shape, 3))
    for (_, values, inverse, coset), (found, took) in zip(cases, runs.one_way(cases), strict=True):
        assert found == one_way(shape.field, values, inverse=inverse, coset=coset)
        assert took == one_way_cycles(shape, len(values).bit_length() - 1)
    for power in range(1, shape.most + 1):
        a, b = list(vectors(shape.field, power, power))[-1]
        one, (h, took), other = (
            (runs.one_way if len(case) == 4 else runs)([case])[0]
            for case in ((1, a[:2], False, 3), (power, a, b), (1, a[:2], True, 3)))
        assert (h, took) == (quotient(shape.field, a, b), cycles(shape, power))
        assert one[0] == one_way(shape.field, a[:2], coset=3)
        assert other[0] == one_way(shape.field, a[:2], inverse=True, coset=3)


def small():
    """In a field of 17 elements, which has roots of unity for four values, and not for eight."""
    field = PrimeField(name="of-17", modulus=17)
    return TransformShape(power=2, one_way=True, multiplier=MultiplierShape(
        field=TOY, second=field, operand_bits=9, digit=4, limb=5))


@pytest.mark.parametrize("power", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_vector(power):
    """All vectors of two values, and of four, of a small field, all ways."""
    shape = small()
    assert shape.one_way_most == 2
    runs = Runs(shape)
    for inverse, coset in WAYS:
        cases = [(power, values, inverse, coset)
                 for values in product(range(17), repeat=1 << power)]
        for begin in range(0, len(cases), 8192):
            part = cases[begin:begin + 8192]
            for (_, values, *_), (found, took) in zip(part, runs.one_way(part), strict=True):
                assert found == one_way(shape.field, values, inverse=inverse, coset=coset)
                assert took == one_way_cycles(shape, power)


def paused(shape, cases, seed):
    """(values, cycles) of every case in Amaranth's simulator, with words that come and go at
    random."""
    dut, rng, results = TransformUnit(shape), Random(seed), []

    async def bench(ctx):
        for power, values, inverse, coset in cases:
            while not ctx.get(dut.ready):
                await ctx.tick()
            ctx.set(dut.power, power)
            ctx.set(dut.way, {"one": 1, "inverse": inverse, "coset": coset})
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            results.append(await with_pauses(ctx, dut, shape, values, len(values), rng))

    simulate(dut, bench, cycles=60_000)
    return results


@pytest.mark.parametrize("name", slow_but(["shared"], list(SHAPES)))
def test_words_that_pause(name):
    shape = SHAPES[name]
    cases = list(cases_of(shape, 5))[4::15]
    for (power, values, inverse, coset), (found, took) in zip(
            cases, paused(shape, cases, 3), strict=True):
        assert found == one_way(shape.field, values, inverse=inverse, coset=coset)
        assert took == one_way_cycles(shape, power)


def on_the_host(values, inverse, coset):
    """The same by the host's transforms."""
    vector = scalars.from_plain(to_limbs(values))
    shift = pow(root_of_unity(BN254_SCALAR, len(values).bit_length() + 1), coset,
                BN254_SCALAR.modulus)
    made = (scalars.inverse_transform if inverse else scalars.transform)(vector, shift)
    return from_limbs(scalars.to_plain(made))


def test_it_is_the_hosts():
    values = list(vectors(BN254_SCALAR, 3, 1))[-1][0]
    for inverse, coset in WAYS:
        assert on_the_host(values, inverse, coset) == one_way(
            BN254_SCALAR, values, inverse=inverse, coset=coset)


@pytest.mark.parametrize("name", slow_but(["standard"], list(WIDE)))
def test_full_width(name):
    """Few values at full width, in Amaranth's simulator."""
    shape = TransformShape(multiplier=WIDE[name], power=2, one_way=True)
    values = list(vectors(BN254_SCALAR, 2, 5))[-1][0]
    cases = [(2, values, inverse, coset) for inverse, coset in WAYS[::3]]
    for (_, _, inverse, coset), (found, took) in zip(cases, paused(shape, cases, 1), strict=True):
        assert found == on_the_host(values, inverse, coset)
        assert took == one_way_cycles(shape, 2)


@pytest.mark.slow
def test_the_largest_size():
    """2^12 values on the standard multiplier's Verilog."""
    shape = TransformShape(multiplier=WIDE["standard"], power=12, one_way=True)
    cases = [(power, list(vectors(BN254_SCALAR, power, 7))[-1][0], inverse, coset)
             for power in (1, 6, 12) for inverse, coset in WAYS[::3]]
    for (power, values, inverse, coset), (found, took) in zip(
            cases, Runs(shape).one_way(cases), strict=True):
        assert found == on_the_host(values, inverse, coset)
        assert took == one_way_cycles(shape, power)


def test_cycles():
    """A butterfly a cycle, a table, and the pipeline's length for each of the passes."""
    shape = TransformShape(multiplier=WIDE["standard"], power=12, one_way=True)
    slots = sum(count for count, _ in one_way_passes(12))
    assert slots == (12 << 11) + (2 << 12)
    assert slots < one_way_cycles(shape, 12) <= slots + len(one_way_passes(12)) * shape.latency


def test_where_there_are_none():
    shape = TOYS["pipelined"]
    assert shape.one_way_most == 0 and SHAPES["pipelined"].one_way_most == 4
    assert SHAPES["pipelined"].constants[:-1] == shape.constants  # that of order 2^6
    most = replace(SHAPES["pipelined"], power=5)
    assert most.one_way_most == 4  # 2^6 is the order of the field's roots of unity, and no more
    assert TOY_ROOTS.modulus % 64 == 1 and TOY_ROOTS.modulus % 128 != 1

"""Inversion by division steps: every value of small fields, and full width."""

from random import Random

import numpy as np
import pytest
import z3
from py_ecc.fields import bn128_FQ

from proofmill.boards.cores.proofs.inverter import DEPTH, Held
from proofmill.hdl import inverter
from proofmill.hdl.field import BLS12_381_BASE, BN254_BASE, TOY, TOY_ROOTS, TOY_SCALAR, PrimeField
from proofmill.hdl.inverter import Inverter, InverterShape
from proofmill.hdl.presets import STANDARD
from proofmill.sim.field import divided, from_montgomery, to_montgomery
from tests.hdl.compiled import Compiled
from tests.hdl.proofs import broken, prove
from tests.simulation import simulate

SMALL = {
    "3": InverterShape(field=PrimeField(name="three", modulus=3), operand_bits=2),
    "5, wide": InverterShape(field=PrimeField(name="five", modulus=5), operand_bits=9, multiple=3),
    "toy": InverterShape(field=TOY, operand_bits=8),
    "toy-scalar": InverterShape(field=TOY_SCALAR, operand_bits=10, multiple=77),
    "toy-roots": InverterShape(field=TOY_ROOTS, operand_bits=9, multiple=192),
}


def steps_needed(modulus, value):
    """Division steps until g is 0, counted."""
    delta, f, g, steps = 1, modulus, value, 0
    while g:
        if delta > 0 and g % 2:
            delta, f, g = 1 - delta, g, (g - f) // 2
        else:
            delta, g = 1 + delta, (g + g % 2 * f) // 2
        steps += 1
    return steps


@pytest.mark.parametrize("name", SMALL)
def test_every_operand(name):
    """All that the operand's bits can say, one after another, each in as many cycles."""
    shape = SMALL[name]
    count, each = 1 << shape.operand_bits, shape.latency + 1
    operands = np.repeat(np.arange(count), each)
    outputs = Compiled(Inverter(shape)).run(
        count * each, operands__payload=operands, operands__valid=1, results__ready=1)
    first = np.arange(count) * each
    assert (np.flatnonzero(outputs["operands__ready"]) == first).all()
    assert (np.flatnonzero(outputs["results__valid"]) == first + shape.latency).all()
    found = outputs["results__payload"][first + shape.latency].astype(int)
    bits = shape.field.bits
    expected = [divided(shape, value) for value in range(count)]
    assert found.tolist() == [1 << bits if value is None else value for value in expected]
    needed = [steps_needed(shape.field.modulus, value) for value in range(count)]
    assert max(needed) <= shape.steps


def run(shape, values, rng=None):
    """The results of `values` in Amaranth's simulator; with `rng` both streams pause."""
    dut, found, delays = Inverter(shape), [], []

    async def drive(ctx):
        for value in values:
            while rng is not None and rng.random() < 0.5:
                await ctx.tick()
            ctx.set(dut.operands.payload, value)
            ctx.set(dut.operands.valid, 1)
            await ctx.tick().until(dut.operands.ready)
            ctx.set(dut.operands.valid, 0)
            waited = 1
            while not ctx.get(dut.results.valid):
                await ctx.tick()
                waited += 1
            delays.append(waited)
            while rng is not None and rng.random() < 0.5:
                await ctx.tick()
            ctx.set(dut.results.ready, 1)
            *_, payload = await ctx.tick().sample(dut.results.payload)
            found.append(None if payload.zero else payload.value)
            assert not payload.zero or payload.value == 0
            ctx.set(dut.results.ready, 0)

    simulate(dut, drive, cycles=len(values) * (shape.latency + 40))
    assert set(delays) == {shape.latency}
    return found


@pytest.mark.parametrize("shape", [
    InverterShape.of(STANDARD.adder.multiplier),
    InverterShape(field=BLS12_381_BASE, operand_bits=381)], ids=lambda s: s.field.name)
def test_full_width(shape):
    rng, p, largest = Random(1), shape.field.modulus, (1 << shape.operand_bits) - 1
    values = [0, 1, 2, p - 1, p, largest, largest // p * p, 1 << p.bit_length() - 1]
    values += [rng.randint(0, largest) for _ in range(4)]
    assert run(shape, values) == [divided(shape, value) for value in values]


def test_streams_that_pause():
    shape, rng = SMALL["toy-scalar"], Random(2)
    values = [rng.getrandbits(shape.operand_bits) for _ in range(40)]
    assert run(shape, values, rng) == [divided(shape, value) for value in values]


def test_what_is_a_montgomery_number_stays_one():
    """Against py_ecc's field."""
    multiplier = STANDARD.adder.multiplier
    shape = InverterShape.of(multiplier)
    for value in (1, 2, BN254_BASE.modulus - 1, Random(3).randrange(BN254_BASE.modulus)):
        inverse = divided(shape, to_montgomery(multiplier, value))
        assert from_montgomery(multiplier, inverse) == int(1 / bn128_FQ(value))


def test_steps_are_those_of_the_theorem():
    """About 2.9 a bit: what random numbers of full width take is below, and not far."""
    shape, rng = InverterShape(field=BN254_BASE, operand_bits=254), Random(4)
    needed = [steps_needed(BN254_BASE.modulus, rng.getrandbits(254)) for _ in range(200)]
    assert shape.steps == 735
    assert 500 < max(needed) <= shape.steps
    assert InverterShape.of(STANDARD.adder.multiplier).latency < 750


@pytest.mark.parametrize("slack, answer", [(0, z3.unsat), (1, z3.sat)], ids=["bound", "below"])
def test_d_and_e_stay_between_minus_p_and_p(slack, answer):
    """For every odd p at once: a step from within leaves e within, and not in less."""
    p, d, e, half = z3.Ints("p d e half")
    solver = z3.Solver()
    solver.add(p >= 3, -p <= d, d <= p, -p <= e, e <= p)
    ways = []
    for turned in (0, d, -d):
        total = e + turned
        ways += [half * 2 == total, half * 2 == total + z3.If(e < 0, p, -p)]
    solver.add(z3.Or(ways), z3.Or(half > p - slack, half < slack - p))
    assert solver.check() == answer


@pytest.mark.parametrize("edits, result", [
    pytest.param((), "PASS", id="as it is"),
    pytest.param(("with m.Elif(self.results.ready):", "with m.Else():"), "FAIL", id="not held")])
def test_a_result_comes_in_time_and_stays_until_it_is_taken(tmp_path, edits, result):
    """By induction, for any number of cycles."""
    shape = SMALL["3"]
    mode, depth = ("prove", DEPTH) if not edits else ("bmc", shape.latency + 3)
    assert prove(Held(shape, broken(inverter, *edits)), tmp_path, mode=mode, depth=depth) == result


@pytest.mark.parametrize("changes, said", [
    ({"operand_bits": 7}, r"^operands of 7 bits cannot hold the values of toy, which have 8 bits$"),
    ({"multiple": 0}, r"^0 is not in 1 \.\.\. 162: it cannot be what is divided$"),
    ({"multiple": 163}, r"^163 is not in 1 \.\.\. 162: it cannot be what is divided$")])
def test_what_makes_no_inverter_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        InverterShape(**{"field": TOY, "operand_bits": 8} | changes)

"""The folded multiplier: what the pipelined one is held to, at every interval, and more."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from proofmill.boards.units import netlist
from proofmill.hdl.curve import TOY_CURVE, Group
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.field import BLS12_381_BASE, BN254_BASE, BN254_SCALAR, TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.frames import Frames
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.field import montgomery_product
from proofmill.sim.verilated import Simulation, build
from tests.choice import slow_but
from tests.hdl import test_point_adder
from tests.hdl.compiled import Compiled
from tests.hdl.points import toy_points
from tests.hdl.test_montgomery import edge_and_random_pairs
from tests.hdl.words import Expected, Link
from tests.simulation import simulate

BLOCKS = [(17, 17), (17, 24), (17, 26), (18, 36)]
"""Digit and limb: the blocks of 18 x 18, 25 x 18 and 27 x 18 signed bits, and ECP5's in pairs."""


@pytest.mark.parametrize("interval, parts", [
    (1, {}), (2, {}), (3, {}), (5, {}), (12, {}), (3, dict(least_loop=4)),
    (5, dict(least_loop=3, carry_cycles=1))])
def test_every_pair_of_operands(interval, parts):
    """All the toy field's operands of nine bits, in steps of two bits, for all sorts of loops."""
    shape = FoldedShape(field=TOY, operand_bits=9, digit=2, limb=3, interval=interval, **parts)
    side = np.arange(1 << 9, dtype=np.uint64)
    a, b = (x.reshape(-1) for x in np.meshgrid(side, side))
    cycles = a.size * interval + shape.latency
    # Operands between starts are noise: nobody may look at them.
    noise = np.random.default_rng(interval).integers(0, 1 << 9, (2, cycles), dtype=np.uint64)
    start = np.zeros(cycles, dtype=np.uint64)
    start[::interval] = 1
    for row, operands in zip(noise, (a, b), strict=True):
        row[:a.size * interval:interval] = operands
    products = Compiled(shape.build()).run(cycles, a=noise[0], b=noise[1], start=start)["product"]
    products = products[shape.latency::interval][:a.size].astype(np.int64)
    a, b = a.astype(np.int64), b.astype(np.int64)
    assert not ((products % 163 * (shape.radix % 163) - a * b) % 163).any()
    largest = (1 << 9) - 1
    assert products.max() <= shape.product_bound(largest, largest)


def run(shape, pairs):
    """The products of `pairs`, one every interval, each read `shape.latency` after it began."""
    dut, products = shape.build(), []
    rng = Random(5)

    async def check(ctx):
        for cycle in range((len(pairs) - 1) * shape.interval + shape.latency + 1):
            n, phase = divmod(cycle, shape.interval)
            a, b = pairs[n] if n < len(pairs) and not phase else (
                rng.getrandbits(shape.operand_bits), rng.getrandbits(shape.operand_bits))
            ctx.set(dut.start, not phase)
            ctx.set(dut.a, a)
            ctx.set(dut.b, b)
            if cycle >= shape.latency and not (cycle - shape.latency) % shape.interval:
                products.append(ctx.get(dut.product))
            await ctx.tick()

    simulate(dut, check)
    return products


@pytest.mark.parametrize("field, interval, digit, limb", [
    *((BN254_BASE, interval, digit, limb) for interval in (3, 5, 15) for digit, limb in BLOCKS),
    (BN254_BASE, 1, 18, 36), (BN254_BASE, 4, 17, 26), (BN254_BASE, 16, 17, 26),
    (BN254_SCALAR, 5, 17, 26), (BN254_SCALAR, 15, 18, 18), (BN254_SCALAR, 3, 24, 34),
    (BLS12_381_BASE, 3, 17, 26), (BLS12_381_BASE, 11, 26, 34), (BLS12_381_BASE, 22, 18, 18),
], ids=lambda value: getattr(value, "name", str(value)))
def test_products_match_the_definition(field, interval, digit, limb):
    """Edges and random operands at full width, after the stated latency."""
    shape = FoldedShape(field=field, operand_bits=field.bits + 10, digit=digit, limb=limb,
                        interval=interval)
    pairs = edge_and_random_pairs(shape, 10, seed=digit)
    pairs = Random(1).sample(pairs, max(12, 120 // interval))
    for (a, b), product in zip(pairs, run(shape, pairs), strict=True):
        assert product % field.modulus == montgomery_product(shape, a, b)
        assert product <= shape.product_bound(a, b)


@pytest.mark.parametrize("least_loop", [3, 4, 5])
def test_a_longer_loop_is_only_slower(least_loop):
    shape = FoldedShape(field=BN254_BASE, operand_bits=264, digit=18, limb=36, interval=5,
                        least_loop=least_loop)
    assert shape.loop == (6 if least_loop == 5 else least_loop)
    pairs = edge_and_random_pairs(shape, 0, seed=1)[:40]
    for (a, b), product in zip(pairs, run(shape, pairs), strict=True):
        assert product % BN254_BASE.modulus == montgomery_product(shape, a, b)


@pytest.mark.parametrize("parts, sentence", [
    (dict(interval=0), r"^the interval must be at least 1, not 0$"),
    (dict(least_loop=1), r"^a step takes at least 2 cycles, a product and a sum, not 1$"),
    (dict(carry_cycles=3), r"^the last carries take 1 cycle or 2, not 3$"),
    (dict(digit=9), r"^a limb \(8 bits\) must hold a digit \(9 bits\)"),
])
def test_wrong_shapes_are_refused(parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        FoldedShape(**dict(field=TOY, operand_bits=22, digit=6, limb=8, interval=3) | parts)


ADDERS = {
    "toy-3": (TOY_SHAPE.adder, 3, 1, ((Group.G1, 36), (Group.G2, 108)), 2),
    "toy-4-of-5": (TOY_SHAPE.adder, 5, 4, ((Group.G1, 15), (Group.G2, 45)), 3),
    "toy-12-of-15": (TOY_SHAPE.adder, 15, 12, ((Group.G1, 15),), 2),
    "bn254-15": (STANDARD.adder, 15, 1, ((Group.G1, 180),), 1),
    "bn254-3": (STANDARD.adder, 3, 1, ((Group.G1, 36), (Group.G2, 108)), 1),
}


@pytest.mark.parametrize("name, group", slow_but(
    [("toy-4-of-5", Group.G1), ("toy-4-of-5", Group.G2), ("bn254-15", Group.G1)],
    [(name, group) for name, (*_, intervals, _) in ADDERS.items() for group, _ in intervals]),
    ids=lambda value: getattr(value, "value", value))
def test_an_adder_of_folded_multipliers(name, group, monkeypatch):
    """What an adder of pipelined ones is held to: golden sums, special pairs among them."""
    adder, interval, multipliers, intervals, adders = ADDERS[name]
    digit, limb = (6, 8) if adder is TOY_SHAPE.adder else (18, 36)
    folded = FoldedShape(field=adder.multiplier.field, operand_bits=adder.multiplier.operand_bits,
                         digit=digit, limb=limb, interval=interval)
    shape = replace(adder, multiplier=folded, multipliers=multipliers, intervals=intervals,
                    adders=adders)
    monkeypatch.setitem(test_point_adder.SHAPES, name, shape)
    test_point_adder.test_random_and_special_pairs(name, group)


@pytest.mark.slow
@pytest.mark.parametrize("interval, multipliers, intervals", [
    (15, 1, ((Group.G1, 180), (Group.G2, 540))), (5, 4, ((Group.G1, 15), (Group.G2, 45)))])
def test_the_whole_accelerator_on_folded_multipliers(interval, multipliers, intervals):
    """Long frames have many service slots; every answer by the definition."""
    folded = FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=interval)
    shape = replace(TOY_SHAPE, adder=replace(
        TOY_SHAPE.adder, multiplier=folded, multipliers=multipliers, adders=3,
        intervals=intervals))
    simulation = Simulation(build(shape)[1])
    link, rng = Link(simulation), Random(1)
    for group in Group:
        plan = WindowPlan(8, 3 if group is Group.G1 else 2)
        for count in (1, 2, 7, 40):
            points = rng.choices(toy_points(group), k=count)
            link.load(TOY_CURVE, group, points)
            scalars = [rng.randrange(181) for _ in points]
            link.multiply(Expected(shape, group, plan, scalars, points))
    simulation.close()


def starts_at(*cycles):
    """Run a multiplier that takes operands every 3 cycles, with starts in these."""
    dut = FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=3).build()

    async def drive(ctx):
        for cycle in range(max(cycles) + 3):
            ctx.set(dut.start, cycle in cycles)
            await ctx.tick()

    simulate(dut, drive)


@pytest.mark.parametrize("cycles", [(2, 5, 7), (2, 5, 9), (2, 8)], ids=["early", "late", "a gap"])
def test_a_simulator_stops_where_a_start_is_out_of_step(cycles):
    """With such starts products were wrong, and nothing said so."""
    starts_at(2, 5, 8)
    with pytest.raises(AssertionError, match="`start` comes every 3 cycles, without a gap"):
        starts_at(*cycles)


def test_frames_stay_in_step_with_the_multipliers_whenever_the_group_changes():
    """A short group after a long one ended its first frame anywhere."""
    folded = FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=3)
    frames = Frames(replace(TOY_SHAPE.adder, multiplier=folded, multipliers=1, adders=2,
                            intervals=((Group.G1, 36), (Group.G2, 108))))
    rng, ends = Random(1), []

    async def check(ctx):
        for cycle in range(6_000):
            if rng.random() < 0.02:
                ctx.set(frames.group, rng.randrange(2))
            if ctx.get(frames.last):
                ends.append(cycle)
            await ctx.tick()

    simulate(frames, check, cycles=7_000)
    lengths = {one - other for other, one in zip(ends, ends[1:], strict=False)}
    assert {36, 108} < lengths  # ... and in between
    assert all(length % 3 == 0 for length in lengths)


def test_an_adder_of_folded_multipliers_that_take_operands_in_every_cycle(monkeypatch):
    """Such a one got no starts."""
    folded = FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=1)
    monkeypatch.setitem(test_point_adder.SHAPES, "folded-1",
                        replace(TOY_SHAPE.adder, multiplier=folded))
    test_point_adder.test_random_and_special_pairs("folded-1", Group.G1)


def test_emitted_contracts_are_for_simulators_alone():
    shape = FoldedShape(field=TOY, operand_bits=9, digit=3, limb=4, interval=2)
    lines = emit_verilog(shape.build(), "multiplier").splitlines()
    (at,) = (n for n, line in enumerate(lines) if line.lstrip().startswith("assert "))
    before = [line for line in lines[:at] if line.startswith("`")]
    assert (before, [line for line in lines[at:] if line.startswith("`")]) == (
        ["`ifndef SYNTHESIS"], ["`endif"])
    assert "$check" not in netlist(shape.build())

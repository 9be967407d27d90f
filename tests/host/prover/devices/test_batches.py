"""Sums made in batches of affine points, on the accelerator behind its driver."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.hdl.cost import machine
from proofmill.hdl.curve import BN254, Group
from proofmill.hdl.plans import best_plan, expected_cycles, to_a_base, uniform
from proofmill.hdl.presets import STANDARD, control_only, with_batches
from proofmill.host.bench.msm import BASES, KINDS, bases_of, measure
from proofmill.host.prover.curve.limbs import from_limbs
from proofmill.host.prover.devices.arithmetic import to_device
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.lanes import machine_of
from proofmill.sim.curve import loaded, to_affine, to_scaled_twist
from proofmill.sim.verilated import build

SHAPE = with_batches(STANDARD)
ON = machine(SHAPE, Group.G1)
P = BN254.base.modulus


def test_points_lie_in_the_multipliers_form():
    points, _ = bases_of("infinity", Group.G1, 9, Random(1))
    there = from_limbs(to_device(Group.G1, points, SHAPE.scale).reshape(-1, 4))
    assert there == [value * SHAPE.adder.multiplier.radix * pow(1 << 256, -1, P) % P
                     for value in from_limbs(points.reshape(-1, 4))]
    assert to_device(Group.G1, points, STANDARD.scale) is points
    assert (1 << SHAPE.scale) % P == SHAPE.unit(Group.G1)[0]


def test_points_of_g2_lie_on_the_curve_that_is_added_on():
    """... as affine points where sums are made of them, as homogeneous ones elsewhere."""
    points, _ = bases_of("infinity", Group.G2, 9, Random(1))
    for shape in (SHAPE, STANDARD):
        there = to_device(Group.G2, points, shape.scale, affine=shape.batch is not None)
        own = [None if not any(row) else to_scaled_twist(tuple(
            tuple(value * pow(1 << 256, -1, P) % P for value in from_limbs(part.reshape(-1, 4)))
            for part in (row[:8], row[8:])), P) for row in points]
        wanted = [loaded(BN254, Group.G2, point, shape.unit(Group.G2)) for point in own]
        if shape is STANDARD:  # of the same point, which may be scaled in another way
            z = shape.unit(Group.G2)
            assert [to_affine((row[:2], row[2:], z), P) if any(row) else None for row in (
                tuple(from_limbs(row.reshape(-1, 4))) for row in there)] == own
        else:
            assert [tuple(from_limbs(row.reshape(-1, 4))) for row in there] == wanted


def test_few_points_are_added_by_the_complete_formula_and_many_in_batches():
    plans = [best_plan(ON, uniform(ON.order, 1 << n)) for n in range(0, 15, 2)]
    assert plans[0].batched == plans[1].batched == 0
    assert [plan.batched for plan in plans] == sorted(plan.batched for plan in plans)
    assert plans[-1].batched == 2
    for group in Group:
        on = machine(STANDARD, group)
        assert on.batch == 0 and best_plan(on, uniform(on.order, 1 << 14)).batched == 0
    on = machine(SHAPE, Group.G2)
    assert [best_plan(on, uniform(on.order, 1 << n)).batched for n in (0, 12)] == [0, 2]


def test_an_addition_takes_half_of_the_cycles():
    reach = uniform(ON.order, 1 << 14)
    plan = best_plan(replace(ON, batch=0), reach, [24])
    cycles = [expected_cycles(ON, replace(plan, batched=batched), reach) for batched in (0, 2)]
    assert 1.8 < cycles[0] / cycles[1] < 2


@pytest.mark.slow
def test_sums_are_right_and_the_model_counts_the_same_cycles():
    devices = [open_device(name, lanes=1) for name in ("rtl+b", "model+b")]
    identity = build(control_only(SHAPE))[0].identity
    assert machine_of(identity, Group.G1) == ON
    for kind in KINDS:
        figures = [measure(device, Group.G1, 200, kind) for device in devices]
        assert figures[0]["counters"] == figures[1]["counters"]
    for bases in BASES:
        figures = [measure(device, Group.G1, 200, "uniform", bases) for device in devices]
        own = figures[0]["counters"]["batches"] * SHAPE.batches[Group.G1].products
        doublings = figures[0]["counters"]["products"] - 6 * figures[0]["batched"] - own
        assert (figures[0]["counters"] == figures[1]["counters"]) == (doublings == 0)
        assert (doublings > 0) == (bases in ("repeated", "cancelling"))
    found = measure(devices[1], Group.G1, 1024, "uniform")
    plan = replace(to_a_base(ON, found["copies"]), batched=2)
    assert plan.base == found["base"]
    assert found["products_per_addition"] < found["products_bar"]
    assert found["cycles"] == pytest.approx(
        expected_cycles(ON, plan, uniform(ON.order, 1024)), rel=0.05)
    figures = [measure(device, Group.G2, 100, "uniform") for device in devices]
    assert figures[0]["counters"] == figures[1]["counters"] and figures[0]["batched"] > 0
    found = measure(devices[1], Group.G2, 1024, "uniform")
    assert found["products_per_addition"] < found["products_bar"] == 15.5
    for device in devices:
        device.close()

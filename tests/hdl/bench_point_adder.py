"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.hdl.curve import Group
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.sim.curve import equation
from tests.cocotb_streams import start
from tests.hdl.points import toy_points
from tests.hdl.test_point_adder import affine, timetable, unreduced

SHAPE = TOY_SHAPE.adder
GROUP = Group(os.environ["GROUP"])


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def sums_match_the_group_law(dut):
    rng, law = Random(cocotb.RANDOM_SEED), equation(SHAPE.curve, GROUP)
    points = toy_points(GROUP)
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(60)]
    pairs += [(points[1], points[1]), (points[1], points[180]), (None, points[1]), (None, None)]
    loads, totals = timetable(
        SHAPE, GROUP, [rng.randrange(SHAPE.interval[GROUP] // (3 * GROUP.degree)) for _ in pairs])
    inputs, outputs = {}, {}
    for k, pair in enumerate(pairs):
        sides = zip(*(unreduced(SHAPE, GROUP, point, rng) for point in pair), strict=True)
        inputs |= {cycle: (n, *both) for n, (cycle, both) in enumerate(
            zip(loads[k], sides, strict=True))}
        outputs |= {cycle: (k, n) for n, cycle in enumerate(totals[k])}
    dut.group.value = SHAPE.groups.index(GROUP)
    await start(dut, dut.pairs__0__load, dut.pairs__0__position, dut.pairs__0__p, dut.pairs__0__q)
    while dut.cycle.value.to_unsigned() != SHAPE.interval[GROUP] - 1:
        await RisingEdge(dut.clk)
    sums = [[0] * (3 * GROUP.degree) for _ in pairs]
    for cycle in range(max(outputs) + 1):
        dut.pairs__0__load.value = cycle in inputs
        for port, value in zip((dut.pairs__0__position, dut.pairs__0__p, dut.pairs__0__q),
                               inputs.get(cycle, (0, 0, 0)), strict=True):
            port.value = value
        await RisingEdge(dut.clk)
        assert dut.cycle.value.to_unsigned() == cycle % SHAPE.interval[GROUP]
        if cycle in outputs:
            k, n = outputs[cycle]
            sums[k][n] = dut.totals__0.value.to_unsigned()
    for (p, q), coordinates in zip(pairs, sums, strict=True):
        assert affine(SHAPE, GROUP, coordinates) == law.add(p, q)

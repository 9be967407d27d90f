"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.sim.field import montgomery_product
from tests.cocotb_streams import start
from tests.hdl.test_montgomery import edge_and_random_pairs

SHAPE = {"toy": TOY_SHAPE, "bn254": STANDARD}[os.environ["CURVE"]].adder.multiplier


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def products_match_the_definition(dut):
    await start(dut, dut.a, dut.b, reset=False)
    pairs = edge_and_random_pairs(SHAPE, 50, seed=cocotb.RANDOM_SEED)
    for cycle in range(len(pairs) + SHAPE.latency + 1):
        if cycle < len(pairs):
            dut.a.value, dut.b.value = pairs[cycle]
        await RisingEdge(dut.clk)
        # Read: what stands just before the edge, with the operands of this cycle applied.
        if cycle >= SHAPE.latency and cycle - SHAPE.latency < len(pairs):
            a, b = pairs[cycle - SHAPE.latency]
            product = dut.product.value.to_unsigned()
            assert product % SHAPE.field.modulus == montgomery_product(SHAPE, a, b)
            assert product <= SHAPE.product_bound(a, b)

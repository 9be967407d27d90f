"""Runs inside the Verilog simulator; test_verilog.py starts it."""

import os
from dataclasses import replace
from random import Random

import cocotb
from cocotb.triggers import RisingEdge

from proofmill.hdl.field import BN254_SCALAR, TOY_SCALAR
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.sim.field import montgomery_product
from tests.cocotb_streams import start
from tests.hdl.test_montgomery import edge_and_random_pairs

CURVE = os.environ["CURVE"]
SHAPE = {"toy": TOY_SHAPE, "bn254": STANDARD}[CURVE].adder.multiplier
SECOND = replace(SHAPE, second={"toy": TOY_SCALAR, "bn254": BN254_SCALAR}[CURVE])
"""The same by two moduli: what is checked where the design has them."""


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def products_match_the_definition(dut):
    await start(dut, dut.a, dut.b, reset=False)
    pairs = edge_and_random_pairs(SHAPE, 50, seed=cocotb.RANDOM_SEED)
    fields = SECOND.fields if hasattr(dut, "second") else SHAPE.fields
    rng = Random(cocotb.RANDOM_SEED)
    chosen = [rng.randrange(len(fields)) for _ in pairs]
    for cycle in range(len(pairs) + SHAPE.latency + 1):
        if cycle < len(pairs):
            dut.a.value, dut.b.value = pairs[cycle]
            if len(fields) > 1:
                dut.second.value = chosen[cycle]
        await RisingEdge(dut.clk)
        # Read: what stands just before the edge, with the operands of this cycle applied.
        if cycle >= SHAPE.latency and cycle - SHAPE.latency < len(pairs):
            a, b = pairs[cycle - SHAPE.latency]
            product = dut.product.value.to_unsigned()
            second = chosen[cycle - SHAPE.latency]
            field = fields[second]
            assert product % field.modulus == montgomery_product(replace(SHAPE, field=field), a, b)
            assert product <= SECOND.product_bound(a, b, second=bool(second))

"""Runs inside the Verilog simulator; test_axi_stream.py starts it."""

import itertools
import os
from random import Random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from proofmill.hdl.axi_stream import whole_bytes
from proofmill.sim.field import montgomery_product
from tests.hdl.test_axi_stream import SHAPES

SHAPE = SHAPES[os.environ["SHAPE"]]


@cocotb.test(timeout_time=200, timeout_unit="us")
async def products_match_the_definition(dut):
    rng, size = Random(1), whole_bytes(SHAPE.operand_bits) // 8
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.aclk, dut.aresetn,
                             reset_active_level=False, byte_lanes=2 * size)
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.aclk, dut.aresetn,
                         reset_active_level=False)
    dut.aresetn.value = 0
    Clock(dut.aclk, 10, unit="ns").start()
    await ClockCycles(dut.aclk, 3)
    dut.aresetn.value = 1
    source.set_pause_generator(itertools.cycle([0, 0, 1, 0, 1]))
    sink.set_pause_generator(itertools.cycle([1, 1, 0, 1, 0, 0, 0]))
    pairs = [(rng.getrandbits(SHAPE.operand_bits), rng.getrandbits(SHAPE.operand_bits))
             for _ in range(60)]
    for a, b in pairs:
        await source.send(AxiStreamFrame(a.to_bytes(size, "little") + b.to_bytes(size, "little")))
    for a, b in pairs:
        frame = await sink.recv()
        product = int.from_bytes(bytes(frame.tdata), "little")
        assert product % SHAPE.field.modulus == montgomery_product(SHAPE, a, b)
        assert product <= SHAPE.product_bound(a, b)

"""The multiplier between two AXI4-Streams, driven by cocotbext-axi's models of both sides."""

import shutil
from random import Random

import pytest
from amaranth.sim import Simulator
from cocotb_tools.runner import get_runner

from proofmill.hdl import axi_stream
from proofmill.hdl.emit import emit_verilog, for_every_simulator
from proofmill.hdl.field import TOY
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.sim.field import montgomery_product
from tests.hdl.proofs import broken

SHAPES = {"pipelined": TOY_SHAPE.adder.multiplier,
          "folded": FoldedShape(field=TOY, operand_bits=22, digit=6, limb=8, interval=3)}


def bench(name, text, folder):
    """Run ``tests.hdl.bench_axi_stream`` on a multiplier of shape `name`, which is `text`."""
    pytest.importorskip("cocotbext.axi")
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not there: apt-get install iverilog")
    (folder / "axis_multiplier.sv").write_text(text)
    runner = get_runner("icarus")
    runner.build(sources=[folder / "axis_multiplier.sv"], hdl_toplevel="axis_multiplier",
                 build_dir=folder / "build", timescale=("1ns", "1ps"))
    runner.test(test_module="tests.hdl.bench_axi_stream", hdl_toplevel="axis_multiplier",
                build_dir=folder / "build", test_dir=folder, extra_env={"SHAPE": name}, seed=1)


def written(name, module=axi_stream):
    return for_every_simulator(
        emit_verilog(module.AxiStreamMultiplier(SHAPES[name]), "axis_multiplier"))


@pytest.mark.parametrize("name", SHAPES)
def test_products_come_in_order_whoever_pauses(name, tmp_path):
    bench(name, written(name), tmp_path)


@pytest.mark.parametrize("name", SHAPES)
def test_every_product_stays_until_it_is_taken(name):
    """In Amaranth's simulator, its clock by hand."""
    shape, rng, found = SHAPES[name], Random(1), []
    dut, half = axi_stream.AxiStreamMultiplier(shape), axi_stream.whole_bytes(shape.operand_bits)
    pairs = [(rng.getrandbits(shape.operand_bits), rng.getrandbits(shape.operand_bits))
             for _ in range(40)]

    async def drive(ctx):
        waiting, offered, held = list(pairs), False, None
        while len(found) < len(pairs):
            offered = bool(waiting) and (offered or rng.random() < 0.7)
            a, b = waiting[0] if offered else (0, 0)
            ctx.set(dut.s_axis_tdata, b << half | a)
            ctx.set(dut.s_axis_tvalid, offered)
            ctx.set(dut.m_axis_tready, rng.random() < 0.5)
            await ctx.delay(5e-9)
            there, product = ctx.get(dut.m_axis_tvalid), ctx.get(dut.m_axis_tdata)
            assert held is None or (there and product == held)
            held = product if there and not ctx.get(dut.m_axis_tready) else None
            if there and held is None:
                found.append(product)
            if offered and ctx.get(dut.s_axis_tready):
                waiting.pop(0)
                offered = False
            ctx.set(dut.aclk, 1)
            await ctx.delay(5e-9)
            ctx.set(dut.aclk, 0)

    simulator = Simulator(dut)
    simulator.add_testbench(drive)
    simulator.run()
    for (a, b), product in zip(pairs, found, strict=True):
        assert product % shape.field.modulus == montgomery_product(shape, a, b)


def test_a_multiplier_that_does_not_stand_still_is_found(tmp_path):
    wrong = broken(axi_stream, "self.m_axis_tready | ~self.m_axis_tvalid", "1")
    with pytest.raises(SystemExit):
        bench("pipelined", written("pipelined", wrong), tmp_path)


def test_ports_are_named_as_axi_names_them():
    for name in ("aclk", "aresetn", "s_axis_tdata", "s_axis_tvalid", "s_axis_tready",
                 "m_axis_tdata", "m_axis_tvalid", "m_axis_tready"):
        assert f" {name};" in written("pipelined"), name

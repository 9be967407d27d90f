"""Units behind AXI4-Stream and AXI4-Lite, driven by cocotbext-axi's models of the other side."""

import pytest

from proofmill.boards.cores.core import Core, of_one_group
from proofmill.hdl import axi_lite, axi_stream, functions
from proofmill.hdl.curve import Group
from proofmill.hdl.emit import emit_verilog, for_every_simulator
from proofmill.hdl.presets import TOY_SHAPE
from tests.boards.cores.test_benches import folded
from tests.choice import slow_but
from tests.hdl.icarus import run
from tests.hdl.proofs import broken

CORES = {
    **{f"{unit}-{bus}": Core(unit=unit, shape=TOY_SHAPE, bus=bus)
       for unit in ("multiplier", "inverter", "adder", "batch_adder", "processor")
       for bus in ("axi-stream", "axi4-lite")},
    "transform-axi-stream": Core(unit="transform", shape=TOY_SHAPE, bus="axi-stream"),
    **{f"{unit}-g2-{bus}": Core(unit=unit, shape=of_one_group(TOY_SHAPE, Group.G2), bus=bus)
       for unit in ("adder", "batch_adder") for bus in ("axi-stream", "axi4-lite")},
    "folded-axi-stream": Core(unit="multiplier", shape=folded(3), bus="axi-stream"),
    "folded-axi4-lite": Core(unit="multiplier", shape=folded(3), bus="axi4-lite"),
    "two-words-axi-stream": Core(unit="processor", shape=TOY_SHAPE, program="multiply",
                                 bus="axi-stream"),
    "two-words-axi4-lite": Core(unit="processor", shape=folded(3), program="multiply",
                                bus="axi4-lite"),
}
QUICK = ("folded-axi-stream", "multiplier-axi4-lite", "adder-g2-axi-stream",
         "batch_adder-axi-stream")


def bench(name, text, folder):
    """Run ``tests.hdl.bench_axi`` on the unit of `name`, which is `text`."""
    run("tests.hdl.bench_axi", CORES[name].top, text, folder, CORE=name)


@pytest.mark.parametrize("name", slow_but(QUICK, CORES))
def test_results_come_in_order_whoever_pauses(name, tmp_path):
    """... and after a reset in the middle."""
    bench(name, CORES[name].verilog, tmp_path)


WRONG = {
    "stands still": (functions, "self.o.ready | ~self.o.valid", "1", "multiplier-axi-stream"),
    "refuses while busy": (axi_lite, "refused.eq(busy)", "refused.eq(0)", "inverter-axi4-lite"),
    "bytes": (axi_lite, "with m.If(self.s_axil_wstrb[byte]):", "with m.If(1):",
              "multiplier-axi4-lite"),
}


@pytest.mark.parametrize("name", slow_but(["stands still"], WRONG))
def test_what_is_broken_is_found(name, tmp_path):
    module, text, instead, core = WRONG[name]
    wrong = broken(module, text, instead)
    function = (wrong.MultiplierFunction(TOY_SHAPE.adder.multiplier) if module is functions
                else CORES[core].function())
    unit = wrong.AxiLite(function) if module is axi_lite else axi_stream.AxiStream(function)
    with pytest.raises(SystemExit):
        bench(core, for_every_simulator(emit_verilog(unit, CORES[core].top)), tmp_path)


def test_ports_are_named_as_axi_names_them():
    for name in ("aclk", "aresetn", "s_axis_tdata", "s_axis_tvalid", "s_axis_tready",
                 "m_axis_tdata", "m_axis_tvalid", "m_axis_tready"):
        assert f" {name};" in CORES["multiplier-axi-stream"].verilog, name


def test_registers_follow_one_another():
    function = CORES["adder-axi4-lite"].function()
    function._MustUse__silence = True
    table = axi_lite.registers_of(function)
    assert [each.address for each in table[1:]] == [each.end for each in table[:-1]]
    assert [each.name for each in table] == ["start", "status", *function.operands,
                                             *function.results]

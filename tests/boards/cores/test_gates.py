"""Netlists of each family: whole, and with the answers of the text that they were made from."""

from pathlib import Path

import pytest

from proofmill.boards.cores.core import Core
from proofmill.boards.resources import TARGETS
from proofmill.boards.tools import ToolError, run_yosys, yosys_package
from proofmill.hdl.presets import TOY_SHAPE
from tests.boards.cores.test_benches import icarus, written

CELLS = {"ecp5-85f": "-overwrite +/lattice/cells_sim_ecp5.v", "xcup": "+/xilinx/cells_sim.v",
         "gw5a": "+/gowin/cells_sim.v", "ice40": "-defer +/ice40/cells_sim.v",
         "nexus": "-overwrite +/lattice/cells_sim_nexus.v"}
"""What Yosys says that the cells of a family do."""

OWN_CELLS = Path(__file__).with_name("cells.v")


def netlist_answers(synthesis, cells, folder):
    """What the bench says of the toy multiplier's netlist, and its status."""
    try:
        yosys_package()
    except ToolError as error:
        pytest.skip(str(error))
    text, bench = written(Core(unit="multiplier", shape=TOY_SHAPE), folder)
    run_yosys([f"read_verilog -sv {text.name}", f"{synthesis} -top multiplier", "check -assert",
               "write_verilog -noattr gates.v", "design -reset",
               f"read_verilog {cells}", f"read_verilog {OWN_CELLS}", "read_verilog gates.v",
               "hierarchy -check -top multiplier", "proc", "flatten", "opt_clean",
               "write_verilog -noattr flat.v"], folder)
    return icarus([folder / "flat.v", bench], folder)


@pytest.mark.parametrize("family", [
    "ice40", *(pytest.param(name, marks=pytest.mark.slow) for name in CELLS if name != "ice40")])
def test_the_netlist_answers_as_the_text_does(family, tmp_path):
    said, status = netlist_answers(TARGETS[family].synthesis, CELLS[family], tmp_path)
    assert "PASS: multiplier: " in said and status == 0, said


def test_a_wrong_netlist_is_found(tmp_path):
    """Yosys' iCE40 multiplier blocks lose operands where one's register feeds another."""
    said, status = netlist_answers("synth_ice40 -dsp", CELLS["ice40"], tmp_path)
    assert "FAIL: multiplier: " in said and status != 0, said

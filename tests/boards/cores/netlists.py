"""Netlists of each family as text of nothing but models of its cells, for a bench to try."""

import re
from pathlib import Path

import pytest

from proofmill.boards.cores.core import Core
from proofmill.boards.resources import TARGETS
from proofmill.boards.tools import ToolError, run_yosys, yosys_package
from tests.boards.cores.memories import memories
from tests.boards.cores.test_benches import icarus, written

HERE = Path(__file__).parent
CELLS = {"ecp5-85f": "-overwrite +/lattice/cells_sim_ecp5.v", "xcup": "+/xilinx/cells_sim.v",
         "gw5a": "+/gowin/cells_sim.v", "gw2a": "+/gowin/cells_sim.v",
         "ice40": "-defer +/ice40/cells_sim.v",
         "nexus": "-overwrite +/lattice/cells_sim_nexus.v",
         "gatemate": "+/gatemate/cells_sim.v"}
"""What Yosys says that the cells of a family do."""

OWN_CELLS = {"gw2a": f"read_verilog {HERE / 'cells_gw2a.v'}",
             "nexus": f"read_verilog -overwrite {HERE / 'cells_nexus.v'}"}
"""What it does not say, or not rightly; of the other families, multiplier blocks in cells.v."""


def needs_yosys():
    try:
        yosys_package()
    except ToolError as error:
        pytest.skip(str(error))


def mapped(text, top, passes, family, folder):
    """The netlist of `text` as Verilog of nothing but the cells' models.

    Yosys writes it anew since its models have blocks ``always @*``, which Icarus does not run where
    the inputs never change.
    """
    (folder / "memories.sv").write_text(memories(family))
    run_yosys([f"read_verilog -sv {text}", *passes, "check -assert",
               "write_verilog -noattr gates.v", "design -reset",
               f"read_verilog {CELLS[family]}", "delete =A:blackbox",
               OWN_CELLS.get(family, f"read_verilog {HERE / 'cells.v'}"),
               "read_verilog -sv -defer memories.sv", "read_verilog gates.v",
               f"hierarchy -check -top {top}", "proc", "flatten", "opt_clean -purge",
               "write_verilog -noattr flat.v"], folder)
    return folder / "flat.v"


def netlist_answers(core, passes, family, folder):
    """What the bench of a unit says of its netlist, and the bench's status."""
    needs_yosys()
    text, bench = written(core, folder)
    TARGETS[family].lay_out(folder)
    return icarus([mapped(text.name, core.top, passes, family, folder), bench], folder, 5_000)


def right(said, status, unit):
    """Whether that is what a bench says where all answers are right."""
    return status == 0 and re.search(rf"^PASS: {unit}: \d+ known answers in \d+ cycles$", said,
                                     re.MULTILINE) is not None


def cells_of(folder, name):
    """How many cells called so the netlist in `folder` has."""
    return len(re.findall(rf"^  {name} ", (folder / "gates.v").read_text(), re.MULTILINE))


def multiplier(shape):
    """The multiplier of an accelerator."""
    return Core(unit="multiplier", shape=shape)

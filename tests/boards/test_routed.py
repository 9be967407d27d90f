"""The longest path off a log of nextpnr: when it is where, by instance and line."""

import re

import pytest

from proofmill.boards.routed import (
    lines_of_a_board,
    of_a_board,
    routed_path,
    signal_of,
    told,
)
from proofmill.boards.shapes import SMALL_TOY
from proofmill.boards.source_lines import lines_of
from proofmill.boards.tools import ToolError
from proofmill.hdl.framed_adder import FramedAdder
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.cli.main import main

LOG = """Info: Critical path report for clock '$glbnet$cd_sync.clk' (posedge -> posedge):
Info:       type curr  total name
Info:   clk-to-q  9.00  9.00 Source placed.before_it_was_routed.Q
Info: 9.00 ns logic, 0.00 ns routing

Info: Critical path report for clock '$glbnet$cd_sync.clk' (posedge -> posedge):
Info:       type curr  total name
Info:   clk-to-q  0.74  0.74 Source unit.stage1_b0[7]_MULT18X18D_A7.P1
Info:    routing  1.19  1.92 Net unit.stage1_b0[1][1] (58,34) -> (56,33)
Info:                          Sink unit.stage2_total0[1]_TRELLIS_FF_Q_DI_CCU2C_S1_A1_LUT4_Z.C
Info:                          Defined in:
Info:                               /share/lattice/arith_map_ccu2c.v:74.7-80.4
Info:      logic  0.24  2.16 Source unit.stage2_total0[1]_TRELLIS_FF_Q_DI_CCU2C_S1_A1_LUT4_Z.F
Info:    routing  2.66  6.89 Net unit.stage2_total0[4]_TRELLIS_FF_Q_DI_CCU2C_S0_S1 (54,33) -> (9,4)
Info:                          Sink unit.$signal$41_LUT4_Z.A10
Info:      setup  0.08  6.97 Source unit.$signal$41_LUT4_Z.A10
Info: 2.05 ns logic, 4.93 ns routing

Info: Critical path report for cross-domain path '<async>' -> '<async>':
Info:     source  0.00  0.00 Source cd_sync.clk_buf.buf.buf0.O
Info: 0.00 ns logic, 0.25 ns routing
"""


def test_a_path_is_told_by_instance_and_line():
    lines = lines_of(TOY_SHAPE.adder.multiplier.build())
    assert told(routed_path(LOG), lines) == [
        "longest path: 6.98 ns (143.3 MHz), 2.05 ns in cells, 4.93 ns in wires",
        f"    1.92 ns  the unit itself, stage1_b0 ({lines['stage1_b0']})",
        f"    6.97 ns  the unit itself, stage2_total0 ({lines['stage2_total0']})"]


@pytest.mark.parametrize("name, path", [
    ("core.accelerator.msm.adder.multiplier0.stage1_b0_DFFRE_Q_35", "adder.multiplier0.stage1_b0"),
    ("adder.multiplier0.stage1_b0_LUT2_I0_F_MUX2_LUT5_O_S0", "adder.multiplier0.stage1_b0"),
    ("adder.multiplier0.stage1_b0_Z[3]", "adder.multiplier0.stage1_b0"),
    ("unit.adder.multiplier0.stage1_b0[12]", "adder.multiplier0.stage1_b0")])
def test_a_unit_is_found_within_a_design_of_any_family(name, path):
    lines = lines_of(FramedAdder(TOY_SHAPE.adder))
    assert signal_of(name, lines) == (path, lines[path])
    assert signal_of("core.link.head_DFFRE_Q_35", lines) == ("core.link.head", "")


BOARD_LOG = """Info: Critical path report for clock 'clk_IBUF_O' (posedge -> posedge):
Info:       type curr  total name
Info:   clk-to-q  0.23  0.23 Source core.link.head_DFFRE_Q_35.Q
Info:    routing  0.62  0.85 Net core.link.head[40] (58,34) -> (56,33)
Info:      logic  0.26  1.11 Source core.accelerator.extent.copies_left_LUT2_I0_F_LUT2_I1_F.F
Info:    routing  0.50  1.61 Net core.accelerator.msm.slicer.carry_ALU_CIN (58,34) -> (56,33)
Info:      logic  0.26  1.87 Source core.store.elapsed_LUT4_I0.F
Info:      setup  0.03  1.90 Source core.link.coming.0.1.ADA0
Info: 0.78 ns logic, 1.12 ns routing
"""
"""As nextpnr has it of a board for Gowin's chips."""


def test_a_boards_design_has_parts_around_the_unit():
    """Each by its own path, not by that of a signal of the unit that happens to be called alike."""
    route = routed_path(BOARD_LOG)
    assert of_a_board(route) and not of_a_board(routed_path(LOG))
    lines = lines_of_a_board(SMALL_TOY)
    assert [re.sub(r":\d+\)", ":)", line) for line in told(route, lines)[1:]] == [
        "    0.85 ns  link, head (hdl/framing.py:)",
        "    1.11 ns  accelerator.extent, copies_left (hdl/extent.py:)",
        "    1.61 ns  accelerator.msm.slicer, carry (hdl/slicer.py:)",
        "    1.87 ns  store, elapsed (hdl/sdram.py:)",
        "    1.90 ns  link, coming (hdl/framing.py:)"]


def test_a_log_without_a_path_is_refused(tmp_path, capsys):
    with pytest.raises(ToolError, match="no longest path"):
        routed_path(LOG[:100])
    (tmp_path / "nextpnr.log").write_text("ERROR: no\n")
    assert main(["measure", "multiplier", "--preset", "toy", "--hierarchy", "--routed",
                 str(tmp_path / "nextpnr.log")]) == 2
    assert "nextpnr.log: nextpnr reported no longest path" in " ".join(
        capsys.readouterr().err.split())
    assert main(["measure", "multiplier", "--routed", str(tmp_path / "nextpnr.log")]) == 2
    assert "--routed shows a path beside the tree of --hierarchy" in capsys.readouterr().err


def test_beside_the_tree(tmp_path, capsys):
    log = tmp_path / "nextpnr.log"
    log.write_text(LOG)
    assert main(["measure", "multiplier", "--preset", "toy", "--hierarchy", "--routed", str(log)
                 ]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^unit +\d+", said, re.MULTILINE)
    assert re.search(r"^ +1\.92 ns  the unit itself, stage1_b0 \(hdl/\w+\.py:\d+\)$", said,
                     re.MULTILINE)

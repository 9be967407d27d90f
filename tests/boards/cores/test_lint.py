"""Every unit's Verilog under ``verilator -Wall``, with the waivers that come with it."""

import os
import re
import subprocess

import pytest

from proofmill.boards.cores.core import UNITS, Core
from proofmill.boards.cores.fusesoc import WAIVERS
from proofmill.boards.shapes import SMALLEST
from proofmill.hdl.presets import STANDARD, TOY_SHAPE
from proofmill.sim.compiling import BuildError, verilator
from tests.boards.cores.test_benches import folded
from tests.hdl.test_axi_stream import CORES as BEHIND_A_BUS


def unit(name):
    """A unit, of the toy curve where nothing else is said."""
    if name == "board":
        pytest.importorskip("amaranth_boards")
        from proofmill.boards.catalogue import board
        return Core(unit="board", shape=board("icesugar-pro").shape, board=board("icesugar-pro"))
    name, _, kind = name.partition("-")
    shape = {"": TOY_SHAPE, "folded": folded(3), "bn254": STANDARD, "smallest": SMALLEST}[kind]
    return Core(unit=name, shape=shape)


QUICK = ("multiplier-folded", "axis_multiplier-folded", "inverter", "processor", "evaluation",
         "matrix", "board")
"""A board's text has the accelerator, and so the MSM, the mailboxes and the adder."""

SLOW = ("transform", "batch_adder", "wide_processor", "wide_processor-folded", "recoder",
        "multiplier", "adder", "mailboxes", "msm", "accelerator", "multiplier-bn254",
        "accelerator-smallest")


def lint(text, top, folder, *more):
    """The rules that Verilator warns by."""
    try:
        binary, root = verilator()
    except BuildError as error:
        pytest.skip(str(error))
    (folder / f"{top}.sv").write_text(text)
    done = subprocess.run(
        [str(binary), "--lint-only", "-Wall", "-Wno-fatal", "--top-module", top, *more,
         f"{top}.sv"], cwd=folder, capture_output=True, text=True,
        env=os.environ | {"VERILATOR_ROOT": str(root)})
    assert done.returncode == 0, done.stderr[-3000:]
    assert "%Error" not in done.stderr
    return set(re.findall(r"%Warning-(\w+)", done.stderr))


def waived():
    return re.findall(r"^lint_off -rule (\w+)$", WAIVERS.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", [
    *QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_a_unit_has_no_warning_that_is_not_waived(name, tmp_path):
    core = unit(name)
    assert lint(core.verilog, core.unit, tmp_path, str(WAIVERS)) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", BEHIND_A_BUS)
def test_a_unit_behind_a_bus_has_none_either(name, tmp_path):
    core = BEHIND_A_BUS[name]
    assert lint(core.verilog, core.top, tmp_path, str(WAIVERS)) == set()


def test_every_waiver_is_wanted_and_has_a_reason(tmp_path):
    found = lint(unit("accelerator").verilog, "accelerator", tmp_path)
    assert found == set(waived()) and len(waived()) == len(found)
    reasons = re.findall(r"(?:^// .*\n)+lint_off", WAIVERS.read_text(), re.MULTILINE)
    assert len(reasons) == len(waived())


def test_what_is_not_waived_is_found(tmp_path):
    text = "module two(input clk, output reg q); always @(posedge clk) q = ~q; endmodule\n"
    assert lint(text, "two", tmp_path, str(WAIVERS)) == {"BLKSEQ"}


def test_every_unit_is_tried():
    assert {unit(name).unit for name in (*QUICK, *SLOW)} == set(UNITS)

"""The page of the units: its timing diagrams are what simulations show, and its names are there."""

import re
from pathlib import Path

import pytest

from proofmill.boards.cores.core import Core
from proofmill.hdl.axi_lite import lines_of
from proofmill.hdl.folded import FoldedShape
from proofmill.hdl.karatsuba import KaratsubaShape
from proofmill.hdl.montgomery import MultiplierShape
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.host.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "units.md"


def diagram(command):
    """The lines of the page's diagram of a command."""
    found = re.search(rf"<!-- {re.escape(command)} -->\n\n```\n(.*?)```", PAGE.read_text(),
                      re.DOTALL)
    assert found, command
    return found[1].splitlines()


@pytest.mark.parametrize("command, group", [
    ("proofmill waves multiplier --toy --cycles 0-16", "operands and product"),
    pytest.param("proofmill waves msm --toy --cycles 115-130", "memory", marks=pytest.mark.slow)])
def test_a_timing_diagram_is_a_simulations(command, group, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("yowasp_wavedrom")
    words = command.split()[1:]
    assert main([*words, "--only", group, "--diagram", "drawn.svg"]) == 0
    picture = PAGE.parent / "pictures" / f"{words[1]}.svg"
    assert f"]({picture.relative_to(PAGE.parent)})" in PAGE.read_text()
    assert Path("drawn.svg").read_text() == picture.read_text()
    printed = capsys.readouterr().out.split(f"\n{group}\n")[1].split("\nwrote ")[0]
    assert diagram(command) == printed.splitlines()


def test_the_table_of_registers_is_the_gatewares():
    function = Core(unit="multiplier", shape=TOY_SHAPE, bus="axi4-lite").function()
    function._MustUse__silence = True  # asked, and never built
    assert diagram("proofmill verilog OUT.sv --unit multiplier --preset toy --bus axi4-lite"
                   ) == list(lines_of(function))


def test_the_shapes_have_what_the_page_says():
    table = PAGE.read_text().split("| | attribute of the shape |")[1].split("\n\n")[0]
    names = set(re.findall(r"^\| [\w ]+ \| (.*?) \|", table, re.MULTILINE))
    names = {name for cell in names for name in re.findall(r"`(\w+)", cell)}
    assert names == {"radix", "operand_bits", "product_bits", "product_bound", "latency",
                     "interval"}
    for shape in (MultiplierShape, FoldedShape, KaratsubaShape):
        known = {*dir(shape), *shape.__dataclass_fields__}
        assert names <= known

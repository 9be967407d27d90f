"""Multiplier blocks that a family's passes make of products, and what its netlists lack."""

import json
import re

import pytest

pytest.importorskip("pyosys")

from proofmill.boards.carries import free_carries  # noqa: E402
from proofmill.boards.resources import TARGETS, cells_of  # noqa: E402
from proofmill.boards.tools import run_yosys  # noqa: E402
from proofmill.boards.units import netlist  # noqa: E402
from proofmill.hdl.cost import BLOCKS  # noqa: E402
from proofmill.hdl.field import TOY  # noqa: E402
from proofmill.hdl.folded import FoldedShape  # noqa: E402
from proofmill.hdl.karatsuba import KaratsubaShape  # noqa: E402
from proofmill.hdl.montgomery import MultiplierShape  # noqa: E402


@pytest.mark.parametrize("family,shape", [
    ("gw5a", FoldedShape(field=TOY, operand_bits=60, digit=17, limb=26, interval=2)),
    ("gw5a", MultiplierShape(field=TOY, operand_bits=50, digit=18, limb=18)),
    ("nexus", FoldedShape(field=TOY, operand_bits=60, digit=18, limb=18, interval=3)),
    ("nexus", KaratsubaShape(field=TOY, operand_bits=60, digit=17, limb=26, depth=1)),
], ids=lambda value: getattr(value, "kind", value))
def test_a_familys_blocks_are_those_of_the_cost_table(family, shape, tmp_path):
    target = TARGETS[family]
    (tmp_path / "unit.il").write_text(netlist(shape.build()))
    target.lay_out(tmp_path)
    run_yosys(["read_rtlil unit.il", *target.passes("unit")[:-1], "flatten",
               "tee -o stat.json stat -json"], tmp_path)
    used = target.count(cells_of(tmp_path / "stat.json")).dsp
    assert used == BLOCKS[target.block].total(shape.multiplications)


def test_passes_say_where_they_begin_and_end():
    assert TARGETS["ecp5-85f"].passes("top") == ["synth_ecp5 -top top"]
    assert TARGETS["ice40"].passes("top", "-noflatten")[-1] == "synth_ice40 -top top -noflatten"
    first, *products, last = TARGETS["gw5a"].passes("top", "-nolutram")
    assert first == "synth_gowin -family gw5a -top top -nolutram -run begin:coarse"
    assert last == "synth_gowin -family gw5a -top top -nolutram -run coarse:"
    assert any("gw5a_dsp.v" in line for line in products)
    *_, before, split, after = TARGETS["gw5a"].passes("unit", before_tables=["splitnets"])
    assert re.search("-run coarse:map_luts$", before) and split == "splitnets"
    assert re.search("-run map_luts:$", after)


def test_carries_that_begin_a_chain_wait_for_none():
    def cell(init, carry):
        return {"type": "CCU2", "parameters": {"INIT0": init},
                "connections": {"CIN": [carry], "COUT": [9]}}

    design = {"modules": {"top": {"cells": {
        "begin": cell("0xFFFF", "0"), "next": cell("0x96AA", 9),
        "other": {"type": "LUT4", "parameters": {"INIT": "0xFFFF"}, "connections": {"A": [3]}}}}}}
    before = json.loads(json.dumps(design))
    assert free_carries(design, "top") == 1
    before["modules"]["top"]["cells"]["begin"]["connections"]["CIN"] = []
    assert design == before

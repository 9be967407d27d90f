"""Netlists of each family: whole, and with the answers of the text that they were made from."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.boards.resources import TARGETS
from proofmill.boards.shapes import GW5A_EIGHT_ROWS, NEXUS_ONE_ROW
from proofmill.hdl.cost import BLOCKS
from proofmill.hdl.field import TOY
from proofmill.hdl.presets import TOY_SHAPE
from tests.boards.cores.netlists import (
    CELLS,
    cells_of,
    mapped,
    multiplier,
    needs_yosys,
    netlist_answers,
    right,
)
from tests.boards.cores.test_benches import icarus
from tests.choice import slow_but

QUICK = ("ice40", "gw5a")


@pytest.mark.parametrize("family", slow_but(QUICK, CELLS))
def test_the_netlist_answers_as_the_text_does(family, tmp_path):
    said, status = netlist_answers(multiplier(TOY_SHAPE), TARGETS[family].passes("multiplier"),
                                   family, tmp_path)
    assert right(said, status, "multiplier"), said


@pytest.mark.slow
@pytest.mark.parametrize("family,preset,interval,cell", [
    ("gw5a", GW5A_EIGHT_ROWS, 2, "MULTALU27X18"), ("nexus", NEXUS_ONE_ROW, 4, "MULT18X18")])
def test_rows_used_several_times_answer_as_the_text_does(family, preset, interval, cell, tmp_path):
    """A board's multiplier over the toy field, four digits of the family's blocks: two rows for two
    digits each, or one for all."""
    rows = replace(preset.adder.multiplier, field=TOY, operand_bits=60, interval=interval)
    assert rows.steps == 4
    shape = replace(TOY_SHAPE, adder=replace(
        TOY_SHAPE.adder, multiplier=rows,
        intervals=tuple((group, cycles * interval)
                        for group, cycles in TOY_SHAPE.adder.intervals)))
    said, status = netlist_answers(multiplier(shape), TARGETS[family].passes("multiplier"), family,
                                   tmp_path)
    assert right(said, status, "multiplier"), said
    assert cells_of(tmp_path, cell) == BLOCKS[TARGETS[family].block].total(rows.multiplications)


@pytest.mark.parametrize("family,synthesis", [
    ("ice40", "synth_ice40 -dsp"),
    pytest.param("nexus", "synth_nexus", marks=pytest.mark.slow)])
def test_a_wrong_netlist_is_found(family, synthesis, tmp_path):
    """Yosys' own multiplier blocks lose operands where one's register feeds another."""
    said, status = netlist_answers(multiplier(TOY_SHAPE), [f"{synthesis} -top multiplier"], family,
                                   tmp_path)
    assert "FAIL: multiplier: " in said and status != 0, said


def test_all_families_with_multiplier_blocks_have_a_netlist_tried():
    assert set(CELLS) == set(TARGETS) - {"xc7"}


WIDTHS = ((26, 17), (17, 26), (27, 18), (9, 9), (5, 3), (52, 34), (1, 20))
"""Of factors: what a block is for, one bit more, little ones, and those of several blocks."""


@pytest.mark.parametrize("family,cell", [("gw5a", "MULTALU27X18"), ("nexus", "MULT18X18")])
def test_products_on_blocks_are_products(family, cell, tmp_path):
    """Of signed numbers and of unsigned ones, extreme and random, by the cells' own meaning."""
    needs_yosys()
    rng = Random(1)
    lines, ports, tries = [], [], []
    for signed in ("", " signed"):
        for width, other in WIDTHS:
            n = len(ports)
            ports.append((signed, width, other))
            lines.append(f"  input{signed} [{width - 1}:0] a{n}, input{signed} [{other - 1}:0] "
                         f"b{n}, output{signed} [{width + other - 1}:0] p{n}")
    text = "module products(\n" + ",\n".join(lines) + ");\n" + "".join(
        f"  assign p{n} = a{n} * b{n};\n" for n in range(len(ports))) + "endmodule\n"
    (tmp_path / "products.sv").write_text(text)
    for n, (signed, width, other) in enumerate(ports):
        extremes = [[0, 1, (1 << bits) - 1, 1 << bits - 1, (1 << bits - 1) - 1]
                    for bits in (width, other)]
        pairs = [(a, b) for a in extremes[0] for b in extremes[1]]
        pairs += [(rng.getrandbits(width), rng.getrandbits(other)) for _ in range(30)]
        for a, b in pairs:
            values = [value - (1 << bits) if signed and value >> bits - 1 else value
                      for value, bits in ((a, width), (b, other))]
            product = values[0] * values[1] % (1 << width + other)
            tries.append(f"    a{n} = {width}'d{a}; b{n} = {other}'d{b}; #1 if (p{n} !== "
                         f"{width + other}'d{product}) begin $display(\"FAIL: %d * %d\", a{n}, "
                         f"b{n}); wrong = wrong + 1; end")
    bench = ["module bench;", "  integer wrong = 0;"]
    bench += [f"  reg{signed} [{width - 1}:0] a{n} = 0; reg{signed} [{other - 1}:0] b{n} = 0; "
              f"wire{signed} [{width + other - 1}:0] p{n};"
              for n, (signed, width, other) in enumerate(ports)]
    bench += ["  products dut(" + ", ".join(f".a{n}(a{n}), .b{n}(b{n}), .p{n}(p{n})"
                                            for n in range(len(ports))) + ");", "  initial begin",
              *tries, f"    $display(\"{len(tries)} tried, %0d wrong\", wrong);", "  end",
              "endmodule"]
    (tmp_path / "bench.sv").write_text("\n".join(bench) + "\n")
    target = TARGETS[family]
    target.lay_out(tmp_path)
    flat = mapped("products.sv", "products", [
        *target.passes("products")[:-1], "techmap", "opt_clean"], family, tmp_path)
    assert cells_of(tmp_path, cell) >= 2 * (len(WIDTHS) - 2)
    said, _ = icarus([flat, tmp_path / "bench.sv"], tmp_path)
    assert said.strip().endswith(f"{len(tries)} tried, 0 wrong"), said[-2000:]

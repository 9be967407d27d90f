"""Each flow's tools, called as a board's build calls them, carry a little design to a bitstream."""

from dataclasses import replace

import pytest

pytest.importorskip("amaranth_boards")
pytest.importorskip("pyosys")

from proofmill.boards.build import mend  # noqa: E402
from proofmill.boards.catalogue import board  # noqa: E402
from proofmill.boards.flows import (  # noqa: E402
    BITSTREAMS,
    PARTS,
    constraints,
    nextpnr,
    packer,
    parts_of,
    target_of,
)
from proofmill.boards.measure import clock_rate  # noqa: E402
from proofmill.boards.tools import run, run_yosys  # noqa: E402

DESIGN = """
module top(input clk, input rx, output reg tx, output active);
  reg [25:0] a; reg [16:0] b; reg [42:0] product; reg [30:0] sum; reg [3:0] address;
  reg [7:0] words[0:15]; reg [7:0] word;
  always @(posedge clk) begin
    a <= {a, rx};
    b <= {b, a[25]};
    product <= a * b;
    sum <= sum + product[30:0];
    address <= product[3:0];
    words[address] <= sum[20:13];
    word <= words[product[42:39]];
    tx <= ^{product, word};
  end
  assign active = word[0];
endmodule
"""
"""A product between registers, a carry chain, and a memory that is read at once."""

BOARDS = {
    "tang-mega-138k": board("tang-mega-138k"), "tang-primer-25k": board("tang-primer-25k"),
    "crosslink-nx-evn": board("crosslink-nx-evn"),
    "tang-nano-20k": board("tang-nano-20k"),
}


def test_every_part_without_a_platform_is_tried():
    assert {parts_of(found) for found in BOARDS.values()} == {*PARTS["gowin"], *PARTS["nexus"]}


def test_a_slow_clock_is_not_looked_at_while_placing():
    slow = board("crosslink-nx-evn")
    assert "--no-tmdriv" in nextpnr(slow, 1)
    assert "--no-tmdriv" not in nextpnr(replace(slow, clock_hz=50e6), 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", BOARDS)
def test_a_little_design_becomes_a_bitstream(name, tmp_path):
    found = BOARDS[name]
    target = target_of(found)
    target.lay_out(tmp_path)
    (tmp_path / "top.v").write_text(DESIGN)
    file, places = constraints(found)
    (tmp_path / file).write_text(places)
    run_yosys(["read_verilog top.v", *target.passes("top", parts_of(found).synthesis),
               "write_json top.json"], tmp_path)
    mend(found, tmp_path)
    log = run(nextpnr(found, 1), tmp_path, "nextpnr.log")
    assert clock_rate(log) * 1e6 > found.clock_hz
    run(packer(found), tmp_path, "pack.log")
    assert (tmp_path / BITSTREAMS[found.flow]).stat().st_size > 100_000

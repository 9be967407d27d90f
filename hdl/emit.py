"""Write a component as SystemVerilog that simulators and synthesisers read alike."""

import re

from amaranth._toolchain.yosys import find_yosys
from amaranth.back import rtlil

ZERO_INITIALISATION = re.compile(
    r"^ *cell \$meminit_v2 [^\n]*\n(?:(?!^ *end\n)[^\n]*\n)*? *connect \\DATA \d+'0+\n"
    r"(?:(?!^ *end\n)[^\n]*\n)*?^ *end\n", re.MULTILINE)
"""A memory's initial contents where they are all zero."""


def emit_verilog(component, name: str) -> str:
    """Return `component` as SystemVerilog, its top module called `name`.

    Ports are named by the signature, nesting joined with ``__``; ``clk`` and ``rst`` come with
    the first synchronous register. `amaranth.back.verilog.convert` would write ``always @*``,
    which Icarus leaves at X for outputs that never change (amaranth issue 1629); ``-sv`` writes
    ``always_comb``, which starts by itself. The text depends on the component alone (no source
    positions), so its hash names the gateware.

    A memory of zeros comes without initial contents, which would be one line of Verilog for each
    of its words: nothing here reads a word it has not written, and what has to be empty (the
    mailboxes' flags) is cleared after reset.
    """
    text = ZERO_INITIALISATION.sub("", rtlil.convert(component, name=name, emit_src=False))
    yosys = find_yosys(lambda version: version >= (0, 40))
    # Yosys warns that not all processes can be written as Verilog; Amaranth emits only those
    # that can, and its own back end silences this warning in the same way.
    return yosys.run(["-q", "-"], "\n".join([
        f"read_rtlil <<rtlil\n{text}\nrtlil",
        "proc -nomux -norom",
        "memory_collect",
        "write_verilog -sv -norename -noattr",
    ]), ignore_warnings=True)

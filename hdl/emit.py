"""Write a component as SystemVerilog that simulators and synthesisers read alike."""

from amaranth._toolchain.yosys import find_yosys
from amaranth.back import rtlil


def emit_verilog(component, name: str) -> str:
    """Return `component` as SystemVerilog, its top module called `name`.

    Ports are named by the signature, nesting joined with ``__``; ``clk`` and ``rst`` come with
    the first synchronous register. `amaranth.back.verilog.convert` would write ``always @*``,
    which Icarus leaves at X for outputs that never change (amaranth issue 1629); ``-sv`` writes
    ``always_comb``, which starts by itself. The text depends on the component alone (no source
    positions), so its hash names the gateware.
    """
    text = rtlil.convert(component, name=name, emit_src=False)
    yosys = find_yosys(lambda version: version >= (0, 40))
    return yosys.run(["-q", "-"], "\n".join([
        f"read_rtlil <<rtlil\n{text}\nrtlil",
        "proc -nomux -norom",
        "memory_collect",
        "write_verilog -sv -norename -noattr",
    ]))

"""A core file of FuseSoC (CAPI 2), so that a unit can be used in a tree of cores."""

from pathlib import Path

CORE = """\
CAPI=2:
name: "proofmill:proofmill:{unit}:{version}"
description: "{title}"
filesets:
  rtl:
    files: [{verilog}]
    file_type: systemVerilogSource
  waivers:
    files: [{waivers}]
    file_type: vlt
{bench}targets:
  default:
    filesets: [rtl]
    toplevel: {unit}
  lint:
    default_tool: verilator
    filesets: [rtl, waivers]
    toplevel: {unit}
    tools:
      verilator:
        mode: lint-only
        verilator_options: [-Wall]
{simulation}"""

BENCH = """\
  bench:
    files: [{file}]
    file_type: systemVerilogSource
"""

SIMULATION = """\
  sim:
    default_tool: icarus
    filesets: [rtl, bench]
    toplevel: {unit}_tb
    tools:
      icarus:
        iverilog_options: [-g2012]
      verilator:
        mode: binary
        verilator_options: [--timing, -Wno-lint]
"""


WAIVERS = Path(__file__).with_name("waivers.vlt")
"""What Verilator is told not to warn of, each with its reason: a file for all units."""


def core_file(unit: str, title: str, version: str, verilog: str, waivers: str,
              bench: str | None) -> str:
    """The text of a core file; `verilog`, `waivers` and `bench` are names of files beside it."""
    return CORE.format(
        unit=unit, title=title, version=version, verilog=verilog, waivers=waivers,
        bench="" if bench is None else BENCH.format(file=bench),
        simulation="" if bench is None else SIMULATION.format(unit=unit))

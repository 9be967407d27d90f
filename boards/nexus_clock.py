"""The clock of a Lattice Nexus, brought to the chip's clock wires before anything is routed.

nextpnr (0.8 and 0.11.1) puts the buffer before the clock wires where a way leads from the clock's
pin, and its `router2` then finds no way there. Its `router1` does, but takes far longer for a whole
design. So a register on the board's own pins is placed and routed by `router1`, and the buffer's
place and the way to it go into the design, which `router2` then leaves as they are.
"""

import json
from pathlib import Path
from typing import Any

from proofmill.boards.board import Board
from proofmill.boards.flows import PACKAGES, constraints, target_of
from proofmill.boards.tools import ToolError, command, run, run_yosys

BUFFER = "DCC"
"""The cell that drives the clock wires."""

INPUT_PAD = "IB"

CLOCK = "clk"
"""The port of `boards.board.PlainTop`."""

LOCKED = "5"
"""nextpnr's strength of a way that no router takes up."""

REGISTER = """
module top(input clk, input rx, output reg tx, output active);
  always @(posedge clk) tx <= rx;
  assign active = rx;
endmodule
"""
"""The least that has the ports of `boards.board.PlainTop` and a clock."""

Module = dict[str, Any]


def bring_clock(board: Board, module: Module, folder: Path) -> None:
    """Put the clock's buffer and the way to it into `module`, the board's netlist; what finds them
    is left in ``clock`` in `folder`. Raises `ToolError`."""
    folder = folder / "clock"
    folder.mkdir(exist_ok=True)
    (folder / "top.v").write_text(REGISTER)
    target = target_of(board)
    target.lay_out(folder)
    run_yosys(["read_verilog top.v", *target.passes("top"), "write_json top.json"], folder)
    name, places = constraints(board)
    (folder / name).write_text(places)
    package = PACKAGES[board.flow]
    run([*command(package, package), "--device", board.chip, "--json", "top.json", "--pdc", name,
         "--router", "router1", "--write", "routed.json"], folder, "nextpnr.log")
    lay_clock(module, *way_of(json.loads((folder / "routed.json").read_text())["modules"]["top"]))


def way_of(routed: Module) -> tuple[str, str]:
    """(the place of the buffer, the way from the clock's pin to it) in a module that nextpnr has
    routed, as it writes them."""
    buffers = [cell for cell in routed["cells"].values() if cell["type"] == BUFFER]
    if len(buffers) != 1:
        raise ToolError(f"nextpnr drives a register's clock by {len(buffers)} buffers, not by one")
    wire = buffers[0]["connections"]["CLKI"]
    for net in routed["netnames"].values():
        if net["bits"] == wire and (way := net["attributes"].get("ROUTING", "").strip()):
            steps = way.split(";")
            steps[2::3] = [LOCKED] * len(steps[2::3])
            return buffers[0]["attributes"]["NEXTPNR_BEL"], ";".join(steps)
    raise ToolError("nextpnr says no way from the clock's pin to the clock's buffer")


def lay_clock(module: Module, place: str, way: str) -> None:
    """Put a buffer between the clock's pad and all that it drives, at this place, by this way."""
    pin = module["ports"][CLOCK]["bits"]
    pads = [cell for cell in module["cells"].values()
            if cell["type"] == INPUT_PAD and cell["connections"]["I"] == pin]
    if len(pads) != 1:
        raise ToolError(f"the design has {len(pads)} pads at its clock's pin, not one")
    wire, = pads[0]["connections"]["O"]
    behind = 1 + max(bit for net in module["netnames"].values() for bit in net["bits"]
                     if isinstance(bit, int))
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if wire in bits and cell["port_directions"][port] != "output":
                cell["connections"][port] = [behind if bit == wire else bit for bit in bits]
    for net in module["netnames"].values():
        if net["bits"] == [wire]:
            net["attributes"]["ROUTING"] = way
    module["cells"]["clock_buffer"] = {
        "hide_name": 0, "type": BUFFER, "parameters": {}, "attributes": {"BEL": place},
        "port_directions": {"CLKI": "input", "CLKO": "output"},
        "connections": {"CLKI": [wire], "CLKO": [behind]}}
    module["netnames"]["clock_buffer"] = {"hide_name": 0, "bits": [behind], "attributes": {}}

"""The longest path of a routed design, off nextpnr's log, by instance and line of the sources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from proofmill.boards.source_lines import lines_of
from proofmill.boards.tools import ToolError
from proofmill.firmware.library import finishing_program
from proofmill.hdl.board_top import BoardCore
from proofmill.hdl.msm import MsmShape
from proofmill.hdl.sdram import SdramController

REPORT = re.compile(r"Critical path report for clock [^\n]*\n(.*?)"
                    r"Info: ([0-9.]+) ns logic, ([0-9.]+) ns routing", re.DOTALL)
"""The longest path from clock to clock."""

STEP = re.compile(r"^Info: +\S+ +[0-9.]+ +([0-9.]+) (?:Source (\S+)\.\w+|Net (\S+) \(.*)$",
                  re.MULTILINE)
"""A cell's output, or a wire's end: nanoseconds after the clock's edge, and whose."""

MAPPED = re.compile(r"\[|\$|_(?=[A-Z]{2})|_(?=[A-Z]\d*(?:_|\[|$))")
"""What mapping adds to a signal's name begins so, whatever the family: names here are in small
letters."""

CORE = "core"
"""What `boards.board.BoardTop` and `PlainTop` call the board's gateware."""


@dataclass(frozen=True)
class Route:
    """A path: nanoseconds in cells and in wires, and when it has come to which name."""

    cells: float
    wires: float
    stops: list[tuple[float, str]]


def routed_path(log: str) -> Route:
    """The longest path that a log of nextpnr ends with. Raises `ToolError` where it has none."""
    found = REPORT.findall(log)
    if not found:
        raise ToolError("nextpnr reported no longest path")
    steps, cells, wires = found[-1]
    return Route(float(cells), float(wires), [
        (float(time), cell or net) for time, cell, net in STEP.findall(steps)])


def signal_of(name: str, lines: Mapping[str, str]) -> tuple[str, str]:
    """(path, line) of the signal that a cell or net is named after.

    `lines` is what `boards.source_lines.lines_of` gives of a unit; the design may have the unit
    within, so its path may begin anywhere in the name. Without a signal called so the line is "".
    """
    parts = MAPPED.split(name)[0].split(".")
    while len(parts) > 1 and parts[-1].isdigit():  # a memory's blocks are numbered
        parts.pop()
    plain = ".".join(parts)
    for first in range(len(parts)):
        if (path := ".".join(parts[first:])) in lines:
            return path, lines[path]
    return plain, ""


def of_a_board(route: Route) -> bool:
    """Whether the design is a board's, whose gateware is called ``core``."""
    return any(name.startswith(f"{CORE}.") for _, name in route.stops)


def lines_of_a_board(shape: MsmShape) -> dict[str, str]:
    """Where the signals of a board with the accelerator `shape` are made, by their paths in it."""
    # Either kind of memory may be there.
    sdram = lines_of(SdramController(1e8))
    return {f"store.{path}": line for path, line in sdram.items()} | lines_of(
        BoardCore(shape, finishing_program(shape), divisor=4, clock_hz=1e8))


def told(route: Route, lines: Mapping[str, str]) -> list[str]:
    """The path in lines: when it leaves a signal's cells and wires, its instance, and where it is
    made. What has no name of its own goes with the signal before."""
    total = route.cells + route.wires
    said = [(f"longest path: {total:.2f} ns ({1000 / total:.1f} MHz), {route.cells:.2f} ns in "
             f"cells, {route.wires:.2f} ns in wires")]
    stops: list[tuple[float, tuple[str, str]]] = []
    for time, name in route.stops:
        signal = signal_of(name, lines)
        nameless = stops and signal[0].endswith(".")
        stops.append((time, stops[-1][1] if nameless else signal))
    for (path, line), steps in groupby(stops, key=lambda stop: stop[1]):
        last = max(time for time, _ in steps)
        instance, _, own = path.rpartition(".")
        said.append(f"  {last:6.2f} ns  {instance or 'the unit itself'}, {own}"
                    + (f" ({line})" if line else ""))
    return said

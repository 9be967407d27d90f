"""The longest paths of a netlist mapped for ECP5, estimated before it is placed.

Placing takes minutes to hours and shows one path; this takes seconds and shows them all, so it says
where a register belongs. A cell's delay is nextpnr's for speed grade 6, as its reports print it; a
wire's is guessed from its fan-out alone, since nothing has a place yet.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from proofmill.boards.packing import CONSTANTS, wires_in

STARTS = {"TRELLIS_FF": 0.52, "DP16KD": 5.7}
"""Nanoseconds from the clock to the output."""

MEMORY_OUT = 0.97
"""... of a block memory with registers behind it."""

PRODUCT_OUT, PRODUCT_IN, PRODUCT = 0.74, 4.2, 3.93
"""... of a multiplier block with registers at its product, at its operands alone; and its delay."""

TABLE, CARRY_IN, CARRY, CARRY_OUT = 0.24, 0.45, 0.071, 0.44
"""A look-up table; into a carry chain, along one cell of it (two bits), and out of it."""

MUX_DATA, MUX_SELECT = {"PFUMX": 0.17, "L6MUX21": 0.24}, 0.26
"""Multiplexers beside tables, whose data comes without a wire in between."""

MAPPED = re.compile(r"_(?:TRELLIS|LUT4|CCU2C|PFUMX|L6MUX21|MULT18X18D|DO[AB])|\[")
"""What mapping adds to a name begins so."""

Wire = Any


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Paths alike but for numbers: how many, and the longest of them in nanoseconds; `first` and
    `last` are the wire that this one begins with and the cell that it ends in."""

    start: str
    end: str
    count: int
    nanoseconds: float
    first: str
    last: str


class Timing:
    """Arrival times in one flat module of Yosys' JSON."""

    def __init__(self, module: dict[str, Any]) -> None:
        self.cells: dict[str, dict[str, Any]] = module["cells"]
        self.fanout: Counter[Wire] = Counter()
        self.driver: dict[Wire, tuple[str, str]] = {}
        for name, cell in self.cells.items():
            self.fanout.update(wires_in(cell))
            for port, wires in cell["connections"].items():
                if cell["port_directions"].get(port) == "output":
                    self.driver |= {wire: (name, port) for wire in wires}
        self.names: dict[Wire, str] = {}
        for name, net in module["netnames"].items():
            for wire in net["bits"]:
                if len(name) < len(self.names.get(wire, name + " ")):
                    self.names[wire] = name
        self.arrival: dict[Wire, float] = {}
        self.before: dict[Wire, Wire | None] = {}

    def wire(self, wire: Wire) -> float:
        """A guess of a wire's delay: 0.6 ns and 0.3 ns for each doubling of its readers."""
        return 0.6 + 0.3 * math.log2(max(1, self.fanout[wire]))

    def begins(self, cell: dict[str, Any]) -> float | None:
        """The delay from the clock, where a cell's outputs come from registers."""
        parameters = cell["parameters"]
        if cell["type"] == "MULT18X18D":
            if parameters.get("REG_OUTPUT_CLK", "NONE") != "NONE":
                return PRODUCT_OUT
            return PRODUCT_IN if parameters.get("REG_INPUTA_CLK", "NONE") != "NONE" else None
        if parameters.get("REGMODE_A") == "OUTREG":
            return MEMORY_OUT
        return STARTS.get(cell["type"])

    def step(self, kind: str, port: str, out: str, wire: Wire) -> float | None:
        """The delay from the driver of `wire` to output `out`; None for an input it does not hang
        on."""
        if kind == "CCU2C":
            if port == "CIN":
                return CARRY if out == "COUT" else CARRY_OUT
            return self.wire(wire) + CARRY_IN + (0 if out == "COUT" else CARRY_OUT / 2)
        if kind in MUX_DATA:
            data = port in ("ALUT", "BLUT", "D0", "D1")
            return MUX_DATA[kind] if data else self.wire(wire) + MUX_SELECT
        if kind == "MULT18X18D":
            return self.wire(wire) + PRODUCT if port[0] in "AB" else None
        if kind == "TRELLIS_DPR16X4" and not port.startswith("RAD"):
            return None
        return self.wire(wire) + TABLE

    def at(self, last: Wire) -> float:
        """When `last` has its value, in nanoseconds after the clock's edge."""
        waiting = [last]
        while waiting:
            wire = waiting[-1]
            if wire in self.arrival:
                waiting.pop()
                continue
            name, out = self.driver.get(wire, ("", ""))
            cell = self.cells.get(name)
            begin = 0.0 if cell is None else self.begins(cell)
            if begin is not None or cell is None:
                self.arrival[wire], self.before[wire] = begin or 0.0, None
                continue
            ways = [(source, delay) for port, sources in cell["connections"].items()
                    if cell["port_directions"].get(port) != "output"
                    for source in sources if source not in CONSTANTS
                    if (delay := self.step(cell["type"], port, out, source)) is not None]
            missing = [source for source, _ in ways if source not in self.arrival]
            if missing:
                if len(waiting) > 100 * len(self.cells):
                    raise ValueError(f"{self.names.get(wire)} hangs on itself, without a register")
                waiting += missing
                continue
            found = max(((self.arrival[source] + delay, source) for source, delay in ways),
                        key=lambda way: way[0], default=(0.0, None))
            self.arrival[wire], self.before[wire] = found
        return self.arrival[last]

    def start(self, wire: Wire) -> str:
        """The name of the register at which the longest path to `wire` begins."""
        while (before := self.before[wire]) is not None:
            wire = before
        return self.names.get(wire, "?")

    def groups(self) -> list[Paths]:
        """All paths, those alike put together, the longest first."""
        longest: dict[tuple[str, str], tuple[float, int, str, str]] = {}
        for name, cell in self.cells.items():
            kind = cell["type"]
            if kind not in STARTS and kind not in ("MULT18X18D", "TRELLIS_DPR16X4"):
                continue
            for port, wires in cell["connections"].items():
                clock = port in ("CLK", "CLKA", "CLKB", "WCK", "CLK0")
                read = kind == "TRELLIS_DPR16X4" and port.startswith("RAD")
                if clock or read or cell["port_directions"].get(port) == "output":
                    continue
                for wire in wires:
                    if wire in CONSTANTS or wire not in self.driver:
                        continue
                    time = self.at(wire) + self.wire(wire)
                    first = self.start(wire)
                    key = (plain_name(first), plain_name(name))
                    before, count, *ends = longest.get(key, (0.0, 0, first, name))
                    if time > before:
                        before, ends = time, [first, name]
                    longest[key] = (before, count + 1, ends[0], ends[1])
        return sorted((Paths(start=start, end=end, count=count, nanoseconds=time, first=first,
                             last=last)
                       for (start, end), (time, count, first, last) in longest.items()),
                      key=lambda group: -group.nanoseconds)


def plain_name(name: str) -> str:
    """A signal's name without what mapping has added, numbers as #."""
    return re.sub(r"\$?\d+", "#", MAPPED.split(name)[0])

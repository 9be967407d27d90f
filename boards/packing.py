"""What a netlist mapped for ECP5 lacks before it is placed: registers where they belong.

Registers around a multiplier block are moved into it. Yosys maps a product to a MULT18X18D and
leaves the registers before and after it in the fabric, though the block has registers of its own:
at its operands, and at its product. A register there costs no flip-flop, and the way to it no setup
of a table; what nextpnr knows of either is in its timing model (`MULT18X18D_REGS_INPUT`,
`..._OUTPUT`, `..._ALL`).

Registers that hundreds of inputs read are made several: neither Yosys nor nextpnr does that, and
one wire to all corners of a chip takes 13 ns. That helps a multiplier that fills the chip; of what
has files of registers besides, a whole multi-scalar multiplication, the routing did not come to an
end.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

BLOCK, REGISTER = "MULT18X18D", "TRELLIS_FF"

CONSTANTS = ("0", "1", "x")

OPERANDS = [f"{side}{bit}" for side in "AB" for bit in range(18)]

PRODUCT = [f"P{bit}" for bit in range(36)]

MOST_READERS = 48
"""Inputs that one register feeds, at the most; beyond, it has copies."""

CONTROL = ("CLK", "CE", "LSR", "WCK", "WRE", "CLKA", "CLKB", "CEA", "CEB", "CLK0", "CE0")
"""Inputs that slices share, which stay with one wire."""

Cells = dict[str, dict[str, Any]]


def plain(cell: dict[str, Any]) -> bool:
    """Whether a cell is a register that takes its input in every cycle, with no reset."""
    if cell["type"] != REGISTER:
        return False
    parameters, wires = cell["parameters"], cell["connections"]
    return (parameters.get("CEMUX", "1").strip() == "1" and parameters.get("CLKMUX") == "CLK"
            and wires.get("LSR", ["0"]) in (["0"], []) and "DI" in wires)


def wires_in(cell: dict[str, Any]) -> Iterator[Any]:
    """The wires that a cell reads."""
    for port, wires in cell["connections"].items():
        if cell["port_directions"].get(port) != "output":
            yield from (wire for wire in wires if wire not in CONSTANTS)


def readers(module: dict[str, Any]) -> Counter[Any]:
    """How often each wire is read, by cells and by the module's ports."""
    count: Counter[Any] = Counter()
    for cell in module["cells"].values():
        count.update(wires_in(cell))
    for port in module["ports"].values():
        if port["direction"] != "input":
            count.update(port["bits"])
    return count


def clocked(cell: dict[str, Any], clock: Any, stages: tuple[str, ...]) -> None:
    """Turn on a block's registers of `stages`."""
    cell["connections"] |= {"CLK0": [clock], "CE0": ["1"], "RST0": ["0"]}
    cell["port_directions"] |= {"CLK0": "input", "CE0": "input", "RST0": "input"}
    cell["parameters"] |= {"GSR": "DISABLED", "RESETMODE": "SYNC"}
    for stage in stages:
        cell["parameters"] |= {f"REG_{stage}_CLK": "CLK0", f"REG_{stage}_CE": "CE0",
                               f"REG_{stage}_RST": "RST0"}


def absorb(design: dict[str, Any], top: str) -> tuple[int, int]:
    """Move registers into the multiplier blocks of module `top` of Yosys' JSON.

    A product's registers are moved where nothing else reads the product; operands' registers
    where both operands have them, or are constant, on the product's clock: a copy goes into the
    block, and the register itself goes where nobody else reads it. Only registers without enable
    and reset are moved, so every net has in every cycle the value that it had before.

    Returns (blocks with registered operands, blocks with a registered product).
    """
    module = design["modules"][top]
    cells: Cells = module["cells"]
    blocks = [cell for cell in cells.values() if cell["type"] == BLOCK]
    registers = {name: cell for name, cell in cells.items() if plain(cell)}
    count = readers(module)
    by_input: dict[Any, list[str]] = {}
    for name, cell in registers.items():
        by_input.setdefault(cell["connections"]["DI"][0], []).append(name)

    products = 0
    clocks: dict[int, Any] = {}
    for block in blocks:
        wires = {port: block["connections"][port][0] for port in PRODUCT
                 if block["connections"].get(port) and count[block["connections"][port][0]]}
        after = {port: by_input.get(wire, []) for port, wire in wires.items()}
        if not after or any(len(after[port]) != 1 or count[wire] != 1
                            for port, wire in wires.items()):
            continue
        found = {registers[names[0]]["connections"]["CLK"][0] for names in after.values()}
        if len(found) != 1:
            continue
        clocks[id(block)] = clock = found.pop()
        for port, names in after.items():
            block["connections"][port] = registers.pop(names[0])["connections"]["Q"]
            del cells[names[0]]
        clocked(block, clock, ("OUTPUT",))
        products += 1

    by_output = {cell["connections"]["Q"][0]: cell for cell in registers.values()}
    operands = 0
    for block in blocks:
        wires = {port: block["connections"].get(port, ["0"])[0] for port in OPERANDS}
        before = {port: by_output.get(wire) for port, wire in wires.items()
                  if wire not in CONSTANTS}
        if not before or None in before.values():
            continue
        found = {cell["connections"]["CLK"][0] for cell in before.values() if cell is not None}
        if len(found) != 1 or clocks.get(id(block), *found) not in found:
            continue
        for port, cell in before.items():
            assert cell is not None
            block["connections"][port] = cell["connections"]["DI"]
        clocked(block, found.pop(), ("INPUTA", "INPUTB"))
        operands += 1

    count = readers(module)
    for name, cell in registers.items():
        if not count[cell["connections"]["Q"][0]]:
            del cells[name]
    return operands, products


def natural(name: str) -> list[tuple[int, str]]:
    """A sorting key that has bit 2 before bit 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def duplicate(design: dict[str, Any], top: str, most: int = MOST_READERS) -> int:
    """Give registers of module `top` with more than `most` readers copies that share them.

    Readers are shared out in the order of their names, so those of neighbouring bits stay together.
    A copy has the register's own inputs, so it always has its value. Returns the copies made.
    """
    module = design["modules"][top]
    cells: Cells = module["cells"]
    reading: dict[Any, list[tuple[str, str, int]]] = {}
    driver = {cell["connections"]["Q"][0]: name for name, cell in cells.items()
              if cell["type"] == REGISTER}
    fresh = 1 + max((wire for cell in cells.values() for wires in cell["connections"].values()
                     for wire in wires if isinstance(wire, int)), default=1)
    for name, cell in cells.items():
        for port, wires in cell["connections"].items():
            if cell["port_directions"].get(port) != "output" and port not in CONTROL:
                for n, wire in enumerate(wires):
                    reading.setdefault(wire, []).append((name, port, n))
    copies: Counter[str] = Counter()
    waiting = [name for name, cell in cells.items() if cell["type"] == REGISTER]
    while waiting:
        cell = cells[name := waiting.pop()]
        readers = reading.get(cell["connections"]["Q"][0], [])
        parts = -(-len(readers) // most)
        if parts < 2:
            continue
        readers.sort(key=lambda reader: natural(reader[0]))
        cuts = [len(readers) * part // parts for part in range(parts + 1)]
        for part in range(1, parts):
            copies[name] += 1  # a register may come here again, with readers that are copies
            copy = f"{name}$copy{copies[name]}"
            cells[copy] = cell | {"connections": {
                port: list(wires) for port, wires in cell["connections"].items()} | {"Q": [fresh]}}
            reading[fresh], driver[fresh] = readers[cuts[part]:cuts[part + 1]], copy
            for reader, port, n in reading[fresh]:
                cells[reader]["connections"][port][n] = fresh
            # The register before has as many more readers.
            before = cell["connections"]["DI"][0]
            reading.setdefault(before, []).append((copy, "DI", 0))
            waiting += [driver[before]] if before in driver else []
            fresh += 1
        reading[cell["connections"]["Q"][0]] = readers[:cuts[1]]
    return copies.total()


def prepare(design: dict[str, Any], top: str, copies: bool = False) -> None:
    """All of this module, for the flat module `top`; copies of registers only with `copies`."""
    absorb(design, top)
    if copies:
        duplicate(design, top)

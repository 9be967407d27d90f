"""What a netlist mapped for ECP5 lacks before it is placed: registers where they belong.

Registers around a multiplier block are moved into it. Yosys maps a product to a MULT18X18D and
leaves the registers before and after it in the fabric, though the block has registers of its own:
at its operands, and at its product. A register there costs no flip-flop, and the way to it no setup
of a table; what nextpnr knows of either is in its timing model (`MULT18X18D_REGS_INPUT`,
`..._OUTPUT`, `..._ALL`).

So are registers behind a block memory.

Registers that hundreds of inputs read are made several: neither Yosys nor nextpnr does that, and
one wire to all corners of a chip takes 13 ns.

Constants are kept off the chip's wires: nextpnr has one wire to all of them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

BLOCK, REGISTER, MEMORY, BLOCK_MEMORY = (
    "MULT18X18D", "TRELLIS_FF", "TRELLIS_DPR16X4", "DP16KD")

CONSTANTS = ("0", "1", "x")

OPERANDS = [f"{side}{bit}" for side in "AB" for bit in range(18)]

PRODUCT = [f"P{bit}" for bit in range(36)]

MOST_READERS = 48
"""Inputs that one register feeds, at the most; beyond, it has copies."""

MOST_ENABLED = 256
"""... and registers that one enables or resets: those in a slice share that wire."""

SHARED = ("CE", "LSR")

CONTROL = (*SHARED, "CLK", "WCK", "WRE", "CLKA", "CLKB", "CEA", "CEB", "CLK0", "CE0")
"""Inputs that cells side by side share; but for `SHARED`, they stay with one wire."""

CONSTANT_INPUTS = {MEMORY: ("RAD", "WAD"), BLOCK: ("SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB")}
"""Inputs that nextpnr drives with a wire even when they are constant."""

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


def absorb_reads(module: dict[str, Any]) -> int:
    """Move the registers behind port A of block memories into these; return how many memories.

    The clock is there 0.9 ns after the edge then, not 5.6. A memory keeps its registers outside
    where one of them has an enable or a reset, or something else reads what it is given.
    """
    cells: Cells = module["cells"]
    count = readers(module)
    registers = {cell["connections"]["DI"][0]: name for name, cell in cells.items() if plain(cell)}
    moved = 0
    for memory in [cell for cell in cells.values() if cell["type"] == BLOCK_MEMORY]:
        wires, parameters = memory["connections"], memory["parameters"]
        after = {port: registers.get(bits[0]) for port, bits in wires.items()
                 if port.startswith("DOA") and count[bits[0]]}
        if (not after or None in after.values() or parameters["REGMODE_A"] != "NOREG"
                or wires["OCEA"] != ["1"] or wires["RSTA"] != ["0"]
                or any(count[wires[port][0]] != 1 for port in after)
                or any(cells[str(name)]["connections"]["CLK"] != wires["CLKA"]
                       for name in after.values())):
            continue
        for port, name in after.items():
            wires[port] = cells.pop(str(name))["connections"]["Q"]
        parameters["REGMODE_A"] = "OUTREG"
        moved += 1
    return moved


def absorb(design: dict[str, Any], top: str) -> tuple[int, int]:
    """Move registers into the multiplier blocks of module `top` of Yosys' JSON.

    A product's registers are moved where nothing else reads the product; operands' registers
    where both operands have them, or are constant, on the product's clock: a copy goes into the
    block, and the register itself goes where nobody else reads it. Only registers without enable
    and reset are moved, so every net has in every cycle the value that it had before.

    A block memory's registers behind port A are moved likewise.

    Returns (blocks with registered operands, blocks with a registered product).
    """
    module = design["modules"][top]
    cells: Cells = module["cells"]
    absorb_reads(module)
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


def first_free(cells: Cells) -> int:
    """A wire that no cell has, and all after it."""
    return 1 + max((wire for cell in cells.values() for wires in cell["connections"].values()
                    for wire in wires if isinstance(wire, int)), default=1)


def natural(name: str) -> list[tuple[int, str]]:
    """A sorting key that has bit 2 before bit 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def duplicate(design: dict[str, Any], top: str, most: int = MOST_READERS,
              shared: bool = False) -> int:
    """Give registers of module `top` with more than `most` readers copies that share them.

    With `shared`, those are counted and shared out that read it as their enable or reset.

    Readers are shared out in the order of their names, so those of neighbouring bits stay together.
    A copy has the register's own inputs, so it always has its value. Returns the copies made.
    """
    module = design["modules"][top]
    cells: Cells = module["cells"]
    reading: dict[Any, list[tuple[str, str, int]]] = {}
    driver = {cell["connections"]["Q"][0]: name for name, cell in cells.items()
              if cell["type"] == REGISTER}
    fresh = first_free(cells)
    for name, cell in cells.items():
        for port, wires in cell["connections"].items():
            if (cell["port_directions"].get(port) != "output"
                    and (port in SHARED if shared else port not in CONTROL)):
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
            if not shared:
                reading.setdefault(before, []).append((copy, "DI", 0))
                waiting += [driver[before]] if before in driver else []
            fresh += 1
        reading[cell["connections"]["Q"][0]] = readers[:cuts[1]]
    return copies.total()


def untie(design: dict[str, Any], top: str, most: int = MOST_READERS) -> tuple[int, int]:
    """Keep constants of module `top` off the chip's wires.

    nextpnr drives every constant that it cannot configure from one table, with one wire to all of
    the chip. A memory of fewer than sixteen rows has address bits that are 0 when it is written
    and when it is read. They are made 1, so that another sixteenth is used, all the same: a
    table's input that nothing is connected to is 1 by itself, so the address to read needs no
    wire. Only memories that begin with nothing but zeros are changed so.

    The other constants, of `most` inputs each, get tables of their own, which can lie nearby.

    Returns (inputs left unconnected, tables for constants).
    """
    cells: Cells = design["modules"][top]["cells"]
    free = 0
    groups: dict[Any, list[tuple[str, str, int]]] = {}
    for name, cell in cells.items():
        wires = cell["connections"]
        if cell["type"] == MEMORY and "1" not in cell["parameters"]["INITVAL"]:
            for bit, (read, write) in enumerate(zip(wires["RAD"], wires["WAD"], strict=True)):
                if read == write == "0":
                    wires["RAD"][bit], wires["WAD"][bit] = "x", "1"
                    free += 4
        if cell["type"] in CONSTANT_INPUTS:
            for port in CONSTANT_INPUTS[cell["type"]]:
                for bit, wire in enumerate(wires.get(port, [])):
                    if wire in ("0", "1"):
                        # Memories with one address to write lie together.
                        near = (tuple(wires["WAD"]) if cell["type"] == MEMORY else cell["type"])
                        groups.setdefault((near, wire), []).append((name, port, bit))
    fresh = first_free(cells)
    tables = 0
    for (_, value), inputs in groups.items():
        inputs.sort(key=lambda place: natural(place[0]))
        parts = -(-len(inputs) // most)
        for part in range(parts):
            cells[f"$constant{tables}"] = {
                "hide_name": 1, "type": "LUT4", "attributes": {},
                "parameters": {"INIT": value * 16},
                "port_directions": {"Z": "output"}, "connections": {"Z": [fresh + tables]}}
            for name, port, bit in inputs[len(inputs) * part // parts:
                                          len(inputs) * (part + 1) // parts]:
                cells[name]["connections"][port][bit] = fresh + tables
            tables += 1
    return free, tables


def prepare(design: dict[str, Any], top: str) -> None:
    """All of this module, for the flat module `top`."""
    absorb(design, top)
    untie(design, top)
    duplicate(design, top, MOST_ENABLED, shared=True)
    duplicate(design, top)

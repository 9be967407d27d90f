"""What a netlist mapped for Lattice Nexus lacks before it is placed."""

from typing import Any

FEEDS_IN = "0xFFFF"
"""`INIT0` of a CCU2 that brings a carry into a chain: 1 whatever its inputs are."""


def free_carries(design: dict[str, Any], top: str) -> int:
    """Disconnect the carry inputs that begin a chain of module `top`; return how many.

    Yosys 0.70 ties the carry input of a cell that only brings a carry in to 0, which it does not
    read, and nextpnr 0.11.1 takes a carry from nothing but another carry cell.
    """
    freed = 0
    for cell in design["modules"][top]["cells"].values():
        if cell["type"] == "CCU2" and cell["parameters"].get("INIT0", "").strip() == FEEDS_IN:
            cell["connections"]["CIN"] = []
            freed += 1
    return freed

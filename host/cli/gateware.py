"""``proofmill verilog`` and ``proofmill commands``: the gateware for those who build on it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from proofmill.host.cli.arguments import machine_reads, output_file, whole
from proofmill.host.cli.board import find_board
from proofmill.host.cli.extras import missing
from proofmill.host.cli.measure_options import (
    ANY_CURVE,
    DEFAULTS,
    NUMBERS,
    ON_OTHERS,
    OTHER_CURVES,
    add_shape_options,
    built_in,
    preset,
    shape_of,
)
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.descriptors import open_descriptor
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.boards.cores.core import Core
    from proofmill.boards.cores.proofs.sby import Formula, Proof

UNITS = ("multiplier", "axis_multiplier", "inverter", "adder", "batch_adder", "processor",
         "wide_processor", "evaluation", "matrix", "transform", "mailboxes", "recoder", "msm",
         "accelerator", "board")
PROGRAMS = ("invert", "multiply", "power")
BUSES = ("axi-stream", "axi4-lite")

WITH_ANSWERS = ("msm", "accelerator", "recoder", "board")
"""Units in whose benches there are windows."""


def register(commands: Commands) -> None:
    """Add the commands."""
    verilog = commands.add_parser(
        "verilog", help="write the accelerator, or a unit of it, as SystemVerilog",
        description="Write the SystemVerilog of the accelerator, or of one of its units for a "
                    "design of your own. The gateware is what --device rtl simulates, in a text "
                    "that every tool takes.",
        epilog="example: proofmill verilog multiplier.sv --unit multiplier --preset toy --bench "
               "--core; iverilog -g2012 -o bench multiplier.sv multiplier_tb.sv && vvp -n bench")
    verilog.add_argument("file", metavar="OUT.sv", type=output_file)
    verilog.add_argument("--unit", choices=UNITS, metavar="|".join(UNITS), default="accelerator",
                         help="what to write; its top module is called so (default: %(default)s)")
    add_shape_options(verilog)
    verilog.add_argument("--bus", choices=BUSES, metavar="|".join(BUSES),
                         help="put the unit behind this bus: a multiplier, inverter, adder (of one "
                              "group, a pair at a time), batch_adder or processor; a transform "
                              "behind axi-stream")
    verilog.add_argument("--board", metavar="BOARD|FILE.py",
                         help="whose gateware --unit board is, up to the pads")
    verilog.add_argument("--curve", choices=ANY_CURVE, metavar="|".join(ANY_CURVE),
                         help="the preset's own, or of the toy curve the preset toy; of "
                              f"{' and '.join(OTHER_CURVES)} {', '.join(ON_OTHERS)}, of "
                              f"{OTHER_CURVES[-1]} in G1")
    verilog.add_argument("--group", choices=("g1", "g2", "both"), metavar="g1|g2|both",
                         default="both", help="g1 leaves G2 out; g2, of an adder or "
                                              "batch_adder, G1 (default: %(default)s, and of a "
                                              "batch_adder, and an adder behind a bus, g1)")
    verilog.add_argument("--window", type=whole(2, 16), metavar="N",
                         help="bits of the windows in the bench of an msm, accelerator, "
                              "recoder or board")
    verilog.add_argument("--program", choices=PROGRAMS, metavar="|".join(PROGRAMS),
                         help="what a processor runs (default: invert)")
    verilog.add_argument("--bench", action="store_true",
                         help="write OUT_tb.sv too: a bench in Verilog with known answers")
    verilog.add_argument("--core", action="store_true",
                         help="write OUT.core too, a core file of FuseSoC, and OUT.vlt, what "
                              "verilator -Wall need not say of it")
    verilog.add_argument("--sby", action="store_true",
                         help="write proofs of the unit too, to run again: OUT.sby and OUT_*.il "
                              "for yowasp-sby, OUT_*.smt2 for z3")
    verilog.set_defaults(run=run_verilog, preset=None)
    table = commands.add_parser(
        "commands", help="show the accelerator's command table",
        description="Show what a host can say to the accelerator, word by word: every command "
                    "with the fields of its words, the answer, the words of the identity and the "
                    "counters. Gateware and driver are made from this table.")
    table.set_defaults(run=run_commands)


def run_verilog(options: argparse.Namespace) -> int:
    """Write the Verilog, and what is wanted beside it."""
    from proofmill.host.ground.output import write_atomically

    if Path(options.file).suffix == ".v":
        raise ProofmillError(f"{options.file}: the text is SystemVerilog, and tools take a file "
                             f"that ends in .v for Verilog; name {Path(options.file).stem}.sv")
    names = _beside(options)
    core = core_of(options)
    proofs = _proofs(core) if options.sby else []
    screen = Screen(machine=machine_reads(options.file))
    with screen.bar(f"emitting the {core.unit}"):
        try:
            files = {options.file: core.verilog}
        except ValueError as error:
            raise ProofmillError(f"these parameters make no {core.unit}: {error}") from error
    if "bench" in names:
        with screen.bar("computing known answers"):
            try:
                files[names["bench"]] = core.bench()
            except ValueError as error:
                raise ProofmillError(f"there is no bench: {error}; or leave --bench out"
                                     ) from error
    if "core" in names:
        from proofmill.boards.cores.core import UNITS as DETAILS
        from proofmill.boards.cores.fusesoc import WAIVERS, core_file
        from proofmill.host.cli.main import version

        bench = names.get("bench")
        files[names["core"]] = core_file(
            core.top, DETAILS[core.unit].title, version(),
            Path(options.file).name, Path(names["waivers"]).name,
            None if bench is None else Path(bench).name)
        files[names["waivers"]] = WAIVERS.read_text()
    if proofs:
        from proofmill.boards.cores.proofs.sby import files_of

        with screen.bar("writing the proofs"):
            folder = Path(options.file).parent
            for name, text in files_of(Path(options.file).stem, proofs).items():
                files[str(folder / name)] = text
    for name, text in files.items():
        write_atomically(name, [text.encode()])
    screen.line(f"wrote {', '.join(files)}: top module {core.top}, gateware {core.hash:016x}")
    if core.bus == "axi4-lite":
        from proofmill.hdl.axi_lite import lines_of

        function = core.function()
        function._MustUse__silence = True  # asked, and never built
        for line in lines_of(function):
            screen.line(line)
    return 0


def _proofs(core: "Core") -> "list[Proof | Formula]":
    """The proofs of a unit; raises `ProofmillError` where there are none."""
    from proofmill.boards.cores.proofs.sby import proofs_of

    try:
        found = list(proofs_of(core))
    except ValueError as error:
        raise ProofmillError(f"these parameters make no {core.unit}: {error}") from error
    if not found:
        raise ProofmillError(f"--sby: there are no proofs of a {core.unit}; docs/units.md says of "
                             "which units there are")
    return found


def _beside(options: argparse.Namespace) -> dict[str, str]:
    """The files to write beside the Verilog, by what they are."""
    ends = {"bench": {"bench": "_tb.sv"}, "core": {"core": ".core", "waivers": ".vlt"},
            "sby": {"sby": ".sby"}}
    wanted = {name: end for option, files in ends.items() if getattr(options, option)
              for name, end in files.items()}
    if wanted and open_descriptor(options.file) is not None:
        raise ProofmillError(f"--{next(iter(wanted))} writes a file beside OUT.sv, and "
                             f"{options.file} has no place; name a file")
    path = Path(options.file)
    names = {name: str(path.with_name(path.stem + end)) for name, end in wanted.items()}
    for name in names.values():
        if name == options.file:
            raise ProofmillError(f"{name} would be written twice; call the Verilog otherwise")
        try:
            output_file(name)
        except argparse.ArgumentTypeError as error:
            raise ProofmillError(f"{name}: {error}") from None
    return names


def core_of(options: argparse.Namespace) -> "Core":
    """The unit that the options say; raises `ProofmillError` where they say none."""
    if options.window is not None and (options.unit not in WITH_ANSWERS or not options.bench):
        raise ProofmillError("--window says what a bench computes: it goes with --bench and "
                             f"--unit {' or '.join(WITH_ANSWERS)}")
    if options.program is not None and options.unit != "processor":
        raise ProofmillError("--program goes with --unit processor")
    if options.bus is not None and options.bench:
        raise ProofmillError("--bench is of a unit's own ports; leave it or --bus out")
    if options.unit == "board" or options.board is not None:
        return _board_core(options)
    options.preset = options.preset or DEFAULTS["preset"]
    own = "toy" if options.preset == "toy" else "bn254"
    if options.curve == "toy" and options.preset == "standard":
        options.preset = "toy"
    elif options.curve not in (None, own, *OTHER_CURVES):
        raise ProofmillError(
            f"--curve {options.curve}: the preset {options.preset} is of the curve {own}; "
            + ("leave --preset out" if options.curve == "toy" else "choose --preset standard, "
               "one-row, three-rows or five-rows"))
    try:
        from proofmill.boards.cores.core import Core, no_bus
    except ImportError as error:
        raise missing("writing units needs", error) from error
    options.g1_only = options.group == "g1"
    if options.group == "g2" and options.unit not in ("adder", "batch_adder"):
        raise ProofmillError("--group g2 goes with --unit adder or batch_adder; other units that "
                             "compute in G2 do in G1 as well")
    if options.group == "g2":
        _check_g2(options.curve)
    if options.bus is not None and (why := no_bus(options.unit, options.bus)) is not None:
        raise ProofmillError(f"--bus {options.bus}: {why}")
    shape = _shape(options)
    if options.group == "g2":
        from proofmill.boards.cores.core import of_one_group
        from proofmill.hdl.curve import Group

        shape = of_one_group(shape, Group.G2)
    return Core(unit=options.unit, shape=shape, window=options.window or 0,
                program=options.program or PROGRAMS[0], bus=options.bus or "")


def _check_g2(curve: str | None) -> None:
    """Raise for a curve without G2."""
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.curve import Group

    if curve in OTHER_CURVES and Group.G2 not in TABLE[curve].b:
        raise ProofmillError(f"--curve {curve}: units are of G1 alone; leave --group away")


def _board_core(options: argparse.Namespace) -> "Core":
    """A board's gateware, whose accelerator is the board's or of a preset, as in a build."""
    if options.unit != "board":
        raise ProofmillError("--board goes with --unit board")
    if options.board is None:
        raise ProofmillError("--unit board: say whose with --board; `proofmill board list` names "
                             "the boards")
    for name in ("multiplier", "curve", *NUMBERS):
        if getattr(options, name) is not None:
            raise ProofmillError(f"--{name.replace('_', '-')}: a board's accelerator is said in "
                                 "its file; leave it out, or write a file (docs/boards.md)")
    if options.group != "both":
        raise ProofmillError("--group: a board's accelerator is said in its file; leave it out")
    found = find_board(options.board)
    try:
        from proofmill.boards.cores.core import Core
    except ImportError as error:
        raise missing("writing units needs", error) from error
    shape = built_in(options, found.shape if options.preset is None else preset(options.preset))
    return Core(unit="board", shape=shape, board=found, window=options.window or 0)


def _shape(options: argparse.Namespace) -> Any:
    """The shape; where an interval alone is said, with what it takes in multipliers and units."""
    if (options.interval is not None and options.preset in ("standard", "toy")
            and options.multiplier is None and options.multipliers is None):
        from proofmill.hdl.presets import at_interval

        try:
            base = at_interval(options.interval, preset(options.preset))
        except ValueError as error:
            raise ProofmillError(f"--interval {options.interval}: {error}; or say --multipliers"
                                 ) from error
        options.interval = None
        return shape_of(options, base)
    return shape_of(options)


def run_commands(options: argparse.Namespace) -> int:
    """Show the command table."""
    from proofmill.hdl.commands import (
        ANSWER,
        ARRAY,
        COUNTERS,
        DESCRIPTIONS,
        ENTRY,
        FIRST,
        IDENTITY,
        PHASES,
        ROOM,
        SEGMENT,
        WORDS,
    )

    def fields(layout: Any) -> str:
        return ", ".join(f"{name}[{layout[name].width}]" for name, _ in layout)

    screen = Screen()
    for command, layouts in WORDS.items():
        screen.line(f"{command.value}  {command.name}")
        screen.line(f"   {DESCRIPTIONS[command]}")
        for number, layout in enumerate(layouts):
            screen.line(f"   word {number}: {fields(layout)}")
    screen.line(f"ANSWER: {fields(ANSWER)}")
    screen.line(f"IDENTITY, a word each: {', '.join(IDENTITY)}")
    screen.line(f"COUNTERS, a word each: {', '.join(COUNTERS)}")
    screen.line(f"ARRAY, a word each: {', '.join(ARRAY)}")
    screen.line(f"ROOM, a word each: {', '.join(ROOM)}")
    screen.line(f"PHASES, a word each: {', '.join(PHASES)}")
    for name, layout in (("SEGMENT", SEGMENT), ("FIRST", FIRST), ("ENTRY", ENTRY)):
        screen.line(f"{name}: {fields(layout)}")
    return 0

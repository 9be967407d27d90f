"""``proofmill waves``: a waveform of a unit at work, to look at."""

import argparse
import re
from inspect import iscoroutinefunction
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from proofmill.host.cli.arguments import input_file, output_file, whole_range
from proofmill.host.cli.extras import missing
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.waveform import check_name, keep_waveform, looked_at
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.python_file import load_python, place_in

if TYPE_CHECKING:
    from proofmill.sim.waves import Stimulus

UNITS = ("multiplier", "adder", "mailboxes", "msm", "accelerator", "processor", "transform")


MOST_COLUMNS = 200
"""Cycles in a table; a page or a terminal holds no more."""


def register(commands: Commands) -> None:
    """Add the command."""
    waves = commands.add_parser(
        "waves", help="write a waveform of a unit at work",
        description="Run a short real case of a unit in Amaranth's simulator, and write what "
                    "every signal of it does as a waveform (VCD or FST), beside it a save file "
                    "for GTKWave with the signals to see first.",
        epilog="Example: proofmill waves mailboxes --toy && gtkwave mailboxes.gtkw")
    waves.add_argument("unit", metavar="UNIT", choices=UNITS, help=", ".join(UNITS))
    waves.add_argument("--out", metavar="FILE.vcd|FILE.fst", type=output_file,
                       help="write it there (default: UNIT.vcd in this folder); an .fst is a small "
                            "part of its size")
    waves.add_argument("--toy", action="store_true",
                       help="over the toy curve's 8 bits, easier to read than BN254's 254")
    waves.add_argument("--stimulus", metavar="FILE.py", type=input_file("name one that has "
                       "`async def stimulus(context, unit)`"),
                       help="drive the unit by a function of your own instead of the case here: "
                            "async def stimulus(context, unit), as a testbench of Amaranth; "
                            "adder, mailboxes and msm are parts of an accelerator, which it drives")
    waves.add_argument("--cycles", metavar="A-B", type=whole_range(MOST_COLUMNS),
                       help="print what the signals to see first are in cycles A to B, a column "
                            "each, numbers in hexadecimal and . for what has not changed")
    waves.add_argument("--only", metavar="GROUP",
                       help="with --cycles: this group of signals alone, by its name")
    waves.add_argument("--diagram", metavar="FILE.svg", type=output_file,
                       help="with --cycles: draw them as a timing diagram too")
    waves.set_defaults(run=run_waves)


def run_waves(options: argparse.Namespace) -> int:
    """Record, and say what is in it."""
    out = Path(f"{options.unit}.vcd" if options.out is None else options.out)
    check_name("--out", out)
    if options.diagram is not None and options.cycles is None:
        raise ProofmillError("--diagram draws cycles: say which with --cycles")
    if options.only is not None and options.cycles is None:
        raise ProofmillError("--only says what is printed of --cycles: say which")
    if out.suffix == ".vcd":
        return show(options, out, out)
    with TemporaryDirectory(dir=out.parent, prefix=".waves-") as folder:
        return show(options, out, Path(folder) / "waves.vcd")


def show(options: argparse.Namespace, out: Path, dump: Path) -> int:
    """Record as VCD to `dump`, which becomes `out` where that is FST."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.sim.timing import table, wavejson
    from proofmill.sim.waves import PERIOD_FS, VIEWS, cycle_of, record

    stimulus = None if options.stimulus is None else stimulus_in(Path(options.stimulus))
    screen = Screen()
    with screen.bar(f"simulating the {options.unit}"):
        try:
            recording = record(options.unit, dump, options.toy, stimulus)
        except Exception as error:
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise
            if stimulus is None:
                raise
            raise ProofmillError(
                f"{options.stimulus}{place_in(error, Path(options.stimulus))}: "
                f"{type(error).__name__}: {error}") from error
    first = recording.moments[0][0] if recording.moments else 0
    save = keep_waveform(dump, out, recording.groups, "top", max(0, first - 2) * PERIOD_FS)
    curve = "the toy curve" if options.toy else "BN254"
    screen.line(f"wrote {out}: {recording.cycles:,} cycles over {curve}, "
                f"{len(recording.variables):,} signals")
    view = VIEWS[options.unit]
    screen.line(view.text if stimulus is None else f"driven by {options.stimulus}")
    for cycle, text in recording.moments:
        nanoseconds = (cycle * PERIOD_FS - PERIOD_FS // 2) // 10**6
        screen.line(f"  cycle {cycle:>5,}, from {nanoseconds:>6,} ns  {text}")
    if options.cycles is not None:
        last = recording.cycles - 1
        if options.cycles[-1] > last:
            raise ProofmillError(f"--cycles: the case ends with cycle {last:,}; "
                                 f"write --cycles {min(options.cycles[0], last)}-{last}")
        groups = recording.groups
        if options.only is not None:
            if options.only not in groups:
                raise ProofmillError(f"--only {options.only}: of {options.unit} there are "
                                     f"{', '.join(groups)}")
            groups = {options.only: groups[options.only]}
        diagrams = []
        for name, variables in groups.items():
            names = [each.path.removeprefix(f"{view.scope}.") for each in variables]
            what = (dump, variables, names, cycle_of, options.cycles)
            print(f"\n{name}")
            print("\n".join(table(*what)))
            if options.diagram is not None:
                diagrams.append((name, wavejson(*what)))
        if options.diagram is not None:
            write_atomically(options.diagram, [drawn(diagrams).encode()])
            screen.line(f"wrote {options.diagram}")
        return 0
    screen.line("signals to see first:")
    for name, variables in recording.groups.items():
        names = [variable.path.removeprefix(f"{view.scope}.") for variable in variables]
        screen.line(f"  {name}: {_short(names)}")
    screen.line(looked_at(out, save))
    return 0


def stimulus_in(path: Path) -> "Stimulus":
    """The function `stimulus` of a file; raises `ProofmillError` where there is none."""
    path = path.absolute()
    if path.suffix != ".py":
        raise ProofmillError(f"--stimulus {path}: is no Python file; its name ends in .py")
    try:
        module = load_python(path, "proofmill_stimulus")
    except Exception as error:
        raise ProofmillError(f"{path}{place_in(error, path)}: {type(error).__name__}: {error}"
                             ) from error
    found = getattr(module, "stimulus", None)
    if not iscoroutinefunction(found):
        raise ProofmillError(f"{path}: it has no `async def stimulus(context, unit)`")
    return found


def _short(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


LETTER = 9.5
"""Width of a letter of 11 points in the widest of the usual fonts, bold as well."""


def drawn(diagrams: list[tuple[str, dict[str, Any]]]) -> str:
    """Groups of signals in WaveJSON, each under its name, as one picture (SVG).

    A group's name has a row of its own: beside a brace it is cut where the group is short, and
    signals' long names run into it. The margin has room for every name: WaveDrom leaves what
    Helvetica takes, and a browser may have a wider font.
    """
    try:
        from yowasp_wavedrom import render
    except ImportError as error:
        raise missing("a diagram needs", error) from error
    rows = diagrams[0][1]["signal"][:1]
    for name, each in diagrams:
        rows += [{"name": ["tspan", {"class": "h5"}, name]}, *each["signal"][1:]]
    longest = max(len(row["name"] if isinstance(row["name"], str) else row["name"][-1])
                  for row in rows)
    text = str(render({**diagrams[0][1], "signal": rows}))
    (room,) = re.findall(r'<g transform="translate\((\d+)[^"]*" id="lanes_0">', text)
    more = max(0, ceil(longest * LETTER) + 10 - int(room))  # names end 10 before the lanes

    def wider(found: re.Match[str]) -> str:
        width = int(found[1]) + more
        return f'width="{width}" viewBox="{-more} 0 {width} '

    return re.sub(r'width="(\d+)" viewBox="0 0 \d+ ', wider, text, count=1)

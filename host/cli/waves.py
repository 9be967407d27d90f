"""``proofmill waves``: a waveform of a unit at work, to look at."""

import argparse
import io
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import input_file, output_file, whole_range
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.python_file import load_python, place_in

if TYPE_CHECKING:
    from proofmill.sim.waves import Recording, Stimulus

UNITS = ("multiplier", "adder", "mailboxes", "msm", "accelerator", "processor", "transform")


MOST_COLUMNS = 200
"""Cycles in a table; a page or a terminal holds no more."""


def register(commands: Commands) -> None:
    """Add the command."""
    waves = commands.add_parser(
        "waves", help="write a waveform of a unit at work",
        description="Run a short real case of a unit in Amaranth's simulator, and write what "
                    "every signal of it does as a waveform (VCD), beside it a save file for "
                    "GTKWave with the signals to see first.",
        epilog="Example: proofmill waves mailboxes --toy && gtkwave mailboxes.gtkw")
    waves.add_argument("unit", metavar="UNIT", choices=UNITS, help=", ".join(UNITS))
    waves.add_argument("--out", metavar="FILE.vcd", type=output_file,
                       help="write it there (default: UNIT.vcd in this folder)")
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
    waves.set_defaults(run=run_waves)


def run_waves(options: argparse.Namespace) -> int:
    """Record, and say what is in it."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.sim.timing import table
    from proofmill.sim.waves import PERIOD_FS, VIEWS, cycle_of, record

    out = Path(f"{options.unit}.vcd" if options.out is None else options.out)
    if out.suffix != ".vcd":
        raise ProofmillError(f"--out {out}: a waveform's name ends in .vcd; write "
                             f"--out {out.with_suffix('.vcd')}")
    stimulus = None if options.stimulus is None else stimulus_in(Path(options.stimulus))
    screen = Screen()
    with screen.bar(f"simulating the {options.unit}"):
        try:
            recording = record(options.unit, out, options.toy, stimulus)
        except Exception as error:
            if isinstance(error, OSError) and not isinstance(error, TimeoutError):
                raise
            if stimulus is None:
                raise
            raise ProofmillError(
                f"{options.stimulus}{place_in(error, Path(options.stimulus))}: "
                f"{type(error).__name__}: {error}") from error
    save = out.with_suffix(".gtkw")
    write_atomically(save, [save_file(out, recording).encode()])
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
        for name, variables in recording.groups.items():
            print(f"\n{name}")
            print("\n".join(table(
                out, variables, [each.path.removeprefix(f"{view.scope}.") for each in variables],
                cycle_of, options.cycles)))
        return 0
    screen.line("signals to see first:")
    for name, variables in recording.groups.items():
        names = [variable.path.removeprefix(f"{view.scope}.") for variable in variables]
        screen.line(f"  {name}: {_short(names)}")
    screen.line(f"look at it with: gtkwave {save}   or: surfer {out}   "
                "(or drop the .vcd on https://app.surfer-project.org)")
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


def save_file(waveform: Path, recording: "Recording") -> str:
    """GTKWave's save file: the groups of a recording, each under its name."""
    from vcd.gtkw import GTKWSave

    from proofmill.sim.waves import PERIOD_FS

    text = io.StringIO()
    save = GTKWSave(text)
    save.dumpfile(str(waveform.resolve()))
    save.treeopen("bench.top.")
    first = recording.moments[0][0] if recording.moments else 0
    save.timestart(max(0, first - 2) * PERIOD_FS)
    save.trace("bench.top.clk")
    for name, variables in recording.groups.items():
        with save.group(name):
            for variable in variables:
                save.trace(variable.displayed,
                           datafmt="ascii" if variable.kind == "string" else "hex")
    return text.getvalue()

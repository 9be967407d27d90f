"""Waveforms as files: VCD or FST, with a save file for GTKWave beside them."""

import argparse
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import output_file, whole_range
from proofmill.host.cli.extras import missing
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.sim.dump import Dump
    from proofmill.sim.vcd import Variable

FIRST_CYCLES = range(2_000)
"""What is written of a run where nothing else is said."""

MOST_CYCLES = 50_000
"""Of a waveform: so many of the standard accelerator are some gigabytes as VCD."""


def add_waves(parser: argparse.ArgumentParser, run: str) -> None:
    """Add the options that write a waveform of `run`."""
    parser.add_argument("--waves", metavar="FILE.vcd|FILE.fst", type=output_file,
                        help=f"write a waveform of {run}, by the names of the Verilog; the "
                             "simulation is compiled once more for that")
    parser.add_argument("--cycles", metavar="A-B", type=whole_range(MOST_CYCLES),
                        help="with --waves: of cycles A to B, at most "
                             f"{MOST_CYCLES:,} (default: {FIRST_CYCLES[0]}-{FIRST_CYCLES[-1]})")


def check_name(option: str, out: Path) -> None:
    """Raise where a file's name is none of a waveform's."""
    if out.suffix not in (".vcd", ".fst"):
        raise ProofmillError(f"{option} {out}: a waveform's name ends in .vcd or .fst; write "
                             f"{option} {out.with_suffix('.vcd')}")


@contextmanager
def dumped(options: argparse.Namespace, top: str, screen: Screen) -> "Iterator[Dump | None]":
    """What a simulation is to dump by the options of `add_waves`; None without them.

    When the simulation is closed, the waveform is put in its place. `top` is its top module.
    """
    if options.waves is None:
        if options.cycles is not None:
            raise ProofmillError("--cycles says what is written by --waves: say where, or leave "
                                 "it out")
        yield None
        return
    from proofmill.sim.dump import Dump

    out = Path(options.waves)
    check_name("--waves", out)
    cycles = FIRST_CYCLES if options.cycles is None else options.cycles
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".waves-") as folder:
        dump = Dump(Path(folder) / "waves.vcd", cycles)
        try:
            yield dump
        except KeyboardInterrupt:  # the usual end of a simulated board
            if dump.ran > dump.cycles[0]:  # else there is nothing to write, which is no mistake
                _finish(dump, out, top, screen)
            raise
        _finish(dump, out, top, screen)


def _finish(dump: "Dump", out: Path, top: str, screen: Screen) -> None:
    """Put a waveform in its place, and say what it has."""
    from proofmill.sim.dump import PERIOD_NS

    first, last = dump.cycles[0], dump.cycles[-1]
    with screen.bar(f"writing {out}"):
        try:
            found = dump.finish(top)
        except ValueError as error:
            raise ProofmillError(f"--cycles {first}-{last}: {error}; begin earlier") from error
        save = keep_waveform(dump.path, out, found.groups, top, first * PERIOD_NS)
    screen.line(f"wrote {out}: cycles {first:,} to {min(last, dump.ran - 1):,} of {dump.ran:,}, "
                f"{len(found.variables):,} signals")
    screen.line(looked_at(out, save))


def keep_waveform(dump: Path, out: Path, groups: "Mapping[str, Sequence[Variable]]", top: str,
                  start: int) -> Path:
    """Make `dump`, a VCD file, the waveform `out`, as FST if that is its name; returns its save
    file. `start` is the time shown first, in the dump's units."""
    from proofmill.host.ground.output import write_atomically

    if out.suffix == ".fst":
        from proofmill.sim.fst import to_fst

        part = dump.with_suffix(".fst")
        try:
            to_fst(dump, part)
        except ImportError as error:
            raise missing("an FST file needs", error) from error
        part.replace(out)
    elif out != dump:
        dump.replace(out)
    save = out.with_suffix(".gtkw")
    write_atomically(save, [save_file(out, groups, top, start).encode()])
    return save


def save_file(waveform: Path, groups: "Mapping[str, Sequence[Variable]]", top: str,
              start: int) -> str:
    """GTKWave's save file: the clock of module `top`, and signals in groups."""
    from vcd.gtkw import GTKWSave

    text = io.StringIO()
    save = GTKWSave(text)
    save.dumpfile(str(waveform.resolve()))
    save.treeopen(f"bench.{top}.")
    save.timestart(start)
    save.trace(f"bench.{top}.clk")
    for name, variables in groups.items():
        with save.group(name):
            for variable in variables:
                save.trace(variable.displayed,
                           datafmt="ascii" if variable.kind == "string" else "hex")
    return text.getvalue()


def looked_at(out: Path, save: Path) -> str:
    """By what a waveform is seen."""
    return (f"look at it with: gtkwave {save}   or: surfer {out}   "
            "(or drop the file on https://app.surfer-project.org)")

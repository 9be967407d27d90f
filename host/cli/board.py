"""``proofmill board``: the boards, and a board's gateware behind a serial port."""

import argparse
import time
from typing import Any

from proofmill.host.cli.arguments import above_zero, unknown, whole
from proofmill.host.cli.extras import missing
from proofmill.host.cli.measure_options import add_modes, built_in
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.waveform import add_waves, dumped
from proofmill.host.ground.errors import ProofmillError

DIVISOR = 2
"""Cycles of one bit in a simulation: the line's share of the time is made small."""

LOOK_SECONDS = 0.2


def register(commands: Commands) -> None:
    """Add the command."""
    board = commands.add_parser("board", help="list the boards, or simulate one on a serial port")
    actions = board.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser(
        "list", help="the boards there are gateware for",
        description="Show every board: its chip, clock, memory and curve.")
    listing.set_defaults(run=run_list)
    check = actions.add_parser(
        "check", help="say what a board lacks before anything is built",
        description="Look a board through, yours or one of these: its platform's oscillator, "
                    "serial line and SDRAM, the clock and the baud rate that can be made, whether "
                    "the accelerator's multipliers and memories can fit. Status 0 where nothing "
                    "is missing.",
        epilog="example: proofmill board check my_board.py")
    check.add_argument("board", metavar="BOARD|FILE.py")
    check.set_defaults(run=run_check)
    simulate = actions.add_parser(
        "simulate", help="run a board's gateware on a pseudo-terminal",
        description="Run a board's top level, clock generator and pads left out, cycle by cycle "
                    "behind a pseudo-terminal. Whatever opens that port finds the board there; "
                    "the bits of the serial line are those of the simulated pins.",
        epilog="example: proofmill board simulate ulx3s-85f, and in another terminal "
               "proofmill mine --device serial:/dev/pts/5 with the port it names")
    add_board(simulate)
    simulate.add_argument(
        "--preset", choices=("standard", "board"), default="standard",
        help="the accelerator: standard, which is the fastest to simulate (one product a cycle), "
             "or board, the very one that is built for the board (default: standard)")
    add_modes(simulate)
    simulate.add_argument(
        "--divisor", type=whole(1, otherwise="a bit takes at least one cycle"), default=DIVISOR,
        metavar="N",
        help=f"cycles of one bit on the line (default: {DIVISOR}; on the board it is clock rate "
             "over 3,000,000, which makes the line most of the work)")
    simulate.add_argument("--seconds", type=above_zero("must be more than none"), default=None,
                          metavar="S", help="stop after so long (default: when interrupted)")
    add_waves(simulate, "the board, whole when it ends")
    simulate.set_defaults(run=run_simulate)


def add_board(parser: argparse.ArgumentParser) -> None:
    """Add what names a board: its name, or a file by --board or in the name's place."""
    parser.add_argument("board", nargs="?", default=argparse.SUPPRESS, metavar="BOARD|FILE.py")
    parser.add_argument("--board", default=None, metavar="FILE.py",
                        help="a board of your own, from its file (see docs/boards.md)")


def find_board(name: str) -> Any:
    """The board called `name`, or in the file `name`."""
    try:
        from proofmill.boards.catalogue import BoardError, board, names
    except ImportError as error:
        raise missing("a board needs", error) from error
    try:
        return board(name)
    except KeyError:
        raise ProofmillError(
            f"BOARD {name}: {unknown(name, names())}; a board of your own is named by its file, "
            "BOARD.py") from None
    except BoardError as error:
        raise ProofmillError(str(error)) from error
    except ImportError as error:
        raise missing(f"the board {name} needs", error) from error


def run_list(options: argparse.Namespace) -> int:
    """Show the boards."""
    try:
        from proofmill.boards.catalogue import names
    except ImportError as error:
        raise missing("a board needs", error) from error

    screen = Screen()
    for name in names():
        try:
            show(screen, name, find_board(name))
        except ProofmillError as error:  # another package's board is no reason to hide the rest
            screen.line(f"{name:16} {error}", style="yellow")
    return 0


def show(screen: Screen, name: str, found: Any) -> None:
    """Show a board in a line or two."""
    screen.line(f"{name:16} {found.title}, {found.chip}, {found.clock_hz / 1e6:.4g} MHz, "
                f"{found.memory_words * 8 // 1024:,} KiB for points, curve "
                f"{found.shape.adder.curve.name}"
                + ("" if found.measured else "; not measured on hardware"))
    if found.note:
        screen.line(f"{'':16} {found.note}")


def run_check(options: argparse.Namespace) -> int:
    """Say what a board lacks."""
    found = find_board(options.board)
    from proofmill.boards.check import problems

    screen = Screen()
    show(screen, found.name, found)
    lacks = problems(found)
    for sentence in lacks:
        screen.line(f"  {sentence}", style="yellow")
    if lacks:
        raise ProofmillError(f"{found.name} cannot be built yet: {len(lacks)} "
                             f"thing{'s' if len(lacks) > 1 else ''} to mend, above")
    screen.line(f"nothing is missing: proofmill build {options.board}", style="green")
    return 0


def run_simulate(options: argparse.Namespace) -> int:
    """Simulate a board until interrupted."""
    if options.board is None:
        raise ProofmillError("say which board to simulate; `proofmill board list` names the boards")
    found = find_board(options.board)
    from proofmill.hdl.presets import STANDARD
    from proofmill.sim.board import START_CYCLES, RunningBoard, build_board

    screen = Screen()
    shape = built_in(options, STANDARD if options.preset == "standard" else found.shape)
    core = found.core(shape, divisor=options.divisor, start_cycles=START_CYCLES)
    with dumped(options, "board", screen) as dump:
        with screen.bar("preparing the simulation") as bar:
            library = build_board(core, bar.step, traced=dump is not None)
        _run(RunningBoard(library, options.divisor, dump), options, found, shape, screen)
    return 0


def _run(running: Any, options: argparse.Namespace, found: Any, shape: Any, screen: Screen
         ) -> None:
    """Show a simulated board until it ends."""
    from proofmill.hdl.curve import BN254, Group

    try:
        screen.line(f"{found.title} ({options.preset} accelerator, {options.divisor} cycles a bit) "
                    f"is at {running.path}")
        # A proof is of BN254 and wants both groups.
        whole_proofs = shape.adder.curve is BN254 and len(shape.adder.groups) == len(Group)
        command = "mine --device" if whole_proofs else "selftest"
        if whole_proofs:
            screen.line(_parts(shape))
        if options.matrices:
            command = "infer mlp.onnx digits:0 --device"
        screen.line(f"try: proofmill {command} serial:{running.path}; Ctrl-C ends it")
        start = time.monotonic()
        try:
            with screen.bar("running") as bar:
                _watch(running, bar, start, options.seconds)
        finally:  # Ctrl-C is the usual end
            passed = time.monotonic() - start
            screen.line(f"{running.cycle:,} cycles in {passed:.1f} s, "
                        f"{running.cycle / passed:,.0f} a second")
        if running.fault is not None:
            raise ProofmillError(f"the simulated board stopped: {running.fault}; this is a defect "
                                 "of the gateware, please report it")
    finally:
        running.close()


def _parts(shape: Any) -> str:
    """What an accelerator like this says of a proof's parts."""
    from proofmill.hdl.accelerator import identity_words
    from proofmill.hdl.evaluate import room_words
    from proofmill.host.prover.devices.parts import in_words
    from proofmill.sim.evaluator import Room

    return in_words(identity_words(shape, 0),
                    Room(**room_words(shape)) if shape.evaluator is not None else None,
                    bool(shape.check))


def _watch(running: Any, bar: Any, start: float, seconds: float | None) -> None:
    """Show what a simulated board does until it stops, or `seconds` after `start`."""
    while running.fault is None:
        time.sleep(LOOK_SECONDS)
        passed = time.monotonic() - start
        what = "computing" if running.active else "idle"
        bar.step(f"{what}, {running.cycle:,} cycles, {running.cycle / passed:,.0f} a second",
                 running.cycle, running.cycle)
        if seconds is not None and passed >= seconds:
            return

"""``proofmill board``: the boards, and a board's gateware behind a serial port."""

import argparse
import time
from typing import Any

from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

DIVISOR = 2
"""Cycles of one bit in a simulation: the line's share of the time is made small."""

LOOK_SECONDS = 0.2


def register(commands: Commands) -> None:
    """Add the command."""
    board = commands.add_parser("board", help="list the boards, or simulate one on a serial port")
    actions = board.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the boards there are gateware for")
    listing.set_defaults(run=run_list)
    simulate = actions.add_parser(
        "simulate", help="run a board's gateware on a pseudo-terminal",
        description="Run a board's top level, clock generator and pads left out, cycle by cycle "
                    "behind a pseudo-terminal. Whatever opens that port finds the board there; "
                    "the bits of the serial line are those of the simulated pins.",
        epilog="example: proofmill board simulate ulx3s-85f, and in another terminal "
               "proofmill mine --device serial:/dev/pts/5 with the port it names")
    simulate.add_argument("board", metavar="BOARD")
    simulate.add_argument(
        "--preset", choices=("standard", "board"), default="standard",
        help="the accelerator: standard, which is the fastest to simulate (one product a cycle), "
             "or board, the very one that is built for the board (default: standard)")
    simulate.add_argument(
        "--divisor", type=int, default=DIVISOR, metavar="N",
        help=f"cycles of one bit on the line (default: {DIVISOR}; on the board it is clock rate "
             "over 3,000,000, which makes the line most of the work)")
    simulate.add_argument("--seconds", type=float, default=None, metavar="S",
                          help="stop after so long (default: when interrupted)")
    simulate.set_defaults(run=run_simulate)


def find_board(name: str) -> Any:
    """The board called `name`."""
    try:
        from proofmill.boards.catalogue import BOARDS, board
    except ImportError as error:
        raise ProofmillError(f"the boards need {error.name}: pip install 'proofmill[build]'"
                             ) from error
    if name not in BOARDS:
        raise ProofmillError(f"there is no board {name!r}; the boards are {', '.join(BOARDS)}")
    try:
        return board(name)
    except ImportError as error:
        raise ProofmillError(f"the board {name} needs {error.name}: pip install 'proofmill[build]'"
                             ) from error


def run_list(options: argparse.Namespace) -> int:
    """Show the boards."""
    from proofmill.boards.catalogue import BOARDS

    screen = Screen()
    for name in BOARDS:
        found = find_board(name)
        screen.line(f"{name:16} {found.title}, {found.chip}, {found.clock_hz / 1e6:g} MHz, "
                    f"{found.memory_words * 8 // 1024:,} KiB for points, curve "
                    f"{found.shape.adder.curve.name}")
        if found.note:
            screen.line(f"{'':16} {found.note}")
    return 0


def run_simulate(options: argparse.Namespace) -> int:
    """Simulate a board until interrupted."""
    found = find_board(options.board)
    if options.divisor < 1:
        raise ProofmillError(f"--divisor {options.divisor}: a bit takes at least one cycle")
    if options.seconds is not None and options.seconds <= 0:
        raise ProofmillError(f"--seconds {options.seconds:g}: must be more than none")
    from proofmill.hdl.presets import STANDARD
    from proofmill.sim.board import START_CYCLES, RunningBoard, build_board
    from proofmill.sim.verilated import BuildError

    screen = Screen()
    shape = STANDARD if options.preset == "standard" else found.shape
    core = found.core(shape, divisor=options.divisor, start_cycles=START_CYCLES)
    with screen.bar("preparing the simulation") as bar:
        try:
            library = build_board(core, bar.step)
        except BuildError as error:
            raise ProofmillError(str(error)) from error
    running = RunningBoard(library, options.divisor)
    try:
        screen.line(f"{found.title} ({options.preset} accelerator, {options.divisor} cycles a bit) "
                    f"is at {running.path}")
        screen.line(f"try: proofmill mine --device serial:{running.path}; Ctrl-C ends it")
        start = time.monotonic()
        with screen.bar("running") as bar:
            while running.fault is None:
                time.sleep(LOOK_SECONDS)
                passed = time.monotonic() - start
                what = "computing" if running.active else "idle"
                rate = running.cycle / passed
                bar.step(f"{what}, {running.cycle:,} cycles, {rate:,.0f} a second",
                         running.cycle, running.cycle)
                if options.seconds is not None and passed >= options.seconds:
                    break
        if running.fault is not None:
            raise ProofmillError(f"the simulated board stopped: {running.fault}; this is a defect "
                                 "of the gateware, please report it")
        passed = time.monotonic() - start
        screen.line(f"{running.cycle:,} cycles in {passed:.1f} s, "
                    f"{running.cycle / passed:,.0f} a second")
    finally:
        running.close()
    return 0

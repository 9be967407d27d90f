"""``proofmill bench prove``: one proof by every prover, and where an accelerator's cycles went."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import ONE, device, whole
from proofmill.host.cli.bench_files import add_files, circuit_files
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.tables import Column, Table
from proofmill.host.ground.json_text import JsonObject

WORK = (Column("sum", 17, "<"), *(Column(name, 10) for name in (
    "fill", "buckets", "finish", "cycles", "additions", "in batches")))


def add_prove(actions: Any) -> None:
    """Add the command."""
    prove = actions.add_parser(
        "prove", help="the same proof on cpu, model, rtl, and by snarkjs and groth16py",
        description="The same proof by every prover that is there, each in its own process. "
                    "Without files: a proof of the block circuit. Accelerators say what each of "
                    "its sums took, and A w, B w and the scalars h where these are theirs.")
    add_files(prove)
    prove.add_argument("--rounds", type=whole(1, otherwise=ONE), default=5, metavar="N",
                       help="proofs of each prover; the median counts (default: 5)")
    prove.add_argument("--device", metavar="NAME", type=device, action="append",
                       help="a device, instead of cpu, model, rtl and the other provers; may be "
                            "given several times")
    prove.add_argument("--line", metavar="BOARD",
                       help="take simulated accelerators for this board's, behind its serial line, "
                            "and say how long a proof's words keep that busy; take two rounds, or "
                            "more, where sums are asked for one by one")
    prove.add_argument("--json", action="store_true", help="one JSON object")
    prove.set_defaults(run=run_prove)


def run_prove(options: argparse.Namespace) -> int:
    """Measure the provers."""
    from proofmill.host.bench.proving import compare

    screen = Screen(machine=options.json)
    line = None if options.line is None else _line(options.line)
    with (circuit_files(options, screen) as (zkey, witness),
          screen.bar("proving with every prover")):
        figures = compare(zkey, witness, options.rounds, options.device or (), line)
    if options.json:
        print_record("bench prove", figures)
        return 0
    for name, found in figures["provers"].items():
        screen.line(f"{name:10} not installed" if found is None else
                    f"{name:10} {found['seconds']:9.3f} s"
                    + (f"  {found['cycles']:,} cycles" if "cycles" in found else ""))
    screen.line(f"{'verify':10} {figures['verify_seconds']:9.4f} s")
    for name, found in figures["provers"].items():
        if found is not None and "sums" in found:
            _where_cycles_went(screen, name, found)
    return 0


def _line(name: str) -> Any:
    """The line of the board called `name`."""
    from proofmill.host.bench.line import Line
    from proofmill.host.cli.board import find_board

    board = find_board(name)
    return Line(board.baud, int(board.clock_hz), board.memory_words)


def _where_cycles_went(screen: Screen, name: str, found: JsonObject) -> None:
    """A row for each sum of a proof."""
    screen.line("")
    more = [f"{found[of]:,} more for {what}" for of, what in (
        ("evaluation", "A w and B w"), ("transforms", "the scalars h"),
        ("check", "its own check of the proof")) if found[of]]
    screen.line("; ".join([f"{name}: where its cycles went", *more]))
    if found["words"] is not None:
        how = "one command" if found["one_command"] else "its sums one by one"
        took = f": the line {found['line_seconds']:.3f} s" if "line_seconds" in found else ""
        screen.line("{}: {:,} words to it, {:,} back{}".format(how, *found["words"], took))
    table = Table(screen, WORK)
    for each, counted in found["sums"].items():
        parts = [counted["fill"], counted["sum"] + counted["output"], counted["finish"]]
        table.row([each, *(f"{value:,}" for value in (
            *parts, sum(parts), counted["additions"], counted["batched"]))])

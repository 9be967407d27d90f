"""``proofmill bench evaluation``: A w and B w on the evaluation unit."""

import argparse
from typing import Any

from proofmill.host.cli.bench_files import add_files, circuit_files
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen


def add_evaluation(actions: Any) -> None:
    """Add the command."""
    evaluation = actions.add_parser(
        "evaluation", help="A w and B w of a proof on the evaluation unit: entries and cycles",
        description="Put the entries of a key's matrices in the order in which the evaluation unit "
                    "takes them, compare their sums with this machine's, and show the cycles, "
                    "from the first entry to the last sum, by the unit's model, which has the "
                    "gateware's. Without files: of the block circuit.")
    add_files(evaluation)
    evaluation.add_argument("--json", action="store_true", help="one JSON object")
    evaluation.set_defaults(run=run_evaluation)


def run_evaluation(options: argparse.Namespace) -> int:
    """Print the figures."""
    from proofmill.host.bench.evaluations import figures

    screen = Screen(machine=options.json)
    with circuit_files(options, screen) as (zkey, witness), screen.bar("evaluating"):
        found = figures(zkey, witness)
    if options.json:
        print_record("bench evaluation", found)
    else:
        screen.line(
            f"{found['entries']:,} entries of 2 x {found['constraints']:,} rows: "
            f"{found['ones']:,} times 1, {found['minus_ones']:,} times -1, "
            f"{found['products']:,} products with {found['different']:,} different coefficients")
        screen.line(
            f"{found['cycles']:,} cycles, {found['entries_a_cycle']:.3f} entries a cycle where "
            f"{found['bar']} was wanted; {found['nothing']:,} places are empty; with the results "
            f"{found['cycles_with_results']:,} cycles; an entry has {found['stream_bits']} bits; "
            f"{'right' if found['checked'] else 'WRONG'}")
        phases = found["phases"]
        screen.line(
            f"on the accelerator (rtl+e): {phases['evaluated']:,} cycles for the entries, "
            f"{phases['brought']:,} in which wires and coefficients come from the memory, "
            f"{phases['given']:,} in which the results go on; {found['program_words']:,} words")
    return 0 if found["checked"] else 1

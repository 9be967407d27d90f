"""``proofmill bench evaluation``: A w and B w on the evaluation unit."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import input_file
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError


def add_evaluation(actions: Any) -> None:
    """Add the command."""
    evaluation = actions.add_parser(
        "evaluation", help="A w and B w of a proof on the evaluation unit: entries and cycles",
        description="Put the entries of a key's matrices in the order in which the evaluation unit "
                    "takes them, compare their sums with this machine's, and show the cycles, "
                    "from the first entry to the last sum, by the unit's model, which has the "
                    "gateware's. Without files: of the block circuit.")
    evaluation.add_argument("zkey", nargs="?", metavar="CIRCUIT.zkey", type=input_file(),
                            help="the proving key (default: the block circuit's, made for this)")
    evaluation.add_argument("witness", nargs="?", metavar="WITNESS.wtns", type=input_file(),
                            help="a witness for it")
    evaluation.add_argument("--json", action="store_true", help="one JSON object")
    evaluation.set_defaults(run=run_evaluation)


def run_evaluation(options: argparse.Namespace) -> int:
    """Print the figures."""
    from proofmill.host.bench.evaluations import figures
    from proofmill.host.cli.bench import block_files

    if (options.zkey is None) != (options.witness is None):
        raise ProofmillError("give both a .zkey and a .wtns file, or neither")
    screen = Screen(machine=options.json)
    with tempfile.TemporaryDirectory() as folder:
        zkey, witness = options.zkey, options.witness
        if zkey is None:
            with screen.bar("preparing the block circuit and its key"):
                zkey, witness = block_files(Path(folder))
        with screen.bar("evaluating"):
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
    return 0 if found["checked"] else 1

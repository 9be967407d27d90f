"""``proofmill bench soak``: whether a node that runs for long takes more and more memory."""

import argparse
import tempfile
from pathlib import Path

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands

DAY_SLOTS, MOST_SLOTS = 7_200, 1_000_000
"""A day has as many slots of 12 seconds."""
LEAST_SLOTS = 4
SHOWN = 24
"""Lines of the series."""


def add_soak(actions: Commands) -> None:
    """Add the command."""
    soak = actions.add_parser(
        "soak", help="a node for a day of simulated time, and its memory",
        description="Run a node with its files, interfaces, 64 validators and a prover on the "
                    "processor for many slots, each begun as soon as the one before is done, and "
                    "show how much memory the process has, and how soon the node is there again "
                    "when it is begun once more. Exit status 1 if after the first quarter its "
                    "memory moves by more than 5 %. A slot takes about a second of a processor, "
                    "so a day takes two hours; Ctrl-C ends it early, with what there is. Caches "
                    "of some hundred blocks fill first, so ask for 1,500 or more.")
    soak.add_argument("--slots", type=whole(LEAST_SLOTS, MOST_SLOTS), default=DAY_SLOTS,
                      metavar="N", help="how many pass (default: 7,200, a day of 12 s)")
    soak.add_argument("--json", action="store_true", help="one JSON object")
    soak.set_defaults(run=run_soak)


def run_soak(options: argparse.Namespace) -> int:
    """Run and show."""
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.bench.soak import FLAT, soak
    from proofmill.host.cli.block_key import block_key
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.circuits.rollup.size import SMALLEST

    with screen.bar("preparing the block circuit and its key"):
        key = block_key(RollupCircuit(SMALLEST), 0)
    with tempfile.TemporaryDirectory() as folder, screen.bar("slots") as bar:
        found = soak(Path(folder), options.slots, key, bar)
    if options.json:
        print_record("bench soak", found)
    else:
        series = found["series"]
        every = max(1, len(series) // SHOWN)
        for each in series[every - 1::every]:
            screen.line(f"slot {each['slot']:>7,}  {each['resident_bytes'] / 1e6:>8,.1f} MB")
        screen.line(f"{found['slots']:,} slots, {found['simulated_hours']:.1f} h of simulated "
                    f"time, in {found['seconds']:,.0f} s; {found['blocks_proposed']:,} blocks, "
                    f"{found['proofs_accepted']:,} proofs accepted, "
                    f"{found['proofs_rejected']:,} missed")
        screen.line(f"after slot {found['warm_slots']:,}: {found['least_bytes'] / 1e6:,.1f} to "
                    f"{found['most_bytes'] / 1e6:,.1f} MB, {found['growth']:.1%}; flat is at most "
                    f"{FLAT:.0%}")
        screen.line(f"begun once more, it listened after {found['restart_seconds']:,.1f} s and "
                    f"{found['restart_blocks']} blocks that were checked anew")
    return 0 if found["flat"] else 1

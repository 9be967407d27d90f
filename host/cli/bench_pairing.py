"""``proofmill bench pairing``: a pairing and a Groth16 check on the wide processor."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import seed
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

COUNTS = {1: "alone", 2: "two at once"}


def add_pairing(actions: Any) -> None:
    """Add the command."""
    pairing = actions.add_parser(
        "pairing", help="a pairing and a Groth16 check on the wide processor: cycles",
        description="Compute the pairing of two random points, and check a right and a wrong "
                    "Groth16 proof of random points, on wide processors with four multipliers, "
                    "one alone and two at once, by the model, which has the gateware's cycles; "
                    "compare the pairings with the definition; and show the cycles, from the first "
                    "word in to the last word out, beside those that were wanted.")
    pairing.add_argument("--seed", type=seed, default=0, metavar="N",
                         help="the points follow from it (default: 0)")
    pairing.add_argument("--json", action="store_true", help="one JSON object")
    pairing.set_defaults(run=run_pairing)


def run_pairing(options: argparse.Namespace) -> int:
    """Print a line for each program and multiplier."""
    from proofmill.host.bench.pairings import BARS, figures

    screen, found = Screen(machine=options.json), []
    for what, name, at_once in BARS:
        with screen.bar(f"{at_once} {what} with the multiplier {name}"):
            each = figures(what, name, at_once, options.seed)
        found.append(each)
        screen.line(
            f"{what:7} {name:9} latency {each['latency']}, interval {each['interval']}, "
            f"{COUNTS[at_once]}: {each['cycles']:,} cycles each, at most {each['bar']:,} wanted; "
            f"the longest chain {each['chain']:,}; "
            f"{each['products']:,} products, the multiplier busy "
            f"{each['multiplier_busy']:.0%}; {each['sums']:,} sums, the adders busy "
            f"{each['adders_busy']:.0%}; {each['registers']:,} registers, a bank of up to "
            f"{each['deepest_bank']}; a store of {each['store_bits'] / 1e6:.1f} Mbit; "
            f"{'right' if each['checked'] else 'WRONG'}")
    if options.json:
        print_record("bench pairing", {"seed": options.seed, "runs": found})
    return 0 if all(each["checked"] for each in found) else 1

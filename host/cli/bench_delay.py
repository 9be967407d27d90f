"""``proofmill bench delay``: a delay function on a mix, evaluated and checked."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen


def add_delay(actions: Any) -> None:
    """Add the command."""
    delay = actions.add_parser(
        "delay", help="a delay function on a RANDAO mix: how long it takes, and its check",
        description="Evaluate Wesolowski's delay function on mixes, check its proofs, and that "
                    "they hold for no other mix; show the least wall time of both, and how many "
                    "squarings three quarters of an epoch are on this machine (extra `delay`).")
    delay.add_argument("--squarings", type=whole(1, 1 << 30), default=100_000, metavar="N",
                       help="steps, one after the other (default: 100000)")
    delay.add_argument("--rounds", type=whole(1), default=3, metavar="N",
                       help="mixes; the least time counts (default: 3)")
    delay.add_argument("--seed", type=seed, default=0, metavar="N",
                       help="of the mixes (default: 0)")
    delay.add_argument("--json", action="store_true", help="one JSON object")
    delay.set_defaults(run=run_delay)


def run_delay(options: argparse.Namespace) -> int:
    """Measure and print."""
    from proofmill.host.bench.delay import measure

    screen = Screen(machine=options.json)
    with screen.bar("evaluating") as bar:
        found = measure(options.squarings, options.rounds, options.seed, bar.step)
    if options.json:
        print_record("bench delay", found)
        return 0
    screen.line(f"{found['squarings']:,} squarings, {found['discriminant_bits']:,} bits: "
                f"{found['evaluate_seconds']:.3f} s, {found['squarings_per_second']:,.0f} a second")
    screen.line(f"check of its {found['proof_bytes']} bytes: "
                f"{1_000 * found['check_seconds']:.1f} ms, "
                f"{found['evaluate_seconds'] / found['check_seconds']:,.0f} times as fast")
    for name, squarings in found["epoch_squarings"].items():
        screen.line(f"three quarters of an epoch, {name}: {squarings:,} squarings on this machine")
    return 0

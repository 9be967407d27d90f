"""``proofmill bench light``: a light node beside the specification, over many epochs."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain

MOST_EPOCHS = 1_000_000


def add_light(actions: Any) -> None:
    """Add the command."""
    light = actions.add_parser(
        "light", help="a light node beside the specification, over many epochs of trouble",
        description="Run chains by the specification's state transition, with forks, missed slots, "
                    "late votes, validators that come, leave and are slashed, and a quarter that "
                    "votes for both branches; make certificates of what is justified, take them "
                    "in, and compare the final checkpoint in every epoch. In every epoch an "
                    "adversary with that quarter's keys tries to have something else taken. "
                    "Statements are checked by the circuit's definition in whole numbers, "
                    "signatures in a part of the epochs, proofs are made of some. Status 1 where "
                    "anything disagrees.")
    light.add_argument("--epochs", type=whole(1, MOST_EPOCHS), default=1_000, metavar="N",
                       help="in all, on chains of 125 (default: 1000)")
    light.add_argument("--seed", type=seed, default=0, metavar="N",
                       help="of the first chain (default: 0)")
    light.add_argument("--signed-every", type=whole(1), default=16, metavar="N",
                       help="in one of N epochs every signature is made and checked (default: 16)")
    light.add_argument("--proofs", type=whole(0), default=0, metavar="N",
                       help="of so many of those a real proof is made and verified, with a key of "
                            "259,120 constraints (default: 0)")
    light.add_argument("--json", action="store_true", help="one JSON object")
    light.set_defaults(run=run_light)


def run_light(options: argparse.Namespace) -> int:
    """Compare."""
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.bench.light import Comparison, Proofs, compare

    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        proofs = None
        if options.proofs:
            bar.step("the circuit and its key", 0, 1)
            proofs = Proofs(Path(folder), options.proofs)
        found, progress = Comparison(), bar.begin("epochs")
        try:
            compare(found, options.epochs, options.seed, options.signed_every,
                    proofs, progress)
        except KeyboardInterrupt:
            screen.line(f"stopped after {found.epochs:,} of {options.epochs:,} epochs; so far:")
    verified = 0 if proofs is None else proofs.verified
    made = 0 if proofs is None else len(proofs.seconds)
    if options.json:
        print_record("bench light", {**found.as_data(), "proofs": made, "verified": verified})
    else:
        events = found.events
        screen.line(f"{found.epochs:,} epochs: {found.disagreements} disagreements with the "
                    f"specification's final checkpoint ({len(found.behind)} behind it, "
                    f"{len(found.false)} others), {len(found.missing)} certificates missing")
        screen.line(f"{events.forks:,} forks, {events.missed_slots:,} missed slots, "
                    f"{events.double_votes:,} double votes, {events.slashed} validators slashed, "
                    f"{events.exits} gone, {events.activated} come")
        screen.line(f"{found.certificates:,} certificates, {found.over_two} of them over two "
                    f"epochs, {found.passed_over} from a source without one; in {found.signed} all "
                    f"signatures checked; {verified} of {made} proofs hold")
        screen.line(f"adversary: {sum(found.attempts.values()):,} attempts of "
                    f"{len(found.attempts)} kinds, {len(found.taken)} taken")
    wrong = found.disagreements or found.taken or found.missing or verified < made
    return 1 if wrong or found.epochs < options.epochs else 0

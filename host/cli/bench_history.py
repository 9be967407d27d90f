"""``proofmill bench history``: an era's proofs as one object."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen

MOST_PROOFS = 1 << 14


def add_history(actions: Any) -> None:
    """Add the command."""
    history = actions.add_parser(
        "history", help="an aggregate of block proofs: bytes, seconds",
        description="Make proofs of a small circuit with a block proof's public signals, a "
                    "development key and two development powers of tau, aggregate, verify, and "
                    "verify the proofs one by one. Status 1 where 1,024 proofs take more than "
                    "30,000 bytes or 2 s to verify.")
    history.add_argument("--proofs", type=whole(1, MOST_PROOFS), default=1024, metavar="N",
                         help="blocks of the era (default: 1024)")
    history.add_argument("--json", action="store_true", help="one JSON object")
    history.set_defaults(run=run_history)


def run_history(options: argparse.Namespace) -> int:
    """Measure an era."""
    from proofmill.host.bench.history import figures

    screen = Screen(machine=options.json)
    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        found = figures(Path(folder), options.proofs, bar.begin)
    if options.json:
        print_record("bench history", found)
    else:
        screen.line(f"{found['proofs']:,} proofs of {found['single_bytes']:,} bytes: an aggregate "
                    f"of {found['aggregate_bytes']:,}, with its public signals "
                    f"{found['era_bytes']:,}")
        screen.line(f"made and verified in {found['aggregate_seconds']:.1f} s "
                    f"({found['aggregate_processor_seconds']:.1f} s of processors), verified in "
                    f"{found['verify_seconds']:.2f} s ({found['verify_processor_seconds']:.2f} s "
                    f"of processors), one by one in {found['single_verify_seconds']:.2f} s")
    return 0 if found["fits"] else 1

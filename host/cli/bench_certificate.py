"""``proofmill bench certificate``: certificates of finality."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.prover.devices.device import Progress

KINDS = ("slot", "epoch")


def add_certificate(actions: Any) -> None:
    """Add the command."""
    certificate = actions.add_parser(
        "certificate", help="certificates of finality: constraints, key, seconds",
        description="Make the circuit of a certificate, a development key, a registry and votes "
                    "for all of its places; prove and verify. Of a slot: 8 of 64 validators; of "
                    "an epoch: all 64, a key of some hundred megabytes.")
    certificate.add_argument("--kind", metavar="|".join(KINDS), choices=KINDS, action="append",
                             help="may be given twice (default: both)")
    certificate.add_argument("--device", choices=("cpu", "model"), default="cpu",
                             metavar="cpu|model", help="what proves (default: %(default)s)")
    certificate.add_argument("--json", action="store_true", help="one JSON object")
    certificate.set_defaults(run=run_certificate)


def run_certificate(options: argparse.Namespace) -> int:
    """Measure each kind."""
    from proofmill.host.bench.certificate import figures, lines

    screen, kinds = Screen(machine=options.json), []
    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        def step(name: str) -> Progress:
            bar.step(name, 0, 1)
            return bar

        for found in figures(Path(folder), options.kind or KINDS, options.device, step):
            kinds.append(found)
            for line in lines(found):
                screen.line(line)
    if options.json:
        print_record("bench certificate", {"device": options.device, "kinds": kinds})
    return 0

"""``proofmill bench certificate``: certificates of finality."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from proofmill.host.cli.arguments import device
from proofmill.host.cli.light import COMPANION, POST_QUANTUM, PROFILES
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Bar, Screen
from proofmill.host.ground.json_text import JsonObject

KINDS = ("smallest", "slot", "epoch")
USUAL = KINDS[1:]
"""That are measured if nothing is said."""


def add_certificate(actions: Any) -> None:
    """Add the command."""
    certificate = actions.add_parser(
        "certificate", help="certificates of finality: constraints, key, seconds",
        description="Make the circuit of a certificate, a development key, a registry and votes "
                    "for all of its places; prove and verify, on any device. Of a slot: 8 of 64 "
                    "validators; of an epoch: all 64, a key of some hundred megabytes; the "
                    "smallest: an epoch's of two validators, which a simulated accelerator proves "
                    "in a moment.")
    certificate.add_argument("--kind", metavar="|".join(KINDS), choices=KINDS, action="append",
                             help="may be given several times (default: slot and epoch)")
    certificate.add_argument("--device", type=device, default="cpu", metavar="NAME",
                             help="what proves: cpu, model, rtl, serial:PORT, … (default: "
                                  "%(default)s)")
    certificate.add_argument("--profile", choices=PROFILES, action="append",
                             metavar="|".join(PROFILES),
                             help="companion keys and a circuit, or XMSS signatures; may be given "
                                  "twice (default: companion)")
    certificate.add_argument("--json", action="store_true", help="one JSON object")
    certificate.set_defaults(run=run_certificate)


def run_certificate(options: argparse.Namespace) -> int:
    """Measure each kind."""
    from proofmill.host.bench import hash_certificate
    from proofmill.host.bench.certificate import figures, lines

    screen, kinds = Screen(machine=options.json), []
    profiles = options.profile or [COMPANION]
    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        wanted = (options.kind or USUAL) if COMPANION in profiles else ()
        for found in figures(Path(folder), wanted, options.device, bar.begin):
            kinds.append(found)
            for line in lines(found):
                screen.line(line)
        hashed = _hashed(options.kind or USUAL, bar) if POST_QUANTUM in profiles else []
    for found in hashed:
        screen.line(hash_certificate.line(found))
    if options.json:
        print_record("bench certificate", {"device": options.device, "kinds": kinds,
                                           "post_quantum": hashed})
    return 0


def _hashed(kinds: Sequence[str], bar: Bar) -> list[JsonObject]:
    from proofmill.host.bench import certificate, hash_certificate
    from proofmill.host.cli.extras import missing

    bar.step("aggregating XMSS signatures", 0, 1)
    try:
        return hash_certificate.figures([(kind, certificate.KINDS[kind]) for kind in kinds])
    except ImportError as error:
        raise missing("certificates with hash-based signatures need", error) from error

"""``proofmill bench systems``: the block circuit in all proof systems."""

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from proofmill.host.cli.ledger_size import add_ledger_size, ledger_size
from proofmill.host.cli.prove import add_device
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.tables import Column, Table
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from proofmill.host.prover.devices.catalogue import open_device

COLUMNS = (Column("system", 7, "<"), Column("constraints", 11), Column("gates", 7),
           Column("key MB", 8), Column("sums", 4), Column("cycles", 13),
           Column("expected", 13), Column("proof bytes", 11),
           Column("gas", 7))


def add_systems(actions: Any) -> None:
    """Add the command."""
    systems = actions.add_parser(
        "systems", help="the block circuit proven by Groth16, PLONK and FFLONK",
        description="Prove a full batch of the block circuit by Groth16, PLONK and FFLONK, each "
                    "with a development key, on one device; show constraints, gates, the key's "
                    "size, cycles of a proof's sums on the device, and by the cost model of "
                    "the preset standard were all scalars random, bytes of the proof, and the gas "
                    "of a transaction that verifies it by a contract.")
    add_ledger_size(systems, SMALLEST)
    add_device(systems, "cpu")
    systems.add_argument("--json", action="store_true", help="one JSON object")
    systems.set_defaults(run=run_systems)


def run_systems(options: argparse.Namespace) -> int:
    """A row a system."""
    from proofmill.host.bench.systems import block_figures

    screen, size = Screen(machine=options.json), ledger_size(options)
    with tempfile.TemporaryDirectory() as folder, screen.bar("preparing") as bar:
        with closing(open_device(options.device, progress=bar.step)) as device:
            found = block_figures(size, Path(folder), device, bar.begin)
    if options.json:
        print_record("bench systems", {
            "accounts": size.accounts, "transfers": size.transfers, "device": options.device,
            "systems": found})
        return 0
    screen.line(f"{size.accounts:,} accounts, a batch of {size.transfers}, sums on "
                f"{options.device}")
    table = Table(screen, COLUMNS)
    for each in found:
        table.row([each["system"], f"{each['constraints']:,}",
                   f"{each['gates']:,}" if each["gates"] else "-",
                   f"{each['zkey_bytes'] / 1e6:,.1f}", each["sums"],
                   f"{each['cycles']:,}" if each["cycles"] else "-",
                   f"{each['expected_cycles']:,}", each["proof_bytes"],
                   f"{each['gas']:,}"])
    return 0

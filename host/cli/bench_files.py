"""A proving key and a witness for a measurement: those given, or the block circuit's."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proofmill.host.cli.arguments import input_file
from proofmill.host.cli.ledger_size import WATCHED
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the two files, of which both or none are given."""
    parser.add_argument("zkey", nargs="?", metavar="CIRCUIT.zkey", type=input_file(),
                        help="the proving key (default: the block circuit's, made for this)")
    parser.add_argument("witness", nargs="?", metavar="WITNESS.wtns", type=input_file(),
                        help="a witness for it")


@contextmanager
def circuit_files(options: argparse.Namespace, screen: Screen) -> Iterator[tuple[str, str]]:
    """The files of `add_files`, or of the block circuit, made now and kept until the end."""
    if (options.zkey is None) != (options.witness is None):
        raise ProofmillError("give both a .zkey and a .wtns file, or neither")
    if options.zkey is not None:
        yield options.zkey, options.witness
        return
    with tempfile.TemporaryDirectory() as folder:
        with screen.bar("preparing the block circuit and its key"):
            files = block_files(Path(folder))
        yield files


def block_files(folder: Path) -> tuple[str, str]:
    """A development key of the block circuit and a witness."""
    from proofmill.host.network.transfers.load import full_batch
    from proofmill.host.network.transfers.opening import opening_ledger
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
    from proofmill.host.prover.circuits.statement import Statement
    from proofmill.host.prover.groth16.setup import development_setup
    from proofmill.host.prover.groth16.wtns import write_witness

    circuit, statement = RollupCircuit(WATCHED), Statement(1, 1, 1, bytes(20))
    ledger = opening_ledger(0, WATCHED)
    batch = full_batch(0, ledger, statement.chain_id)
    development_setup(circuit.r1cs, folder / "block.zkey", bytes(32))
    write_witness(folder / "block.wtns", circuit.witness(ledger, batch, statement))
    return str(folder / "block.zkey"), str(folder / "block.wtns")

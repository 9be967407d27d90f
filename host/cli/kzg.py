"""``proofmill kzg``: commitments to blobs of the consensus layer, and proofs of what is in them."""

import argparse
import re

from proofmill.host.cli.arguments import input_file, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands


def number(text: str) -> int:
    """Takes numbers of 256 bits at most, decimal or after 0x."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{1,64}|[0-9]{1,78}", text):
        raise argparse.ArgumentTypeError("is no number; write decimal digits, or up to 64 "
                                         "hexadecimal ones after 0x")
    value = int(text, 0) if text.startswith("0x") else int(text)
    if value >> 256:
        raise argparse.ArgumentTypeError("has more than 256 bits; give a number below r")
    return value


def register(commands: Commands) -> None:
    """Add the commands."""
    kzg = commands.add_parser("kzg", help="commitments to blobs of a consensus layer, and proofs")
    actions = kzg.add_subparsers(metavar="ACTION", required=True)
    commit = actions.add_parser(
        "commit", help="the commitment to a blob",
        description="Print the KZG commitment to a blob (EIP-4844), 48 bytes: a point of "
                    "BLS12-381.")
    _add_blob(commit)
    _add_options(commit)
    commit.set_defaults(run=run_commit)
    prove = actions.add_parser(
        "prove", help="a proof of a blob's commitment, or of a value",
        description="Print the proof that goes with a blob and its commitment (EIP-4844); with "
                    "--at, the value of the blob's polynomial there, and its proof.")
    _add_blob(prove)
    prove.add_argument("--at", type=number, metavar="Z", help="where the value is asked for, a "
                       "number below r (default: where blob and commitment say)")
    _add_options(prove)
    prove.set_defaults(run=run_prove)
    verify = actions.add_parser(
        "verify", help="whether a value is that of the polynomial, or a blob the right one",
        description="Verify what `proofmill kzg prove --json` printed: that the polynomial which "
                    "is committed to has the value there; with BLOB, that the commitment is to "
                    "that blob, by the proof. Status 1 where not.")
    verify.add_argument("file", metavar="PROOF.json",
                        type=input_file("give what kzg prove --json printed"))
    verify.add_argument("blob", metavar="BLOB", nargs="?", type=input_file("give a blob"))
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(run=run_verify)


def _add_blob(command: argparse.ArgumentParser) -> None:
    command.add_argument("blob", metavar="BLOB", type=input_file("give a blob"),
                         help="131,072 bytes, or their hexadecimal digits")


def _add_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--threads", type=whole(1), metavar="N",
                         help="threads (default: one a core)")
    command.add_argument("--json", action="store_true", help="one JSON object")


def run_commit(options: argparse.Namespace) -> int:
    """Print a commitment."""
    from proofmill.host.cli.kzg_files import read_blob, shown
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.inputs import blob_of

    blob = blob_of(read_blob(options.blob), options.blob)
    screen = Screen(machine=options.json)
    prepare(screen)
    with screen.bar("committing") as bar:
        commitment = blobs.commit(blob, options.threads, bar)
    if options.json:
        print_record("kzg commit", {"commitment": shown(commitment.compressed)})
    else:
        screen.line(shown(commitment.compressed))
    return 0


def run_prove(options: argparse.Namespace) -> int:
    """Print a proof, with what it is a proof of."""
    from proofmill.host.cli.kzg_files import opening_record, read_blob
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.inputs import blob_of, element_of
    from proofmill.host.prover.kzg.verify import Opening

    blob = blob_of(read_blob(options.blob), options.blob)
    if options.at is not None:
        element_of(options.at.to_bytes(32, "big"), "--at")
    screen = Screen(machine=options.json)
    prepare(screen)
    with screen.bar("committing") as bar:
        commitment = blobs.commit(blob, options.threads, bar)
        at = blobs.challenge(blob, commitment) if options.at is None else options.at
        bar.rename("proving")
        proof, value = blobs.prove(blob, at, options.threads, bar)
    record = opening_record(Opening(commitment, at, value, proof))
    if options.json:
        print_record("kzg prove", record)
    else:
        for name, text in record.items():
            screen.line(f"{name:10}  {text}")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Say whether a proof is valid."""
    from proofmill.host.cli.kzg_files import read_blob, read_opening
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.inputs import blob_of
    from proofmill.host.prover.kzg.verify import Opening, are_valid

    screen = Screen(machine=options.json)
    prepare(screen)
    opening = read_opening(options.file)
    if options.blob is not None:
        blob = blob_of(read_blob(options.blob), options.blob)
        at = blobs.challenge(blob, opening.commitment)
        opening = Opening(opening.commitment, at, blobs.evaluate(blob, at), opening.proof)
    valid = are_valid([opening])
    if options.json:
        print_record("kzg verify", {"valid": valid})
    else:
        screen.line("the proof is valid" if valid else "the proof is NOT valid")
    return 0 if valid else 1


def prepare(screen: Screen) -> None:
    """The native library, compiled if need be."""
    from proofmill.host.prover.native.library import library, library_if_there

    if library_if_there() is None:
        with screen.bar("preparing") as bar:
            library(bar.step)


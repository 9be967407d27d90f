"""``proofmill kzg``: commitments to blobs of the consensus layer, and proofs of what is in them."""

import argparse
import re
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import input_file, machine_reads, output_file, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.catalogue import KZG_DEVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from proofmill.hdl.curve import Group
    from proofmill.host.prover.kzg.inputs import Point
    from proofmill.host.prover.kzg.sums import Sums


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
    _add_device(commit)
    _add_options(commit)
    commit.set_defaults(run=run_commit)
    prove = actions.add_parser(
        "prove", help="a proof of a blob's commitment, or of a value",
        description="Print the proof that goes with a blob and its commitment (EIP-4844); with "
                    "--at, the value of the blob's polynomial there, and its proof.")
    _add_blob(prove)
    prove.add_argument("--at", type=number, metavar="Z", help="where the value is asked for, a "
                       "number below r (default: where blob and commitment say)")
    _add_device(prove)
    _add_options(prove)
    prove.set_defaults(run=run_prove)
    cells = actions.add_parser(
        "cells", help="a blob's 128 cells, with a proof of each",
        description="Write the 128 cells of a blob (EIP-7594), any 64 of which are enough to get "
                    "it back, and their proofs. The first time, the trusted setup is transformed, "
                    "which is kept in the cache folder.")
    _add_blob(cells)
    cells.add_argument("cells", metavar="CELLS.json", type=output_file)
    _add_device(cells)
    _add_threads(cells)
    cells.set_defaults(run=run_cells)
    recover = actions.add_parser(
        "recover", help="all cells from 64 of them",
        description="Write all 128 cells and proofs, from 64 or more in ascending order "
                    "(EIP-7594); refused where they are not of one blob, or not of the file's "
                    "commitment.")
    recover.add_argument("cells", metavar="SOME.json",
                         type=input_file("give cells as kzg cells writes them"))
    recover.add_argument("recovered", metavar="CELLS.json", type=output_file)
    recover.add_argument("--blob", metavar="BLOB", type=output_file,
                         help="write the blob, too, 131,072 bytes")
    _add_device(recover)
    _add_threads(recover)
    recover.set_defaults(run=run_recover)
    verify = actions.add_parser(
        "verify", help="whether a value is that of the polynomial, a blob or cells the right ones",
        description="Verify what `proofmill kzg prove --json` printed: that the polynomial which "
                    "is committed to has the value there; with BLOB, that the commitment is to "
                    "that blob, by the proof. Or what `proofmill kzg cells` wrote, all of it or "
                    "some cells. Status 1 where not.")
    verify.add_argument("file", metavar="PROOF.json",
                        type=input_file("give what kzg prove --json printed, or kzg cells wrote"))
    verify.add_argument("blob", metavar="BLOB", nargs="?", type=input_file("give a blob"))
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(run=run_verify)
    setup = actions.add_parser(
        "setup", help="whether the trusted setup is of one secret",
        description="Check the trusted setup that commitments are made with: that its points are "
                    "powers of one secret in G1 and G2, and the combinations of them for values, "
                    "by random sums in both groups and pairings. That nobody knows the secret, no "
                    "calculation says. Status 1 if something is wrong.")
    _add_device(setup)
    _add_options(setup)
    setup.set_defaults(run=run_setup)


def _add_blob(command: argparse.ArgumentParser) -> None:
    command.add_argument("blob", metavar="BLOB", type=input_file("give a blob"),
                         help="131,072 bytes, or their hexadecimal digits")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=KZG_DEVICES, metavar="|".join(KZG_DEVICES),
                         default=KZG_DEVICES[0],
                         help="what computes the sums: this machine, or the accelerator's control "
                              "or gateware on BLS12-381 (default: %(default)s)")


def _add_options(command: argparse.ArgumentParser) -> None:
    _add_threads(command)
    command.add_argument("--json", action="store_true", help="one JSON object")


def _add_threads(command: argparse.ArgumentParser) -> None:
    command.add_argument("--threads", type=whole(1), metavar="N",
                         help="threads, or simulated accelerators side by side (default: one a "
                              "core)")


def run_commit(options: argparse.Namespace) -> int:
    """Print a commitment."""
    from proofmill.host.cli.kzg_files import read_blob, shown
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.inputs import blob_of

    blob = blob_of(read_blob(options.blob), options.blob)
    screen = Screen(machine=options.json)
    with opened(screen, options.device, options.threads) as sums:
        with screen.bar("committing") as bar:
            commitment = blobs.commit(blob, sums, bar)
    if options.json:
        print_record("kzg commit", {"commitment": shown(commitment.compressed),
                                    "device": options.device, "cycles": sums.cycles})
    else:
        screen.line(shown(commitment.compressed))
        _tell_cycles(screen, options.device, sums)
    return 0


def run_prove(options: argparse.Namespace) -> int:
    """Print a proof, with what it is a proof of."""
    from proofmill.host.cli.kzg_files import opening_record, read_blob
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.inputs import blob_of, element_of
    from proofmill.host.prover.kzg.verify import Opening, are_valid

    blob = blob_of(read_blob(options.blob), options.blob)
    if options.at is not None:
        element_of(options.at.to_bytes(32, "big"), "--at")
    screen = Screen(machine=options.json)
    with opened(screen, options.device, options.threads) as sums:
        with screen.bar("committing") as bar:
            commitment = blobs.commit(blob, sums, bar)
            at = blobs.challenge(blob, commitment) if options.at is None else options.at
            bar.rename("proving")
            proof, value = blobs.prove(blob, at, sums, bar)
    opening = Opening(commitment, at, value, proof)
    _check(options.device, lambda: are_valid([opening]))
    record = opening_record(opening)
    if options.json:
        print_record("kzg prove", {**record, "device": options.device, "cycles": sums.cycles})
    else:
        for name, text in record.items():
            screen.line(f"{name:10}  {text}")
        _tell_cycles(screen, options.device, sums)
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Say whether a proof is valid."""
    from proofmill.host.cli.kzg_files import read_blob, read_proven
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.inputs import blob_of
    from proofmill.host.prover.kzg.verify import Opening, are_valid
    from proofmill.host.prover.kzg.verify_cells import cells_are_valid

    screen = Screen(machine=options.json)
    prepare(screen)
    proven = read_proven(options.file)
    if isinstance(proven, list):
        if options.blob is not None:
            raise ProofmillError(f"{options.blob}: cells are verified by their commitment; leave "
                                 "the blob out")
        return _tell(screen, options.json, cells_are_valid(proven), "the proofs are")
    if options.blob is not None:
        blob = blob_of(read_blob(options.blob), options.blob)
        at = blobs.challenge(blob, proven.commitment)
        proven = Opening(proven.commitment, at, blobs.evaluate(blob, at), proven.proof)
    return _tell(screen, options.json, are_valid([proven]), "the proof is")


def _tell(screen: Screen, as_json: bool, valid: bool, what: str) -> int:
    if as_json:
        print_record("kzg verify", {"valid": valid})
    else:
        screen.line(f"{what} {'valid' if valid else 'NOT valid'}")
    return 0 if valid else 1


def run_setup(options: argparse.Namespace) -> int:
    """Say whether the trusted setup is one."""
    from proofmill.hdl.curve import Group
    from proofmill.host.prover.kzg.setup_check import Setup, problem_of
    from proofmill.host.prover.kzg.sums import ProcessorSums
    from proofmill.host.prover.kzg.trusted_setup import compressed

    setup, screen = Setup(*compressed()), Screen(machine=options.json)
    with opened(screen, options.device, options.threads, tuple(Group)) as sums:
        with screen.bar("adding up") as bar:
            problem = problem_of(setup, sums, bar)
    if problem is not None:  # by the processor as well, or the device computed wrongly
        _check(options.device,
               lambda: problem_of(setup, ProcessorSums(options.threads)) is not None)
    if options.json:
        print_record("kzg setup", {"valid": problem is None, "problem": problem,
                                   "device": options.device, "cycles": sums.cycles})
    else:
        screen.line(
            f"{len(setup.powers):,} powers of one secret in G1, {len(setup.powers_g2)} in G2, "
            f"{len(setup.lagrange):,} combinations of them for values: all right"
            if problem is None else f"NOT valid: {problem}")
        _tell_cycles(screen, options.device, sums)
    return 0 if problem is None else 1


def run_cells(options: argparse.Namespace) -> int:
    """Write a blob's cells."""
    from proofmill.host.cli.kzg_files import read_blob
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.cells import coefficients_of
    from proofmill.host.prover.kzg.inputs import blob_of

    blob = blob_of(read_blob(options.blob), options.blob)
    screen = Screen(machine=machine_reads(options.cells))
    with opened(screen, options.device, options.threads) as sums:
        with screen.bar("committing") as bar:
            commitment = blobs.commit(blob, sums, bar)
        _write_cells(screen, options.cells, commitment, coefficients_of(blob, options.threads),
                     options, sums)
    _tell_cycles(screen, options.device, sums)
    return 0


def run_recover(options: argparse.Namespace) -> int:
    """Write all cells, from some."""
    from proofmill.host.cli.kzg_files import read_cells, shown
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.prover.kzg import blobs
    from proofmill.host.prover.kzg.cells import blob_from
    from proofmill.host.prover.kzg.inputs import blob_of
    from proofmill.host.prover.kzg.recover import recover
    from proofmill.host.prover.kzg.sums import ProcessorSums

    screen = Screen(machine=machine_reads(options.recovered) or machine_reads(options.blob))
    prepare(screen)
    commitment, entries, elements = read_cells(options.cells)
    with screen.bar("recovering"):
        coefficients = recover([entry.index for entry in entries], elements, options.threads)
        data = blob_from(coefficients, options.threads)
        found = blobs.commit(blob_of(data), ProcessorSums(options.threads))
    if found.compressed != commitment.compressed:
        raise ProofmillError(
            f"{options.cells}: commitment: {shown(commitment.compressed)} is to another blob, "
            f"these cells are of {shown(found.compressed)}; give cells with their own commitment")
    with opened(screen, options.device, options.threads) as sums:
        _write_cells(screen, options.recovered, commitment, coefficients, options, sums)
    if options.blob is not None:
        write_atomically(options.blob, [data])
        screen.line(f"wrote {options.blob}: the blob")
    _tell_cycles(screen, options.device, sums)
    return 0


def _write_cells(screen: Screen, path: str, commitment: "Point", coefficients: bytes,
                 options: argparse.Namespace, sums: "Sums") -> None:
    from proofmill.host.cli.kzg_files import cells_text
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.prover.kzg.cells import cells_of, proofs_of
    from proofmill.host.prover.kzg.fk20 import transformed_setup
    from proofmill.host.prover.kzg.inputs import cell_of, points_of
    from proofmill.host.prover.kzg.verify_cells import Cell, cells_are_valid

    threads = options.threads
    with screen.bar("transforming the trusted setup") as bar:
        transformed_setup(bar)
    with screen.bar("proving the cells") as bar:
        proofs, cells = proofs_of(coefficients, threads, bar, sums), cells_of(coefficients, threads)
    _check(options.device, lambda: cells_are_valid([
        Cell(commitment, index, cell_of(cell), proof) for index, (cell, proof) in enumerate(
            zip(cells, points_of(proofs, "the proof"), strict=True))]))
    write_atomically(path, [cells_text(commitment, cells, proofs)])
    screen.line(f"wrote {path}: {len(proofs)} cells and their proofs")


@contextmanager
def opened(screen: Screen, device: str, threads: int | None,
           groups: "Sequence[Group] | None" = None) -> "Iterator[Sums]":
    """What computes sums, in G1 unless other groups are named, built if need be, and closed in the
    end."""
    from proofmill.host.prover.kzg.sums import open_sums

    prepare(screen)
    with screen.bar("preparing the device") as bar:
        sums = open_sums(device, threads, bar.step,
                         *(() if groups is None else (groups,)))
    with closing(sums):
        yield sums


def _check(device: str, valid: "Callable[[], bool]") -> None:
    """Raise where what a device's sums were made into does not verify."""
    if device != KZG_DEVICES[0] and not valid():
        from proofmill.host.prover.devices.device import DeviceError

        raise DeviceError(f"{device} computed a wrong sum, so nothing is written; use --device "
                          f"{KZG_DEVICES[0]}")


def _tell_cycles(screen: Screen, device: str, sums: "Sums") -> None:
    if sums.cycles:
        screen.line(f"{sums.cycles:,} cycles ({device})")


def prepare(screen: Screen) -> None:
    """The native library, compiled if need be."""
    from proofmill.host.prover.native.library import library, library_if_there

    if library_if_there() is None:
        with screen.bar("preparing") as bar:
            library(bar.step)


"""``proofmill history``: the block proofs of an era as one object."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import device, input_file, output_file, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.output import write_atomically

if TYPE_CHECKING:
    from proofmill.host.prover.aggregation.computing import OnDevice

POWERS = ("of one ceremony", "of another, that has nothing to do with the first")


def register(commands: Commands) -> None:
    """Add the commands."""
    history = commands.add_parser(
        "history", help="the block proofs of an era as one object of logarithmic size",
        description="Aggregate Groth16 proofs of blocks (SnarkPack): one object of 22,552 bytes "
                    "for 1,024 of them, beside what they state. It needs the powers of tau of two "
                    "ceremonies, and is worth as much as they are.")
    actions = history.add_subparsers(metavar="ACTION", required=True)
    key = actions.add_parser(
        "key", help="make the file that who verifies needs of the powers",
        description="Write the first powers of two ceremonies, by which aggregates of any number "
                    "of proofs are verified.")
    _add_powers(key)
    key.add_argument("out", metavar="KEY.json", type=output_file)
    key.set_defaults(run=run_key)
    aggregate = actions.add_parser(
        "aggregate", help="make one object of many block proofs",
        description="Aggregate the proofs of a folder, N.proof.json with N.public.json, in the "
                    "order of N; each block has to begin with the ledger's root that the one "
                    "before it ends with. The object is verified before it is written. With "
                    "--device that one computes the sums, and the wide processor beside it, which "
                    "rtl and model have, the pairings (docs/firmware.md).")
    aggregate.add_argument("verification_key", metavar="VK.json", type=input_file(),
                           help="of the block circuit")
    _add_powers(aggregate)
    aggregate.add_argument("proofs", metavar="FOLDER", help="as `mine --proofs` writes it")
    aggregate.add_argument("out", metavar="FILE.era", type=output_file)
    aggregate.add_argument("--device", metavar="NAME", type=device,
                           help="what computes: cpu, model, rtl, serial:PORT, … (default: this "
                                "machine, on all cores)")
    aggregate.set_defaults(run=run_aggregate)
    verify = actions.add_parser(
        "verify", help="check such an object",
        description="Check that every block of an era has a proof, and show the ledger's roots "
                    "before and after it. Status 1 where that is not so.")
    verify.add_argument("verification_key", metavar="VK.json", type=input_file(),
                        help="of the block circuit")
    verify.add_argument("key", metavar="KEY.json", type=input_file(),
                        help="as `history key` writes it")
    verify.add_argument("era", metavar="FILE.era", type=input_file())
    verify.add_argument("--first-root", type=whole(0), metavar="NUMBER",
                        help="the ledger's root that the era has to begin with")
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(run=run_verify)


def _add_powers(parser: argparse.ArgumentParser) -> None:
    for name, text in zip(("first", "second"), POWERS, strict=True):
        parser.add_argument(name, metavar=f"{name.upper()}.ptau", type=input_file(),
                            help=f"powers of tau {text}")


def run_key(options: argparse.Namespace) -> None:
    """Write the heads."""
    from proofmill.host.prover.aggregation.setup import read_pair

    screen = Screen()
    with screen.bar("reading the powers"):
        heads = read_pair(options.first, options.second).heads
    heads.write(options.out)
    screen.line(f"wrote {options.out}")


def run_aggregate(options: argparse.Namespace) -> None:
    """Make an era of a folder's proofs."""
    from proofmill.host.network.certificates.era import aggregate, check_key, read_block_proofs
    from proofmill.host.prover.aggregation.aggregate import rounds_of
    from proofmill.host.prover.aggregation.setup import read_pair
    from proofmill.host.prover.groth16.verification_key import read_verification_key

    screen = Screen()
    key = read_verification_key(options.verification_key)
    check_key(key)
    with screen.bar("reading the proofs"):
        names, blocks, proofs = read_block_proofs(options.proofs)
    with screen.bar("reading the powers"):
        setup = read_pair(options.first, options.second, rounds_of(len(proofs)))
    with computing_on(screen, options.device) as computing:
        with screen.bar(f"aggregating {len(proofs):,} proofs") as bar:
            made = aggregate(setup, key, blocks, proofs, names, bar, computing)
        if computing is not None:
            screen.line(f"{options.device}: {computing.sum_cycles:,} cycles for sums; "
                        f"{computing.pairings:,} pairings in {computing.pairing_cycles:,} cycles "
                        "of the wide processor")
    data = made.to_bytes()
    write_atomically(options.out, [data])
    screen.line(f"wrote {options.out}: {len(blocks):,} blocks, {len(data):,} bytes, of which the "
                f"proof has {len(made.proof.to_bytes()):,}")


@contextmanager
def computing_on(screen: Screen, name: str | None) -> "Iterator[OnDevice | None]":
    """The device of this name, for an aggregate's sums and pairings; None for none."""
    if name is None:
        yield None
        return
    from proofmill.host.prover.aggregation.computing import OnDevice
    from proofmill.host.prover.devices.catalogue import open_device

    with screen.bar(f"opening {name}") as bar:
        opened = open_device(name, progress=bar.step)
    with ExitStack() as files:
        files.callback(opened.close)
        computing = OnDevice(opened)
        files.callback(computing.close)
        yield computing


def run_verify(options: argparse.Namespace) -> int:
    """Check an era."""
    from proofmill.host.network.certificates.era import read_era, refusal
    from proofmill.host.prover.aggregation.setup import read_heads
    from proofmill.host.prover.groth16.verification_key import read_verification_key

    screen = Screen(machine=options.json)
    with screen.bar("verifying"):
        era = read_era(options.era)
        reason = refusal(read_heads(options.key), read_verification_key(options.verification_key),
                         era)
    if not reason and options.first_root not in (None, era.first_root):
        reason = f"it begins with another root than {options.first_root}"
    if options.json:
        print_record("history verify", {
            "valid": not reason, "reason": reason, "blocks": len(era.blocks),
            "first_root": str(era.first_root), "last_root": str(era.last_root)})
    elif reason:
        screen.line(f"NOT valid: {reason}")
    else:
        screen.line(f"valid: {len(era.blocks):,} blocks, each with a proof")
        screen.line(f"the ledger's root before: {era.first_root}")
        screen.line(f"the ledger's root after:  {era.last_root}")
    return 1 if reason else 0

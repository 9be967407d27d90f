"""``proofmill zkey``, ``r1cs`` and ``setup``: what is in a file, and keys for development."""

import argparse
import dataclasses
from typing import Any

from proofmill.host.cli.arguments import input_file, machine_reads, output_file
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError


def register(commands: Commands) -> None:
    """Add the commands."""
    zkey = commands.add_parser("zkey", help="look into a proving key")
    zkey_commands = zkey.add_subparsers(metavar="ACTION", required=True)
    info = zkey_commands.add_parser(
        "info", help="curve, sizes, contributions",
        description="Show a proving key: its curve and sizes, who contributed to it, and whether "
                    "it is for development alone.")
    info.add_argument("file", metavar="CIRCUIT.zkey", type=input_file())
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=run_zkey_info)
    export = zkey_commands.add_parser(
        "verificationkey", help="write the verification key of a proving key",
        description="Write the verification key that a proving key has in it, as `snarkjs zkey "
                    "export verificationkey` does.")
    export.add_argument("file", metavar="CIRCUIT.zkey", type=input_file())
    export.add_argument("key", metavar="VK.json", type=output_file)
    export.set_defaults(run=run_zkey_export)

    r1cs = commands.add_parser("r1cs", help="look into a constraint system")
    r1cs_commands = r1cs.add_subparsers(metavar="ACTION", required=True)
    info = r1cs_commands.add_parser(
        "info", help="curve and sizes",
        description="Show a constraint system: its curve, wires, signals and constraints.")
    info.add_argument("file", metavar="CIRCUIT.r1cs", type=input_file())
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=run_r1cs_info)

    setup = commands.add_parser(
        "setup", help="make a development key for a circuit",
        description="Make a proving key without a ceremony. Whoever makes it can forge proofs, "
                    "so it is for development alone, and marked so in the file.")
    setup.add_argument("r1cs", metavar="CIRCUIT.r1cs", type=input_file())
    setup.add_argument("zkey", metavar="OUT.zkey", type=output_file)
    setup.add_argument("--development", action="store_true",
                       help="yes, a key whose maker can forge proofs")
    setup.add_argument("--seed", help="the same text makes the same key (default: random)")
    setup.set_defaults(run=run_setup)


MOST_NAMES = 8
"""Names of a list that are shown, one a line; --json has all."""


def _show(command: str, record: Any, as_json: bool) -> None:
    fields = dataclasses.asdict(record)
    if as_json:
        print_record(command, fields)
        return
    screen, longest = Screen(), max(map(len, fields))
    for name, value in fields.items():
        if name == "contributions":
            names = [part or "unnamed" for part in value]
            shown = names if len(names) <= MOST_NAMES else names[:MOST_NAMES - 1]
            screen.line(f"{name:{longest}}  {len(names) or 'none'}")
            for number, each in enumerate(shown, 1):
                screen.line(f"{'':{longest}}  {number}. {each}")
            if len(names) > len(shown):
                screen.line(f"{'':{longest}}  ... {len(names)}. {names[-1]}; --json shows all")
            continue
        if isinstance(value, tuple):
            value = ", ".join(f"{part:,}" for part in value)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, int):
            value = f"{value:,}"
        screen.line(f"{name.replace('_', ' '):{longest}}  {value}")


def run_zkey_info(options: argparse.Namespace) -> int:
    """Show a proving key."""
    from proofmill.host.prover.groth16.info import key_info
    from proofmill.host.prover.groth16.zkey import read_zkey

    with Screen(machine=options.json).bar(f"reading {options.file}"):
        info = key_info(read_zkey(options.file))
    _show("zkey info", info, options.json)
    return 0


def run_zkey_export(options: argparse.Namespace) -> int:
    """Write a verification key."""
    from proofmill.host.prover.groth16.verification_key import write_verification_key
    from proofmill.host.prover.groth16.zkey import read_zkey

    screen = Screen(machine=machine_reads(options.key))
    with screen.bar(f"reading {options.file}"):
        key = read_zkey(options.file).verification_key
    write_verification_key(options.key, key)
    screen.line(f"wrote {options.key}")
    return 0


def run_r1cs_info(options: argparse.Namespace) -> int:
    """Show a constraint system."""
    from proofmill.host.prover.groth16.info import circuit_info
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs

    with Screen(machine=options.json).bar(f"reading {options.file}"):
        info = circuit_info(read_r1cs(options.file))
    _show("r1cs info", info, options.json)
    return 0


def run_setup(options: argparse.Namespace) -> int:
    """Make a development key."""
    if not options.development:
        raise ProofmillError(
            "setup makes keys for development only, whose maker can forge proofs; say "
            "--development if that is what you want, and hold a ceremony with snarkjs otherwise")
    import hashlib

    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.setup import development_setup

    seed = hashlib.sha256(options.seed.encode()).digest() if options.seed is not None else None
    screen = Screen(machine=machine_reads(options.zkey))
    with screen.bar("making the key"):
        key = development_setup(read_r1cs(options.r1cs), options.zkey, seed)
    screen.line(f"wrote {options.zkey}: a development key for {key.wires:,} wires, "
                f"domain {key.domain_size:,}")
    return 0

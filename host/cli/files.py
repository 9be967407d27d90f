"""``proofmill zkey``, ``r1cs`` and ``setup``: what is in a file, and keys for development."""

import argparse
import dataclasses
import json
from typing import Any

from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError


def register(commands: Commands) -> None:
    """Add the commands."""
    zkey = commands.add_parser("zkey", help="look into a proving key")
    zkey_commands = zkey.add_subparsers(metavar="ACTION", required=True)
    info = zkey_commands.add_parser("info", help="curve, sizes, contributions")
    info.add_argument("file", metavar="CIRCUIT.zkey")
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=run_zkey_info)
    export = zkey_commands.add_parser(
        "verificationkey", help="write the verification key of a proving key")
    export.add_argument("file", metavar="CIRCUIT.zkey")
    export.add_argument("key", metavar="VK.json")
    export.set_defaults(run=run_zkey_export)

    r1cs = commands.add_parser("r1cs", help="look into a constraint system")
    r1cs_commands = r1cs.add_subparsers(metavar="ACTION", required=True)
    info = r1cs_commands.add_parser("info", help="curve and sizes")
    info.add_argument("file", metavar="CIRCUIT.r1cs")
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=run_r1cs_info)

    setup = commands.add_parser(
        "setup", help="make a development key for a circuit",
        description="Make a proving key without a ceremony. Whoever makes it can forge proofs, "
                    "so it is for development alone, and marked so in the file.")
    setup.add_argument("r1cs", metavar="CIRCUIT.r1cs")
    setup.add_argument("zkey", metavar="OUT.zkey")
    setup.add_argument("--development", action="store_true",
                       help="yes, a key whose maker can forge proofs")
    setup.add_argument("--seed", help="the same text makes the same key (default: random)")
    setup.set_defaults(run=run_setup)


def _show(record: Any, as_json: bool) -> None:
    fields = dataclasses.asdict(record)
    if as_json:
        print(json.dumps(fields))
        return
    screen, longest = Screen(), max(map(len, fields))
    for name, value in fields.items():
        if isinstance(value, tuple):
            value = ", ".join("unnamed" if part is None else str(part) for part in value) or "none"
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, int):
            value = f"{value:,}"
        screen.line(f"{name.replace('_', ' '):{longest}}  {value}")


def run_zkey_info(options: argparse.Namespace) -> int:
    """Show a proving key."""
    from proofmill.host.prover.groth16.info import key_info
    from proofmill.host.prover.groth16.zkey import read_zkey

    _show(key_info(read_zkey(options.file)), options.json)
    return 0


def run_zkey_export(options: argparse.Namespace) -> int:
    """Write a verification key."""
    from proofmill.host.prover.groth16.verification_key import write_verification_key
    from proofmill.host.prover.groth16.zkey import read_zkey

    write_verification_key(options.key, read_zkey(options.file).verification_key)
    Screen().line(f"wrote {options.key}")
    return 0


def run_r1cs_info(options: argparse.Namespace) -> int:
    """Show a constraint system."""
    from proofmill.host.prover.groth16.info import circuit_info
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs

    _show(circuit_info(read_r1cs(options.file)), options.json)
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
    key = development_setup(read_r1cs(options.r1cs), options.zkey, seed)
    Screen().line(f"wrote {options.zkey}: a development key for {key.wires:,} wires, "
                  f"domain {key.domain_size:,}")
    return 0

"""``proofmill r1cs``: what is in a constraint system."""

import argparse

from proofmill.host.cli.arguments import input_file
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.shown import show
from proofmill.host.cli.subcommands import Commands


def register(commands: Commands) -> None:
    """Add the commands."""
    r1cs = commands.add_parser("r1cs", help="look into a constraint system")
    r1cs_commands = r1cs.add_subparsers(metavar="ACTION", required=True)
    info = r1cs_commands.add_parser(
        "info", help="curve and sizes",
        description="Show a constraint system: its curve, wires, signals and constraints.")
    info.add_argument("file", metavar="CIRCUIT.r1cs", type=input_file())
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=run_r1cs_info)


def run_r1cs_info(options: argparse.Namespace) -> int:
    """Show a constraint system."""
    from proofmill.host.prover.groth16.info import circuit_info
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs

    with Screen(machine=options.json).bar(f"reading {options.file}"):
        info = circuit_info(read_r1cs(options.file))
    show("r1cs info", info, options.json)
    return 0

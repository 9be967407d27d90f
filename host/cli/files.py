"""``proofmill r1cs``: what is in a constraint system, and whether it says what it should."""

import argparse
from collections.abc import Sequence

from proofmill.host.cli.arguments import input_file
from proofmill.host.cli.records import print_record
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
    check = r1cs_commands.add_parser(
        "check", help="wires that the inputs do not determine, constraints too many",
        description="Look for what a circuit forgot to say, and for what it says twice: wires that "
                    "can move while the inputs stay, second witnesses for the same inputs, "
                    "constraints that others imply. Status 1 when a wire is not determined. It "
                    "does not find everything; docs/keys.md says what it cannot see.")
    check.add_argument("r1cs", metavar="CIRCUIT.r1cs", type=input_file())
    check.add_argument("witness", metavar="WITNESS.wtns", type=input_file(), nargs="?",
                       help="where to look (default: at random values, which finds less)")
    check.add_argument("--quick", action="store_true",
                       help="look for wires that can move alone: for large circuits")
    check.add_argument("--json", action="store_true", help="one JSON object")
    check.set_defaults(run=run_r1cs_check)


def run_r1cs_info(options: argparse.Namespace) -> int:
    """Show a constraint system."""
    from proofmill.host.prover.groth16.info import circuit_info
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs

    with Screen(machine=options.json).bar(f"reading {options.file}"):
        info = circuit_info(read_r1cs(options.file))
    show("r1cs info", info, options.json)
    return 0


MOST_SHOWN = 8
"""Wires or constraints of a list that are shown; --json has all."""


def run_r1cs_check(options: argparse.Namespace) -> int:
    """Check a circuit; say what was found."""
    from proofmill.host.prover.circuits.checker import Checker
    from proofmill.host.prover.curve.limbs import from_limbs
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.wtns import read_witness

    screen = Screen(machine=options.json)
    with screen.bar("checking"):
        witness = None if options.witness is None else from_limbs(read_witness(options.witness))
        found = Checker(read_r1cs(options.r1cs)).check(witness, options.quick)
    if options.json:
        print_record("r1cs check", {
            "wires": found.wires, "constraints": found.constraints, "at_random": found.at_random,
            "determined": found.is_determined, "loose": list(found.loose),
            "forgeries": [{"wire": each.wire, "changed": sorted(each.values)}
                          for each in found.forgeries],
            "dependent": list(found.dependent)})
        return 0 if found.is_determined else 1
    if found.loose:
        screen.line(f"wires that can move while the inputs stay: {_some(found.loose)}")
    for each in found.forgeries[:MOST_SHOWN]:
        screen.line(f"a second witness for the same inputs: wires {_some(sorted(each.values))} "
                    "have another value")
    if len(found.forgeries) > MOST_SHOWN:
        screen.line(f"... {len(found.forgeries)} of them; --json shows all")
    if found.dependent:
        screen.line("constraints of which one could go, at this witness: "
                    f"{_some(found.dependent)}")
    where = "random values, not at a witness" if found.at_random else "this witness"
    screen.line("the inputs do NOT determine all wires" if not found.is_determined else
                f"no wire was found that the inputs do not determine, at {where}")
    return 0 if found.is_determined else 1


def _some(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:MOST_SHOWN]))
    return shown if len(numbers) <= MOST_SHOWN else f"{shown}, ... {len(numbers)} of them"

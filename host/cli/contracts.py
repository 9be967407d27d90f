"""``proofmill contracts``: verifiers as contracts, and what the contracts cost."""

import argparse
from functools import partial

from proofmill.host.cli.arguments import input_file, machine_reads, output_file, whole
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands

MAXIMUM_PROVERS = 128


def register(commands: Commands) -> None:
    """Add the command."""
    contracts = commands.add_parser("contracts", help="verifiers as contracts, and gas")
    actions = contracts.add_subparsers(metavar="ACTION", required=True)
    verifier = actions.add_parser(
        "verifier", help="write the Vyper source of a verifier for a verification key",
        description="Write a verifier for one verification key of Groth16, PLONK or FFLONK, as a "
                    "Vyper contract.")
    verifier.add_argument("key", metavar="VK.json", type=input_file())
    verifier.add_argument("source", metavar="OUT.vy", type=output_file)
    verifier.set_defaults(run=run_verifier)
    inference = actions.add_parser(
        "inference", help="hand a proven result of a model to the contracts of ERC-7992",
        description="Create a registry of models and a verifier of their results on the embedded "
                    "machine, register a compiled model, and hand a result in as the address that "
                    "is its prover's tag. Status 1 where it is refused.")
    inference.add_argument("compiled", metavar="COMPILED",
                           help="the folder of `proofmill model compile`")
    inference.add_argument("proven", metavar="PROVEN",
                           help="the folder of `proofmill infer --prove`")
    inference.set_defaults(run=run_inference)
    gas = actions.add_parser(
        "gas", help="play a slot with a real proof on the embedded machine and tell the gas",
        description="Play every step of a slot once, with a real proof, on the embedded machine, "
                    "call every function of a ledger's contract once, play jobs for results of a "
                    "model, and hand certificates of finality to theirs.")
    gas.add_argument("--provers",
                     type=whole(1, MAXIMUM_PROVERS, f"the contracts take 1 to {MAXIMUM_PROVERS} "
                                                    "provers"), default=16, metavar="N",
                     help="provers with a bond, 1 to 128 (default: 16)")
    gas.set_defaults(run=run_gas)


def run_verifier(options: argparse.Namespace) -> None:
    """Write the source of a verifier."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.network.contracts.block_verifiers import (
        block_key_hash,
        block_verifier_source,
        system_of,
    )
    from proofmill.host.prover.fflonk.verification_key import read_any_key

    key = read_any_key(options.key)
    write_atomically(options.source, [block_verifier_source(key).encode()])
    Screen(machine=machine_reads(options.source)).line(
        f"wrote {options.source}: {system_of(key)}, {key.public} public signals, "
        f"key 0x{block_key_hash(key).hex()}")


def run_inference(options: argparse.Namespace) -> int:
    """Say what the contracts say of a result."""
    from proofmill.host.network.contracts.inference import verify_locally

    screen = Screen()
    with screen.bar("playing a registration and a result"):
        found = verify_locally(options.compiled, options.proven)
    if found.refused is not None:
        screen.line(f"the result is NOT accepted: {found.refused}")
        return 1
    gas = "" if found.gas is None else f", for {found.gas:,} gas"
    screen.line(f"the result is accepted, from 0x{found.caller.hex()}{gas}")
    return 0


def run_gas(options: argparse.Namespace) -> None:
    """A line a step."""
    from proofmill.host.network.certificates.gas import measure_bonds, measure_certificates
    from proofmill.host.network.certificates.reports_gas import measure_reports
    from proofmill.host.network.contracts.gas import measure
    from proofmill.host.network.contracts.ledger_gas import measure_ledger
    from proofmill.host.network.contracts.results_gas import measure_results

    screen = Screen()
    screen.line(f"gas with {options.provers} provers:")
    for what, costs in (
            ("a slot", partial(measure, options.provers)), ("a ledger", measure_ledger),
            ("jobs for results", measure_results),
            ("certificates of finality", measure_certificates),
            ("reports that are proven", partial(measure_reports, options.provers)),
            ("bonds of companion keys", measure_bonds)):
        with screen.bar(f"playing {what}"):
            for cost in costs():
                screen.line(f"{cost.gas:>12,}  {cost.step}")

"""``proofmill contracts``: verifiers as contracts, and what the contracts cost."""

import argparse
from pathlib import Path

from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

MAXIMUM_PROVERS = 128


def register(commands: Commands) -> None:
    """Add the command."""
    contracts = commands.add_parser("contracts", help="verifiers as contracts, and gas")
    actions = contracts.add_subparsers(metavar="ACTION", required=True)
    verifier = actions.add_parser(
        "verifier", help="write the Vyper source of a verifier for a verification key")
    verifier.add_argument("key", metavar="VK.json")
    verifier.add_argument("source", metavar="OUT.vy")
    verifier.set_defaults(run=run_verifier)
    gas = actions.add_parser(
        "gas", help="play a slot with a real proof on the embedded machine and tell the gas",
        description="Play every step of a slot once, with a real proof, on the embedded machine.")
    gas.add_argument("--provers", type=int, default=16, metavar="N",
                     help="provers with a bond, 1 to 128 (default: 16)")
    gas.set_defaults(run=run_gas)


def run_verifier(options: argparse.Namespace) -> None:
    """Write the source of a verifier."""
    from proofmill.host.network.contracts.verifier import key_hash, verifier_source
    from proofmill.host.prover.groth16.verification_key import read_verification_key

    key = read_verification_key(options.key)
    Path(options.source).write_text(verifier_source(key))
    print(f"wrote {options.source}: {key.public} public signals, key 0x{key_hash(key).hex()}")


def run_gas(options: argparse.Namespace) -> None:
    """A line a step."""
    if not 1 <= options.provers <= MAXIMUM_PROVERS:
        raise ProofmillError(f"--provers {options.provers}: the contracts take 1 to "
                             f"{MAXIMUM_PROVERS} provers")
    from proofmill.host.network.contracts.gas import measure

    print(f"gas with {options.provers} provers:", flush=True)
    for cost in measure(options.provers):
        print(f"{cost.gas:>12,}  {cost.step}", flush=True)

"""``proofmill prove`` and ``proofmill verify``: the files of snarkjs in rapidsnark's order."""

import argparse

from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.prover.devices.catalogue import DEVICES, open_device


def register(commands: Commands) -> None:
    """Add the commands."""
    prove = commands.add_parser(
        "prove", help="prove with a .zkey and a .wtns file",
        description="Prove as `snarkjs groth16 prove` and rapidsnark do. The proof is verified "
                    "before it is written.",
        epilog="example: proofmill prove circuit.zkey witness.wtns proof.json public.json "
               "--device rtl")
    prove.add_argument("zkey", metavar="CIRCUIT.zkey")
    prove.add_argument("witness", metavar="WITNESS.wtns")
    prove.add_argument("proof", metavar="PROOF.json")
    prove.add_argument("public", metavar="PUBLIC.json")
    add_device(prove, "cpu")
    prove.add_argument("--r1cs", metavar="CIRCUIT.r1cs",
                       help="names the constraint that a wrong witness breaks")
    prove.set_defaults(run=run_prove)

    verify = commands.add_parser(
        "verify", help="verify a proof",
        description="Verify a proof as `snarkjs groth16 verify` does: status 0 when it is valid, "
                    "1 when it is not.")
    verify.add_argument("key", metavar="VK.json")
    verify.add_argument("public", metavar="PUBLIC.json")
    verify.add_argument("proof", metavar="PROOF.json")
    verify.set_defaults(run=run_verify)


def add_device(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device", default=default, metavar="|".join(DEVICES),
        help=f"what computes the multi-scalar multiplications (default: {default})")


def run_prove(options: argparse.Namespace) -> int:
    """Prove; write both files or neither."""
    from proofmill.host.prover.devices.cpu import CpuDevice
    from proofmill.host.prover.groth16.json_fields import write_public
    from proofmill.host.prover.groth16.prove import Prover
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.verification_key import write_proof
    from proofmill.host.prover.groth16.wtns import read_witness
    from proofmill.host.prover.groth16.zkey import read_zkey

    screen = Screen()
    key, witness = read_zkey(options.zkey), read_witness(options.witness)
    r1cs = read_r1cs(options.r1cs) if options.r1cs else None
    with screen.bar("preparing") as bar:
        device = open_device(options.device, progress=bar.step)
    fallback = None if options.device == "cpu" else CpuDevice()
    prover = Prover(key, device, fallback, r1cs)
    with screen.bar(f"proving on {device.name}") as bar:
        result = prover.prove(witness, bar)
    for fault in result.faults:
        screen.line(f"warning: {fault}; the proof was made on {result.device}")
    write_proof(options.proof, result.proof)
    write_public(options.public, result.public)
    cycles = f", {result.cycles:,} cycles" if result.cycles else ""
    screen.line(f"proved and verified on {result.device} in {result.seconds:.2f} s{cycles}: "
                f"{options.proof}, {options.public}")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Verify; say so."""
    from proofmill.host.prover.groth16.json_fields import read_public
    from proofmill.host.prover.groth16.verification_key import read_proof, read_verification_key
    from proofmill.host.prover.groth16.verify import verify

    key = read_verification_key(options.key)
    valid = verify(key, read_public(options.public), read_proof(options.proof))
    Screen().line("the proof is valid" if valid else
                  "the proof is NOT valid for this key and these public inputs")
    return 0 if valid else 1

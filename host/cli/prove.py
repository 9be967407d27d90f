"""``proofmill prove`` and ``proofmill verify``: the files of snarkjs in rapidsnark's order."""

import argparse

from proofmill.host.cli.arguments import device, input_file, machine_reads, output_file
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
    prove.add_argument("zkey", metavar="CIRCUIT.zkey", type=input_file(), help="the proving key")
    prove.add_argument("witness", metavar="WITNESS.wtns", type=input_file(),
                       help="every wire's value")
    prove.add_argument("proof", metavar="PROOF.json", type=output_file,
                       help="where the proof goes; /dev/stdout and pipes will do")
    prove.add_argument("public", metavar="PUBLIC.json", type=output_file,
                       help="where the public signals go")
    add_device(prove, "cpu")
    add_fallback(prove)
    prove.add_argument("--r1cs", metavar="CIRCUIT.r1cs", type=input_file(),
                       help="names the constraint that a wrong witness breaks")
    prove.set_defaults(run=run_prove)

    verify = commands.add_parser(
        "verify", help="verify a proof",
        description="Verify a proof as `snarkjs groth16 verify` does: status 0 when it is valid, "
                    "1 when it is not.")
    verify.add_argument("key", metavar="VK.json", type=input_file(), help="the verification key")
    verify.add_argument("public", metavar="PUBLIC.json", type=input_file(),
                        help="the public signals")
    verify.add_argument("proof", metavar="PROOF.json", type=input_file(), help="the proof")
    verify.set_defaults(run=run_verify)


def add_device(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device", default=default, type=device, metavar="|".join(DEVICES),
        help=f"what computes the multi-scalar multiplications (default: {default})")


def add_fallback(parser: argparse.ArgumentParser) -> None:
    """Add ``--no-fallback``."""
    parser.add_argument(
        "--no-fallback", action="store_true",
        help="fail (status 2) where the device fails, instead of proving on this machine's "
             "processor")


def run_prove(options: argparse.Namespace) -> int:
    """Prove; write both files."""
    from proofmill.host.prover.devices.cpu import CpuDevice
    from proofmill.host.prover.groth16.json_fields import write_public
    from proofmill.host.prover.groth16.prove import Prover
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.verification_key import write_proof
    from proofmill.host.prover.groth16.wtns import read_witness
    from proofmill.host.prover.groth16.zkey import read_zkey

    screen = Screen(machine=machine_reads(options.proof) or machine_reads(options.public))
    with screen.bar("reading"):
        key, witness = read_zkey(options.zkey), read_witness(options.witness)
        r1cs = None if options.r1cs is None else read_r1cs(options.r1cs)
    with screen.bar("preparing") as bar:
        device = open_device(options.device, progress=bar.step)
    fallback = None if options.device == "cpu" or options.no_fallback else CpuDevice()
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
    from proofmill.host.prover.groth16.json_fields import NotValid, read_public
    from proofmill.host.prover.groth16.verification_key import read_proof, read_verification_key
    from proofmill.host.prover.groth16.verify import verify

    screen = Screen()
    try:
        with screen.bar("verifying"):
            key = read_verification_key(options.key)
            valid = verify(key, read_public(options.public), read_proof(options.proof))
    except NotValid as error:
        screen.line(f"the proof is NOT valid: {error}")
        return 1
    screen.line("the proof is valid" if valid else
                "the proof is NOT valid for this key and these public inputs")
    return 0 if valid else 1

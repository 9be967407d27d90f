"""``proofmill gnark``: keys, proofs and witnesses between gnark's binary files and snarkjs'."""

import argparse
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import input_file, machine_reads, output_file
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands

if TYPE_CHECKING:
    from proofmill.host.prover.groth16.gnark import GnarkKey


def register(commands: Commands) -> None:
    """Add the commands."""
    gnark = commands.add_parser("gnark", help="keys and proofs as gnark writes them")
    actions = gnark.add_subparsers(metavar="ACTION", required=True)
    key = actions.add_parser(
        "key", help="turn a verification key into gnark's or snarkjs' form",
        description="Turn a Groth16 verification key over BN254 from gnark's binary form into "
                    "snarkjs' JSON, or a .zkey or snarkjs' JSON into gnark's. Of commitments to "
                    "wires, which gnark's circuits may have, JSON has none: such a key is refused. "
                    "gnark's form has two points that no verifier needs and JSON has not; from "
                    "JSON they are infinity.")
    key.add_argument("key", metavar="KEY",
                     type=input_file("give a key of gnark, a .zkey, or snarkjs' JSON"))
    key.set_defaults(run=run_key)
    proof = actions.add_parser(
        "proof", help="turn a proof into gnark's or snarkjs' form",
        description="Turn a Groth16 proof over BN254 from gnark's binary form into snarkjs' JSON, "
                    "or the other way.")
    proof.add_argument("proof", metavar="PROOF",
                       type=input_file("give a proof of gnark, or snarkjs' JSON"))
    proof.set_defaults(run=run_proof)
    for each in (key, proof):
        each.add_argument("out", metavar="OUT", type=output_file)
        each.add_argument("--raw", action="store_true",
                          help="gnark's points with x and y (WriteRawTo), not compressed")


    _register_proving(actions)


def _register_proving(actions: Commands) -> None:
    """What a prover needs."""
    proving = actions.add_parser(
        "proving-key", help="write a proving key of gnark in another of its forms",
        description="Write gnark's Groth16 proving key over BN254 in another of gnark's forms: "
                    "compressed, as WriteTo does, or one of those below. Points are checked to be "
                    "on their curve.")
    proving.add_argument("key", metavar="KEY", type=input_file("give a proving key of gnark"))
    proving.add_argument("out", metavar="OUT", type=output_file)
    form = proving.add_mutually_exclusive_group()
    form.add_argument("--raw", action="store_true",
                      help="points with x and y (WriteRawTo), not compressed")
    form.add_argument("--dump", action="store_true",
                      help="points as memory has them (WriteDump), which is read fastest")
    proving.set_defaults(run=run_proving_key)
    zkey = actions.add_parser(
        "zkey", help="make a .zkey of gnark's keys and constraint system",
        description="Make a .zkey of what gnark writes for a circuit without commitments to wires: "
                    "every prover of .zkey files then proves by gnark's setup, and gnark verifies "
                    "the proof. Takes n log2(n) / 2 products of points for n constraints.")
    for name, hint in (("proving", "give a proving key of gnark"),
                       ("verification", "give a verification key of gnark"),
                       ("system", "give a constraint system of gnark")):
        zkey.add_argument(name, metavar=name.upper(), type=input_file(hint))
    zkey.add_argument("out", metavar="OUT.zkey", type=output_file)
    zkey.set_defaults(run=run_zkey)
    witness = actions.add_parser(
        "witness", help="make a .wtns of gnark's solution",
        description="Make a .wtns of a solution as R1CSSolution.WriteTo of gnark writes it, which "
                    "its constraint system's Solve returns.")
    witness.add_argument("solution", metavar="SOLUTION",
                         type=input_file("give a solution of gnark"))
    witness.add_argument("out", metavar="OUT.wtns", type=output_file)
    witness.set_defaults(run=run_witness)


def run_key(options: argparse.Namespace) -> None:
    """Turn a key."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.prover.groth16 import gnark
    from proofmill.host.prover.groth16.json_fields import (
        is_text,
        parse_text,
        read_bytes,
        write_json,
    )
    from proofmill.host.prover.groth16.plain import key_from_json
    from proofmill.host.prover.groth16.verification_key import key_of
    from proofmill.host.prover.groth16.zkey import MAGIC

    screen, data = Screen(machine=machine_reads(options.out)), read_bytes(options.key, but=MAGIC)
    if data == MAGIC:
        key = _of_zkey(options.key)
    elif is_text(data):
        plain = key_from_json(parse_text(data, options.key).value, options.key)
        key = gnark.GnarkKey(plain, gnark.NO_POINT, gnark.NO_POINT)
    else:
        plain = gnark.plain_key(gnark.parse_key(data, options.key))
        write_json(options.out, key_of(plain).to_json())
        screen.line(f"wrote {options.out}: snarkjs' JSON, {plain.public} public signals")
        return
    write_atomically(options.out, [gnark.key_bytes(key, options.raw)])
    screen.line(f"wrote {options.out}: gnark's form, {key.plain.public} public signals")


def _of_zkey(path: str) -> "GnarkKey":
    from proofmill.hdl.curve import Group
    from proofmill.host.prover.groth16 import gnark
    from proofmill.host.prover.groth16.plain_points import from_array
    from proofmill.host.prover.groth16.verification_key import plain_of
    from proofmill.host.prover.groth16.zkey import read_zkey

    key = read_zkey(path)
    beta_1, delta_1 = (from_array(Group.G1, each)[0] for each in (key.beta_g1, key.delta_g1))
    return gnark.GnarkKey(plain_of(key.verification_key), beta_1, delta_1)


def run_proof(options: argparse.Namespace) -> None:
    """Turn a proof."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.prover.groth16 import gnark
    from proofmill.host.prover.groth16.json_fields import (
        is_text,
        parse_text,
        read_bytes,
        write_json,
    )
    from proofmill.host.prover.groth16.plain import proof_from_json
    from proofmill.host.prover.groth16.verification_key import proof_of

    screen, data = Screen(machine=machine_reads(options.out)), read_bytes(options.proof)
    if is_text(data):
        proof = gnark.GnarkProof(proof_from_json(parse_text(data, options.proof).value,
                                                 options.proof))
        write_atomically(options.out, [gnark.proof_bytes(proof, options.raw)])
        screen.line(f"wrote {options.out}: gnark's form")
        return
    plain = gnark.plain_proof(gnark.parse_proof(data, options.proof))
    write_json(options.out, proof_of(plain).to_json())
    screen.line(f"wrote {options.out}: snarkjs' JSON")


def run_proving_key(options: argparse.Namespace) -> None:
    """Write a proving key in another form."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.prover.groth16 import gnark_proving_key
    from proofmill.host.prover.groth16.json_fields import read_bytes

    screen, forms = Screen(machine=machine_reads(options.out)), gnark_proving_key.Form
    form = forms.DUMP if options.dump else forms.RAW if options.raw else forms.COMPRESSED
    with screen.bar(f"reading {options.key}"):
        key = gnark_proving_key.parse_proving_key(read_bytes(options.key), options.key)
    with screen.bar(f"writing {options.out}"):
        write_atomically(options.out, gnark_proving_key.proving_key_content(key, form))
    screen.line(f"wrote {options.out}: {form.value}, {key.wires} wires, a domain of "
                f"{key.domain_size}, {len(key.commitments)} commitments")


def run_zkey(options: argparse.Namespace) -> None:
    """Make a .zkey."""
    from proofmill.host.prover.groth16 import gnark
    from proofmill.host.prover.groth16.gnark_proving_key import parse_proving_key
    from proofmill.host.prover.groth16.gnark_system import parse_system
    from proofmill.host.prover.groth16.gnark_zkey import proving_key
    from proofmill.host.prover.groth16.json_fields import read_bytes
    from proofmill.host.prover.groth16.zkey import write_zkey

    screen = Screen(machine=machine_reads(options.out))
    verification = gnark.parse_key(read_bytes(options.verification), options.verification)
    r1cs = parse_system(read_bytes(options.system), options.system)
    with screen.bar(f"reading {options.proving}"):
        read = parse_proving_key(read_bytes(options.proving), options.proving)
    with screen.bar("turning Z into H") as bar:
        key = proving_key(read, verification, r1cs, bar)
    write_zkey(options.out, key)
    screen.line(f"wrote {options.out}: {key.wires} wires, {key.public} public signals, "
                f"{r1cs.constraints} constraints")


def run_witness(options: argparse.Namespace) -> None:
    """Make a .wtns."""
    from proofmill.host.prover.groth16.gnark_system import parse_solution
    from proofmill.host.prover.groth16.json_fields import read_bytes
    from proofmill.host.prover.groth16.wtns import write_witness

    witness = parse_solution(read_bytes(options.solution), options.solution)
    write_witness(options.out, witness)
    Screen(machine=machine_reads(options.out)).line(
        f"wrote {options.out}: {len(witness)} values")

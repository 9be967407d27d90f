"""``proofmill gnark``: keys and proofs between gnark's binary files and snarkjs' JSON."""

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
    from proofmill.host.prover.groth16.plain import PlainKey
    from proofmill.host.prover.groth16.plain_points import from_array
    from proofmill.host.prover.groth16.zkey import read_zkey

    key = read_zkey(path)
    alpha, beta_1, delta_1 = (from_array(Group.G1, each)[0]
                              for each in (key.alpha_g1, key.beta_g1, key.delta_g1))
    beta, gamma, delta = (from_array(Group.G2, each)[0]
                          for each in (key.beta_g2, key.gamma_g2, key.delta_g2))
    points = tuple(from_array(Group.G1, key.public_points))
    return gnark.GnarkKey(PlainKey(alpha, beta, gamma, delta, points, path), beta_1, delta_1)


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

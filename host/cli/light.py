"""``proofmill light``: a node that follows finality by certificates alone."""

import argparse

from proofmill.host.cli.arguments import hexadecimal, input_file, output_folder, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

ROOT = "a root is 32 bytes in hexadecimal"


def register(commands: Commands) -> None:
    """Add the commands."""
    light = commands.add_parser(
        "light", help="follow a chain's finality by certificates alone, without its blocks",
        description="A node that holds certificates of finality and nothing else: proofs that the "
                    "companion keys of two thirds of the stake have voted from one checkpoint to "
                    "another. These are not the validators' BLS signatures, and not post-quantum.")
    actions = light.add_subparsers(metavar="ACTION", required=True)
    start = actions.add_parser(
        "start", help="make a node's folder, from a checkpoint that you trust",
        description="Make the folder of a light node. Checkpoint and registry are what it trusts: "
                    "take them from a full node of your own.")
    start.add_argument("folder", metavar="FOLDER", type=output_folder)
    start.add_argument("--key", metavar="VK.json", type=input_file(), required=True,
                       help="the verification key of certificates of an epoch")
    start.add_argument("--epoch", type=whole(0, (1 << 64) - 1), required=True, metavar="E",
                       help="of the checkpoint")
    start.add_argument("--root", type=hexadecimal(32, 32, ROOT), metavar="0x…",
                       help="of the checkpoint (default: of epoch 0, zeros, as the votes have it)")
    start.add_argument("--registry", type=whole(1), required=True, metavar="NUMBER",
                       help="the commitment to the registry of the checkpoint's state")
    start.set_defaults(run=run_start)
    follow = actions.add_parser(
        "follow", help="ask peers for certificates and take those that hold",
        description="Ask peers, which nobody trusts, for the certificates after the latest "
                    "one here, and take those that hold and follow. Status 1 where a peer does not "
                    "answer or something was refused.")
    follow.add_argument("folder", metavar="FOLDER")
    follow.add_argument("--peer", metavar="FOLDER|URL", action="append", required=True,
                        dest="peers", help="where files <epoch>.certificate are; may be given "
                                           "several times")
    follow.set_defaults(run=run_follow)
    show = actions.add_parser("show", help="what is justified and final",
                              description="Show what a light node knows.")
    show.add_argument("folder", metavar="FOLDER")
    show.add_argument("--json", action="store_true", help="one JSON object")
    show.set_defaults(run=run_show)


def run_start(options: argparse.Namespace) -> None:
    """Make the folder."""
    screen = Screen()
    load_chain(screen)
    from proofmill.host.network.certificates.light import LightNode
    from proofmill.host.prover.circuits.finality.statement import CertificateInputs
    from proofmill.host.prover.circuits.finality.vote import Checkpoint
    from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
    from proofmill.host.prover.groth16.verification_key import read_verification_key

    if options.registry >= SCALAR_MODULUS:
        raise ProofmillError(f"--registry {options.registry}: a registry's commitment is below r, "
                             f"{SCALAR_MODULUS}")
    if options.root is None and options.epoch:
        raise ProofmillError(f"--epoch {options.epoch}: needs the checkpoint's --root")
    root = options.root or bytes(32)
    key = read_verification_key(options.key)
    public = len(CertificateInputs._fields) - 1
    if key.public != public:
        raise ProofmillError(f"{options.key}: is of proofs with {key.public} public signals; a "
                             f"certificate of an epoch has {public}")
    LightNode.start(options.folder, key, Checkpoint(options.epoch, root), options.registry)
    screen.line(f"wrote {options.folder}: it trusts epoch {options.epoch}")


def run_follow(options: argparse.Namespace) -> int:
    """Ask the peers once."""
    screen = Screen()
    load_chain(screen)
    from proofmill.host.network.certificates.light import LightNode

    node = LightNode.open(options.folder)
    refused: list[str] = []
    with screen.bar("asking peers"):
        taken = node.follow(options.peers, refused.append)
    for sentence in refused:
        screen.line(sentence)
    known = node.known
    screen.line(f"{taken} certificates taken: epoch {known.head.epoch} is justified, "
                f"{known.finalized.epoch} is final")
    return 1 if refused else 0


def run_show(options: argparse.Namespace) -> None:
    """Say what is known."""
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.network.certificates.light import LightNode

    node = LightNode.open(options.folder)
    head, final = node.known.head, node.known.finalized
    if options.json:
        print_record("light show", {
            "finalized_epoch": final.epoch, "finalized_root": final.root.hex(),
            "justified_epoch": head.epoch, "justified_root": head.root.hex(),
            "registry": str(node.known.justified[head]), "certificates": node.epochs,
            "bytes": node.bytes})
        return
    screen.line(f"final:     epoch {final.epoch}, 0x{final.root.hex()}")
    screen.line(f"justified: epoch {head.epoch}, 0x{head.root.hex()}")
    screen.line(f"{len(node.epochs)} certificates, {node.bytes:,} bytes in all")

"""``proofmill light``: a node that follows finality by certificates alone."""

import argparse
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import hexadecimal, input_file, output_folder, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.host.network.certificates.light_ledger import LightLedger
    from proofmill.host.prover.circuits.finality.vote import Checkpoint

PROFILES = COMPANION, POST_QUANTUM = "companion", "post-quantum"
"""How the votes of certificates are signed."""
ROOT = "a root is 32 bytes in hexadecimal"
HASH = "a block's hash is 32 bytes in hexadecimal"


def register(commands: Commands) -> None:
    """Add the commands."""
    light = commands.add_parser(
        "light", help="follow a chain's finality by certificates alone, without its blocks",
        description="A node that holds certificates of finality and nothing else: proofs that the "
                    "companion keys of two thirds of the stake have voted from one checkpoint to "
                    "another. These are not the validators' BLS signatures, and not post-quantum "
                    "but with start --profile post-quantum.")
    actions = light.add_subparsers(metavar="ACTION", required=True)
    start = actions.add_parser(
        "start", help="make a node's folder, from a checkpoint that you trust",
        description="Make the folder of a light node. Checkpoint and registry are what it trusts: "
                    "take them from a full node of your own.")
    start.add_argument("folder", metavar="FOLDER", type=output_folder)
    start.add_argument("--profile", choices=PROFILES, default=COMPANION,
                       metavar="|".join(PROFILES),
                       help="which certificates it follows: of companion keys, or of hash-based "
                            "signatures, extra post-quantum (default: %(default)s)")
    start.add_argument("--key", metavar="VK.json", type=input_file(),
                       help="the verification key of certificates of an epoch; needed for those of "
                            "companion keys")
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
    _add_peers(follow, "<epoch>.certificate, and <blocks>.era and .headers,")
    follow.set_defaults(run=run_follow)
    ledger = actions.add_parser(
        "ledger", help="let it follow the ledger too, by eras of proven blocks",
        description="Add a ledger to a light node: it takes the block proofs of eras, each as one "
                    "object, from the peers of `light follow`, with headers that lead to the final "
                    "checkpoint. Root and block are trusted, as its checkpoint is.")
    ledger.add_argument("folder", metavar="FOLDER")
    ledger.add_argument("--key", metavar="VK.json", type=input_file(), required=True,
                        help="the verification key of block proofs")
    ledger.add_argument("--history-key", metavar="KEY.json", type=input_file(), required=True,
                        help="as `history key` writes it")
    ledger.add_argument("--ledger-root", type=whole(0), required=True, metavar="NUMBER",
                        help="of the ledger before the first era")
    ledger.add_argument("--block", type=hexadecimal(32, 32, HASH), required=True, metavar="0x…",
                        help="hash of the payload's block that has this ledger")
    ledger.set_defaults(run=run_ledger)
    balance = actions.add_parser(
        "balance", help="an account of the ledger, from a server that nobody trusts",
        description="Ask peers for an account after the last proven block, with its branch to the "
                    "ledger's root, and show what the first right branch says. Status 1 where "
                    "a peer answered something else.")
    balance.add_argument("folder", metavar="FOLDER")
    balance.add_argument("account", type=whole(0, (1 << 32) - 1), metavar="ACCOUNT")
    _add_peers(balance, "<root>-<account>.account")
    balance.add_argument("--json", action="store_true", help="one JSON object")
    balance.set_defaults(run=run_balance)
    proven = actions.add_parser(
        "proven", help="whether a payload is proven",
        description="Ask peers where among the proven blocks a payload's is. Status 1 where none "
                    "shows it, which does not say that it is not proven.")
    proven.add_argument("folder", metavar="FOLDER")
    proven.add_argument("block", type=hexadecimal(32, 32, HASH), metavar="0x…",
                        help="the payload's block hash")
    _add_peers(proven, "<hash>.block")
    proven.add_argument("--json", action="store_true", help="one JSON object")
    proven.set_defaults(run=run_proven)
    show = actions.add_parser("show", help="what is justified, final and proven",
                              description="Show what a light node knows.")
    show.add_argument("folder", metavar="FOLDER")
    show.add_argument("--json", action="store_true", help="one JSON object")
    show.set_defaults(run=run_show)


def _add_peers(parser: argparse.ArgumentParser, files: str) -> None:
    parser.add_argument("--peer", metavar="FOLDER|URL", action="append", required=True,
                        dest="peers", help=f"where files {files} are; may be given several times")


def run_start(options: argparse.Namespace) -> None:
    """Make the folder."""
    screen = Screen()
    load_chain(screen)
    from proofmill.host.prover.circuits.finality.vote import Checkpoint

    if options.root is None and options.epoch:
        raise ProofmillError(f"--epoch {options.epoch}: needs the checkpoint's --root")
    checkpoint = Checkpoint(options.epoch, options.root or bytes(32))
    if options.profile == COMPANION:
        _start(options, checkpoint)
    else:
        _start_hashed(options, checkpoint)
    screen.line(f"wrote {options.folder}: it trusts epoch {options.epoch}")


def _start(options: argparse.Namespace, checkpoint: "Checkpoint") -> None:
    from proofmill.host.network.certificates.light import LightNode
    from proofmill.host.prover.circuits.finality.statement import CertificateInputs
    from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
    from proofmill.host.prover.groth16.verification_key import read_verification_key

    if options.key is None:
        raise ProofmillError("--profile companion: needs --key, the verification key of the "
                             "certificates' circuit")
    if options.registry >= SCALAR_MODULUS:
        raise ProofmillError(f"--registry {options.registry}: a registry's commitment is below r, "
                             f"{SCALAR_MODULUS}")
    key = read_verification_key(options.key)
    public = len(CertificateInputs._fields) - 1
    if key.public != public:
        raise ProofmillError(f"{options.key}: is of proofs with {key.public} public signals; a "
                             f"certificate of an epoch has {public}")
    LightNode.start(options.folder, key, checkpoint, options.registry)


def _start_hashed(options: argparse.Namespace, checkpoint: "Checkpoint") -> None:
    from proofmill.host.network.certificates.light_post_quantum import HashLightNode

    if options.key is not None:
        raise ProofmillError(f"--key {options.key}: certificates with hash-based signatures have "
                             "no circuit and no key; leave it out")
    if options.registry >> 256:
        raise ProofmillError(f"--registry {options.registry}: a registry's commitment has 32 bytes")
    HashLightNode.start(options.folder, checkpoint, options.registry)


def run_follow(options: argparse.Namespace) -> int:
    """Ask the peers once."""
    screen = Screen()
    load_chain(screen)
    from proofmill.host.network.certificates.light import open_any
    from proofmill.host.network.certificates.light_ledger import LightLedger, has_ledger

    node = open_any(options.folder)
    refused: list[str] = []
    with screen.bar("asking peers"):
        taken = node.follow(options.peers, refused.append)
        ledger = LightLedger.open(node) if has_ledger(node.folder) else None
        eras = 0 if ledger is None else ledger.follow(options.peers, refused.append)
    for sentence in refused:
        screen.line(sentence)
    known = node.known
    screen.line(f"{taken} certificates taken: epoch {known.head.epoch} is justified, "
                f"{known.finalized.epoch} is final")
    if ledger is not None:
        screen.line(f"{eras} eras taken: {ledger.blocks:,} blocks are proven, the ledger's root is "
                    f"{ledger.root}")
    return 1 if refused else 0


def run_ledger(options: argparse.Namespace) -> None:
    """Add a ledger."""
    screen = Screen()
    load_chain(screen)
    from proofmill.host.network.certificates.light import open_any
    from proofmill.host.network.certificates.light_ledger import LightLedger
    from proofmill.host.prover.aggregation.setup import read_heads
    from proofmill.host.prover.groth16.verification_key import read_verification_key

    LightLedger.start(open_any(options.folder), read_verification_key(options.key),
                      read_heads(options.history_key), options.ledger_root, options.block)
    screen.line(f"{options.folder}: follows the ledger from the block 0x{options.block.hex()} on")


def run_balance(options: argparse.Namespace) -> int:
    """Show an account."""
    screen = Screen(machine=options.json)
    ledger, refused = _ledger(options, screen), list[str]()
    found = ledger.account(options.peers, options.account, refused.append)
    for sentence in refused:
        screen.line(sentence)
    if options.json:
        print_record("light balance", {
            "account": options.account, "exists": found is not None,
            "balance": found.balance if found else 0, "nonce": found.nonce if found else 0,
            "ledger_root": str(ledger.root), "blocks": ledger.blocks})
    elif found is None:
        screen.line(f"there is no account {options.account} after {ledger.blocks:,} proven blocks")
    else:
        screen.line(f"account {options.account} after {ledger.blocks:,} proven blocks: balance "
                    f"{found.balance:,}, nonce {found.nonce:,}")
    return 1 if refused else 0


def run_proven(options: argparse.Namespace) -> int:
    """Say whether a payload is proven."""
    screen = Screen(machine=options.json)
    ledger, refused = _ledger(options, screen), list[str]()
    place = ledger.proven(options.peers, options.block, refused.append)
    for sentence in refused:
        screen.line(sentence)
    if options.json:
        print_record("light proven", {"block": options.block.hex(), "proven": place is not None,
                                      "place": place})
    elif place is None:
        screen.line("no peer shows that it is proven")
    else:
        screen.line(f"it is proven: block {place:,} of the {ledger.blocks:,} known here")
    return 1 if place is None else 0


def _ledger(options: argparse.Namespace, screen: Screen) -> "LightLedger":
    load_chain(screen)
    from proofmill.host.network.certificates.light import open_any
    from proofmill.host.network.certificates.light_ledger import LightLedger

    return LightLedger.open(open_any(options.folder))


def run_show(options: argparse.Namespace) -> None:
    """Say what is known."""
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.network.certificates.light import open_any
    from proofmill.host.network.certificates.light_ledger import LightLedger, has_ledger

    node = open_any(options.folder)
    ledger = LightLedger.open(node) if has_ledger(node.folder) else None
    head, final = node.known.head, node.known.finalized
    if options.json:
        print_record("light show", {
            "finalized_epoch": final.epoch, "finalized_root": final.root.hex(),
            "justified_epoch": head.epoch, "justified_root": head.root.hex(),
            "registry": str(node.known.justified[head]), "certificates": node.epochs,
            "bytes": node.bytes, **({} if ledger is None else {
                "ledger_root": str(ledger.root), "proven_blocks": ledger.blocks,
                "eras": len(ledger.eras)})})
        return
    screen.line(f"final:     epoch {final.epoch}, 0x{final.root.hex()}")
    screen.line(f"justified: epoch {head.epoch}, 0x{head.root.hex()}")
    if ledger is not None:
        screen.line(f"ledger:    {ledger.root}, after {ledger.blocks:,} blocks, proven in "
                    f"{len(ledger.eras):,} eras")
    screen.line(f"{len(node.epochs)} certificates, {node.bytes:,} bytes in all")

"""``proofmill slashing``: a signing history on its way between clients (EIP-3076)."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import hexadecimal
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.host.network.node.slashing_protection import SlashingProtection


def register(commands: Commands) -> None:
    """Add the commands."""
    slashing = commands.add_parser(
        "slashing", help="move signing histories between clients (EIP-3076)",
        description="A validator that moves to another client takes its signing history along, or "
                    "it may sign something twice and be slashed. The files are those of EIP-3076, "
                    "format version 5, which every client reads. Stop the node first: what it "
                    "signs afterwards is not in the file.")
    ways = slashing.add_subparsers(metavar="WAY", required=True)
    export = ways.add_parser(
        "export", help="write a node's history to a file",
        description="Write the signing history of a node's validators as an interchange file.")
    export.add_argument("database", help="slashing.sqlite in the node's folder")
    export.add_argument("file", help="the interchange file to make; a file that is there stays")
    export.add_argument("--minimal", action="store_true",
                        help="of each key only the highest block and vote: enough for a signer")
    export.set_defaults(run=run_export)
    take = ways.add_parser(
        "import", help="merge a file into a node's history",
        description="Merge an interchange file into a node's signing history; what is known "
                    "already stays.")
    take.add_argument("database", help="slashing.sqlite in the node's folder; made if it is new")
    take.add_argument("file", help="the interchange file")
    take.add_argument("--chain", metavar="0xROOT",
                      type=hexadecimal(32, 32, "is not 0x and 32 bytes in hexadecimal", True),
                      help="the chain's genesis validators root, for a new database")
    take.set_defaults(run=run_import)


def run_export(options: argparse.Namespace) -> int:
    """Export."""
    from proofmill.host.network.node.interchange import write_history
    from proofmill.host.network.node.slashing_protection import SlashingProtection, chain_of

    if Path(options.file).exists():
        raise ProofmillError(f"{options.file}: is there already; choose another name")
    root = chain_of(options.database)
    with SlashingProtection(options.database, root) as protection:
        write_history(protection, options.file, minimal=options.minimal)
        _tell(f"{options.file}: written" + (", the highest of" if options.minimal else ","),
              protection)
    return 0


def run_import(options: argparse.Namespace) -> int:
    """Import, all of the file or nothing."""
    from proofmill.host.network.node.interchange import read_history
    from proofmill.host.network.node.slashing_protection import SlashingProtection, chain_of

    if not Path(options.file).exists():
        raise ProofmillError(f"{options.file}: there is no such file")
    if Path(options.database).exists():
        root = chain_of(options.database)
    elif options.chain is None:
        raise ProofmillError(f"{options.database}: there is no such database; for a new one, say "
                             "with --chain of which chain it is")
    else:
        root = options.chain
    with SlashingProtection(options.database, root) as protection:
        read_history(protection, options.file)
        _tell(f"{options.database}: has now", protection)
    return 0


def _tell(what: str, protection: "SlashingProtection") -> None:
    blocks, votes = protection.blocks(), protection.attestations()
    keys = {block.public_key for block in blocks} | {vote.public_key for vote in votes}
    Screen().line(f"{what} {len(keys)} keys, {len(blocks):,} blocks and {len(votes):,} "
                  f"attestations of the chain 0x{protection.genesis_validators_root.hex()}")

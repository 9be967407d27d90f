"""What commands with a keystore share: options, what they ask the user and the node for, and how
they hand in and tell."""

import argparse
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from proofmill.host.cli.arguments import input_file, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.rollup.size import INDEX_BITS

if TYPE_CHECKING:
    from proofmill.host.prover.circuits.rollup.transfer import Signable

SignableT = TypeVar("SignableT", bound="Signable")
LARGEST_ACCOUNT = (1 << INDEX_BITS) - 1


def add_keystore(parser: argparse.ArgumentParser) -> None:
    """Add the keystore's file."""
    parser.add_argument("keystore", metavar="KEY.json",
                        type=input_file("make one with `proofmill wallet new`"),
                        help="the file with the key")


def add_node(parser: argparse.ArgumentParser) -> None:
    """Add ``--node``."""
    parser.add_argument("--node", required=True, metavar="FOLDER",
                        help="the folder of a running node, such as run/node-0")


def add_account(parser: argparse.ArgumentParser) -> None:
    """Add ``--account``."""
    parser.add_argument("--account", metavar="N", type=whole(0, LARGEST_ACCOUNT),
                        help="which account, where the key has several")


def add_password(parser: argparse.ArgumentParser) -> None:
    """Add ``--password-file``."""
    parser.add_argument("--password-file", metavar="FILE", type=input_file(),
                        help="its first line is the password (default: it is asked for)")


def chosen(options: argparse.Namespace, found: JsonObject) -> JsonObject:
    """The account of the key that is meant, of those that a node has `found`."""
    theirs = {each["account"]: each for each in found["accounts"]}
    return dict(theirs[meant(options, theirs, found["slot"], "deposit to it first (`proofmill "
                             "wallet deposit`), or wait for the deposit")])


def meant(options: argparse.Namespace, theirs: Collection[int], slot: int, otherwise: str) -> int:
    """The number of the account that is meant, of those that are the key's in `slot`, where one may
    be named twice; `otherwise`: what to do where there are none."""
    theirs = sorted(set(theirs))
    if not theirs:
        raise ProofmillError(f"{options.keystore}: no account has this key in slot {slot}; "
                             f"{otherwise}")
    if options.account is None and len(theirs) == 1:
        return theirs[0]
    if options.account not in theirs:
        said = "" if options.account is None else f"--account {options.account}: not this key's; "
        raise ProofmillError(f"{said}the key has the accounts "
                             f"{', '.join(map(str, theirs))}; name one with --account")
    return int(options.account)


def hand_in(options: argparse.Namespace, wanted: Callable[[int, bytes], SignableT],
            nonce: int | None = None) -> tuple[SignableT, int, str]:
    """Sign for the account that is meant what is `wanted` of its number and its key, and hand it in
    at the node: that, the nonce, by default the account's next, and the hash."""
    from proofmill.host.network.transfers.client import NodeClient
    from proofmill.host.network.transfers.keystore import packed_key, read_keystore, read_public
    from proofmill.host.network.transfers.waiting import Waiting

    node, public = NodeClient(options.node), packed_key(read_public(options.keystore))
    chosen(options, node.account(public))   # before a password is asked for in vain
    key = read_keystore(options.keystore, password(options, new=False))
    found = node.account(public)            # meanwhile others may have been sent from this account
    account = chosen(options, found)
    signable = wanted(account["account"], key)
    nonce = account["next_nonce"] if nonce is None else nonce
    return signable, nonce, node.send(
        Waiting(nonce, signable.signed(key, found["chain_id"], nonce)).raw)


def tell(options: argparse.Namespace, command: str, sentence: str, record: JsonObject) -> None:
    """Say what was done: the record of `command` with ``--json``, else the sentence."""
    if options.json:
        print_record(command, record)
    else:
        Screen().line(sentence)


def password(options: argparse.Namespace, new: bool, keystore: str = "") -> bytes:
    """From ``--password-file``, or asked for: of `keystore`, which is the key's if left out."""
    if options.password_file is not None:
        lines = Path(options.password_file).read_bytes().splitlines()
        if not lines or not lines[0]:
            raise ProofmillError(f"--password-file {options.password_file}: its first line is "
                                 "empty; write the password there")
        return lines[0]
    if not sys.stdin.isatty():
        raise ProofmillError("nobody can be asked for the password here; give --password-file FILE")
    import getpass

    given = getpass.getpass(f"password of {keystore or options.keystore}: ")
    if not given:
        raise ProofmillError("an empty password protects nothing; give one")
    if new and getpass.getpass("once more: ") != given:
        raise ProofmillError("the two passwords differ; begin again")
    return given.encode()

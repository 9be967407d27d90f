"""The options that commands with a keystore share, and what they ask the user and the node for."""

import argparse
import sys
from pathlib import Path

from proofmill.host.cli.arguments import input_file, whole
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.rollup.size import INDEX_BITS

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
    if not theirs:
        raise ProofmillError(f"{options.keystore}: no account has this key in slot "
                             f"{found['slot']}; deposit to it first (`proofmill wallet deposit`), "
                             "or wait for the deposit")
    if options.account is None and len(theirs) == 1:
        return dict(next(iter(theirs.values())))
    if options.account not in theirs:
        said = "" if options.account is None else f"--account {options.account}: not this key's; "
        raise ProofmillError(f"{said}the key has the accounts "
                             f"{', '.join(map(str, theirs))}; name one with --account")
    return dict(theirs[options.account])


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

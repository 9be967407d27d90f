"""``proofmill wallet``: keys of accounts in the ledger, transfers and balances."""

import argparse
import os
import sys
from pathlib import Path

from proofmill.host.cli.arguments import input_file, output_file, seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.rollup.size import (
    BALANCE_BITS,
    FEE_BITS,
    INDEX_BITS,
    NONCE_BITS,
)

LARGEST_ACCOUNT, LARGEST_AMOUNT, LARGEST_FEE, LARGEST_NONCE = (
    (1 << bits) - 1 for bits in (INDEX_BITS, BALANCE_BITS, FEE_BITS, NONCE_BITS))


def register(commands: Commands) -> None:
    """Add the commands."""
    wallet = commands.add_parser(
        "wallet", help="keep the key of an account in the ledger, and send from it",
        description="A key is kept in a file, encrypted with a password (scrypt and AES), which is "
                    "asked for, or read from --password-file. Balances and nonces are asked of a "
                    "node that runs on this machine, such as one of `proofmill devnet --folder "
                    "run`; transfers are signed here and handed in there.")
    ways = wallet.add_subparsers(metavar="WAY", required=True)
    new = ways.add_parser(
        "new", help="make a key", description="Make a key, encrypt it, and show its public key.")
    new.add_argument("keystore", metavar="KEY.json", type=output_file,
                     help="the file to make; one that is there stays")
    new.add_argument("--development", metavar="N", type=whole(0, LARGEST_ACCOUNT),
                     help="the key of account N of a local chain's first ledger, which everybody "
                          "can have, instead of a random one")
    new.add_argument("--seed", type=seed, default=0, metavar="N",
                     help="of that chain (default: 0)")
    _add_password(new)
    new.set_defaults(run=run_new)

    send = ways.add_parser(
        "send", help="sign a transfer and hand it in",
        description="Sign a transfer from the keystore's account, with its next nonce, and hand it "
                    "in at a node, which passes it on.")
    _add_keystore(send)
    _add_node(send)
    send.add_argument("--to", required=True, metavar="N", type=whole(0, LARGEST_ACCOUNT),
                      help="the account that gets it")
    send.add_argument("--amount", required=True, metavar="N", type=whole(1, LARGEST_AMOUNT),
                      help="how much")
    send.add_argument("--fee", default=0, metavar="N", type=whole(0, LARGEST_FEE),
                      help="for the proposer of the block; more comes sooner (default: 0)")
    send.add_argument("--nonce", metavar="N", type=whole(0, LARGEST_NONCE),
                      help="replace the waiting transfer of this nonce, for a fee 10 %% higher "
                           "(default: the next)")
    send.add_argument("--account", metavar="N", type=whole(0, LARGEST_ACCOUNT),
                      help="which account, where the key has several")
    _add_password(send)
    send.add_argument("--json", action="store_true", help="one JSON object")
    send.set_defaults(run=run_send)

    balance = ways.add_parser(
        "balance", help="what the key's accounts have",
        description="What the accounts of the keystore's key have at the node's head, and what is "
                    "left of it once the transfers that wait are in blocks. Needs no password.")
    _add_keystore(balance)
    _add_node(balance)
    balance.add_argument("--json", action="store_true", help="one JSON object")
    balance.set_defaults(run=run_balance)


def run_new(options: argparse.Namespace) -> int:
    """Make a key."""
    from proofmill.host.network.transfers.keystore import (
        packed_key,
        read_public,
        require_new,
        write_keystore,
    )
    from proofmill.host.network.transfers.opening import development_key
    from proofmill.host.prover.circuits.eddsa import KEY_BYTES

    require_new(options.keystore)
    key = (os.urandom(KEY_BYTES) if options.development is None else
           development_key(options.seed, options.development))
    write_keystore(options.keystore, key, _password(options, new=True))
    Screen().line(f"{options.keystore}: made; public key "
                  f"{packed_key(read_public(options.keystore))}")
    return 0


def run_send(options: argparse.Namespace) -> int:
    """Sign and hand in."""
    from proofmill.host.network.transfers.client import NodeClient
    from proofmill.host.network.transfers.keystore import packed_key, read_keystore, read_public
    from proofmill.host.network.transfers.waiting import Waiting
    from proofmill.host.prover.circuits.rollup.transfer import Transfer

    node, public = NodeClient(options.node), read_public(options.keystore)
    found = node.account(packed_key(public))
    account = _chosen(options, found)
    key = read_keystore(options.keystore, _password(options, new=False))
    # Meanwhile others may have been sent from this account.
    account = _chosen(options, node.account(packed_key(public)))
    nonce = account["next_nonce"] if options.nonce is None else options.nonce
    transfer = Transfer(account["account"], options.to, options.amount, options.fee)
    name = node.send(Waiting(nonce, transfer.signed(key, found["chain_id"], nonce)).raw)
    if options.json:
        print_record("wallet send", {"transfer": name, "account": account["account"],
                                     "nonce": nonce})
    else:
        Screen().line(f"sent {options.amount:,} from account {account['account']} to account "
                      f"{options.to}, fee {options.fee:,}, nonce {nonce}: 0x{name}")
    return 0


def run_balance(options: argparse.Namespace) -> int:
    """Ask the node."""
    from proofmill.host.network.transfers.client import NodeClient
    from proofmill.host.network.transfers.keystore import packed_key, read_public

    found = NodeClient(options.node).account(packed_key(read_public(options.keystore)))
    if options.json:
        print_record("wallet balance", found)
        return 0
    screen = Screen()
    for account in found["accounts"]:
        waiting = account["next_nonce"] - account["nonce"]
        screen.line(f"account {account['account']}: {account['balance']:,} in slot {found['slot']}"
                    f", {account['spendable']:,} beside {waiting} waiting")
    if not found["accounts"]:
        screen.line(f"no account has this key in slot {found['slot']}")
    return 0


def _add_keystore(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("keystore", metavar="KEY.json",
                        type=input_file("make one with `proofmill wallet new`"),
                        help="the file with the key")


def _add_node(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", required=True, metavar="FOLDER",
                        help="the folder of a running node, such as run/node-0")


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-file", metavar="FILE", type=input_file(),
                        help="its first line is the password (default: it is asked for)")


def _chosen(options: argparse.Namespace, found: JsonObject) -> JsonObject:
    """The account to send from."""
    theirs = {each["account"]: each for each in found["accounts"]}
    if not theirs:
        raise ProofmillError(f"{options.keystore}: no account has this key in slot "
                             f"{found['slot']}; deposit to it first, or wait for the deposit")
    if options.account is None and len(theirs) == 1:
        return dict(next(iter(theirs.values())))
    if options.account not in theirs:
        said = "" if options.account is None else f"--account {options.account}: not this key's; "
        raise ProofmillError(f"{said}the key has the accounts "
                             f"{', '.join(map(str, theirs))}; name one with --account")
    return dict(theirs[options.account])


def _password(options: argparse.Namespace, new: bool) -> bytes:
    if options.password_file is not None:
        lines = Path(options.password_file).read_bytes().splitlines()
        if not lines or not lines[0]:
            raise ProofmillError(f"--password-file {options.password_file}: its first line is "
                                 "empty; write the password there")
        return lines[0]
    if not sys.stdin.isatty():
        raise ProofmillError("nobody can be asked for the password here; give --password-file FILE")
    import getpass

    password = getpass.getpass(f"password of {options.keystore}: ")
    if not password:
        raise ProofmillError("an empty password protects nothing; give one")
    if new and getpass.getpass("once more: ") != password:
        raise ProofmillError("the two passwords differ; begin again")
    return password.encode()

"""``proofmill wallet``: keys of accounts in the ledger, transfers and balances.

`wallet_coins` has what goes in and out.
"""

import argparse
import os

from proofmill.host.cli import wallet_coins
from proofmill.host.cli.arguments import output_file, seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.wallet_coins import LARGEST_AMOUNT, LARGEST_FEE
from proofmill.host.cli.wallet_options import (
    LARGEST_ACCOUNT,
    add_account,
    add_keystore,
    add_node,
    add_password,
    hand_in,
    password,
    tell,
)
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.circuits.rollup.size import NONCE_BITS

LARGEST_NONCE = (1 << NONCE_BITS) - 1


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
    add_password(new)
    new.set_defaults(run=run_new)

    send = ways.add_parser(
        "send", help="sign a transfer and hand it in",
        description="Sign a transfer from the keystore's account, with its next nonce, and hand it "
                    "in at a node, which passes it on.")
    add_keystore(send)
    add_node(send)
    send.add_argument("--to", required=True, metavar="N", type=whole(0, LARGEST_ACCOUNT),
                      help="the account that gets it")
    send.add_argument("--amount", required=True, metavar="N", type=whole(1, LARGEST_AMOUNT),
                      help="how much")
    send.add_argument("--fee", default=0, metavar="N", type=whole(0, LARGEST_FEE),
                      help="for the proposer of the block; more comes sooner (default: 0)")
    send.add_argument("--nonce", metavar="N", type=whole(0, LARGEST_NONCE),
                      help="replace the waiting transfer of this nonce, for a fee 10 %% higher "
                           "(default: the next)")
    add_account(send)
    add_password(send)
    send.add_argument("--json", action="store_true", help="one JSON object")
    send.set_defaults(run=run_send)

    wallet_coins.register(ways)

    balance = ways.add_parser(
        "balance", help="what the key's accounts have",
        description="What the accounts of the keystore's key have at the node's head, what is left "
                    "of it once the transfers that wait are in blocks, what its account on the "
                    "chain has, and what is on its way there. Needs no password.")
    add_keystore(balance)
    add_node(balance)
    balance.add_argument("--json", action="store_true", help="one JSON object")
    balance.set_defaults(run=run_balance)


def run_new(options: argparse.Namespace) -> int:
    """Make a key."""
    from proofmill.host.ground.secret import require_new
    from proofmill.host.network.evm.account import address_of
    from proofmill.host.network.transfers.keystore import (
        chain_key,
        packed_key,
        read_public,
        write_keystore,
    )
    from proofmill.host.network.transfers.opening import development_key
    from proofmill.host.prover.circuits.eddsa import KEY_BYTES

    require_new(options.keystore)
    key = (os.urandom(KEY_BYTES) if options.development is None else
           development_key(options.seed, options.development))
    address = address_of(chain_key(key))
    write_keystore(options.keystore, key, password(options, new=True), address)
    Screen().line(f"{options.keystore}: made; public key "
                  f"{packed_key(read_public(options.keystore))}, account on the chain "
                  f"0x{address.hex()}")
    return 0


def run_send(options: argparse.Namespace) -> int:
    """Sign and hand in."""
    from proofmill.host.prover.circuits.rollup.transfer import Transfer

    transfer, nonce, name = hand_in(options, lambda account, key: Transfer(
        account, options.to, options.amount, options.fee), options.nonce)
    tell(options, "wallet send",
         f"sent {options.amount:,} from account {transfer.sender} to account {options.to}, fee "
         f"{options.fee:,}, nonce {nonce}: 0x{name}",
         {"transfer": name, "account": transfer.sender, "nonce": nonce})
    return 0


def run_balance(options: argparse.Namespace) -> int:
    """Ask the node."""
    from proofmill.host.network.transfers.client import NodeClient
    from proofmill.host.network.transfers.keystore import packed_key, read_address, read_public

    public, node = packed_key(read_public(options.keystore)), NodeClient(options.node)
    found, address, coins = node.account(public), read_address(options.keystore), None
    if address is not None:
        coins = node.coins(address, public)
    if options.json:
        print_record("wallet balance", {**found, "coins": coins})
        return 0
    screen = Screen()
    for account in found["accounts"]:
        waiting = account["next_nonce"] - account["nonce"]
        screen.line(f"account {account['account']}: {account['balance']:,} in slot {found['slot']}"
                    f", {account['spendable']:,} beside {waiting} waiting")
    if not found["accounts"]:
        screen.line(f"no account has this key in slot {found['slot']}")
    if address is not None and coins is not None:
        _show_coins(screen, address, coins)
    return 0


def _show_coins(screen: Screen, address: bytes, coins: JsonObject) -> None:
    from proofmill.host.network.contracts.ledger import UNIT

    for number in coins["opening"]:
        screen.line(f"account {number}: its deposit waits for a block")
    screen.line(f"the ledger's contract: 0x{coins['contract']}")
    screen.line(f"on the chain: 0x{address.hex()} has {int(coins['wei']) // UNIT:,}")
    for each in coins["leaving"]:
        screen.line(f"on its way: {each['amount']:,} of slot {each['slot']}, which is not proven "
                    f"yet; slot {coins['proven_slot']} is")
    if coins["payable"]:
        total = sum(each["amount"] for each in coins["payable"])
        screen.line(f"proven: {total:,} in {len(coins['payable'])} exits; take it with "
                    "`proofmill wallet withdraw --claim`")

"""``proofmill wallet deposit`` and ``withdraw``: coins of the chain into the ledger, and out of it.

The key of a keystore gives an account on the chain, too (`keystore.chain_key`): it pays deposits,
owns the accounts that they open, and takes what is withdrawn.
"""

import argparse
from collections.abc import Callable
from typing import Any

from proofmill.host.cli.arguments import hexadecimal, input_file, whole
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.cli.wallet_options import (
    add_account,
    add_keystore,
    add_node,
    add_password,
    chosen,
    hand_in,
    meant,
    password,
    tell,
)
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.rollup.kinds import ADDRESS_BYTES
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, FEE_BITS

GAS = {"open": 300_000, "credit": 200_000, "force": 200_000, "withdraw": 200_000}
"""Limits of the contract's functions: about twice what `proofmill contracts gas` says."""
LARGEST_AMOUNT, LARGEST_FEE = (1 << BALANCE_BITS) - 1, (1 << FEE_BITS) - 1


def register(ways: Commands) -> None:
    """Add the commands to those of ``proofmill wallet``."""
    deposit = ways.add_parser(
        "deposit", help="pay coins of the chain into the ledger",
        description="Pay from the account on the chain that belongs to the keystore's key into its "
                    "account in the ledger; where it has none, one is opened. The deposit waits in "
                    "the contract's queue, and the first block with a place for it takes it.")
    add_keystore(deposit)
    add_node(deposit)
    deposit.add_argument("--amount", required=True, metavar="N", type=whole(1, LARGEST_AMOUNT),
                         help="units of the ledger, of 10^9 wei (a gwei) each")
    add_account(deposit)
    deposit.add_argument("--new", action="store_true",
                         help="open another account, though the key has one")
    _add_payer(deposit)
    deposit.set_defaults(run=run_deposit)

    withdraw = ways.add_parser(
        "withdraw", help="take coins out of the ledger",
        description="In two steps: --amount signs an exit, which a block takes as it takes a "
                    "transfer; once that block's batch is proven, --claim has the contract pay it, "
                    "by a branch of the batch's exits. --force is the first step where no block "
                    "takes the exit: the account's owner asks the contract, and no block can pass "
                    "by that.")
    add_keystore(withdraw)
    add_node(withdraw)
    step = withdraw.add_mutually_exclusive_group(required=True)
    step.add_argument("--amount", metavar="N", type=whole(1, LARGEST_AMOUNT),
                      help="sign an exit of so many units")
    step.add_argument("--force", action="store_true",
                      help="request on the chain that all that the account has leaves to its owner")
    step.add_argument("--claim", action="store_true",
                      help="have all paid out that has left to the address and is proven")
    withdraw.add_argument("--to", metavar="0xADDRESS", type=hexadecimal(
        ADDRESS_BYTES, ADDRESS_BYTES, "is no address: 0x and 40 hexadecimal digits", True),
        help="the address on the chain that it leaves to (default: that of the keystore's key)")
    withdraw.add_argument("--fee", default=0, metavar="N", type=whole(0, LARGEST_FEE),
                          help="of an exit, for the proposer of the block (default: 0)")
    add_account(withdraw)
    _add_payer(withdraw)
    withdraw.set_defaults(run=run_withdraw)


def run_deposit(options: argparse.Namespace) -> int:
    """Open an account or credit one."""
    if options.new and options.account is not None:
        raise ProofmillError("--new opens an account whose number the contract gives; leave out "
                             "--account")
    purse = _Purse(options)
    found = purse.node.account(purse.public)
    theirs = [each["account"] for each in found["accounts"]] + purse.coins["opening"]
    if options.account is not None or (theirs and not options.new):
        number = meant(options, theirs, found["slot"],
                       "leave out --account to open one, or wait for the deposit")
        name = purse.send("credit", number, units=options.amount)
        what = f"account {number}"
    else:
        number = None
        name = purse.send("open", *purse.point, purse.own, units=options.amount)
        what = f"a new account of 0x{purse.own.hex()}"
    tell(options, "wallet deposit", f"deposited {options.amount:,} to {what}: transaction "
         f"0x{name}; `proofmill wallet balance` says when a block has it",
         {"transaction": name, "account": number, "amount": options.amount})
    return 0


def run_withdraw(options: argparse.Namespace) -> int:
    """Sign an exit, request a forced one, or claim."""
    if options.claim:
        return _claim(options)
    if options.force and (options.to is not None or options.fee):
        raise ProofmillError("--force pays the account's owner, without a fee; leave out --to and "
                             "--fee")
    return _force(options) if options.force else _exit(options)


def _exit(options: argparse.Namespace) -> int:
    from proofmill.host.prover.circuits.rollup.transfer import Exit

    if options.payer is not None:
        raise ProofmillError("--payer: an exit is signed by the ledger's key alone, and costs no "
                             "gas; leave it out")
    leaving, nonce, name = hand_in(options, lambda account, key: Exit(
        account, _own_address(key) if options.to is None else options.to, options.amount,
        options.fee))
    receiver = f"0x{leaving.address.hex()}"
    tell(options, "wallet withdraw",
         f"{options.amount:,} leave account {leaving.sender} to {receiver}, fee {options.fee:,}, "
         f"nonce {nonce}: 0x{name}; once it is proven, take it with --claim",
         {"step": "exit", "names": [name], "account": leaving.sender, "amount": options.amount,
          "receiver": receiver})
    return 0


def _force(options: argparse.Namespace) -> int:
    from proofmill.host.network.transfers.client import NodeClient
    from proofmill.host.network.transfers.keystore import packed_key, read_public

    found = NodeClient(options.node).account(packed_key(read_public(options.keystore)))
    number = int(chosen(options, found)["account"])
    purse = _Purse(options)
    if number not in purse.coins["owned"]:
        raise ProofmillError(f"account {number}: its owner on the chain is not "
                             f"0x{purse.payer.hex()}; name the owner's keystore with --payer")
    name = purse.send("force", number)
    tell(options, "wallet withdraw",
         f"all that account {number} has leaves to its owner, 0x{purse.payer.hex()}: transaction "
         f"0x{name}; once it is proven, take it with --claim",
         {"step": "force", "names": [name], "account": number, "amount": None,
          "receiver": f"0x{purse.payer.hex()}"})
    return 0


def _claim(options: argparse.Namespace) -> int:
    if options.fee or options.account is not None:
        raise ProofmillError("--claim: an exit is paid as it was signed; leave out --fee and "
                             "--account")
    purse = _Purse(options)
    receiver = purse.own if options.to is None else options.to
    coins = purse.coins if receiver == purse.payer else purse.node.coins(receiver, purse.public)
    if not coins["payable"]:
        left = ", ".join(f"{each['amount']:,} of slot {each['slot']}" for each in coins["leaving"])
        raise ProofmillError(
            f"nothing can be claimed for 0x{receiver.hex()} in slot {coins['slot']}: " + (
                f"{left}: the contract has the batches up to slot {coins['proven_slot']}; wait for "
                "the proofs" if left else "nothing has left the ledger to it that is not paid; "
                "begin with --amount or --force, and wait for a block"))
    names = [purse.send("withdraw", each["batch"], each["place"], receiver, each["amount"],
                        [bytes.fromhex(sibling) for sibling in each["branch"]])
             for each in coins["payable"]]
    total = sum(each["amount"] for each in coins["payable"])
    tell(options, "wallet withdraw",
         f"{total:,} are paid to 0x{receiver.hex()} in {len(names)} "
         f"transaction{'s' * (len(names) > 1)}: {', '.join(f'0x{name}' for name in names)}",
         {"step": "claim", "names": names, "account": None, "amount": total,
          "receiver": f"0x{receiver.hex()}"})
    return 0


class _Purse:
    """The account on the chain that pays: of the keystore's key, or of ``--payer``'s."""

    def __init__(self, options: argparse.Namespace) -> None:
        from eth_account import Account as Signer

        from proofmill.host.network.contracts.compiler import compiled
        from proofmill.host.network.transfers.client import NodeClient
        from proofmill.host.network.transfers.keystore import (
            chain_key,
            packed_key,
            read_address,
            read_keystore,
            read_public,
        )

        payer = options.payer or options.keystore
        self.node = NodeClient(options.node)
        self.point = read_public(options.keystore)
        self.public = packed_key(self.point)
        own = read_address(options.keystore)
        if own is None and options.payer is not None:
            raise ProofmillError(
                f"{options.keystore}: has no address on the chain, as keystores of earlier "
                "releases; leave out --payer, or make a key with `proofmill wallet new`")
        self.node.account(self.public)      # before a password is asked for in vain
        key = read_keystore(payer, password(options, new=False, keystore=payer))
        self.payer = _own_address(key)
        self.own = self.payer if options.payer is None or own is None else own
        self.coins = self.node.coins(self.payer, self.public)
        self._signer = Signer.from_key(chain_key(key))
        self._sent = 0
        with Screen(machine=options.json).bar("reading the contract's interface"):
            self._encode: Callable[..., bytes] = compiled("Ledger").encode

    def send(self, function: str, *arguments: Any, units: int = 0) -> str:
        """A transaction that calls the contract with so many units; its hash."""
        from proofmill.host.ground.units import Wei
        from proofmill.host.network.contracts.ledger import UNIT
        from proofmill.host.network.evm.transaction import most_price, sign_transaction

        coins, gas = self.coins, GAS[function]
        if coins["ended"]:
            raise ProofmillError("the ledger has ended: its contract is frozen, and pays every "
                                 "account by its escape; see docs/ledger.md")
        most = units * UNIT + gas * most_price(coins["base_fee"])
        if int(coins["wei"]) < most:
            raise ProofmillError(
                f"0x{self.payer.hex()} has {int(coins['wei']) // UNIT:,} units on the chain, and "
                f"{-(-most // UNIT):,} are wanted with gas; send coins there, or let another "
                "keystore pay with --payer")
        raw = sign_transaction(
            self._signer, coins["chain_id"], coins["nonce"] + self._sent, Wei(coins["base_fee"]),
            bytes.fromhex(coins["contract"]), self._encode(function, *arguments),
            Wei(units * UNIT), gas)
        name = self.node.send_transaction(raw)
        self._sent += 1
        return name


def _own_address(key: bytes) -> bytes:
    from proofmill.host.network.evm.account import address_of
    from proofmill.host.network.transfers.keystore import chain_key

    return address_of(chain_key(key))


def _add_payer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--payer", metavar="PAYER.json",
                        type=input_file("name a keystore whose account on the chain has coins"),
                        help="another keystore whose account on the chain pays, gas too; the "
                             "password is that keystore's")
    add_password(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")

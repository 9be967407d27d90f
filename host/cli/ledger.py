"""``proofmill ledger``: a ledger of accounts with keys, from its contract's events alone."""

import argparse
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import hexadecimal, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.json_text import JsonObject

if TYPE_CHECKING:
    from proofmill.host.network.contracts.ledger_rebuild import Rebuilt

ADDRESS_BYTES = 20


def register(commands: Commands) -> None:
    """Add the command."""
    ledger = commands.add_parser(
        "ledger", help="a ledger of accounts with keys, from chain data alone")
    actions = ledger.add_subparsers(metavar="ACTION", required=True)
    rebuild = actions.add_parser(
        "rebuild", help="rebuild a ledger from its contract's events, and compare all roots",
        description="Read the events of a ledger's contract from a node, carry out every batch "
                    "that was proven, and compare the root after each with the one that was "
                    "proven, and the last with the contract's.",
        epilog="With --json: each account with its branch, which the contract's escape takes, and "
               "each exit that is not paid out with the branch that its withdraw takes.")
    rebuild.add_argument("contract", metavar="0xADDRESS", help="the contract", type=hexadecimal(
        ADDRESS_BYTES, ADDRESS_BYTES, "is no address: 0x and 40 hexadecimal digits", True))
    source = rebuild.add_mutually_exclusive_group(required=True)
    source.add_argument("--execution", metavar="URL",
                        help="a node's JSON-RPC address, such as http://127.0.0.1:8545")
    source.add_argument("--node", metavar="FOLDER",
                        help="of a node that runs on this machine, such as one of `proofmill "
                             "devnet --folder run`: its own chain's")
    rebuild.add_argument("--from-block", type=whole(0), default=0, metavar="N",
                         help="a block not after the contract's creation (default: 0)")
    rebuild.add_argument("--json", action="store_true", help="one JSON object on stdout")
    rebuild.set_defaults(run=run_rebuild)


def run_rebuild(options: argparse.Namespace) -> None:
    """Rebuild, and say what there is."""
    screen = Screen(machine=options.json)
    with screen.bar("reading the contract's events") as bar:
        from proofmill.host.network.contracts.ledger_rebuild import rebuild
        from proofmill.host.network.contracts.node_evm import NodeEvm
        from proofmill.host.network.evm.rpc import JsonRpcEvm

        evm = JsonRpcEvm(options.execution) if options.node is None else NodeEvm(options.node)
        found = rebuild(evm, options.contract, options.from_block,
                        lambda done, of: bar.step("carrying out events", done, of))
    if options.json:
        print_record("ledger rebuild", _record(found))
        return
    ledger = found.ledger
    screen.line(f"contract  0x{found.contract.address.hex()}, chain {found.chain_id} of its ledger")
    screen.line(f"root      0x{ledger.root:064x}, as proven after each of {found.batches} batches")
    screen.line(f"accounts  {len(ledger.accounts):,} of {ledger.size.accounts:,}, with "
                f"{ledger.supply:,} units together")
    screen.line(f"data      {found.operations:,} transfers and exits in {found.data_bytes:,} bytes")
    screen.line(f"waiting   {len(found.waiting):,} requests in the queue, "
                f"{len(found.unpaid):,} exits not paid out")


def _record(found: "Rebuilt") -> JsonObject:
    ledger = found.ledger
    return {
        "contract": f"0x{found.contract.address.hex()}", "chain_id": found.chain_id,
        "root": f"0x{ledger.root:064x}", "batches": found.batches,
        "operations": found.operations, "data_bytes": found.data_bytes, "supply": ledger.supply,
        "accounts": [
            {"number": number, "x": str(account.key.x), "y": str(account.key.y),
             "balance": account.balance, "nonce": account.nonce,
             "branch": [str(sibling) for sibling in ledger.tree.path(number)]}
            for number, account in sorted(ledger.accounts.items())],
        "waiting": [
            {"place": found.taken + place, "kind": int(queued.fields[0]),
             "number": queued.fields[1], "amount": queued.fields[2],
             "x": str(queued.fields[3]), "y": str(queued.fields[4]), "who": f"0x{queued.who.hex()}"}
            for place, queued in enumerate(found.waiting)],
        "exits": [
            {"batch": batch, "place": place, "receiver": f"0x{leaving.receiver.hex()}",
             "amount": leaving.amount,
             "branch": [f"0x{sibling.hex()}" for sibling in found.exits[batch].branch(place)]}
            for batch, place, leaving in found.unpaid],
    }

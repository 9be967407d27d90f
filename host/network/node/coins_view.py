"""What a wallet asks of the contract that holds the ledger's coins, as of the node's head."""

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.evm.client import Address, RevertedError
from proofmill.host.network.evm.transaction import Transaction
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.second_layer.coins import Payable
from proofmill.host.network.transfers.keystore import packed_key
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.requests import Open


def accounts_of(ledger: Ledger, public: str) -> list[tuple[int, Account]]:
    """The accounts of a public key (`packed_key`), by their numbers."""
    return [(number, account) for number, account in sorted(ledger.accounts.items())
            if packed_key(account.key) == public]


def coins_of(follower: Follower, address: Address, public: str) -> JsonObject:
    """The contract, what `address` has on the chain, and what leaves the ledger to it.

    `owned`: of the accounts of the key `public` those that the address owns; `opening`: numbers of
    the accounts that deposits in the queue open for that key.
    """
    ledger = follower.ledger()
    execution = follower.execution_layer
    evm, coins = execution.evm, execution.coins(execution.evm.head)
    return {
        "chain_id": evm.chain_id, "contract": execution.bank.address.hex(), "slot": follower.slot,
        "proven_slot": coins.proven_slot, "unproven": len(coins.unproven),
        "waiting": len(coins.waiting), "ended": coins.ended,
        "wei": str(evm.balance(address)), "base_fee": evm.block().base_fee,
        "nonce": evm.pool.next_nonce(address),
        "owned": [number for number, _ in accounts_of(ledger, public)
                  if execution.bank.call("owner", number) == address],
        "opening": [each.request.number for each in coins.waiting if isinstance(
            each.request, Open) and packed_key(each.request.key) == public],
        "leaving": [{"slot": block.slot, "amount": leaving.amount} for block in coins.unproven
                    for leaving in block.tree.exits if leaving.receiver == address],
        "payable": [_told(each) for each in coins.payable.values()
                    if each.leaving.receiver == address],
    }


def require_accepted(follower: Follower, new: Transaction) -> None:
    """`ProofmillError` where the contract would refuse a wallet's transaction at the head.

    One that follows others of its sender's which wait is not tried: what they change is not there.
    """
    follower.head()
    evm = follower.execution_layer.evm
    if new.to != follower.execution_layer.bank.address or new.nonce != evm.nonce(new.sender):
        return
    try:
        evm.call(new.to, new.data, new.sender, new.value, new.gas)
    except RevertedError as error:
        raise ProofmillError(f"the ledger's contract would not take it: {error.reason}") from error


def _told(each: Payable) -> JsonObject:
    return {"batch": each.batch, "place": each.place, "amount": each.leaving.amount,
            "branch": [sibling.hex() for sibling in each.branch]}

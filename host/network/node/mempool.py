"""The pools of transactions and of transfers as gossip sees them."""

from proofmill.host.network.evm.pool import NotTaken, TransactionPool
from proofmill.host.network.evm.transaction import NoTransaction
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.transfers.pool import NotTaken as TransferNotTaken
from proofmill.host.network.transfers.pool import TransferPool
from proofmill.host.network.transfers.waiting import NoTransfer, Waiting


def take_transaction(pool: TransactionPool, raw: bytes) -> tuple[Reception, str]:
    """Take in what a peer has sent; REJECT for what is no transaction of this chain."""
    if raw in pool:
        return Reception.KEEP, "it is known"
    try:
        pool.add(raw)
    except NoTransaction as error:
        return Reception.REJECT, str(error)
    except NotTaken as error:
        return Reception.IGNORE, str(error)
    return Reception.ACCEPT, ""


def take_transfer(pool: TransferPool, raw: bytes) -> tuple[Reception, str]:
    """Take in what a peer has sent; REJECT for what nobody has signed for this chain."""
    try:
        if Waiting.from_bytes(raw) in pool:
            return Reception.KEEP, "it is known"
        pool.add(raw)
    except NoTransfer as error:
        return Reception.REJECT, str(error)
    except TransferNotTaken as error:
        return Reception.IGNORE, str(error)
    return Reception.ACCEPT, ""

"""The pool of transactions as gossip sees it."""

from proofmill.host.network.evm.pool import NotTaken, TransactionPool
from proofmill.host.network.evm.transaction import NoTransaction
from proofmill.host.network.node.gossip import Reception


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

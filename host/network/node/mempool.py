"""The pools of transactions and of transfers as gossip sees them."""

from typing import Any

from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.pool import NoncePool, NotSigned, NotTaken


def take_signed(pool: NoncePool[Any, Any], raw: bytes) -> tuple[Reception, str]:
    """Take in what a peer has sent; REJECT for what nobody has signed for this chain."""
    try:
        if raw in pool:
            return Reception.KEEP, "it is known"
        pool.add(raw)
    except NotSigned as error:
        return Reception.REJECT, str(error)
    except NotTaken as error:
        return Reception.IGNORE, str(error)
    return Reception.ACCEPT, ""

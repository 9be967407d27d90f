"""Transactions that are in no block yet, and the embedded machine under a consensus layer."""

import logging
from collections.abc import Callable, Mapping

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.transaction import NoTransaction, Transaction, decode_transaction

log = logging.getLogger(__name__)

MOST = 256
MOST_OF_ONE = 32
"""Transactions of one sender that are kept."""


class NotTaken(ProofmillError):
    """A transaction that is one, but not for this pool now."""


class TransactionPool:
    """Signed transactions of accounts that can pay, by hash.

    A transaction stays, whether or not a block has it, until its sender's nonce has passed it for
    good: a block that had it can be left with its branch.
    """

    def __init__(
        self, nonce: Callable[[Address], int], balance: Callable[[Address], int], chain_id: int
    ) -> None:
        """`nonce` and `balance`: of an account at the head, the latter in wei."""
        self._nonce = nonce
        self._balance = balance
        self._chain_id = chain_id
        self._known: dict[bytes, Transaction] = {}

    def __contains__(self, raw: bytes) -> bool:
        return bytes(keccak(raw)) in self._known

    def add(self, raw: bytes) -> bytes:
        """Take one in; its hash. Nothing changes where it is there already.

        NoTransaction for bytes that are none of this chain, whoever sends them; NotTaken for one
        that could be in no block now, or for which there is no room.
        """
        if raw in self:
            return bytes(keccak(raw))
        new = decode_transaction(raw)
        sender, nonce = new.sender, new.nonce
        if new.chain_id != self._chain_id:
            raise NoTransaction(f"a transaction of the chain {new.chain_id}")
        if nonce < self._nonce(sender):
            raise NotTaken(f"nonce {nonce} of 0x{sender.hex()} is used already; "
                           "read the account's nonce again")
        theirs = [each for each in self._known.values() if each.sender == sender]
        if any(each.nonce == nonce for each in theirs):
            raise NotTaken(f"nonce {nonce} of 0x{sender.hex()} is taken by one that is waiting; "
                           "use the next one")
        if self._balance(sender) < new.most:
            raise NotTaken(f"0x{sender.hex()} cannot pay for this transaction; "
                           "send ether there first, or lower its gas limit")
        if len(theirs) >= MOST_OF_ONE or len(self._known) >= MOST:
            raise NotTaken(f"{len(theirs)} transactions of 0x{sender.hex()} are waiting, "
                           f"{len(self._known)} of all; try later")
        self._known[new.hash] = new
        log.debug("transaction 0x%s: nonce %d of 0x%s", new.hash.hex(), nonce, sender.hex())
        return new.hash

    def waiting(self) -> list[bytes]:
        """Those that the head's branch does not have and could have, in the order they came.

        A sender's own are in the order of their nonces.
        """
        ready: list[bytes] = []
        left, count = list(self._known.values()), -1
        expected = {who: self._nonce(who) for who in {each.sender for each in left}}
        while len(ready) != count:  # another round for those that came before their predecessor
            count, early = len(ready), []
            for each in left:
                if each.nonce == expected[each.sender]:
                    ready.append(each.raw)
                    expected[each.sender] += 1
                else:
                    early.append(each)
            left = early
        return ready

    def settle(self, final_nonce: Callable[[Address], int]) -> None:
        """Forget what is in a final block; `final_nonce`: of an account after that block."""
        self._known = {key: each for key, each in self._known.items()
                       if each.nonce >= final_nonce(each.sender)}


class PooledEvm(EmbeddedEvm):
    """`EmbeddedEvm` whose `send` queues: blocks are made by whoever calls `execute`."""

    def __init__(self, chain_id: int, balances: Mapping[Address, int], timestamp: int = 0,
                 gas_limit: int = 30_000_000) -> None:
        super().__init__(chain_id, balances, timestamp, gas_limit)
        self.pooling = False
        """Whether `send` queues; until then it makes blocks, as a chain before its launch."""
        self.pool = TransactionPool(self.nonce, self.balance, chain_id)

    def send(self, raw_transaction: bytes) -> bytes:
        return self.pool.add(raw_transaction) if self.pooling else super().send(raw_transaction)

    def settle(self, final_hash: bytes) -> None:
        """Forget transactions of the block that is final, and of those before it."""
        self.pool.settle(lambda address: self.nonce_after(final_hash, address))


def header_hash(fields: list[object]) -> bytes:
    """The Keccak-256 of a header's RLP, 32 bytes: a block's hash."""
    return bytes(keccak(rlp.encode(fields)))

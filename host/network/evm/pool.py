"""Transactions that are in no block yet, and the embedded machine under a consensus layer."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeAlias

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.network import pool
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.transaction import NoTransaction, Transaction, decode_transaction
from proofmill.host.network.pool import Limits, NoncePool, NotTaken

MOST = 256
"""Transactions that wait and are no reward message."""
MOST_REWARD = 256
"""Reward messages that wait: places that nothing else can take."""
MOST_GAS_OF_REWARD = 3_000_000
MOST_OF_ONE = 32
MOST_GAS_OF_ONE = 60_000_000
MOST_BYTES_OF_ONE = 1 << 18
"""What one sender's waiting transactions come to at most: two blocks' gas, 256 KiB."""
MOST_EARLY_OF_ONE = 8
"""Of them those with a nonce missing before them."""
Entry: TypeAlias = pool.Entry[Address, Transaction]


class TransactionPool(NoncePool[Address, Transaction]):
    """Signed transactions that wait for a block. What it takes (see `NoncePool`, too):

    1. Type 2, of this chain, with a fee of at least the base fee.
    2. Of one sender at most 32 that wait, 60 M gas and 256 KiB together; at most 8 of them with a
       nonce missing before them.
    3. The sender's balance covers all of its waiting ones together, not each alone.
    4. 256 wait in all.
    5. Reward messages have 256 places of their own, and come first in a block, each sender's first
       before anybody's second: what the owner of a bond sends to the contracts of bonds and
       rewards, and a registration with its bond, up to 3 M gas each. So who would fill these places
       needs a bond for each sender.
    """

    kind = "transaction"

    def __init__(
        self, nonce: Callable[[Address], int], balance: Callable[[Address], int], chain_id: int,
        base_fee: Callable[[], int] = lambda: 0, height: Callable[[], int] = lambda: 0,
    ) -> None:
        """`nonce` and `balance`: of an account at the head, the latter in wei. `base_fee`: of the
        head, wei for a unit of gas; `height`: its number."""
        super().__init__(Limits(MOST, MOST_OF_ONE, MOST_EARLY_OF_ONE, MOST_REWARD), height)
        self._nonce_of = nonce
        self._balance = balance
        self._chain_id = chain_id
        self._base_fee = base_fee
        self.is_reward: Callable[[Transaction], bool] = lambda transaction: False
        """Whether a transaction is a message of the reward layer that a bond stands behind."""

    def waiting(self, gas: int | None = None) -> list[bytes]:
        """Those that the head's branch does not have and could have, the first one first.

        Reward messages come first, each sender's first before anybody's second; then who offers
        most, then who came first. A sender's own are in the order of their nonces. `gas`: what
        they may use together.
        """
        self._forget_old()
        ready = {sender: self._ready_of(sender) for sender in self._senders}
        queue = [(_rank(entries[0], 0), sender) for sender, entries in ready.items() if entries]
        heapify(queue)
        chosen, left = [], gas
        place: Counter[Address] = Counter()
        while queue:
            _, sender = heappop(queue)
            entry = ready[sender][place[sender]]
            if left is not None:
                if entry.item.gas > left:
                    continue  # and the sender's later ones wait with it
                left -= entry.item.gas
            chosen.append(entry.item.raw)
            place[sender] += 1
            if place[sender] < len(ready[sender]):
                following = ready[sender][place[sender]]
                heappush(queue, (_rank(following, place[sender]), sender))
        return chosen

    def next_nonce(self, sender: Address) -> int:
        """The first nonce of an account that neither the head nor a waiting one has used."""
        return self._following(sender)

    def settle(self, final_nonce: Callable[[Address], int]) -> None:
        """Forget what is in a final block; `final_nonce`: of an account after that block."""
        self._forget_final(final_nonce)

    def _name(self, raw: bytes) -> bytes:
        return bytes(keccak(raw))

    def _read(self, raw: bytes) -> Entry:
        new = decode_transaction(raw)
        if new.chain_id != self._chain_id:
            raise NoTransaction(f"a transaction of the chain {new.chain_id}")
        return Entry(new, new.hash, new.sender, new.nonce, new.max_fee)

    def _nonce(self, sender: Address) -> int:
        return self._nonce_of(sender)

    def _who(self, sender: Address) -> str:
        return f"0x{sender.hex()}"

    def _offering(self, amount: str) -> str:
        return f"offer {amount} wei for a unit of gas"

    def _is_reserved(self, new: Transaction) -> bool:
        return new.gas <= MOST_GAS_OF_REWARD and self.is_reward(new)

    def _require_paid(self, new: Transaction, others: Sequence[Transaction]) -> None:
        who, least = self._who(new.sender), max(1, self._base_fee())
        if new.max_fee < least:
            raise NotTaken(f"{new.max_fee} wei for a unit of gas, and the base fee is {least}; "
                           "offer that at least")
        together = [*others, new]
        if sum(each.most for each in together) > self._balance(new.sender):
            beside = f" beside the {len(others)} that are waiting" if others else ""
            raise NotTaken(f"{who} cannot pay for this transaction{beside}; "
                           "send ether there first, or lower its gas limit")
        if sum(each.gas for each in together) > MOST_GAS_OF_ONE:
            raise NotTaken(f"the transactions of {who} ask for more than {MOST_GAS_OF_ONE:,} gas "
                           "together; try later, or lower gas limits")
        if sum(len(each.raw) for each in together) > MOST_BYTES_OF_ONE:
            raise NotTaken(f"the transactions of {who} have more than {MOST_BYTES_OF_ONE:,} bytes "
                           "together; try later")

    def _ready_of(self, sender: Address) -> list[Entry]:
        """The sender's waiting ones up to the first nonce that is missing."""
        following = self._following(sender)
        return [entry for entry in self._waiting_of(sender) if entry.nonce < following]


def _rank(entry: Entry, place: int) -> tuple[bool, int, int, int]:
    """Smaller is earlier in a block; `place`: among the sender's own."""
    return not entry.reserved, place if entry.reserved else 0, -entry.offer, entry.arrival


class PooledEvm(EmbeddedEvm):
    """`EmbeddedEvm` whose `send` queues: blocks are made by whoever calls `execute`."""

    def __init__(self, chain_id: int, balances: Mapping[Address, int], timestamp: int = 0,
                 gas_limit: int = 30_000_000) -> None:
        super().__init__(chain_id, balances, timestamp, gas_limit)
        self.gas_limit = gas_limit
        self.pooling = False
        """Whether `send` queues; until then it makes blocks, as a chain before its launch."""
        self.pool = TransactionPool(
            self.nonce, self.balance, chain_id, lambda: self.block().base_fee,
            lambda: self.block().number)

    def send(self, raw_transaction: bytes) -> bytes:
        return self.pool.add(raw_transaction) if self.pooling else super().send(raw_transaction)

    def settle(self, final_hash: bytes) -> None:
        """Forget transactions of the block that is final, and of those before it."""
        self.pool.settle(lambda address: self.nonce_after(final_hash, address))


def header_hash(fields: list[object]) -> bytes:
    """The Keccak-256 of a header's RLP, 32 bytes: a block's hash."""
    return bytes(keccak(rlp.encode(fields)))

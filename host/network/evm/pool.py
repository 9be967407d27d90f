"""Transactions that are in no block yet, and the embedded machine under a consensus layer."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.transaction import NoTransaction, Transaction, decode_transaction

log = logging.getLogger(__name__)

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
RAISE_PERCENT = 10
"""By how much a replacement offers more."""
MOST_BLOCKS = 64
"""How long one waits, in blocks."""
MOST_INCLUDED = 1024
"""Transactions in blocks that are not final which are kept for another branch."""


class NotTaken(ProofmillError):
    """A transaction that is one, but not for this pool now."""


@dataclass
class _Entry:
    """`reward`: a message of the reward layer; `since`: the block in which it began to wait."""

    transaction: Transaction
    reward: bool
    since: int
    arrival: int


class TransactionPool:
    """Signed transactions that wait for a block. What it takes:

    1. Type 2, of this chain, with a fee of at least the base fee, and a nonce that is not used.
    2. Of one sender at most 32 that wait, 60 M gas and 256 KiB together; at most 8 of them with a
       nonce missing before them, and none more than 32 after the account's.
    3. The sender's balance covers all of its waiting ones together, not each alone.
    4. One with the nonce of a waiting one takes its place if it offers 10 % more.
    5. 256 wait in all. If there are more, the one that offers least goes, beginning with those that
       have a nonce missing before them; with it go the sender's later ones.
    6. None waits longer than 64 blocks.
    7. Reward messages have 256 places of their own, of which who has most loses one first, and
       come first in a block, each sender's first before anybody's second: what the owner of a bond
       sends to the contracts of bonds and rewards, and a registration with its bond, up to 3 M gas
       each. So who would fill these places needs a bond for each sender.

    A transaction stays, whether or not a block has it, until its sender's nonce has passed it for
    good: a block that had it can be left with its branch.
    """

    def __init__(
        self, nonce: Callable[[Address], int], balance: Callable[[Address], int], chain_id: int,
        base_fee: Callable[[], int] = lambda: 0, height: Callable[[], int] = lambda: 0,
    ) -> None:
        """`nonce` and `balance`: of an account at the head, the latter in wei. `base_fee`: of the
        head, wei for a unit of gas; `height`: its number."""
        self._nonce = nonce
        self._balance = balance
        self._chain_id = chain_id
        self._base_fee = base_fee
        self._height = height
        self._known: dict[bytes, _Entry] = {}
        self._senders: dict[Address, dict[int, _Entry]] = {}
        self._arrivals = 0
        self.is_reward: Callable[[Transaction], bool] = lambda transaction: False
        """Whether a transaction is a message of the reward layer that a bond stands behind."""

    def __contains__(self, raw: bytes) -> bool:
        return bytes(keccak(raw)) in self._known

    def __len__(self) -> int:
        """Those that wait."""
        return sum(len(self._waiting_of(sender)) for sender in self._senders)

    def add(self, raw: bytes) -> bytes:
        """Take one in; its hash. Nothing changes where it is there already.

        NoTransaction for bytes that are none of this chain, whoever sends them; NotTaken for one
        that could be in no block now, or for which there is no room.
        """
        if raw in self:
            return bytes(keccak(raw))
        new = decode_transaction(raw)
        if new.chain_id != self._chain_id:
            raise NoTransaction(f"a transaction of the chain {new.chain_id}")
        self._forget_old()
        self._require_fitting(new)
        self._arrivals += 1
        reward = new.gas <= MOST_GAS_OF_REWARD and self.is_reward(new)
        entry = _Entry(new, reward, self._height(), self._arrivals)
        before = self._senders.get(new.sender, {}).get(new.nonce)
        if before is not None:
            self._drop(before)
        self._known[new.hash] = entry
        self._senders.setdefault(new.sender, {})[new.nonce] = entry
        self._make_room(entry)
        log.debug("transaction 0x%s: nonce %d of 0x%s", new.hash.hex(), new.nonce, new.sender.hex())
        return new.hash

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
                if entry.transaction.gas > left:
                    continue  # and the sender's later ones wait with it
                left -= entry.transaction.gas
            chosen.append(entry.transaction.raw)
            place[sender] += 1
            if place[sender] < len(ready[sender]):
                following = ready[sender][place[sender]]
                heappush(queue, (_rank(following, place[sender]), sender))
        return chosen

    def settle(self, final_nonce: Callable[[Address], int]) -> None:
        """Forget what is in a final block; `final_nonce`: of an account after that block."""
        for sender in list(self._senders):
            passed = final_nonce(sender)
            for nonce, entry in list(self._senders[sender].items()):
                if nonce < passed:
                    self._drop(entry)

    def _require_fitting(self, new: Transaction) -> None:
        """Rules 1 to 4; NotTaken."""
        sender, nonce = new.sender, new.nonce
        who, used = f"0x{sender.hex()}", self._nonce(sender)
        if nonce < used:
            raise NotTaken(f"nonce {nonce} of {who} is used already; "
                           "read the account's nonce again")
        if new.max_fee < max(1, self._base_fee()):
            raise NotTaken(f"{new.max_fee} wei for a unit of gas, and the base fee is "
                           f"{max(1, self._base_fee())}; offer that at least")
        theirs = {entry.transaction.nonce: entry.transaction
                  for entry in self._waiting_of(sender)}
        before = theirs.pop(nonce, None)
        if before is not None:
            least = -(-before.max_fee * (100 + RAISE_PERCENT) // 100)
            if new.max_fee < least:
                raise NotTaken(f"nonce {nonce} of {who} is taken by one that is waiting; use the "
                               f"next one, or offer {least} wei for a unit of gas")
        if len(theirs) >= MOST_OF_ONE or nonce >= used + MOST_OF_ONE:
            raise NotTaken(f"{len(theirs)} transactions of {who} are waiting, from nonce {used} "
                           f"on; the most is {MOST_OF_ONE}, try later")
        all_of_one = [*theirs.values(), new]
        if sum(each.most for each in all_of_one) > self._balance(sender):
            others = f" beside the {len(theirs)} that are waiting" if theirs else ""
            raise NotTaken(f"{who} cannot pay for this transaction{others}; "
                           "send ether there first, or lower its gas limit")
        if sum(each.gas for each in all_of_one) > MOST_GAS_OF_ONE:
            raise NotTaken(f"the transactions of {who} ask for more than {MOST_GAS_OF_ONE:,} gas "
                           "together; try later, or lower gas limits")
        if sum(len(each.raw) for each in all_of_one) > MOST_BYTES_OF_ONE:
            raise NotTaken(f"the transactions of {who} have more than {MOST_BYTES_OF_ONE:,} bytes "
                           "together; try later")
        following = used
        while following in theirs or following == nonce:
            following += 1
        early = sum(each.nonce > following for each in all_of_one)
        if nonce > following and early > MOST_EARLY_OF_ONE:
            raise NotTaken(f"{early - 1} transactions of {who} wait for one with nonce "
                           f"{following}; send that first")

    def _make_room(self, new: _Entry) -> None:
        """Rule 5; NotTaken where the new one is what has to go."""
        if len(self._known) <= min(MOST, MOST_REWARD):
            return
        crowd = [entry for sender in self._senders for entry in self._waiting_of(sender)
                 if entry.reward == new.reward]
        if len(crowd) <= (MOST_REWARD if new.reward else MOST):
            return
        ready = {id(entry) for sender in self._senders for entry in self._ready_of(sender)}
        theirs = Counter(each.transaction.sender for each in crowd) if new.reward else Counter()
        victim = min(crowd, key=lambda each: (
            -theirs[each.transaction.sender], id(each) in ready, each.transaction.max_fee,
            -each.arrival))
        out = victim.transaction
        for entry in self._waiting_of(out.sender):
            # Later ones could be in no block without it; reward messages keep their places.
            if entry is victim or entry.transaction.nonce > out.nonce and not entry.reward:
                self._drop(entry)
        if new.transaction.hash not in self._known:
            raise NotTaken(f"{len(crowd) - 1} transactions are waiting, and this one offers least; "
                           f"offer more than {out.max_fee} wei for a unit of gas, or try later")

    def _forget_old(self) -> None:
        """Rule 6, and the oldest of those that only another branch would need."""
        now, included = self._height(), []
        for sender in list(self._senders):
            used = self._nonce(sender)
            for nonce, entry in list(self._senders[sender].items()):
                if nonce < used:
                    entry.since = now
                    included.append(entry)
                elif now - entry.since > MOST_BLOCKS:
                    self._drop(entry)
        included.sort(key=lambda each: each.arrival)
        for entry in included[: max(0, len(included) - MOST_INCLUDED)]:
            self._drop(entry)

    def _waiting_of(self, sender: Address) -> list[_Entry]:
        used = self._nonce(sender)
        return [entry for nonce, entry in sorted(self._senders.get(sender, {}).items())
                if nonce >= used]

    def _ready_of(self, sender: Address) -> list[_Entry]:
        """The sender's waiting ones up to the first nonce that is missing."""
        entries = self._waiting_of(sender)
        used = self._nonce(sender)
        return [entry for place, entry in enumerate(entries)
                if entry.transaction.nonce == used + place]

    def _drop(self, entry: _Entry) -> None:
        transaction = entry.transaction
        self._known.pop(transaction.hash, None)
        theirs = self._senders.get(transaction.sender, {})
        if theirs.get(transaction.nonce) is entry:
            del theirs[transaction.nonce]
            if not theirs:
                del self._senders[transaction.sender]


def _rank(entry: _Entry, place: int) -> tuple[bool, int, int, int]:
    """Smaller is earlier in a block; `place`: among the sender's own."""
    return (not entry.reward, place if entry.reward else 0, -entry.transaction.max_fee,
            entry.arrival)


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

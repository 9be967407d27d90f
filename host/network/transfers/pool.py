"""Signed transfers that are in no block yet, and the batch that a block makes of them."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from proofmill.host.network import pool
from proofmill.host.network.pool import Limits, NoncePool, NotSigned, NotTaken
from proofmill.host.network.transfers.store import TransferStore
from proofmill.host.network.transfers.waiting import Waiting
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.requests import Request
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer

log = logging.getLogger(__name__)

MOST = 256
"""Transfers that wait."""
MOST_OF_ONE = 16
MOST_EARLY_OF_ONE = 4
"""Of them those with a nonce missing before them."""

Entry: TypeAlias = pool.Entry[int, Waiting]


class TransferPool(NoncePool[int, Waiting]):
    """Signed transfers that wait for a block. What it takes (see `NoncePool`, too):

    1. What the sender's key has signed for this chain, between accounts that there are.
    2. Of one sender at most 16 that wait; at most 4 of them with a nonce missing before them.
    3. The sender's balance covers all of its waiting ones together: money that comes later does not
       count.
    4. 256 wait in all.

    What is made of a batch is checked once more, on the ledger it is for (`batch`), so that nothing
    in here makes a batch unprovable.
    """

    kind = "transfer"

    def __init__(self, chain_id: int, ledger: Callable[[], Ledger],
                 height: Callable[[], int] = lambda: 0,
                 ended: Callable[[], bool] = lambda: False) -> None:
        """`ledger`: at the head; `height`: the head's number; `ended`: whether the contract that
        holds the coins is frozen there, so that nothing moves in the ledger any more."""
        super().__init__(Limits(MOST, MOST_OF_ONE, MOST_EARLY_OF_ONE), height)
        self._chain_id = chain_id
        self._ledger, self._ended = ledger, ended
        self._store: TransferStore | None = None

    def keep_in(self, store: TransferStore) -> None:
        """From now on, keep in `store` what is taken in; see `restore`."""
        self._store = store

    def restore(self) -> int:
        """Take in what the store has, as if it came from a stranger; how many were taken.

        Call it where the chain's head is as far as it can be known: what does not fit is forgotten.
        """
        assert self._store is not None, "there is no store to restore from"
        kept, taken = self._store.all(), 0
        for raw in kept:
            try:
                self.add(raw)
                taken += 1
            except (NotSigned, NotTaken) as error:
                log.info("a kept transfer is forgotten: %s", error)
        self._store.forget_all_but(self._known)
        return taken

    def next_nonce(self, sender: int) -> int:
        """The first nonce of an account that neither the head nor a waiting transfer has used."""
        self._require_account(sender)
        return self._following(sender)

    def spendable(self, sender: int) -> int:
        """What an account has at the head, less what its waiting transfers cost."""
        return self._ledger().accounts[sender].balance - sum(
            each.item.cost for each in self._waiting_of(sender))

    def waiting(self) -> list[bytes]:
        """Those that the head's branch does not have and could have, in the order of `batch`."""
        found = []
        for turn in self._by_fee(self._ledger()):
            found.append(turn.entry.item.raw)
            turn.taken = True
        return found

    def batch(self, ledger: Ledger, collector: int, requests: Sequence[Request] = ()) -> Batch:
        """The next batch on `ledger`: `requests`, which it can carry out and has places for, then
        transfers: who pays most comes first, a sender's own by their nonces.

        Whatever waits, the ledger can apply it: what cannot be applied where its turn comes is left
        to wait, and its sender's later ones with it. `collector`: the account of the fees.
        """
        chosen: list[SignedTransfer] = []
        after = ledger
        for request in requests:
            after = after.requested(request)
        places = 0 if self._ended() else ledger.size.transfers - len(requests)
        for turn in self._by_fee(ledger):
            if len(chosen) == places:
                break
            signed = turn.entry.item.signed
            if wrong := after.refusal(signed, self._chain_id):
                log.debug("left out: %s", wrong)
                continue
            after = after.transferred(signed)
            chosen.append(signed)
            turn.taken = True
        return Batch(ledger.size, self._chain_id, collector, tuple(chosen), tuple(requests))

    def settle(self, final: Ledger) -> None:
        """Forget what is in a final block; `final`: the ledger after it."""
        self._forget_final(lambda sender: _nonce_in(final, sender))

    def _name(self, raw: bytes) -> bytes:
        return sha256(raw).digest()

    def _read(self, raw: bytes) -> Entry:
        new = Waiting.from_bytes(raw)
        return Entry(new, new.hash, new.sender, new.nonce, new.fee)

    def _nonce(self, sender: int) -> int:
        return _nonce_in(self._ledger(), sender)

    def _who(self, sender: int) -> str:
        return f"account {sender}"

    def _offering(self, amount: str) -> str:
        return f"pay {amount} as its fee"

    def _require_fitting(self, new: Entry) -> Entry | None:
        if self._ended():
            raise NotTaken("the ledger has ended: nobody has proven its batches for too long, and "
                           "its contract pays every account out to its owner (escape)")
        self._require_account(new.sender)
        # What goes out of the ledger has no receiver in it.
        self._require_account(getattr(new.item.signed.transfer, "receiver", new.sender))
        return super()._require_fitting(new)

    def _require_account(self, number: int) -> None:
        if number not in self._ledger().accounts:
            raise NotTaken(f"there is no account {number}")

    def _require_paid(self, new: Waiting, others: Sequence[Waiting]) -> None:
        balance = self._ledger().accounts[new.sender].balance
        if new.cost + sum(each.cost for each in others) > balance:
            beside = f" beside the {len(others)} that are waiting" if others else ""
            raise NotTaken(f"account {new.sender} has {balance}, which does not cover "
                           f"{new.cost}{beside}")

    def _require_signed(self, new: Waiting) -> None:
        new.check_signature(self._ledger().accounts[new.sender], self._chain_id)

    def _enter(self, entry: Entry, raw: bytes) -> None:
        if self._store is not None:
            self._store.keep(entry.name, raw)
        super()._enter(entry, raw)

    def _drop(self, entry: Entry) -> None:
        super()._drop(entry)
        if self._store is not None:
            self._store.forget(entry.name)

    def _by_fee(self, ledger: Ledger) -> Iterator["_Turn"]:
        """Who is next on `ledger`; a sender goes on only where its turn was `taken`."""
        queue = []
        for sender, theirs in self._senders.items():
            account = ledger.accounts.get(sender)
            if account is not None and (entry := theirs.get(account.nonce)) is not None:
                queue.append(_Turn(entry))
        heapify(queue)
        while queue:
            turn = heappop(queue)
            yield turn
            following = self._senders[turn.entry.sender].get(turn.entry.nonce + 1)
            if turn.taken and following is not None:
                heappush(queue, _Turn(following))


def _nonce_in(ledger: Ledger, sender: int) -> int:
    """The first nonce that an account has not used, 0 where there is none."""
    account = ledger.accounts.get(sender)
    return 0 if account is None else account.nonce


@dataclass
class _Turn:
    """A sender's next transfer; the higher fee first, of equal ones the lower hash."""

    entry: Entry
    taken: bool = False

    def __lt__(self, other: "_Turn") -> bool:
        ours, theirs = self.entry, other.entry
        return (-ours.offer, ours.name) < (-theirs.offer, theirs.name)

"""Signed transfers that are in no block yet, and the batch that a block makes of them."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.transfers.store import TransferStore
from proofmill.host.network.transfers.waiting import NoTransfer, Waiting
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer

log = logging.getLogger(__name__)

MOST = 256
"""Transfers that wait."""
MOST_OF_ONE = 16
MOST_EARLY_OF_ONE = 4
"""Of them those with a nonce missing before them."""
RAISE_PERCENT = 10
"""By how much a replacement's fee is higher."""
MOST_BLOCKS = 64
"""How long one waits, in blocks."""
MOST_INCLUDED = 1024
"""Transfers in blocks that are not final which are kept for another branch."""


class NotTaken(ProofmillError):
    """A transfer that is one, but not for this pool now."""


@dataclass
class _Entry:
    """`since`: the block in which it began to wait."""

    waiting: Waiting
    since: int


class TransferPool:
    """Signed transfers that wait for a block. What it takes:

    1. What the sender's key has signed for this chain, with a nonce that is not used, between
       accounts that there are.
    2. Of one sender at most 16 that wait; at most 4 of them with a nonce missing before them, and
       none 16 or more after the account's.
    3. The sender's balance covers all of its waiting ones together: money that comes later does not
       count.
    4. One with the nonce of a waiting one takes its place if its fee is 10 % higher.
    5. 256 wait in all. If there are more, the one with the lowest fee goes, beginning with those
       that have a nonce missing before them; with it go the sender's later ones.
    6. None waits longer than 64 blocks.

    A transfer stays, whether or not a block has it, until its sender's nonce has passed it for
    good: a block that had it can be left with its branch. What is made of a batch is checked once
    more, on the ledger it is for (`batch`), so that nothing in here makes a batch unprovable.
    """

    def __init__(self, chain_id: int, ledger: Callable[[], Ledger],
                 height: Callable[[], int] = lambda: 0) -> None:
        """`ledger`: at the head; `height`: the head's number."""
        self._chain_id = chain_id
        self._ledger = ledger
        self._height = height
        self._known: dict[bytes, _Entry] = {}
        self._senders: dict[int, dict[int, _Entry]] = {}
        self._store: TransferStore | None = None

    def __contains__(self, waiting: Waiting) -> bool:
        return waiting.hash in self._known

    def __len__(self) -> int:
        """Those that wait."""
        return sum(len(self._waiting_of(sender)) for sender in self._senders)

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
            except (NoTransfer, NotTaken) as error:
                log.info("a kept transfer is forgotten: %s", error)
        self._store.forget_all_but(self._known)
        return taken

    def add(self, raw: bytes) -> bytes:
        """Take one in, as `Waiting.raw` is; its hash. Nothing changes where it is there already.

        NoTransfer for what nobody honest sends; NotTaken for one that could be in no block now, or
        for which there is no room.
        """
        new = Waiting.from_bytes(raw)
        if new in self:
            return new.hash
        self._forget_old()
        account = self._account(new)
        before = self._require_fitting(new, account)
        # Last, since it costs most.
        new.check_signature(account, self._chain_id)
        if self._store is not None:
            self._store.keep(new.hash, raw)
        if before is not None:
            self._drop(before)
        entry = _Entry(new, self._height())
        self._known[new.hash] = entry
        self._senders.setdefault(new.sender, {})[new.nonce] = entry
        self._make_room(entry)
        log.debug("transfer 0x%s: nonce %d of account %d", new.hash.hex(), new.nonce, new.sender)
        return new.hash

    def next_nonce(self, sender: int) -> int:
        """The first nonce of an account that neither the head nor a waiting transfer has used."""
        account = self._ledger().accounts.get(sender)
        if account is None:
            raise NotTaken(f"there is no account {sender}")
        return self._following(sender, account.nonce)

    def spendable(self, sender: int) -> int:
        """What an account has at the head, less what its waiting transfers cost."""
        account = self._ledger().accounts[sender]
        return account.balance - sum(each.waiting.cost for each in self._waiting_of(sender))

    def batch(self, ledger: Ledger, collector: int) -> Batch:
        """The next batch on `ledger`: who pays most comes first, a sender's own by their nonces.

        Whatever waits, the ledger can apply it: what cannot be applied where its turn comes is left
        to wait, and its sender's later ones with it. `collector`: the account of the fees.
        """
        chosen: list[SignedTransfer] = []
        after = ledger
        for turn in self._by_fee(ledger):
            if len(chosen) == ledger.size.transfers:
                break
            signed = turn.entry.waiting.signed
            if wrong := after.refusal(signed, self._chain_id):
                log.debug("left out: %s", wrong)
                continue
            after = after.transferred(signed)
            chosen.append(signed)
            turn.taken = True
        return Batch(ledger.size, self._chain_id, collector, tuple(chosen))

    def settle(self, final: Ledger) -> None:
        """Forget what is in a final block; `final`: the ledger after it."""
        for sender in list(self._senders):
            account = final.accounts.get(sender)
            for nonce, entry in list(self._senders[sender].items()):
                if account is not None and nonce < account.nonce:
                    self._drop(entry)

    def _account(self, new: Waiting) -> Account:
        """The sender's, at the head; NotTaken where either account is missing."""
        accounts = self._ledger().accounts
        # What goes out of the ledger has no receiver in it.
        receiver = getattr(new.signed.transfer, "receiver", new.sender)
        for number in (new.sender, receiver):
            if number not in accounts:
                raise NotTaken(f"there is no account {number}")
        return accounts[new.sender]

    def _require_fitting(self, new: Waiting, account: Account) -> _Entry | None:
        """Rules 1 to 4 but for the signature; the entry that it replaces."""
        sender, nonce, used = new.sender, new.nonce, account.nonce
        if nonce < used:
            raise NotTaken(f"nonce {nonce} of account {sender} is used already; the next is "
                           f"{self._following(sender, used)}")
        theirs = {entry.waiting.nonce: entry for entry in self._waiting_of(sender)}
        before = theirs.pop(nonce, None)
        if before is not None:
            least = before.waiting.fee + max(1, -(-before.waiting.fee * RAISE_PERCENT // 100))
            if new.fee < least:
                raise NotTaken(f"nonce {nonce} of account {sender} is taken by one that is "
                               f"waiting; use {self._following(sender, used)}, or a fee of {least}")
        if len(theirs) >= MOST_OF_ONE or nonce >= used + MOST_OF_ONE:
            raise NotTaken(f"{len(theirs)} transfers of account {sender} are waiting, from nonce "
                           f"{used} on; the most is {MOST_OF_ONE}, try later")
        cost = sum(entry.waiting.cost for entry in theirs.values())
        if cost + new.cost > account.balance:
            others = f" beside the {len(theirs)} that are waiting" if theirs else ""
            raise NotTaken(f"account {sender} has {account.balance}, which does not cover "
                           f"{new.cost}{others}")
        following = used
        while following in theirs or following == nonce:
            following += 1
        early = sum(each > following for each in (*theirs, nonce))
        if nonce > following and early > MOST_EARLY_OF_ONE:
            raise NotTaken(f"{early - 1} transfers of account {sender} wait for one with nonce "
                           f"{following}; send that first")
        return before

    def _make_room(self, new: _Entry) -> None:
        """Rule 5; NotTaken where the new one is what has to go."""
        crowd = [entry for sender in self._senders for entry in self._waiting_of(sender)]
        if len(crowd) <= MOST:
            return
        victim = min(crowd, key=lambda each: (
            each.waiting.nonce < self.next_nonce(each.waiting.sender), each.waiting.fee,
            each.waiting.hash))
        out = victim.waiting
        for entry in self._waiting_of(out.sender):
            if entry.waiting.nonce >= out.nonce:
                self._drop(entry)
        if new.waiting not in self:
            raise NotTaken(f"{len(crowd) - 1} transfers are waiting, and this one pays least; pay "
                           f"more than {out.fee}, or try later")

    def _forget_old(self) -> None:
        """Rule 6, and the oldest of those that only another branch would need."""
        now, included = self._height(), []
        for sender in list(self._senders):
            used = self._used(sender)
            for nonce, entry in list(self._senders[sender].items()):
                if nonce < used:
                    included.append(entry)
                elif now - entry.since > MOST_BLOCKS:
                    self._drop(entry)
        included.sort(key=lambda each: each.since)
        for entry in included[: max(0, len(included) - MOST_INCLUDED)]:
            self._drop(entry)

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
            waiting = turn.entry.waiting
            following = self._senders[waiting.sender].get(waiting.nonce + 1)
            if turn.taken and following is not None:
                heappush(queue, _Turn(following))

    def _used(self, sender: int) -> int:
        account = self._ledger().accounts.get(sender)
        return 0 if account is None else account.nonce

    def _following(self, sender: int, nonce: int) -> int:
        theirs = self._senders.get(sender, {})
        while nonce in theirs:
            nonce += 1
        return nonce

    def _waiting_of(self, sender: int) -> list[_Entry]:
        used = self._used(sender)
        return [entry for nonce, entry in sorted(self._senders.get(sender, {}).items())
                if nonce >= used]

    def _drop(self, entry: _Entry) -> None:
        waiting = entry.waiting
        self._known.pop(waiting.hash, None)
        theirs = self._senders.get(waiting.sender, {})
        if theirs.get(waiting.nonce) is entry:
            del theirs[waiting.nonce]
            if not theirs:
                del self._senders[waiting.sender]
        if self._store is not None:
            self._store.forget(waiting.hash)


@dataclass
class _Turn:
    """A sender's next transfer; the higher fee first, of equal ones the lower hash."""

    entry: _Entry
    taken: bool = False

    def __lt__(self, other: "_Turn") -> bool:
        ours, theirs = self.entry.waiting, other.entry.waiting
        return (-ours.fee, ours.hash) < (-theirs.fee, theirs.hash)

"""Signed messages with nonces that wait for a block: what pools of transactions and of transfers do
alike."""

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from proofmill.host.ground.errors import ProofmillError

log = logging.getLogger(__name__)

RAISE_PERCENT = 10
"""By how much a replacement offers more."""
MOST_BLOCKS = 64
"""How long one waits, in blocks."""
MOST_INCLUDED = 1024
"""Those in blocks that are not final which are kept for another branch."""

Sender = TypeVar("Sender")
Item = TypeVar("Item")


class NotSigned(ProofmillError):
    """Bytes that nobody can have signed for this chain."""


class NotTaken(ProofmillError):
    """What somebody has signed, but not for this pool now."""


@dataclass(frozen=True)
class Limits:
    """How many wait: `most` in all, and `reserved` in places that nothing else can take; `of_one`
    of one sender, which are also the nonces it may be ahead; `early_of_one` of them with a nonce
    missing before them."""

    most: int
    of_one: int
    early_of_one: int
    reserved: int = 0


@dataclass
class Entry(Generic[Sender, Item]):
    """`item` and what orders it. `name`: the hash of its bytes; `offer`: for its place in a block.

    `reserved`: it has one of the places that nothing else can take; `since`: the block in which it
    began to wait, the head while a block of the head's branch has it.
    """

    item: Item
    name: bytes
    sender: Sender
    nonce: int
    offer: int
    reserved: bool = False
    since: int = 0
    arrival: int = 0


class NoncePool(ABC, Generic[Sender, Item]):
    """What every pool takes, whatever it is of:

    1. A nonce that is not used.
    2. Of one sender so many that wait (`Limits`), so many of them with a nonce missing before them,
       and none so many or more after the account's.
    3. One with the nonce of a waiting one takes its place if it offers 10 % more.
    4. So many wait in all. If there are more, the one that offers least goes, of equal ones the one
       that came last, beginning with those that have a nonce missing before them; with it go the
       sender's later ones. Of those in reserved places who has most loses one first, and that one
       alone.
    5. None waits longer than 64 blocks.

    What is taken in stays, whether or not a block has it, until its sender's nonce has passed it
    for good: a block that had it can be left with its branch.
    """

    kind = ""
    """What it is of, in messages."""

    def __init__(self, limits: Limits, height: Callable[[], int]) -> None:
        """`height`: the head's number."""
        self._limits = limits
        self._height = height
        self._known: dict[bytes, Entry[Sender, Item]] = {}
        self._senders: dict[Sender, dict[int, Entry[Sender, Item]]] = {}
        self._arrivals = 0

    @abstractmethod
    def _name(self, raw: bytes) -> bytes:
        """The hash of the bytes of one, also where they are none."""

    @abstractmethod
    def _read(self, raw: bytes) -> Entry[Sender, Item]:
        """What the bytes say; NotSigned where they are none of this chain."""

    @abstractmethod
    def _nonce(self, sender: Sender) -> int:
        """The first nonce that the head's branch has not used."""

    @abstractmethod
    def _who(self, sender: Sender) -> str:
        """The sender, in messages."""

    @abstractmethod
    def _offering(self, amount: str) -> str:
        """What to do to offer so much, in messages."""

    @abstractmethod
    def _require_paid(self, new: Item, others: Sequence[Item]) -> None:
        """NotTaken unless the sender can pay for `new` beside its `others` that wait."""

    def _require_signed(self, new: Item) -> None:
        """NotSigned unless its sender has signed it. Comes last, since it may cost most."""

    def _is_reserved(self, new: Item) -> bool:
        """Whether one may have a reserved place."""
        return False

    def __contains__(self, raw: bytes) -> bool:
        return self._name(raw) in self._known

    def __len__(self) -> int:
        """Those that wait."""
        return sum(len(self._waiting_of(sender)) for sender in self._senders)

    def add(self, raw: bytes) -> bytes:
        """Take one in; its hash. Nothing changes where it is there already.

        NotSigned for bytes that are none of this chain, whoever sends them; NotTaken for one that
        could be in no block now, or for which there is no room.
        """
        if raw in self:
            return self._name(raw)
        new = self._read(raw)
        self._forget_old()
        before = self._require_fitting(new)
        self._require_signed(new.item)
        self._arrivals += 1
        new.reserved, new.since, new.arrival = (
            self._is_reserved(new.item), self._height(), self._arrivals)
        self._enter(new, raw)
        if before is not None:
            self._drop(before)
        self._senders.setdefault(new.sender, {})[new.nonce] = new
        self._make_room(new)
        log.debug("%s 0x%s: nonce %d of %s", self.kind, new.name.hex(), new.nonce,
                  self._who(new.sender))
        return new.name

    def _require_fitting(self, new: Entry[Sender, Item]) -> Entry[Sender, Item] | None:
        """Rules 1 to 3; the entry that it replaces."""
        who, used = self._who(new.sender), self._nonce(new.sender)
        if new.nonce < used:
            raise NotTaken(f"nonce {new.nonce} of {who} is used already; the next is "
                           f"{self._following(new.sender)}")
        theirs = {entry.nonce: entry for entry in self._waiting_of(new.sender)}
        before = theirs.pop(new.nonce, None)
        if before is not None:
            least = before.offer + max(1, -(-before.offer * RAISE_PERCENT // 100))
            if new.offer < least:
                raise NotTaken(
                    f"nonce {new.nonce} of {who} is taken by one that is waiting; use "
                    f"{self._following(new.sender)}, or {self._offering(str(least))}")
        if len(theirs) >= self._limits.of_one or new.nonce >= used + self._limits.of_one:
            raise NotTaken(f"{len(theirs)} {self.kind}s of {who} are waiting, from nonce {used} "
                           f"on; the most is {self._limits.of_one}, try later")
        self._require_paid(new.item, [entry.item for entry in theirs.values()])
        following = used
        while following in theirs or following == new.nonce:
            following += 1
        early = sum(each > following for each in (*theirs, new.nonce))
        if new.nonce > following and early > self._limits.early_of_one:
            raise NotTaken(f"{early - 1} {self.kind}s of {who} wait for one with nonce "
                           f"{following}; send that first")
        return before

    def _make_room(self, new: Entry[Sender, Item]) -> None:
        """Rule 4; NotTaken where the new one is what has to go."""
        places = self._limits.reserved if new.reserved else self._limits.most
        if len(self._known) <= places:
            return
        crowd = [entry for sender in self._senders for entry in self._waiting_of(sender)
                 if entry.reserved == new.reserved]
        if len(crowd) <= places:
            return
        following = {sender: self._following(sender) for sender in self._senders}
        theirs = Counter(each.sender for each in crowd) if new.reserved else Counter()
        victim = min(crowd, key=lambda each: (
            -theirs[each.sender], each.nonce < following[each.sender], each.offer, -each.arrival))
        for entry in self._waiting_of(victim.sender):
            # Later ones could be in no block without it; those in reserved places keep them.
            if entry is victim or entry.nonce > victim.nonce and not entry.reserved:
                self._drop(entry)
        if new.name not in self._known:
            more = self._offering(f"more than {victim.offer}")
            raise NotTaken(f"{len(crowd) - 1} {self.kind}s are waiting, and this one offers least; "
                           f"{more}, or try later")

    def _forget_old(self) -> None:
        """Rule 5, and the oldest of those that only another branch would need."""
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

    def _forget_final(self, final_nonce: Callable[[Sender], int]) -> None:
        """Forget what is in a final block; `final_nonce`: of a sender after that block."""
        for sender in list(self._senders):
            passed = final_nonce(sender)
            for nonce, entry in list(self._senders[sender].items()):
                if nonce < passed:
                    self._drop(entry)

    def _waiting_of(self, sender: Sender) -> list[Entry[Sender, Item]]:
        used = self._nonce(sender)
        return [entry for nonce, entry in sorted(self._senders.get(sender, {}).items())
                if nonce >= used]

    def _following(self, sender: Sender) -> int:
        """The first nonce that neither the head's branch nor one that waits has used."""
        nonce, theirs = self._nonce(sender), self._senders.get(sender, {})
        while nonce in theirs:
            nonce += 1
        return nonce

    def _enter(self, entry: Entry[Sender, Item], raw: bytes) -> None:
        """Know one from now on, whose bytes are `raw`."""
        self._known[entry.name] = entry

    def _drop(self, entry: Entry[Sender, Item]) -> None:
        """Know one no more."""
        self._known.pop(entry.name, None)
        theirs = self._senders.get(entry.sender, {})
        if theirs.get(entry.nonce) is entry:
            del theirs[entry.nonce]
            if not theirs:
                del self._senders[entry.sender]

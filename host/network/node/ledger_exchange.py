"""What a light node asks about the ledger that it knows by its root: of accounts, and of payloads.

A question goes to one peer after another until an answer shows what it says (`certificates.answers`
says by what). Nobody is believed: an answer that shows nothing counts against who sent it, with the
reason, and the next peer is asked. A peer may have no answer, which counts for nothing.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.answers import MOST_BYTES, read_account
from proofmill.host.network.certificates.light_ledger import LightLedger
from proofmill.host.network.consensus.refusal import Invalid, decoded
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certificate_exchange import ANSWER_SECONDS, Send
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.circuits.rollup.ledger import Account

log = logging.getLogger(__name__)

MOST_OPEN = 128
"""Questions that a light node has open at once."""
REQUESTS = {Topic.ACCOUNT_REQUEST: Topic.ACCOUNT, Topic.PLACE_REQUEST: Topic.PLACE}
"""Questions, and what answers them."""


class AccountQuestion(NamedTuple):
    """About the account `number` of the ledger with this `root`."""

    root: int
    number: int


class PlaceQuestion(NamedTuple):
    """About the payload's block of this hash, among the first `blocks` proven ones."""

    block_hash: bytes
    blocks: int


Question = AccountQuestion | PlaceQuestion
Find = Callable[[Question], bytes]
"""What `certificates.answers` has of a question; nothing where that is not known."""


def nothing_known(question: Question) -> bytes:
    """The `Find` of a node that knows no ledger."""
    return b""


class LedgerQuestion(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """An `AccountQuestion`, its root in 32 bytes, highest first, or a `PlaceQuestion`; the topic
    says which."""

    about: spec.Bytes32
    number: spec.Uint64


class LedgerAnswer(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """The question, and the answer; empty for none."""

    about: spec.Bytes32
    number: spec.Uint64
    answer: spec.ByteList[MOST_BYTES]


def serve_ledger(topic: Topic, data: bytes, peer: str, find: Find, answer: Send) -> Answer:
    """Answer a question of `REQUESTS`."""
    try:
        asked = decoded(LedgerQuestion, data)
    except Invalid as error:
        return Reception.REJECT, str(error)
    found = find(_question(topic is Topic.ACCOUNT_REQUEST, asked))
    answer(peer, REQUESTS[topic], bytes(LedgerAnswer(
        about=asked.about, number=asked.number, answer=found).encode_bytes()))
    return Reception.KEEP, ""


@dataclass(frozen=True)
class KnownAccount:
    """What was shown of an account: in the ledger with this `root`, after so many `blocks`. None is
    there where `account` is None. `peer`: who has shown it."""

    number: int
    root: int
    blocks: int
    account: Account | None
    peer: str


@dataclass(frozen=True)
class KnownPayload:
    """What was shown of a payload: it is the block of this number among those proven, from 0; None
    where no peer has shown that it is one of the first `blocks`."""

    block_hash: bytes
    blocks: int
    place: int | None
    peer: str = ""


@dataclass
class _Open:
    """A question, whom it was asked, and who owes the answer until when. `blocks`: that were proven
    when it began."""

    blocks: int
    tried: set[str] = field(default_factory=set)
    asked: tuple[str, float] | None = None


class LedgerExchange:
    """Asks and judges, for one light node."""

    def __init__(self, ledger: LightLedger, send: Send, silent: Callable[[str, str], None],
                 peers: Callable[[], Collection[str]]) -> None:
        """`send` and `silent`: as of `Gossip`; `peers`: who is connected."""
        self.ledger = ledger
        self._send, self._silent, self._peers = send, silent, peers
        self._open: dict[Question, _Open] = {}
        self._giver = ""
        """Who has shown something last, and is asked first."""
        self.accounts: dict[int, KnownAccount] = {}
        """By number, as shown last."""
        self.payloads: dict[bytes, KnownPayload] = {}
        """By block hash, as answered last."""

    def ask_account(self, number: int) -> None:
        """Ask about an account of the ledger as it is known now; ValueError for a number that takes
        more than 64 bits, or one question more than `MOST_OPEN`."""
        self._ask(AccountQuestion(self.ledger.root, number), number)

    def ask_payload(self, block_hash: bytes) -> None:
        """Ask whether a payload is among the blocks that are proven; ValueError as
        `ask_account`."""
        self._ask(PlaceQuestion(block_hash, self.ledger.blocks), self.ledger.blocks)

    @property
    def owing(self) -> list[str]:
        """Peers that owe an answer."""
        return sorted({each.asked[0] for each in self._open.values() if each.asked is not None})

    def tick(self) -> None:
        """A new slot: tell of who has not answered, and ask others."""
        now = time.monotonic()
        for question, each in list(self._open.items()):
            if each.asked is not None and each.asked[1] < now:
                peer, each.asked = each.asked[0], None
                self._silent(peer, f"{_topic(question).name}: no answer for "
                                   f"{ANSWER_SECONDS:.0f} s")
            self._next(question, each)

    def left(self, peer: str) -> None:
        """A peer's connection is a new one, or gone: it owes nothing."""
        for question, each in list(self._open.items()):
            if each.asked is not None and each.asked[0] == peer:
                each.asked = None
                self._next(question, each)

    def hear(self, topic: Topic, data: bytes, peer: str) -> Answer:
        """Judge an answer, and ask on if it shows nothing."""
        try:
            message = decoded(LedgerAnswer, data)
        except Invalid as error:
            return Reception.REJECT, str(error)
        question = _question(topic is Topic.ACCOUNT, message)
        asked = self._open.get(question)
        if asked is None or asked.asked is None or asked.asked[0] != peer:
            return Reception.REJECT, "an answer to what was not asked"
        asked.asked, refused, shown = None, "", bytes(message.answer)
        if shown:
            try:
                self._take(question, shown, asked.blocks, peer)
            except ProofmillError as error:
                refused = str(error)
            else:
                del self._open[question]
                self._giver = peer
                return Reception.KEEP, ""
        self._next(question, asked)
        return (Reception.REJECT, refused) if refused else (Reception.KEEP, "")

    def _ask(self, question: Question, number: int) -> None:
        if number >> 64:
            raise ValueError(f"{number} takes more than 64 bits")
        if question not in self._open:
            if len(self._open) >= MOST_OPEN:
                raise ValueError(f"{MOST_OPEN} questions are open")
            self._open[question] = _Open(self.ledger.blocks)
            self._next(question, self._open[question])

    def _take(self, question: Question, shown: bytes, blocks: int, peer: str) -> None:
        """Keep what the answer shows; `ProofmillError` where that is nothing."""
        if isinstance(question, AccountQuestion):
            name = f"account {question.number}"
            self.accounts[question.number] = KnownAccount(
                question.number, question.root, blocks,
                read_account(shown, question.root, question.number, name), peer)
            return
        name = f"block 0x{question.block_hash.hex()}"
        place = self.ledger.place_of(question.block_hash, shown, name)
        self.payloads[question.block_hash] = KnownPayload(
            question.block_hash, blocks, place, peer)

    def _next(self, question: Question, each: _Open) -> None:
        """Ask the next peer that was not asked yet, unless one owes an answer."""
        if each.asked is not None:
            return
        left = sorted((peer for peer in self._peers() if peer not in each.tried),
                      key=lambda peer: (peer != self._giver, peer))
        if left:
            each.tried.add(left[0])
            each.asked = left[0], time.monotonic() + ANSWER_SECONDS
            about, number = question
            self._send(left[0], _topic(question), bytes(LedgerQuestion(
                about=about if isinstance(about, bytes) else about.to_bytes(32, "big"),
                number=number).encode_bytes()))
        elif each.tried:
            # Everybody has been asked. An account some peer may show later.
            del self._open[question]
            log.info("no peer answers about %s", question)
            if isinstance(question, PlaceQuestion):
                self.payloads[question.block_hash] = KnownPayload(*question, None)


def _question(of_account: bool, message: LedgerQuestion | LedgerAnswer) -> Question:
    """What a message is about."""
    about, number = bytes(message.about), int(message.number)
    if of_account:
        return AccountQuestion(int.from_bytes(about, "big"), number)
    return PlaceQuestion(about, number)


def _topic(question: Question) -> Topic:
    return Topic.ACCOUNT_REQUEST if isinstance(question, AccountQuestion) else Topic.PLACE_REQUEST

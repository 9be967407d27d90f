"""A light node among a devnet's: certificates and eras from peers that it does not trust, and
nothing else.

It is a process of its own, as the full ones are, with its own key and connections; the clock moves
it with the same commands. Once a slot it asks every peer for what comes after its final checkpoint.
It holds what `certificates.light` says: the latest certificates and a state of under 1 KB; and, if
it follows the ledger, what `certificates.light_ledger` says: a root, and the last era. No block, no
transaction, no machine. What its user wants to know of the ledger it asks peers as well.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from proofmill.host.ground.log_fields import LogTo
from proofmill.host.network.certificates.light import STATE, LightNode
from proofmill.host.network.certificates.light_ledger import LightLedger, has_ledger
from proofmill.host.network.node.certificate_exchange import CertificateExchange
from proofmill.host.network.node.era_exchange import EraExchange, nothing, serve
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.gossip import Gossip, Reception
from proofmill.host.network.node.identity import Identity, called, contexts
from proofmill.host.network.node.kept_certificates import LIGHT
from proofmill.host.network.node.layer2 import BlockFacts
from proofmill.host.network.node.ledger_exchange import (
    REQUESTS,
    KnownAccount,
    KnownPayload,
    LedgerExchange,
    nothing_known,
    serve_ledger,
)
from proofmill.host.network.node.process import Traffic, Trusted
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.aggregation.setup import Heads
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.verification_key import VerificationKey

log = logging.getLogger(__name__)

ASK_MS, NOTE_MS = SLOT_MS // 2, 3 * SLOT_MS // 4
"""When in a slot it asks, and when it notes what it knows: once the answers have come."""
MOST_REFUSED = 1_024
"""Sentences that are kept."""


@dataclass(frozen=True)
class FirstLedger:
    """What a light node that follows the ledger trusts of it: the `key` of block proofs, what
    verifies their aggregates, and the `root` after the block `block_hash`."""

    key: VerificationKey
    heads: Heads
    root: int
    block_hash: bytes


@dataclass(frozen=True)
class LightSetup:
    """All a light node is told at its start: `checkpoint` and its `registry` it trusts, and
    `verification_key`; `peers`, certificates by name, it does not. `ledger`: None where it follows
    finality alone."""

    name: str
    folder: Path
    identity: Identity
    peers: Mapping[str, str]
    verification_key: VerificationKey
    checkpoint: Checkpoint
    registry: int
    log_to: LogTo | None = None
    ledger: FirstLedger | None = None

    @property
    def says(self) -> str:
        """What it begins as, for the log."""
        return f"a light node that trusts epoch {self.checkpoint.epoch}"

    def open(self, on_trouble: Callable[[BaseException], None]) -> "LightPeer":
        """The node, not yet listening."""
        return LightPeer(self, on_trouble)


@dataclass(frozen=True)
class LightView:
    """What a light node knows at the end of a slot, and the bytes of its files, but for the last
    era's."""

    slot: int
    finalized: Checkpoint
    bytes_on_disk: int


@dataclass(frozen=True)
class TakenEras:
    """What a light node knows of the ledger: `root`, after so many `blocks`, which are proven, by
    `count` eras. `last_bytes`: of the last one, which it keeps; `seconds`: what it took to verify
    each."""

    count: int
    blocks: int
    root: int
    last_bytes: int
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class LightReport:
    """How it went: `history`, a view each slot; `refused`: (peer, why) of what was not taken;
    `first_bytes`: of its files at its start, `key_bytes` of them the verification keys'. `eras`:
    None where it does not follow the ledger. `accounts` and `payloads`: what peers have shown of
    those that its user asked for."""

    name: str
    first_bytes: int
    history: tuple[LightView, ...]
    refused: tuple[tuple[str, str], ...]
    key_bytes: int
    eras: TakenEras | None = None
    accounts: tuple[KnownAccount, ...] = ()
    payloads: tuple[KnownPayload, ...] = ()


class LightPeer:
    """A light node with its connections."""

    def __init__(self, setup: LightSetup, on_trouble: Callable[[BaseException], None]) -> None:
        """`on_trouble` hears of what it cannot go on with: a disk that fails, or two valid
        certificates that contradict each other."""
        self.setup = setup
        place = setup.folder / LIGHT
        self.light = LightNode.open(place) if (place / STATE).exists() else LightNode.start(
            place, setup.verification_key, setup.checkpoint, setup.registry)
        self.ledger = None if setup.ledger is None else LightLedger.open(
            self.light) if has_ledger(place) else LightLedger.start(
            self.light, setup.ledger.key, setup.ledger.heads, setup.ledger.root,
            setup.ledger.block_hash)
        self._first_bytes = self._bytes
        self.gossip = Gossip(
            called(setup.peers), self._take,
            contexts(setup.identity, setup.peers.values(), setup.folder),
            on_peer=self._left, on_trouble=on_trouble)
        self.exchange = CertificateExchange(
            self.light, self.gossip.send, self.gossip.answer, self.gossip.silent)
        self.eras = None if self.ledger is None else EraExchange(
            self.ledger, self.gossip.send, self.gossip.silent, lambda: self.gossip.peers)
        self.questions = None if self.ledger is None else LedgerExchange(
            self.ledger, self.gossip.send, self.gossip.silent, lambda: self.gossip.peers)
        self.refused: list[tuple[str, str]] = []
        """(peer, why), of what was not taken."""
        self._history: list[LightView] = []

    async def start(self) -> int:
        """Listen, and return the port."""
        return await self.gossip.start()

    def tick(self, slot: int, milliseconds: int) -> None:
        """Ask, or note, if it is time for that."""
        if milliseconds == ASK_MS:
            self.exchange.tick()
            for peer in self.gossip.peers:
                self.exchange.ask(peer)
            if self.eras is not None:
                self.eras.tick()
            if self.questions is not None:
                self.questions.tick()
        elif milliseconds == NOTE_MS and slot:
            self._history.append(LightView(slot, self.light.known.finalized, self._bytes))

    def ask(self, accounts: Collection[int], payloads: Collection[bytes]) -> None:
        """What its user wants to know: balances, by the numbers of accounts, and which payloads, by
        their blocks' hashes, are proven. Nothing is asked where it does not follow the ledger."""
        if self.questions is None:
            return
        for number in accounts:
            self.questions.ask_account(number)
        for block_hash in payloads:
            self.questions.ask_payload(block_hash)

    def resume(self, slot: int, milliseconds: int) -> int:
        """Go on after a former life; how many certificates it has kept."""
        return len(self.light.epochs)

    def traffic(self) -> Traffic:
        """What the clock waits for: nothing is proven here."""
        return Traffic(self.gossip.counts(), False)

    def report(self) -> LightReport:
        """How it went."""
        keys = self.light.key_bytes + (0 if self.ledger is None else self.ledger.key_bytes)
        return LightReport(
            self.setup.name, self._first_bytes, tuple(self._history), tuple(self.refused), keys,
            None if self.ledger is None or self.eras is None else TakenEras(
                len(self.ledger.eras), self.ledger.blocks, self.ledger.root, self.ledger.era_bytes,
                tuple(self.eras.seconds)),
            *((), ()) if self.questions is None else (
                tuple(self.questions.accounts.values()), tuple(self.questions.payloads.values())))

    def last_words(self) -> tuple[tuple[BlockFacts, ...], int]:
        """Of blocks it knows nothing."""
        return (), 0

    def trusted(self) -> Trusted:
        """The final checkpoint and its registry, or, where no certificate has named that one, the
        latest justified checkpoint's."""
        known, ledger = self.light.known, self.ledger
        found = known.finalized if known.justified[known.finalized] else known.head
        return Trusted(found, known.justified[found], None if ledger is None else (
            ledger.root, ledger.block_hash))

    async def close(self) -> None:
        """End every connection."""
        await self.gossip.close()

    @property
    def _bytes(self) -> int:
        """Of its files but the last era's, whose place the next one takes."""
        return self.light.bytes - (0 if self.ledger is None else self.ledger.era_bytes)

    def _left(self, peer: str) -> None:
        self.exchange.left(peer)
        if self.eras is not None:
            self.eras.left(peer)
        if self.questions is not None:
            self.questions.left(peer)

    def _take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        if topic in (Topic.CERTIFICATE_REQUEST, Topic.CERTIFICATES):
            verdict, reason = self.exchange.take(topic, data, peer)
        elif topic is Topic.ERA_REQUEST:
            # It keeps no headers, so it has none for others.
            verdict, reason = serve(data, peer, nothing, self.gossip.answer)
        elif topic is Topic.ERA and self.eras is not None:
            verdict, reason = self.eras.hear(data, peer)
        elif topic in REQUESTS:
            # It keeps no accounts and no hashes either.
            verdict, reason = serve_ledger(topic, data, peer, nothing_known, self.gossip.answer)
        elif topic in REQUESTS.values() and self.questions is not None:
            verdict, reason = self.questions.hear(topic, data, peer)
        else:
            return Reception.IGNORE, "a light node does not look at it"
        if verdict is Reception.REJECT and len(self.refused) < MOST_REFUSED:
            self.refused.append((peer, reason))
        return verdict, reason


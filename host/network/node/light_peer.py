"""A light node among a devnet's: certificates from peers that it does not trust, and nothing else.

It is a process of its own, as the full ones are, with its own key and connections; the clock moves
it with the same commands. Once a slot it asks every peer for what comes after its final checkpoint.
It holds what `certificates.light` says: the latest certificates and a state of under 1 KB; no
block, no transaction, no machine.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from proofmill.host.ground.log_fields import LogTo
from proofmill.host.network.certificates.light import STATE, LightNode
from proofmill.host.network.node.certificate_exchange import CertificateExchange
from proofmill.host.network.node.certificates import LIGHT
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.gossip import Gossip, Reception
from proofmill.host.network.node.identity import Identity, called, contexts
from proofmill.host.network.node.layer2 import BlockFacts
from proofmill.host.network.node.process import Traffic
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.groth16.verification_key import VerificationKey

log = logging.getLogger(__name__)

ASK_MS, NOTE_MS = SLOT_MS // 2, 3 * SLOT_MS // 4
"""When in a slot it asks, and when it notes what it knows: once the answers have come."""
MOST_REFUSED = 1_024
"""Sentences that are kept."""


@dataclass(frozen=True)
class LightSetup:
    """All a light node is told at its start: `checkpoint` and its `registry` it trusts, and
    `verification_key`; `peers`, certificates by name, it does not."""

    name: str
    folder: Path
    identity: Identity
    peers: Mapping[str, str]
    verification_key: VerificationKey
    checkpoint: Checkpoint
    registry: int
    log_to: LogTo | None = None

    @property
    def says(self) -> str:
        """What it begins as, for the log."""
        return f"a light node that trusts epoch {self.checkpoint.epoch}"

    def open(self, on_trouble: Callable[[BaseException], None]) -> "LightPeer":
        """The node, not yet listening."""
        return LightPeer(self, on_trouble)


@dataclass(frozen=True)
class LightView:
    """What a light node knows at the end of a slot, and the bytes of its files."""

    slot: int
    finalized: Checkpoint
    bytes_on_disk: int


@dataclass(frozen=True)
class LightReport:
    """How it went: `history`, a view each slot; `refused`: (peer, why) of what was not taken;
    `first_bytes`: of its files at its start, `key_bytes` of them the verification key's."""

    name: str
    first_bytes: int
    history: tuple[LightView, ...]
    refused: tuple[tuple[str, str], ...]
    key_bytes: int


class LightPeer:
    """A light node with its connections."""

    def __init__(self, setup: LightSetup, on_trouble: Callable[[BaseException], None]) -> None:
        """`on_trouble` hears of what it cannot go on with: a disk that fails, or two valid
        certificates that contradict each other."""
        self.setup = setup
        place = setup.folder / LIGHT
        self.light = LightNode.open(place) if (place / STATE).exists() else LightNode.start(
            place, setup.verification_key, setup.checkpoint, setup.registry)
        self._first_bytes = self.light.bytes
        self.gossip = Gossip(
            called(setup.peers), self._take,
            contexts(setup.identity, setup.peers.values(), setup.folder),
            on_peer=lambda peer: self.exchange.left(peer), on_trouble=on_trouble)
        self.exchange = CertificateExchange(
            self.light, self.gossip.send, self.gossip.answer, self.gossip.silent)
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
        elif milliseconds == NOTE_MS and slot:
            self._history.append(LightView(slot, self.light.known.finalized, self.light.bytes))

    def resume(self, slot: int, milliseconds: int) -> int:
        """Go on after a former life; how many certificates it has kept."""
        return len(self.light.epochs)

    def traffic(self) -> Traffic:
        """What the clock waits for: nothing is proven here."""
        return Traffic(self.gossip.counts(), False)

    def report(self) -> LightReport:
        """How it went."""
        return LightReport(self.setup.name, self._first_bytes, tuple(self._history),
                           tuple(self.refused), self.light.key_bytes)

    def last_words(self) -> tuple[tuple[BlockFacts, ...], int]:
        """Of blocks it knows nothing."""
        return (), 0

    def trusted(self) -> tuple[Checkpoint, int]:
        """The final checkpoint and its registry, or, where no certificate has named that one, the
        latest justified checkpoint's."""
        known = self.light.known
        found = known.finalized if known.justified[known.finalized] else known.head
        return found, known.justified[found]

    async def close(self) -> None:
        """End every connection."""
        await self.gossip.close()

    def _take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        if topic not in (Topic.CERTIFICATE_REQUEST, Topic.CERTIFICATES):
            return Reception.IGNORE, "a light node does not look at it"
        verdict, reason = self.exchange.take(topic, data, peer)
        if verdict is Reception.REJECT and len(self.refused) < MOST_REFUSED:
            self.refused.append((peer, reason))
        return verdict, reason


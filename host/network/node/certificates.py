"""A full node's part in certificates of finality: companion votes, certificates, and who asks."""

import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.companion import Registration, companion_secret
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.rewards import CertificateTerms
from proofmill.host.network.certificates.rule import GENESIS, Finality
from proofmill.host.network.certificates.votes import checkpoint_of
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.consensus.refusal import Invalid
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.evm.client import Address
from proofmill.host.network.node.beside import Beside
from proofmill.host.network.node.certificate_exchange import CertificateExchange, Send
from proofmill.host.network.node.certifier import Certifier, Maker
from proofmill.host.network.node.companion_bonds import BondedKeys, SlashedKey
from proofmill.host.network.node.companions import Companions
from proofmill.host.network.node.era_exchange import nothing, serve
from proofmill.host.network.node.era_maker import EraMaker, EraSetup
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.kept_certificates import KeptCertificates
from proofmill.host.network.node.ledger_exchange import REQUESTS, Question, serve_ledger
from proofmill.host.network.node.light_files import LightFiles
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import Topic
from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.devices.apart import ApartDevice
from proofmill.host.prover.groth16.verification_key import VerificationKey
from proofmill.host.prover.groth16.zkey import read_zkey

log = logging.getLogger(__name__)

TOPICS = frozenset({Topic.COMPANION_VOTES, Topic.CERTIFICATE, Topic.CERTIFICATE_REQUEST,
                    Topic.CERTIFICATES, Topic.ERA_REQUEST, Topic.ERA, *REQUESTS,
                    *REQUESTS.values()})
"""What a node with `Certificates` takes."""


@dataclass(frozen=True)
class CertificateSetup:
    """What all full nodes of a chain with certificates have to agree on, and of one node whether it
    makes them.

    `registrations`: of companion keys. `size` and `verification_key`: of the circuit. `zkey`: its
    proving key's file where this node makes certificates, None where it does not. `askers`: peers
    that are light nodes, and get nothing but answers.
    """

    registrations: tuple[Registration, ...]
    size: CertificateSize
    verification_key: VerificationKey
    zkey: Path | None = None
    askers: frozenset[str] = frozenset()
    bonds: Address | None = None
    """Of the contract with companion keys' bonds, where the chain has one."""
    sign_twice: int | None = None
    """The validator, one of the node's own, that votes for another head as well with its companion
    key, in every epoch: what it must not."""
    eras: EraSetup | None = None
    """None where nobody makes eras of proven history."""
    sign: bool = True
    """Whether the node signs with the companion keys of its own validators."""
    device: str = "cpu"
    """What proves certificates, where this node makes them."""
    files: bool = False
    """Whether the node writes down for light nodes what they ask about eras and the ledger."""

    def without_making(self) -> "CertificateSetup":
        """The same for a node that makes neither certificates nor eras."""
        return replace(self, zkey=None, eras=self.eras and replace(self.eras, powers=None))

    def terms(self, keys: Sequence[ValidatorKey]) -> CertificateTerms:
        """What the chain's contracts pay certificates by; `keys`: of its first validators."""
        return CertificateTerms.at_genesis(
            self.verification_key, self.size, keys, self.registrations)


class Certificates:
    """The parts, wired together."""

    def __init__(self, setup: CertificateSetup, kept: KeptCertificates, follower: Follower,
                 keys: Mapping[int, ValidatorKey], send: Send, answer: Send,
                 publish: Callable[[Topic, bytes], None],
                 silent: Callable[[str, str], None]) -> None:
        """`kept`: by former lives. `keys`: of the node's own validators. `send`, `answer`,
        `publish` and `silent`: as of `Gossip`.
        Raises `ProofmillError` where its folder cannot be used, or a registration does not hold.
        """
        self._follower = follower
        self._answer, self._publish = answer, publish
        self.companions = Companions(
            follower, setup.registrations,
            {index: companion_secret(key) for index, key in keys.items() if setup.sign},
            setup.size)
        light = kept.light or LightNode.start(
            kept.place, setup.verification_key, *self.trusted)
        self._registries = kept.registries
        self.companions.know(kept.counting)
        self.companions.forget(light.known.finalized)
        self.exchange = CertificateExchange(light, send, answer, silent)
        self._bonded = None if setup.bonds is None else BondedKeys(
            follower, setup.bonds, self.companions)
        self.eras = None if setup.eras is None else EraMaker(
            setup.eras, kept.blocks, follower)
        self._files = None if self.eras is None or not setup.files else LightFiles(
            light, self.eras)
        self._setup = setup
        self._certifier: Certifier | None = None

    @property
    def trusted(self) -> tuple[Checkpoint, int]:
        """What a light node begins with: genesis, and the commitment to its state's registry."""
        return GENESIS, self.companions.registry_at(GENESIS).commitment

    @property
    def first_ledger(self) -> tuple[int, bytes]:
        """As much of a light node's ledger: the root before the first payload, and the hash of the
        block that this one builds on."""
        execution = self._follower.execution_layer
        return execution.ledger(execution.genesis_hash).root, execution.genesis_hash

    def make_them(self, maker: Maker, beside: Beside[Any]) -> None:
        """Have this node make certificates, and eras, if its setup says so. It compiles the circuit
        for that, up to half a second a place. `beside` as of `Certifier` and `EraMaker`."""
        if self.eras is not None:
            self.eras.begin(beside)
        if self._setup.zkey is not None:
            self._certifier = Certifier(
                FinalityCircuit(self._setup.size), read_zkey(self._setup.zkey), maker,
                self.companions, lambda: self.exchange.light.known, beside, self._deliver,
                None if self._setup.device == "cpu" else partial(
                    ApartDevice, self._setup.device))

    @property
    def busy(self) -> bool:
        """Whether a certificate or an era is being made."""
        return any(part is not None and part.busy for part in (self._certifier, self.eras))

    def attested(self, attestation: spec.Attestation) -> None:
        """Sign with the companion keys what this node's validators have just attested to."""
        for raw in self.companions.sign(attestation):
            verdict, reason = self.companions.take(raw)
            if verdict is Reception.REJECT:
                log.error("own companion votes are refused: %s", reason)
            else:
                self._publish(Topic.COMPANION_VOTES, raw)
        if self._setup.sign_twice is not None:
            self._sign_twice(attestation, self._setup.sign_twice)

    def _sign_twice(self, attestation: spec.Attestation, validator: int) -> None:
        """Send a vote for a head that does not exist, beside the one for what does."""
        twice = spec.copy(attestation)
        twice.data.beacon_block_root = spec.Root(b"\xee" * 32)
        for raw in self.companions.sign(twice, frozenset({validator})):
            self._publish(Topic.COMPANION_VOTES, raw)

    def take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        """A message of `TOPICS`; raises as `CertificateExchange.learn`."""
        if topic is Topic.COMPANION_VOTES:
            return self.companions.take(data)
        if topic is Topic.ERA_REQUEST:
            return serve(data, peer, nothing if self.eras is None else self.eras.answer,
                         self._answer)
        if topic is Topic.ERA:
            return Reception.REJECT, "an era that was not asked for"
        if topic in REQUESTS:
            return serve_ledger(topic, data, peer, self._about, self._answer)
        if topic in REQUESTS.values():
            return Reception.REJECT, "an answer to what was not asked"
        if topic is not Topic.CERTIFICATE:
            return self.exchange.take(topic, data, peer)
        answer = self.exchange.learn(data)
        if answer[0] is Reception.IGNORE:
            self.exchange.ask(peer)  # for those before it
        return answer

    def _about(self, question: Question) -> bytes:
        return b"" if self.eras is None else self.eras.about(question)

    def greet(self, peer: str) -> None:
        """Ask a new peer for certificates, unless it is one that asks."""
        self.exchange.left(peer)
        if peer not in self._setup.askers:
            self.exchange.ask(peer)

    def offer(self, peer: str) -> None:
        """Send a peer that knows the chain what it may have missed of votes."""
        for raw in self.companions.kept():
            self._answer(peer, Topic.COMPANION_VOTES, raw)

    def unpaid(self, paid: Container[int]) -> Iterator[Certificate]:
        """The certificates known here of epochs that are not among `paid`, the earliest first."""
        light = self.exchange.light
        return (light.certificate(epoch) for epoch in light.epochs if epoch not in paid)

    def evidence(self) -> Iterator[tuple[Address, bytes]]:
        """Messages that take the bond of a companion key each, to whom and what."""
        return iter(()) if self._bonded is None else self._bonded.evidence()

    @property
    def slashed(self) -> tuple[SlashedKey, ...]:
        """The companion keys whose bonds were taken on the branch."""
        return () if self._bonded is None else self._bonded.slashed

    def work(self) -> None:
        """Go on with certificates, and forget what they have made final."""
        self.exchange.tick()
        if self._certifier is not None:
            self._certifier.work(checkpoint_of(self._follower.store.justified_checkpoint))
        if self.eras is not None:
            self.eras.work()
        if self._files is not None:
            self._files.work()
        self.companions.forget(self.exchange.light.known.finalized)
        self.keep()

    def keep(self) -> None:
        """Have on the disk what another life needs that begins after the blocks it follows from."""
        if self._setup.files:
            self._registries.keep(dict(self._counting(self.exchange.light.known)))

    def _counting(self, known: Finality) -> Iterator[tuple[Checkpoint, Registry]]:
        """The registries that certificates have named, as far as they can be computed here."""
        for checkpoint, commitment in known.justified.items():
            with suppress(Invalid):
                if commitment and (registry := self.companions.registry_at(
                        checkpoint)).commitment == commitment:
                    yield checkpoint, registry

    def close(self) -> None:
        """Give back what is held."""
        for part in (self._certifier, self.eras):
            if part is not None:
                part.close()

    def _deliver(self, certificate: Certificate) -> None:
        raw = certificate.to_bytes()
        verdict, reason = self.exchange.learn(raw)
        if verdict is Reception.ACCEPT:
            self._publish(Topic.CERTIFICATE, raw)
        else:
            log.error("own certificate is not taken: %s", reason)

"""How nodes hand certificates on: gossip between full nodes, questions and answers to light ones.

Each node holds the certificates that it has verified itself, as a light node does
(`certificates.light`), and answers for them whom it is asked by. Nobody's word is taken: a
certificate whose proof does not hold, or that does not follow, counts against who sent it, with
the reason.
"""

import logging
import time
from collections.abc import Callable

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.certificates.rule import ContradictionError, UnknownSourceError
from proofmill.host.network.consensus.refusal import Invalid, decoded
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certificate_messages import (
    MOST_CERTIFICATES,
    CertificateRange,
    CertificateRequest,
)
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import Topic

log = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
"""How long a peer may take for one answer."""

Send = Callable[[str, Topic, bytes], None]


class CertificateExchange:
    """Asks, answers, and judges, for one node."""

    def __init__(self, light: LightNode, send: Send, answer: Send,
                 silent: Callable[[str, str], None]) -> None:
        """`send` and `answer`: to one peer; the second counts against what the peer may send.
        `silent` hears of a peer that owes an answer, with a sentence."""
        self.light = light
        self._send = send
        self._answer = answer
        self._silent = silent
        self._asked: dict[str, tuple[int, float]] = {}
        """Who owes an answer: from which epoch on, and until when."""

    def ask(self, peer: str) -> None:
        """Ask a peer for what comes after the final checkpoint, unless it still owes an answer."""
        if peer in self._asked:
            return
        first = self.light.known.finalized.epoch + 1
        self._asked[peer] = first, time.monotonic() + ANSWER_SECONDS
        self._send(peer, Topic.CERTIFICATE_REQUEST, bytes(
            CertificateRequest(first_epoch=first).encode_bytes()))

    @property
    def owing(self) -> list[str]:
        """Peers that owe an answer."""
        return list(self._asked)

    def left(self, peer: str) -> None:
        """A peer's connection is a new one, or gone: it owes nothing."""
        self._asked.pop(peer, None)

    def tick(self) -> None:
        """Tell of who has not answered."""
        now = time.monotonic()
        for peer in [each for each, (_, until) in self._asked.items() if until < now]:
            del self._asked[peer]
            self._silent(peer, f"CERTIFICATES: no answer for {ANSWER_SECONDS:.0f} s")

    def learn(self, raw: bytes, first: int = 0) -> Answer:
        """Judge one certificate and keep it if it holds; one of before epoch `first` does not.

        Never raises for what is in it, but `ContradictionError` where two with valid proofs
        contradict each other, after which no node can go on, and `StorageError` where this node's
        disk fails."""
        try:
            certificate = Certificate.from_bytes(raw)
            stated = certificate.stated
            if stated.target_epoch < first:
                return Reception.REJECT, (f"it is of epoch {stated.target_epoch}, not of {first} "
                                          "or later, as was asked")
            known = self.light.known
            # One that came without its branch may come again with it.
            if known.justified.get(stated.target) == stated.next_registry and not (
                    certificate.branch and known.finalized.epoch < stated.source_epoch):
                return Reception.KEEP, "it is known"
            if stated.source_epoch < known.finalized.epoch:
                return Reception.KEEP, "it begins before the final checkpoint"
            self.light.take(certificate)
        except (ContradictionError, StorageError):
            raise
        except UnknownSourceError as error:
            return Reception.IGNORE, str(error)
        except ProofmillError as error:
            return Reception.REJECT, str(error)
        log.info("the certificate of epoch %d holds; epoch %d is final", stated.target_epoch,
                 self.light.known.finalized.epoch)
        return Reception.ACCEPT, ""

    def take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        """A question or an answer; raises as `learn`."""
        kind = CertificateRequest if topic is Topic.CERTIFICATE_REQUEST else CertificateRange
        try:
            message = decoded(kind, data)
        except Invalid as error:
            return Reception.REJECT, str(error)
        return self._serve(message, peer) if kind is CertificateRequest else self._hear(
            message, peer)

    def _serve(self, request: spec.Container, peer: str) -> Answer:
        first = int(request.first_epoch)
        epochs = [each for each in self.light.epochs if each >= first][:MOST_CERTIFICATES]
        found = [self.light.certificate(each).to_bytes() for each in epochs]
        self._answer(peer, Topic.CERTIFICATES, bytes(CertificateRange(
            first_epoch=first, certificates=found).encode_bytes()))
        return Reception.KEEP, ""

    def _hear(self, answer: spec.Container, peer: str) -> Answer:
        first, _ = self._asked.pop(peer, (None, 0.0))
        if first is None or first != int(answer.first_epoch):
            return Reception.REJECT, "an answer to what was not asked"
        for raw in map(bytes, answer.certificates):
            verdict, reason = self.learn(raw, first)
            if verdict in (Reception.REJECT, Reception.IGNORE):
                # It was asked from the final checkpoint on, so who has followed has the source.
                return Reception.REJECT, f"a certificate is refused: {reason}"
        return Reception.KEEP, ""

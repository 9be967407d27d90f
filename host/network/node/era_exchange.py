"""How a light node comes by eras of proven blocks: it asks its peers, one after another.

Once a slot it begins with all of them anew, since one that had none may have one now. What a peer
sends is believed as far as it proves (`certificates.light_ledger`): an era that is refused counts
against who sent it, with the reason, and the next peer is asked.
"""

import logging
import time
from collections.abc import Callable, Collection
from typing import NamedTuple

from proofmill.host.ground.errors import ProofmillError, StorageError
from proofmill.host.network.certificates.light_ledger import LightLedger
from proofmill.host.network.consensus.refusal import Invalid, decoded
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certificate_exchange import ANSWER_SECONDS, Send
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.wire import LIMITS, Topic
from proofmill.host.prover.circuits.finality.vote import Checkpoint

log = logging.getLogger(__name__)

FIXED_BYTES = 8 + 32 + 4 + 4
"""Of an answer, before what has no fixed length."""
MOST_BYTES = LIMITS[Topic.ERA] - FIXED_BYTES
"""Of an era and its headers together."""

Find = Callable[[int, bytes], tuple[bytes, bytes] | None]
"""The era that begins after so many blocks, and headers from there to a final block, by its root;
None where there are none."""


def nothing(first: int, checkpoint: bytes) -> None:
    """The `Find` of a node without eras."""


class EraRequest(spec.Container):  # type: ignore[misc]  # the specification is untyped
    """For the era that begins after `first_block` blocks, with headers that lead to the bid in the
    final beacon block of `checkpoint_root`."""

    first_block: spec.Uint64
    checkpoint_root: spec.Root


class EraAnswer(NamedTuple):
    """The answer: what was asked for, the era (`certificates.era`) and its headers
    (`certificates.headers`), both empty for none.

    Its bytes are SSZ's of a container of a uint64, a Bytes32 and two lists of bytes. They are taken
    apart here, since the specification's library makes a hash tree of all it reads, which takes
    seconds for as much as a message may have.
    """

    first_block: int
    checkpoint_root: bytes
    era: bytes
    headers: bytes

    def to_bytes(self) -> bytes:
        """As it is sent."""
        return b"".join((
            self.first_block.to_bytes(8, "little"), self.checkpoint_root,
            FIXED_BYTES.to_bytes(4, "little"),
            (FIXED_BYTES + len(self.era)).to_bytes(4, "little"), self.era, self.headers))

    @classmethod
    def from_bytes(cls, data: bytes) -> "EraAnswer":
        """The inverse; `Invalid` where these are no such bytes."""
        begins = [int.from_bytes(data[place:place + 4], "little")
                  for place in (FIXED_BYTES - 8, FIXED_BYTES - 4)]
        if len(data) < FIXED_BYTES or begins[0] != FIXED_BYTES or not (
                FIXED_BYTES <= begins[1] <= len(data)):
            raise Invalid("it is no era with its headers")
        return cls(int.from_bytes(data[:8], "little"), data[8:40], data[FIXED_BYTES:begins[1]],
                   data[begins[1]:])


def serve(data: bytes, peer: str, find: Find, answer: Send) -> Answer:
    """Answer an `EraRequest`."""
    try:
        request = decoded(EraRequest, data)
    except Invalid as error:
        return Reception.REJECT, str(error)
    found = find(int(request.first_block), bytes(request.checkpoint_root)) or (b"", b"")
    if sum(map(len, found)) > MOST_BYTES:
        log.warning("an era with its headers has %d bytes, more than a message", sum(map(
            len, found)), extra={"peer": peer})
        found = b"", b""
    answer(peer, Topic.ERA, EraAnswer(
        int(request.first_block), bytes(request.checkpoint_root), *found).to_bytes())
    return Reception.KEEP, ""


class EraExchange:
    """Asks and judges, for one light node."""

    def __init__(self, ledger: LightLedger, send: Send, silent: Callable[[str, str], None],
                 peers: Callable[[], Collection[str]]) -> None:
        """`send` and `silent`: as of `Gossip`; `peers`: who is connected."""
        self.ledger = ledger
        self._send, self._silent, self._peers = send, silent, peers
        self._tried: set[str] = set()
        self._giver = ""
        """Who has given the last one, and is asked first."""
        self._asked: tuple[str, int, Checkpoint, float] | None = None
        """Who owes an answer: about the era after how many blocks, with headers to which final
        checkpoint, and until when."""
        self.seconds: list[float] = []
        """What verifying took, of each era that was taken."""

    @property
    def owing(self) -> str | None:
        """The peer that owes an answer."""
        return None if self._asked is None else self._asked[0]

    def tick(self) -> None:
        """A new slot: tell of who has not answered, and ask all again that had nothing."""
        if self._asked is not None and self._asked[3] < time.monotonic():
            peer, self._asked = self._asked[0], None
            self._silent(peer, f"ERA: no answer for {ANSWER_SECONDS:.0f} s")
        self._tried.clear()
        self._next()

    def left(self, peer: str) -> None:
        """A peer's connection is a new one, or gone: it owes nothing."""
        if self.owing == peer:
            self._asked = None
            self._next()

    def hear(self, data: bytes, peer: str) -> Answer:
        """Judge an `EraAnswer`, and ask on. `StorageError` where this node's disk fails."""
        try:
            message = EraAnswer.from_bytes(data)
        except Invalid as error:
            return Reception.REJECT, str(error)
        asked = self._asked
        if asked is None or (asked[0], asked[1], asked[2].root) != (
                peer, message.first_block, message.checkpoint_root):
            return Reception.REJECT, "an era that was not asked for"
        self._asked, refused = None, ""
        if message.era:
            begun = time.perf_counter()
            try:
                self.ledger.take(message.era, message.headers,
                                 f"the era after {asked[1]} blocks", asked[2])
            except StorageError:
                raise
            except ProofmillError as error:
                refused = str(error)
            else:
                self.seconds.append(time.perf_counter() - begun)
                self._tried.clear()
                self._giver = peer
                log.info("%d blocks are proven", self.ledger.blocks, extra={"peer": peer})
        self._next()
        return (Reception.REJECT, refused) if refused else (Reception.KEEP, "")

    def _next(self) -> None:
        """Ask the next peer that was not asked yet, unless one owes an answer."""
        final = self.ledger.node.known.finalized
        left = sorted((each for each in self._peers() if each not in self._tried),
                      key=lambda each: (each != self._giver, each))
        if self._asked is not None or not left or final.epoch == 0:
            return
        peer, first = left[0], self.ledger.blocks
        self._tried.add(peer)
        self._asked = peer, first, final, time.monotonic() + ANSWER_SECONDS
        self._send(peer, Topic.ERA_REQUEST, bytes(EraRequest(
            first_block=first, checkpoint_root=final.root).encode_bytes()))

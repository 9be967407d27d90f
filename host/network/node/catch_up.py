"""How a node that was away gets what it has missed, from peers it does not trust.

On every connection both sides say where they stand (`Status`). A head that is not known here is
asked for, range by range, from the finalised block on, and every block goes through the follower's
own check, the specification's state transition, as if it had come by gossip. Whoever names a head
owes the branch that ends in it: what does not build on what is known, does not verify, is not in
the range, or stops before that head counts against the peer, and so does silence. Then the next
peer that knows more is asked; and for who has failed once this node lets no duty wait, until it has
delivered. A block that comes by gossip and builds on an unknown one is such a
head, too.

Once a peer's head is known here, it is sent what it may have missed besides: proofs and
transactions that are in no block yet.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass

from proofmill.host.ground.log_fields import name_of
from proofmill.host.network.consensus.data_columns import BlockColumns
from proofmill.host.network.consensus.refusal import Invalid, decoded
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.follower import PARENT_EMPTY, PARENT_UNKNOWN, Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.network.node.range_messages import (
    MOST_BLOCKS,
    BlockRange,
    RangeRequest,
    Status,
    StoredBlock,
)
from proofmill.host.network.node.wire import LIMITS, Topic

log = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
"""How long a peer may take for one answer."""
FULL_BYTES = LIMITS[Topic.RANGE] // 4
"""An answer that ends before what was asked for has at least so many bytes: nobody can make this
node ask for ever by answering in crumbs."""

Send = Callable[[str, Topic, bytes], None]


@dataclass(frozen=True)
class _Target:
    """The head that a peer has named."""

    root: bytes
    full: bool


@dataclass(frozen=True)
class _Request:
    peer: str
    target: _Target
    identifier: int
    start_slot: int
    deadline: float


class CatchUp:
    """Asks, answers, and judges answers, for one node."""

    def __init__(
        self, follower: Follower, archive: Archive, send: Send, answer: Send,
        silent: Callable[[str, str], None], offer: Callable[[str], None] | None = None,
    ) -> None:
        """`send` and `answer`: to one peer; the second counts against what the peer may send.

        `silent` hears of a peer that owes an answer, with a sentence. `offer` hears of every peer
        whose head is known here, which may have missed something.
        """
        self._follower = follower
        self._archive = archive
        self._send = send
        self._answer = answer
        self._silent = silent
        self._offer_more = offer or (lambda peer: None)
        self._failed: set[str] = set()
        """Peers that have not delivered what they had named."""
        self._request: _Request | None = None
        self._targets: OrderedDict[str, _Target] = OrderedDict()
        self._identifier = 0
        self.fetched = 0
        """Blocks that came in answers and were new."""

    @property
    def busy(self) -> bool:
        """Whether there is something to be had that peers know: no time for duties."""
        return self._request is not None and self._request.peer not in self._failed

    def greet(self, peer: str) -> None:
        """Tell a peer where this node stands."""
        head = self._follower.head()
        status = Status(
            head_root=head.root, head_slot=self._follower.store.blocks[head.root].slot,
            full=head.payload_status == spec.PAYLOAD_STATUS_FULL)
        self._send(peer, Topic.STATUS, bytes(status.encode_bytes()))

    def tick(self, peers: Collection[str]) -> None:
        """Give up on who has left or has not answered; `peers`: who is connected."""
        for peer in [each for each in self._targets if each not in peers]:
            del self._targets[peer]
        request = self._request
        if request is None:
            return
        if request.peer not in peers:
            self._next()
        elif time.monotonic() > request.deadline:
            self._failed.add(request.peer)
            self._silent(request.peer, f"RANGE: no answer for {ANSWER_SECONDS:.0f} s")
            del self._targets[request.peer]
            self._next()

    def take(self, topic: Topic, data: bytes, peer: str) -> Answer:
        """A message of `wire.DIRECTED`; never raises for what is in it."""
        kinds: dict[Topic, tuple[type[spec.Container], Callable[..., Answer]]] = {
            Topic.STATUS: (Status, self._status),
            Topic.RANGE_REQUEST: (RangeRequest, self._asked),
            Topic.RANGE: (BlockRange, self._range),
        }
        kind, learn = kinds[topic]
        try:
            message = decoded(kind, data)
        except Invalid as error:
            verdict, reason = Reception.REJECT, str(error)
        else:
            verdict, reason = learn(message, peer, len(data))
        if verdict is Reception.REJECT:
            self._targets.pop(peer, None)
            self._failed.add(peer)
            if self._request is not None and self._request.peer == peer:
                self._next()
        return verdict, reason

    def missing(self, data: bytes, peer: str) -> None:
        """A peer has sent a block (SSZ) that builds on something unknown: get it from there."""
        block = spec.SignedBeaconBlock.decode_bytes(data).message
        self._want(peer, _Target(bytes(spec.hash_tree_root(block)), False))

    def _status(self, status: Status, peer: str, size: int) -> Answer:
        if status.head_slot > self._follower.slot:
            return Reception.IGNORE, "its head is from the future"
        target = _Target(bytes(status.head_root), bool(status.full))
        if self._follower.has(target.root, target.full):
            self._offer(peer)
        else:
            self._want(peer, target)
        return Reception.KEEP, ""

    def _offer(self, peer: str) -> None:
        """What a peer with this head may still not have."""
        for proof in self._follower.open_proofs():
            self._answer(peer, Topic.PROOF, bytes(proof.encode_bytes()))
        for transaction in self._follower.pool.waiting():
            self._answer(peer, Topic.TRANSACTION, transaction)
        for transfer in self._follower.transfers.waiting():
            self._answer(peer, Topic.TRANSFER, transfer)
        self._offer_more(peer)

    def _want(self, peer: str, target: _Target) -> None:
        self._targets[peer] = target
        if self._request is None:
            self._next()

    def _next(self) -> None:
        """Ask for the first head that is still unknown; if none is, tell everybody asked so."""
        self._request = None
        for peer, target in list(self._targets.items()):
            if not self._follower.has(target.root, target.full):
                self._ask(peer, target, self._follower.finalized_slot + 1)
                return
            del self._targets[peer]
            # Now this node can judge what is sent to it: let the peer send what is still open.
            self.greet(peer)
            self._offer(peer)

    def _ask(self, peer: str, target: _Target, start_slot: int) -> None:
        self._identifier += 1
        self._request = _Request(
            peer, target, self._identifier, start_slot, time.monotonic() + ANSWER_SECONDS)
        log.info("asking for blocks from slot %d on", start_slot,
                 extra={"peer": peer, "block": name_of(target.root)})
        self._send(peer, Topic.RANGE_REQUEST, bytes(RangeRequest(
            identifier=self._identifier, head_root=target.root, start_slot=start_slot,
            count=MOST_BLOCKS).encode_bytes()))

    def _asked(self, request: RangeRequest, peer: str, size: int) -> Answer:
        if not 1 <= request.count <= MOST_BLOCKS:
            return Reception.REJECT, (
                f"it asks for {request.count} blocks; the most is {MOST_BLOCKS}")
        start = int(request.start_slot)
        end = start + int(request.count)
        answer = BlockRange(identifier=request.identifier, next_slot=end)
        left = LIMITS[Topic.RANGE] - len(answer.encode_bytes())
        for root in self._archive.branch(bytes(request.head_root), start, end):
            stored = self._stored(root)
            left -= len(stored.encode_bytes()) + 4  # its offset
            if left < 0:
                answer.next_slot = stored.block.message.slot
                break
            answer.blocks.append(stored)
        self._answer(peer, Topic.RANGE, bytes(answer.encode_bytes()))
        return Reception.KEEP, ""

    def _stored(self, root: bytes) -> StoredBlock:
        envelope, columns = (self._archive.part(root, topic)
                             for topic in (Topic.ENVELOPE, Topic.COLUMNS))
        return StoredBlock(
            block=spec.SignedBeaconBlock.decode_bytes(self._archive.part(root, Topic.BLOCK)),
            columns=[] if columns is None else [BlockColumns.decode_bytes(columns)],
            envelopes=[] if envelope is None else [
                spec.SignedExecutionPayloadEnvelope.decode_bytes(envelope)])

    def _range(self, answer: BlockRange, peer: str, size: int) -> Answer:
        request = self._request
        if request is None or (request.peer, request.identifier) != (peer, answer.identifier):
            return Reception.REJECT, "an answer to what was not asked"
        end = request.start_slot + MOST_BLOCKS
        following = int(answer.next_slot)
        if not request.start_slot < following <= end or following < end and size < FULL_BYTES:
            return Reception.REJECT, "it does not answer for all that was asked"
        slots = [int(stored.block.message.slot) for stored in answer.blocks]
        if slots != sorted(set(slots)) or not all(
                request.start_slot <= slot < following for slot in slots):
            return Reception.REJECT, "its blocks are not those that were asked for"
        for stored in answer.blocks:
            reason = self._learn(stored, peer)
            if reason:
                return Reception.REJECT, reason
        self._follower.follow_finality()
        if self._follower.has(request.target.root, request.target.full):
            self._failed.discard(peer)
            self._next()
        elif slots and slots[-1] > self._follower.slot:
            # By this clock they are from the future, and it may be this one that is wrong.
            self._targets.pop(peer, None)
            self._next()
        elif following > self._follower.slot:
            return Reception.REJECT, "the head it has named is not on the branch it delivers"
        else:
            self._ask(peer, request.target, following)
        return Reception.KEEP, ""

    def _learn(self, stored: StoredBlock, peer: str) -> str:
        """Check a block and what belongs to it; why it is refused, or nothing."""
        root = bytes(spec.hash_tree_root(stored.block.message))
        if not self._follower.has(root, False):
            verdict, reason = self._follower.judge(Topic.BLOCK, stored.block)
            if verdict is Reception.REJECT or reason in (PARENT_UNKNOWN, PARENT_EMPTY):
                return f"a block of slot {stored.block.message.slot}: {reason}"
            self.fetched += verdict in (Reception.ACCEPT, Reception.KEEP)
        parts = [(Topic.COLUMNS, each) for each in stored.columns]
        parts += [(Topic.ENVELOPE, each) for each in stored.envelopes]
        for topic, part in parts:
            verdict, reason = self._follower.judge(topic, part)
            if verdict is Reception.REJECT:
                return f"{topic.name} of slot {stored.block.message.slot}: {reason}"
        return ""

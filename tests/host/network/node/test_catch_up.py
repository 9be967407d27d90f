"""What a node has missed it gets from peers it does not trust; who cheats it loses their place."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.archive import Archive
from proofmill.host.network.node.catch_up import ANSWER_SECONDS, CatchUp
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.node import CONFIRM_MS
from proofmill.host.network.node.range_messages import MOST_BLOCKS, BlockRange, RangeRequest, Status
from proofmill.host.network.node.wire import LIMITS, Topic
from tests.host.network.node.chains import KEYS, Source, follower

SLOTS = 19
"""After the last of these, proofs and transactions wait for a block."""


@dataclass
class Link:
    """One side of a conversation: what it has sent, to whom, and who was dropped."""

    follower: Follower
    archive: Archive
    sent: list[tuple[str, Topic, bytes]] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def send(peer: str, topic: Topic, data: bytes) -> None:
            self.sent.append((peer, topic, data))

        self.catch_up = CatchUp(self.follower, self.archive, send, send, self.drop)

    def drop(self, peer: str, reason: str) -> None:
        self.dropped.setdefault(peer, reason)

    def hear(self, topic: Topic, data: bytes, peer: str) -> tuple[Reception, str]:
        """As the gossip and the node do it."""
        if topic in (Topic.STATUS, Topic.RANGE_REQUEST, Topic.RANGE):
            verdict, reason = self.catch_up.take(topic, data, peer)
        else:
            verdict, reason = self.follower.take(topic, data, peer)
        if verdict is Reception.REJECT:
            self.drop(peer, reason)
        return verdict, reason

    def take_sent(self) -> list[tuple[str, Topic, bytes]]:
        sent, self.sent = self.sent, []
        return sent


def talk(ours: Link, theirs: Link) -> list[Topic]:
    """Let two of them talk until nobody has anything to say; what was said."""
    said = []
    while ours.sent or theirs.sent:
        for speaker, listener, name in ((ours, theirs, "ours"), (theirs, ours, "theirs")):
            for _, topic, data in speaker.take_sent():
                said.append(topic)
                listener.hear(topic, data, name)
    return said


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    made = Source(tmp_path_factory.mktemp("source"), lambda topic, data: None)
    for slot in range(1, SLOTS + 1):
        made.slot(slot)
    yield made
    made.close()


@pytest.fixture(scope="module")
def late(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Link]:
    """A node that was away for all of it; what one liar has left the next finds."""
    archive = Archive(tmp_path_factory.mktemp("late") / "blocks.sqlite")
    made = Link(follower(archive), archive)
    made.follower.tick(SLOTS, CONFIRM_MS)
    yield made
    archive.close()


def status(source: Source) -> bytes:
    link = Link(source.follower, source.archive)
    link.catch_up.greet("anybody")
    return link.sent[0][2]


Lie = Callable[[Any, Source, int], Any]
"""What is answered instead of (answer): by (the source, how many blocks are known already)."""


def answers(late: Link, source: Source, peer: str, lie: Lie) -> str:
    """Name the head, then answer every request as the source would, but through `lie`."""
    honest = Link(source.follower, source.archive)
    late.take_sent()
    late.hear(Topic.STATUS, status(source), peer)
    for _ in range(10):
        requests = [data for to, topic, data in late.take_sent()
                    if topic is Topic.RANGE_REQUEST and to == peer]
        if not requests or peer in late.dropped:
            break
        honest.hear(Topic.RANGE_REQUEST, requests[0], "late")
        (_, topic, data), = honest.take_sent()
        told = lie(BlockRange.decode_bytes(data), source, len(late.follower._blocks))
        late.hear(topic, told if isinstance(told, bytes) else bytes(told.encode_bytes()), peer)
    return late.dropped.pop(peer, "")


def nothing(answer: Any, source: Source, known: int) -> Any:
    return BlockRange(identifier=answer.identifier, next_slot=answer.next_slot)


def noise(answer: Any, source: Source, known: int) -> Any:
    return b"\xff" * 300


def crumbs(answer: Any, source: Source, known: int) -> Any:
    answer.next_slot = answer.blocks[1].block.message.slot
    answer.blocks = [answer.blocks[0]]
    return answer


def no_progress(answer: Any, source: Source, known: int) -> Any:
    answer.next_slot = answer.blocks[0].block.message.slot
    answer.blocks = []
    return answer


def backwards(answer: Any, source: Source, known: int) -> Any:
    answer.blocks = [answer.blocks[1], answer.blocks[0]]
    return answer


def twice(answer: Any, source: Source, known: int) -> Any:
    answer.blocks = [answer.blocks[0], answer.blocks[0]]
    return answer


def others(answer: Any, source: Source, known: int) -> Any:
    """Blocks after those asked for."""
    root = source.archive.branch(bytes(source.follower.head().root), SLOTS, SLOTS + 1)[0]
    answer.blocks = [Link(source.follower, source.archive).catch_up._stored(root)]
    return answer


def a_gap(answer: Any, source: Source, known: int) -> Any:
    answer.blocks = [stored for i, stored in enumerate(answer.blocks) if i != known]
    return answer


def no_payload(answer: Any, source: Source, known: int) -> Any:
    answer.blocks[known].envelopes = []
    return answer


def wrong_state(answer: Any, source: Source, known: int) -> Any:
    """A block that its own proposer has signed, with a state root that is not the transition's."""
    signed = answer.blocks[known].block
    signed.message.state_root = b"\x01" * 32
    secret = KEYS[signed.message.proposer_index].secret
    signed.signature = spec.get_block_signature(
        source.follower.head_state(), signed.message, secret)
    return answer


def unsigned(answer: Any, source: Source, known: int) -> Any:
    answer.blocks[known].block.signature = b"\x00" * 96
    return answer


def wrong_payload(answer: Any, source: Source, known: int) -> Any:
    envelope = answer.blocks[known].envelopes[0]
    envelope.message.payload.gas_used += 1
    secret = KEYS[answer.blocks[known].block.message.proposer_index].secret
    envelope.signature = spec.get_execution_payload_envelope_signature(
        source.follower.head_state(), envelope.message, secret)
    return answer


LIES: list[tuple[Lie, str]] = [
    (nothing, "the head it has named is not on the branch it delivers"),
    (noise, "not the SSZ bytes of BlockRange"),
    (crumbs, "it does not answer for all that was asked"),
    (no_progress, "it does not answer for all that was asked"),
    (backwards, "its blocks are not those that were asked for"),
    (twice, "its blocks are not those that were asked for"),
    (others, "its blocks are not those that were asked for"),
    (a_gap, "its parent is unknown"),
    (no_payload, "its parent's payload is unknown"),
    (wrong_state, "a block of slot 2: the specification refuses it (AssertionError)"),
    (unsigned, "a block of slot 2: the specification refuses it (AssertionError)"),
    (wrong_payload, "ENVELOPE of slot 2: the specification refuses it (AssertionError)"),
]


@pytest.mark.parametrize("lie,reason", LIES, ids=[lie.__name__ for lie, _ in LIES])
def test_who_lies_is_punished(source: Source, late: Link, lie: Lie, reason: str) -> None:
    assert reason in answers(late, source, lie.__name__, lie)
    # Nothing false has stayed, and nobody keeps the node from its duties.
    assert not late.catch_up.busy
    ours = [block.root for block in late.follower.branch()]
    assert ours == [block.root for block in source.follower.branch()][:len(ours)]
    assert len(ours) < 5


def test_an_answer_that_nobody_asked_for_is_punished(source: Source, late: Link) -> None:
    empty = BlockRange(identifier=99, next_slot=5)
    verdict, reason = late.hear(Topic.RANGE, bytes(empty.encode_bytes()), "pusher")
    assert (verdict, reason) == (Reception.REJECT, "an answer to what was not asked")
    # Nor may one peer answer what another was asked.
    late.hear(Topic.STATUS, status(source), "honest")
    request = RangeRequest.decode_bytes(late.take_sent()[-1][2])
    empty.identifier = request.identifier
    assert late.hear(Topic.RANGE, bytes(empty.encode_bytes()), "pusher")[0] is Reception.REJECT
    assert late.catch_up.busy
    late.catch_up.tick([])  # the honest one leaves before it answers
    assert not late.catch_up.busy and late.dropped.pop("pusher") and not late.dropped


def test_silence_is_punished(
    source: Source, late: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    late.hear(Topic.STATUS, status(source), "silent")
    late.catch_up.tick(["silent"])
    assert late.catch_up.busy and not late.dropped
    now[0] = ANSWER_SECONDS + 1
    late.catch_up.tick(["silent"])
    assert late.dropped.pop("silent") == "RANGE: no answer for 20 s" and not late.catch_up.busy
    # It is asked again, and no duty waits for it any more.
    late.take_sent()
    late.hear(Topic.STATUS, status(source), "silent")
    assert [topic for _, topic, _ in late.take_sent()] == [Topic.RANGE_REQUEST]
    assert not late.catch_up.busy
    late.catch_up.tick([])


def test_too_much_may_not_be_asked(source: Source) -> None:
    link = Link(source.follower, source.archive)
    for count in (0, MOST_BLOCKS + 1, 2**64 - 1):
        request = RangeRequest(identifier=1, head_root=source.follower.head().root, start_slot=1,
                               count=count)
        verdict, reason = link.hear(Topic.RANGE_REQUEST, bytes(request.encode_bytes()), "greedy")
        assert verdict is Reception.REJECT and "blocks; the most is 16" in reason
    assert link.sent == []


def test_an_answer_ends_before_it_is_too_long(
    source: Source, late: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Link(source.follower, source.archive)
    request = RangeRequest(identifier=1, head_root=source.follower.head().root, start_slot=1,
                           count=MOST_BLOCKS)
    link.hear(Topic.RANGE_REQUEST, bytes(request.encode_bytes()), "late")
    whole = link.take_sent()[0][2]
    blocks = BlockRange.decode_bytes(whole).blocks
    assert len(blocks) == MOST_BLOCKS
    limit = len(whole) // 3
    monkeypatch.setitem(LIMITS, Topic.RANGE, limit)
    link.hear(Topic.RANGE_REQUEST, bytes(request.encode_bytes()), "late")
    part = link.take_sent()[0][2]
    answer = BlockRange.decode_bytes(part)
    assert limit // 2 < len(part) <= limit
    count = len(answer.blocks)
    assert answer.next_slot == count + 1
    more = BlockRange(identifier=1, next_slot=count + 2, blocks=blocks[:count + 1])
    assert len(more.encode_bytes()) > limit    # the next one has no room


def test_a_named_head_from_the_future_is_not_asked_for(late: Link) -> None:
    late.take_sent()
    ahead = Status(head_root=b"\x05" * 32, head_slot=SLOTS + 1, full=True)
    verdict, _ = late.hear(Topic.STATUS, bytes(ahead.encode_bytes()), "early")
    assert verdict is Reception.IGNORE and late.sent == []


def test_an_honest_peer_delivers_everything(source: Source, late: Link) -> None:
    theirs = Link(source.follower, source.archive)
    theirs.catch_up.greet("late")
    said = talk(late, theirs)
    assert said.count(Topic.RANGE_REQUEST) == said.count(Topic.RANGE) == 2
    assert not late.dropped and not theirs.dropped and not late.catch_up.busy
    assert late.follower.head() == source.follower.head()
    assert late.follower.head_state() == source.follower.head_state()
    assert late.follower.account() == source.follower.account()
    assert late.follower.account().credits
    assert late.follower.finalized_epoch == source.follower.finalized_epoch
    late.follower.check_contracts()
    # Proofs, transactions and transfers that are in no block yet have come as well.
    pending, waiting = source.follower.open_proofs(), source.follower.pool.waiting()
    assert pending and late.follower.open_proofs() == pending
    assert waiting and late.follower.pool.waiting() == waiting
    signed = source.follower.transfers.waiting()
    assert signed and late.follower.transfers.waiting() == signed
    # Once more there is nothing to ask for.
    theirs.catch_up.greet("late")
    assert Topic.RANGE_REQUEST not in talk(late, theirs)


def test_a_restart_takes_in_what_was_kept(source: Source, tmp_path: Path) -> None:
    """The archive is checked as a stranger's blocks are: what was changed in it is left out."""
    import sqlite3

    path = tmp_path / "blocks.sqlite"
    with sqlite3.connect(path) as copy:
        source.archive._database.backup(copy)
    copy.close()
    archive = Archive(path)
    again = follower(archive)
    again.tick(SLOTS, CONFIRM_MS)
    assert again.load() == SLOTS
    assert again.head() == source.follower.head() and again.account() == source.follower.account()
    spoilt = archive.branch(bytes(again.head().root), 9, 10)[0]
    with archive._database:
        archive._database.execute(
            "UPDATE messages SET data = zeroblob(length(data)) WHERE root = ? AND topic = ?",
            (spoilt, Topic.BLOCK))
    damaged = Link(follower(archive), archive)
    damaged.follower.tick(SLOTS, CONFIRM_MS)
    assert damaged.follower.load() == 8
    theirs = Link(source.follower, source.archive)
    theirs.catch_up.greet("damaged")
    talk(damaged, theirs)
    assert damaged.follower.head() == source.follower.head() and not damaged.dropped
    archive.close()

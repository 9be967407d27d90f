"""Messages of a peer whose clock is a little ahead: kept until their slot, and used then."""

from pathlib import Path

from proofmill.host.network.node import early as early_messages
from proofmill.host.network.node.disturbance import DRIFT_ALLOWED_MS
from proofmill.host.network.node.early import EarlyMessages
from proofmill.host.network.node.follower import DISPARITY_MS, EARLY, SLOT_MS
from proofmill.host.network.node.gossip import Verdict
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import Source, follower

VOTED = (Topic.BLOCK, Topic.ENVELOPE, Topic.ATTESTATION)


def test_what_is_early_counts_when_its_time_has_come(tmp_path: Path) -> None:
    sent: list[tuple[Topic, bytes]] = []
    source = Source(tmp_path, lambda topic, data: sent.append((topic, data)))
    try:
        source.confirm(0)
        source.slot(1)
    finally:
        source.close()
    heard = [(topic, data) for topic, data in sent if topic in VOTED]
    assert [topic for topic, _ in heard] == list(VOTED)
    node, early = follower(), EarlyMessages()
    node.tick(0, SLOT_MS - DISPARITY_MS - 1)
    verdict, reason = node.take(*heard[0], "peer")
    assert (verdict, reason) == (Verdict.IGNORE, "it is from the future")
    early.notice(*heard[0], "peer", reason)
    assert early.release() == []
    node.tick(0, SLOT_MS - DISPARITY_MS)
    for topic, data in (*heard, heard[0]):  # the block comes from two peers
        verdict, reason = node.take(topic, data, "peer")
        assert verdict is Verdict.IGNORE
        early.notice(topic, data, "peer", reason)
    node.tick(1, 0)
    kept = early.release()
    assert [(topic, data) for topic, data, _ in kept] == heard
    assert [node.take(*each)[0] for each in kept] == [Verdict.ACCEPT] * 3
    assert early.release() == []


def test_nobody_can_fill_the_memory() -> None:
    early = EarlyMessages()
    for number in range(early_messages.MOST + 5):
        early.notice(Topic.ATTESTATION, bytes([number % 256, number // 256]), "peer", EARLY)
    kept = early.release()
    assert len(kept) == early_messages.MOST and kept[0][1] == bytes([5, 0])


def test_the_devnet_allows_clocks_what_the_specification_allows() -> None:
    assert DRIFT_ALLOWED_MS == DISPARITY_MS

"""Messages of a peer whose clock is a little ahead: kept until their slot, and used then."""

from pathlib import Path

from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node import early as early_messages
from proofmill.host.network.node.disturbance import DRIFT_ALLOWED_MS
from proofmill.host.network.node.early import EarlyMessages
from proofmill.host.network.node.follower import EARLY, SLOT_MS
from proofmill.host.network.node.gossip import Reception
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
    assert node.is_early(1) and not node.is_early(2) and not node.is_early(0)
    node.tick(0, SLOT_MS - 400)
    for topic, data in (*heard, heard[0]):  # the block comes from two peers
        verdict, reason = node.take(topic, data, "peer")
        assert verdict is Reception.IGNORE
        early.notice(topic, data, "peer", reason)
    node.tick(1, 0)
    kept = early.release()
    assert [topic for topic, _, _ in kept] == list(VOTED)
    assert all(node.take(*each)[0] in (Reception.ACCEPT, Reception.KEEP) for each in kept)
    assert early.release() == []


def test_nobody_can_fill_the_memory() -> None:
    early = EarlyMessages()
    for number in range(early_messages.MOST + 5):
        early.notice(Topic.ATTESTATION, bytes([number]), "liar", EARLY)
    early.notice(Topic.ATTESTATION, b"of another", "peer", EARLY)
    kept = early.release()
    assert len(kept) == early_messages.MOST + 1 and kept[-1][1:] == (b"of another", "peer")


def test_the_devnet_allows_clocks_what_the_specification_allows() -> None:
    assert DRIFT_ALLOWED_MS == spec.config.MAXIMUM_GOSSIP_CLOCK_DISPARITY

"""A node whose clock is wrong says so, harms nobody else, and follows as far as it can."""

import logging

import pytest

from proofmill.host.cli.logs import PACKAGE
from proofmill.host.network.node.clock_watch import FEWEST, WATCHED, ClockWatch
from proofmill.host.network.node.early import EarlyMessages
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import Source, follower

SLOTS = 6
"""Three of them begin after genesis by a clock that is 20 s behind."""


Said = list[tuple[int, Topic, bytes]]
"""What a node with a right clock has sent, and when: ms since genesis."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Said:
    messages: Said = []
    source = Source(tmp_path_factory.mktemp("right"), lambda topic, data: messages.append(
        (source.follower.now_ms, topic, data)))
    source.confirm(0)
    for slot in range(1, SLOTS + 1):
        source.slot(slot)
    source.close()
    return messages


class Off:
    """A listener whose clock is `offset_ms` ahead of the one by which messages are sent."""

    def __init__(self, offset_ms: int) -> None:
        self.follower, self.early = follower(), EarlyMessages()
        self.offset_ms = offset_ms
        self.verdicts: set[Reception] = set()
        self.released: list[Topic] = []

    def tick(self, now_ms: int) -> None:
        slot, milliseconds = divmod(max(0, now_ms + self.offset_ms), SLOT_MS)
        new = slot > self.follower.slot
        self.follower.tick(slot, milliseconds)
        for message in self.early.release() if new else ():
            if self.take(*message) is Reception.ACCEPT:
                self.released.append(message[0])

    def hear(self, said: Said) -> None:
        for now_ms, topic, data in said:
            self.tick(now_ms)
            self.verdicts.add(self.take(topic, data, "peer"))

    def take(self, topic: Topic, data: bytes, peer: str) -> Reception:
        verdict, reason = self.follower.take(topic, data, peer)
        if verdict is Reception.IGNORE:
            self.early.notice(topic, data, peer, reason)
        return verdict


@pytest.mark.parametrize("offset_ms", [500, 2_000, 20_000, -500, -2_000, -20_000])
def test_it_says_so_and_blames_nobody(
    said: Said, caplog: pytest.LogCaptureFixture, offset_ms: int
) -> None:
    caplog.set_level(logging.WARNING, logger=PACKAGE)
    off = Off(offset_ms)
    off.hear(said)
    assert off.follower.clock.offset_ms == offset_ms
    where = "ahead of" if offset_ms > 0 else "behind"
    sentence = (f"this clock is {abs(offset_ms) / 1000:.1f} s {where} those of the other nodes; "
                "set it by a time server")
    assert off.follower.clock.sentence == sentence
    assert [record.getMessage() for record in caplog.records].count(sentence) == 1
    # Nothing of an honest peer's counts against it.
    assert Reception.REJECT not in off.verdicts
    if abs(offset_ms) <= 500:
        # A block that comes before its slot waits for it, with its payload, and goes on then.
        off.tick(said[-1][0] + SLOT_MS)
        assert len(off.follower.branch()) == SLOTS
        early = [Topic.BLOCK, Topic.ENVELOPE] * SLOTS if offset_ms < 0 else []
        assert [topic for topic in off.released if topic is not Topic.PROOF] == early


def test_a_clock_that_is_right_is_not_complained_of(said: Said) -> None:
    off = Off(0)
    off.hear(said)
    assert off.follower.clock.sentence == "" and off.verdicts == {Reception.ACCEPT}


def test_few_liars_do_not_move_it() -> None:
    watch = ClockWatch()
    for proposer in range(WATCHED):
        watch.heard(proposer, 100 if proposer > WATCHED // 2 - 1 else 60_000)
    assert watch.sentence == ""
    for proposer in range(FEWEST - 1):
        alone = ClockWatch()
        alone.heard(proposer, 60_000)
        assert alone.sentence == ""

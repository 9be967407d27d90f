"""Nodes whose provers are drawn by what a delay function makes of RANDAO's mixes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("chiavdf")

from proofmill.host.network.consensus.chain import SLOTS_PER_EPOCH
from proofmill.host.network.consensus.delay_function import evaluate
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.wire import Topic
from tests.host.network.node.chains import Source, chain_setup, follower

SQUARINGS = 300
SLOTS = 2 * SLOTS_PER_EPOCH + 3


def test_two_nodes_draw_by_the_function_as_the_contracts_do(tmp_path: Path) -> None:
    """The reference is compared with the contracts at every head. The first slot of epoch 2 has no
    block, so the second brings the proof."""
    plain = chain_setup()
    engines: Any = plain.engines
    delayed = replace(plain, engines=replace(
        engines, base=replace(engines.base, delay_squarings=SQUARINGS)))
    other = follower(chain=delayed)
    answers = []

    def hear(topic: Topic, data: bytes) -> None:
        answers.append(other.take(topic, data, "source")[0])

    source = Source(tmp_path, hear, chain=delayed)
    source.confirm(0, other.tick)
    for slot in range(1, SLOTS + 1):
        source.slot(slot, other.tick, empty=slot == 2 * SLOTS_PER_EPOCH)
    other.check_contracts()
    assert Reception.REJECT not in answers
    mix = bytes(spec.get_randao_mix(source.follower.head_state(), spec.Epoch(0)))
    output = evaluate(mix, SQUARINGS).output
    for each in (source.follower, other):
        brought = {facts.slot: facts.drawing for facts in each.branch() if facts.drawing}
        assert brought == {2 * SLOTS_PER_EPOCH + 1: output}
        assert each.account().assignments == source.follower.account().assignments
        assert each.layer.consensus.call("mix_for", SLOTS) == (True, output)
    source.close()

"""A node by a hurried clock: all slots pass, and its memory is read."""

from pathlib import Path

import pytest

from proofmill.host.bench import soak
from tests.host.network.node import killed


@pytest.mark.slow  # 12 slots of a whole node
def test_slots_pass_as_fast_as_they_can_and_nothing_is_missed(tmp_path: Path) -> None:
    """The node begins before the first slot, in which nobody proposes."""
    seen: list[int] = []
    found = soak.soak(tmp_path, 12, killed.KEY, lambda done, slots: seen.append(done))
    assert found["slots"] == 12 and seen == sorted(seen) and seen[-1] == 12
    assert found["blocks_proposed"] == 11 and found["skipped_steps"] == 0
    assert found["proofs_accepted"] >= 8 and found["proofs_rejected"] == 0
    assert [each["slot"] for each in found["series"]] == list(range(12))
    assert found["least_bytes"] <= found["most_bytes"]
    assert found["restart_blocks"] == 11 and found["restart_seconds"] > 0  # none is final yet
    assert found["growth"] == found["most_bytes"] / found["least_bytes"] - 1

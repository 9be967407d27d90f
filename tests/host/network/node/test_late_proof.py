"""A batch that nobody proves in time holds the contract of coins up until it is proven late."""

from pathlib import Path
from typing import Any

import pytest

from tests.host.network.node.chains import Source


def test_the_contract_catches_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(tmp_path, lambda topic, data: None)
    execution: Any = source.follower.execution_layer
    source.confirm(0)
    with monkeypatch.context() as idle:
        idle.setattr(source.prover, "work", lambda: None)
        slot = 1
        source.slot(slot)
        while source.follower.delay(1) is not None:     # its window is open
            slot += 1
            source.slot(slot)
    coins = execution.coins(execution.evm.head)
    assert coins.proven_slot == 0 and coins.unproven[0].slot == 1
    assert len(coins.unproven) == slot
    # First what brings a reward: the blocks whose windows are open.
    for later in range(slot + 1, slot + 9):
        source.slot(later)
        coins = execution.coins(execution.evm.head)
        if coins.proven_slot:
            break
    assert coins.proven_slot >= 1 and source.follower.credit(1) is None
    assert execution.bank.call("batches") == later - len(coins.unproven)
    source.close()

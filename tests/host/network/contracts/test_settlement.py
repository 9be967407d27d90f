"""Epochs of more penalties than a block settles, and calls to the contracts that fail."""

from dataclasses import replace

import pytest

from proofmill.host.network.contracts.settlement import Worst, measure
from proofmill.host.network.evm import embedded
from proofmill.host.network.mechanism.parameters import Defences, Parameters

FEW = Parameters(slots_per_epoch=2, stage1_blocks=1, stage2_blocks=1, window_blocks=4,
                 committee_size=2, settlements_per_block=5, defences=Defences(calibration=False))


def test_the_33rd_penalty_of_a_slot_counts() -> None:
    worst = Worst(34, replace(FEW, settlements_per_block=64))
    for _ in range(4):
        worst.advance()
    misses = worst.layer.bonds.call("taken")
    for number in range(34):
        worst.forge(1, number)
    penalty = worst.layer.rewards.call("record", 1)["penalty"]
    assert worst.layer.bonds.call("taken") - misses == 34 * penalty > 0
    while worst.settled_epochs == 0:
        worst.advance()
    assert worst.layer.bonds.call("burned") >= 34 * penalty // 2
    assert worst.layer.bonds.call("invariants")


def test_an_epoch_is_settled_in_parts() -> None:
    worst = Worst(12, FEW)
    for _ in range(4):
        worst.advance()
    for number in range(12):
        worst.forge(1, number)
    events = []
    while worst.settled_epochs == 0:
        before = worst.layer.bonds.call("bounties")
        worst.advance()
        events.append(worst.layer.bonds.call("bounties") - before)
    penalty = worst.layer.rewards.call("record", 1)["penalty"]
    # Of each report half is the includer's. Slot 1's misses come first: nobody rescued it.
    parts = [2 * bounties // penalty for bounties in events if bounties]
    assert sum(parts) == 12 and len(parts) == 3 and max(parts) == 5, parts
    assert worst.failed() == 0 and worst.layer.bonds.call("invariants")


def test_a_call_that_failed_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs out of gas in a block in which an epoch begins: the next block opens its payload and
    freezes its weights. What could include no proof moves no window."""
    twins = []
    for fails in (False, True):
        worst = Worst(6, FEW)
        for slot in range(1, 12):
            if slot in (6, 7):
                with monkeypatch.context() as patched:
                    if fails:
                        patched.setattr(embedded, "SYSTEM_CALL_GAS", 500_000)
                    worst.advance()
            else:
                worst.advance()
        assert (worst.failed() > 0) == fails
        rewards, bonds = worst.layer.rewards, worst.layer.bonds
        records = [rewards.call("record", slot) for slot in range(1, 11)]
        assert bonds.call("invariants") and rewards.call("invariants")
        opened = [(record["opened"], record["payload_root"], len(record["committee"]))
                  for record in records]
        known = [worst.layer.assignment.call("tickets_for", slot)[0] for slot in range(4, 12)]
        closed, blocks = rewards.call("closed_slots"), rewards.call("blocks")
        while worst.settled_epochs < 3:
            worst.advance()
        # All have failed all along, so rho, and with it what is taken, is the same but for slots
        # that were opened after an epoch more was settled.
        twins.append((
            opened, [record["budget"] for record in records[:5]], closed, rewards.call("rho"),
            known))
        assert (blocks, worst.slot) == ((9, 13) if fails else (11, 11))
    assert twins[0] == twins[1] and all(opened for opened, _, _ in twins[1][0])


def test_the_worst_call_is_constructed() -> None:
    calls = list(measure(20, FEW))
    assert max(call.gas for call in calls) < embedded.SYSTEM_CALL_GAS // 2
    assert {call.done for call in calls} >= {"64 slots after the last block",
                                             "an epoch of 8 reports settled in parts"}

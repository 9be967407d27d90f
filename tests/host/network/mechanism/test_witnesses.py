"""Layer 1's witnesses of when a proof was there: slots without a block change nothing."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.network.mechanism.ledger import RewardLedger
from tests.host.network.mechanism.test_ledger import (
    PENALTY,
    REWARD,
    close,
    made,
    opened,
    primary,
    proof,
)

W1, TAIL = 2, 20


def witnessed() -> RewardLedger:
    return made(witnesses=True)


@pytest.mark.parametrize("seen", [1, 2])
@pytest.mark.parametrize("block", [3, 4, 60])
def test_a_proof_is_in_time_that_was_there_in_time(seen: int, block: int) -> None:
    ledger = witnessed()
    record = opened(ledger, 0)
    close(ledger, 0)
    ledger.witness(seen, 0, primary(record))
    ledger.witness(seen + 1, 0, primary(record))
    assert ledger.include(block, 60, 0, proof(record, primary(record))) == ""
    close(ledger, block)
    assert record.win is not None and (record.win.delay, record.win.prover_gwei) == (seen, REWARD)
    assert ledger.totals.taken == 0 and not ledger.provers[primary(record)].duties


@pytest.mark.parametrize("switches", [{"witnesses": True}, {}])
def test_slots_without_a_block_give_a_late_proof_no_time(switches: dict[str, bool]) -> None:
    ledger = made(**switches)
    record = opened(ledger, 0)
    close(ledger, 0)
    ledger.witness(3, 0, primary(record))
    assert ledger.include(3, 60, 0, proof(record, primary(record))) == ""
    close(ledger, 3)
    assert ledger.totals.taken == (PENALTY if switches else 0)
    assert record.win is not None
    assert record.win.prover_gwei == (REWARD * 9_166 // 10_000 if switches else REWARD)


def test_a_block_that_says_nothing_of_witnesses_is_not_the_last_word() -> None:
    """What it took comes back when a later one tells it, the reliability as well."""
    ledger = witnessed()
    record = opened(ledger, 0)
    close(ledger, 0)
    drawn = primary(record)
    for slot in range(1, 9):
        if slot == 6:
            ledger.witness(2, 0, drawn)
        close(ledger, slot)
        assert ledger.totals.taken == PENALTY * (slot >= 3) + 3 * (PENALTY // 4) * (slot >= 5)
    assert ledger.provers[drawn].reliability == 6_000
    close(ledger, 9)
    assert ledger.totals.kept == ledger.totals.taken and not ledger.totals.burned
    # Kept by all: of the committee, whose proof nobody saw, as well; the slot needed none.
    assert ledger.provers[drawn].reliability == 9_990  # idle for an epoch
    assert ledger.rho < ledger.parameters.rho_start, "the slot counts against nobody"


def test_what_witnesses_say_of_nobody_s_proof_changes_nothing() -> None:
    ledger = witnessed()
    record = opened(ledger, 0)
    ledger.witness(1, 0, 99)
    ledger.witness(1, 7, primary(record))
    close(ledger, 0)
    later = opened(ledger, 1)
    ledger.witness(0, 1, primary(later))
    assert not record.witnessed and not later.witnessed


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.7))
def test_who_is_fined_does_not_depend_on_slots_without_a_block(seed: int, empty: float) -> None:
    """The definition: a primary is charged if its proof was there after slot s + W1, or never."""
    chance, ledger = Random(seed), witnessed()
    due: dict[int, tuple[int, int]] = {}
    charged = set()
    for slot in range(24 + TAIL):
        block = slot >= 24 or chance.random() >= empty
        there = [(proven, who) for proven, (who, arrival) in due.items() if arrival <= slot]
        for proven, who in there if block else ():
            if proven in ledger.open:
                ledger.include(slot, 60, proven, proof(ledger.open[proven], who))
        for proven, who in there:
            ledger.witness(slot, proven, who)
        if not block:
            continue
        if slot < 24:
            record = opened(ledger, slot)
            due[slot] = primary(record), slot + chance.choice((1, 1, 2, 2, 3, 4, 9, 10**6))
        close(ledger, slot)
    for penalty, amounts, _ in ledger.settled:
        if penalty.reason == "primary" and amounts.kept < penalty.amount:
            charged.add(penalty.slot)
    assert charged == {slot for slot, (_, arrival) in due.items() if arrival > slot + W1}

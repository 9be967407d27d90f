"""Each invariant holds in honest play, and its check finds it broken."""

from dataclasses import replace

import pytest

from proofmill.host.network.mechanism import invariants
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.records import Submission
from tests.host.network.mechanism.test_ledger import close, made, opened, primary, proof


def played() -> RewardLedger:
    ledger = made()
    record = opened(ledger, 0)
    close(ledger, 0)
    assert ledger.include(1, 0, 0, proof(record, primary(record))) == ""
    close(ledger, 1)
    return ledger


def test_1_layer_one_is_compared_validator_by_validator() -> None:
    invariants.layer_one_untouched([1, 2], [1, 2])
    with pytest.raises(BrokenInvariant, match="1: validator 1 has 3 gwei, not 2"):
        invariants.layer_one_untouched([1, 3], [1, 2])


def test_2_minting_more_than_the_budgets_is_found() -> None:
    ledger = played()
    ledger.totals.credited = ledger.totals.budgets + 1
    with pytest.raises(BrokenInvariant, match="^invariant 2"):
        invariants.check_slot(ledger)


def test_3_two_winners_are_found() -> None:
    ledger = played()
    ledger.open[0].wins *= 2
    with pytest.raises(BrokenInvariant, match="3: slot 0 has 2 winners"):
        invariants.check_slot(ledger)


def test_4_paying_for_another_s_proof_is_found() -> None:
    ledger = played()
    (win,) = ledger.open[0].wins
    stolen = replace(win.submission, tag_prover=win.submission.prover + 1)
    ledger.open[0].wins = [replace(win, submission=stolen)]
    with pytest.raises(BrokenInvariant, match="^invariant 4"):
        invariants.check_slot(ledger)


def test_5_a_bond_below_its_liabilities_is_found() -> None:
    ledger = played()
    opened(ledger, 2)
    ledger.provers[primary(ledger.open[2])].bond = 1
    with pytest.raises(BrokenInvariant, match="^invariant 5"):
        invariants.check_slot(ledger)


def test_6_a_lost_penalty_is_found() -> None:
    ledger = played()
    opened(ledger, 2)
    for slot in range(2, 5):
        close(ledger, slot)
    ledger.escrow.pop()
    with pytest.raises(BrokenInvariant, match="^invariant 6"):
        invariants.check_slot(ledger)


def test_7_a_replay_changes_nothing() -> None:
    ledger = made()
    record = opened(ledger, 0)
    close(ledger, 0)
    good = proof(record, primary(record))
    bad = Submission(record.key, record.assignment.committee[0], b"x", 0, sound=False)
    for slot in range(1, 20):
        sent = {1: [(0, 0, good)], 3: [(0, 0, bad)]}.get(slot, [])
        for includer, proven_slot, submission in sent:
            ledger.include(slot, includer, proven_slot, submission)
        close(ledger, slot)
        ledger.finalise(slot - 16)
        invariants.replay_changes_nothing(ledger, slot, b"\x05" * 32, sent)
    # A second payment of the same win must be found.
    win = record.win
    assert win is not None
    ledger = played()

    class Forgetful(RewardLedger):
        def finalise(self, slot: int) -> None:
            super().finalise(slot)
            self.totals.matured += 1

    ledger.__class__ = Forgetful
    with pytest.raises(BrokenInvariant, match="7: slot 1 played twice"):
        invariants.replay_changes_nothing(ledger, 1, b"\x05" * 32, [])


def test_8_an_attack_that_may_pay_is_found() -> None:
    invariants.attack_does_not_pay("copy", 0)
    with pytest.raises(BrokenInvariant, match="8: copy may earn 12 gwei"):
        invariants.attack_does_not_pay("copy", 12.4)

"""The ledger slot by slot: draws, wins, misses, settlements, maturity."""

import pytest

from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.invariants import check_slot
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.records import SlotRecord, Submission

BASE, BOND = 64_000 * 4, 10**9
REWARD = 56_000  # of a slot: BASE / 4 * 56/64
PENALTY = 2 * REWARD


def made(provers: int = 5, **switches: bool) -> RewardLedger:
    ledger = RewardLedger(Parameters(defences=Defences(**switches)), minimum_bond=1_000_000)
    for identity in range(provers):
        ledger.join(identity, BOND, reliability_bps=10_000)
    return ledger


def opened(ledger: RewardLedger, slot: int) -> SlotRecord:
    return ledger.open_slot(slot, keccak_words(slot), keccak_words(slot // 8), BASE)


def proof(record: SlotRecord, prover: int, sound: bool = True) -> Submission:
    return Submission(record.key, prover, b"%d/%d" % (record.slot, prover), prover, sound)


def close(ledger: RewardLedger, slot: int) -> None:
    ledger.close_slot(slot, keccak_words(slot, 1))
    check_slot(ledger)


def primary(record: SlotRecord) -> int:
    assert record.assignment.primary is not None
    return record.assignment.primary


def test_the_primary_s_proof_is_paid_and_frees_everybody() -> None:
    ledger = made()
    record = opened(ledger, 0)
    drawn = primary(record)
    assert ledger.provers[drawn].liabilities == PENALTY
    owed = [ledger.provers[member].liabilities for member in record.assignment.committee]
    assert owed == [PENALTY // 4] * 3
    close(ledger, 0)
    assert ledger.include(1, 60, 0, proof(record, drawn)) == ""
    close(ledger, 1)
    assert record.win is not None and record.win.prover_gwei == REWARD
    close(ledger, 2)
    assert all(prover.liabilities == 0 for prover in ledger.provers.values())
    assert ledger.earned[drawn] == 0, "not before finality"
    ledger.finalise(1)
    assert (ledger.earned[drawn], ledger.included[60]) == (REWARD, REWARD // 7)


def test_others_wait_for_their_stage() -> None:
    ledger = made()
    record = opened(ledger, 0)
    member = record.assignment.committee[0]
    (other,) = set(range(5)) - {primary(record), *record.assignment.committee}
    close(ledger, 0)
    for slot, prover, taken in ((1, member, False), (2, member, False), (3, other, False),
                                (4, other, False), (5, other, True)):
        answer = ledger.include(slot, 0, 0, proof(record, prover))
        assert (answer == "") == taken, (slot, prover)
        close(ledger, slot)
    assert record.win is not None and record.win.prover_gwei == REWARD * 3 // 4


def test_a_slot_without_a_block_moves_no_window() -> None:
    """After a pause of any length the primary's proof is in time; of blocks that it could have been
    in, none may be missing."""
    for first, second in ((1, 2), (1, 40), (30, 31), (30, 500)):
        for proves in (first, second):
            ledger = made()
            record = opened(ledger, 0)
            close(ledger, 0)
            for slot in (first, second):
                if slot == proves:
                    assert ledger.include(slot, 60, 0, proof(record, primary(record))) == ""
                close(ledger, slot)
            assert record.win is not None and record.win.prover_gwei == REWARD
            assert record.win.delay == 1 + (proves == second)
            assert ledger.totals.taken == 0 and not ledger.provers[primary(record)].duties
    close(opened_later := made(), 0)
    record = opened(opened_later, 1)
    for slot in (1, 70, 71):
        close(opened_later, slot)
    assert opened_later.totals.taken == PENALTY, "it had two blocks"


def test_an_epoch_is_settled_once_its_windows_are_over_in_blocks() -> None:
    ledger = made()
    opened(ledger, 0)
    for number, slot in enumerate(range(0, 90, 10)):
        assert ledger.settled_epochs == 0, number
        close(ledger, slot)
    assert ledger.settled_epochs == 1, "with the eighth block after it, in slot 80"
    for slot in (90, 91):
        close(ledger, slot)
    assert ledger.settled_epochs == 3, "epochs without blocks, one a block"


def test_nothing_enters_a_slot_that_is_over() -> None:
    ledger = made()
    record = opened(ledger, 0)
    close(ledger, 0)
    close(ledger, 1)
    assert ledger.include(1, 60, 0, proof(record, primary(record))) == "the slot is over"


def test_a_missed_slot_costs_the_primary_and_pays_its_rescuer() -> None:
    ledger = made()
    record = opened(ledger, 0)
    drawn, rescuer = primary(record), record.assignment.committee[1]
    for slot in (0, 1, 2):
        close(ledger, slot)
    assert ledger.provers[drawn].bond == BOND - PENALTY
    assert ledger.provers[drawn].reliability == 6_000
    assert ledger.include(3, 0, 0, proof(record, rescuer)) == ""
    for slot in range(3, 8 + 8):
        close(ledger, slot)
    ledger.finalise(15)
    # One primary in the epoch and it missed: more than a third, so a quarter is charged.
    assert ledger.totals.burned == ledger.totals.bounties == PENALTY // 8
    assert ledger.provers[drawn].bond == BOND - PENALTY // 4
    assert ledger.earned[rescuer] == 51_329 + PENALTY // 8
    assert ledger.provers[rescuer].bond == BOND


def test_without_an_outage_the_whole_penalty_is_charged() -> None:
    ledger = made()
    records = {}
    for slot in range(8 + 8):
        if slot < 8:
            records[slot] = opened(ledger, slot)
        if 0 < slot <= 8:
            before = records[slot - 1]
            if slot != 3:
                assert ledger.include(slot, 0, slot - 1, proof(before, primary(before))) == ""
        close(ledger, slot)
    missed = records[2]
    lost = [BOND - ledger.provers[i].bond for i in range(5)]
    expected = [0] * 5
    expected[primary(missed)] += PENALTY
    for member in missed.assignment.committee:
        expected[member] += PENALTY // 4
    assert lost == expected
    assert ledger.totals.burned == ledger.totals.taken == PENALTY + 3 * (PENALTY // 4)


def test_nobody_pays_for_what_was_missed_in_a_divided_network() -> None:
    """Bond and reliability come back, nobody gets a bounty, and rho does not hear of the slot;
    where no slot of the duty was divided, or as known too late, it is as ever."""
    after: dict[tuple[int, ...], tuple[RewardLedger, SlotRecord]] = {}
    for divided in ((), (3,), (7,), (2, 8), (1,), (2,)):
        ledger = made()
        records = {}
        for slot in range(8 + 8):
            # Slot 2 is proven by nobody, 3 to 6 are where its duties end.
            if slot < 8:
                records[slot] = opened(ledger, slot)
            if 0 < slot <= 8 and slot != 3:
                before = records[slot - 1]
                assert ledger.include(slot, 0, slot - 1, proof(before, primary(before))) == ""
            if slot == 15:    # said at the last moment
                ledger.divided = frozenset(divided)
            close(ledger, slot)
        after[divided] = ledger, records[2]
    for divided, (ledger, missed) in after.items():
        excused = any(2 <= slot <= 6 for slot in divided)
        assert (ledger.totals.burned == 0) == excused, divided
        assert (ledger.rho < ledger.parameters.rho_start) == excused, "else a slot is missing"
        for identity, prover in ledger.provers.items():
            assert (prover.bond == BOND) or not excused
            # A miss sets q to 6,000; an epoch without a proof takes a thousandth.
            fell = identity in missed.assignment.drawn and not excused
            assert (prover.reliability < 9_900) == fell, (divided, identity)


def test_an_invalid_proof_costs_as_much_in_a_divided_network() -> None:
    ledger = made()
    record = opened(ledger, 0)
    close(ledger, 0)
    ledger.divided = frozenset(range(20))
    assert "verify" in ledger.include(1, 9, 0, proof(record, primary(record), sound=False))
    for slot in range(1, 16):
        close(ledger, slot)
    assert ledger.provers[primary(record)].bond == BOND - PENALTY
    assert ledger.included[9] == PENALTY // 2


def test_with_the_defence_off_a_division_excuses_nobody() -> None:
    ledger = made(divided_excused=False)
    opened(ledger, 0)
    ledger.divided = frozenset(range(20))
    for slot in range(16):
        close(ledger, slot)
    assert ledger.totals.burned > 0


def test_a_late_primary_pays_and_its_own_rescue_earns_no_bounty() -> None:
    ledger = made()
    record = opened(ledger, 0)
    for slot in (0, 1, 2):
        close(ledger, slot)
    assert ledger.include(3, 0, 0, proof(record, primary(record))) == ""
    for slot in range(3, 16):
        close(ledger, slot)
    assert ledger.totals.bounties == 0 and ledger.totals.burned == PENALTY // 4


def test_an_invalid_proof_costs_a_slice_once_and_bars() -> None:
    ledger = made()
    record = opened(ledger, 0)
    drawn = primary(record)
    close(ledger, 0)
    assert "verify" in ledger.include(1, 9, 0, proof(record, drawn, sound=False))
    assert "barred" in ledger.include(1, 9, 0, proof(record, drawn, sound=False))
    assert "barred" in ledger.include(1, 9, 0, proof(record, drawn))
    assert ledger.provers[drawn].bond == BOND - PENALTY
    close(ledger, 1)
    close(ledger, 2)
    copied = Submission(record.key, record.assignment.committee[0], b"0", drawn)
    assert "verify" in ledger.include(3, 9, 0, copied)
    for slot in range(1, 16):
        close(ledger, slot)
    assert ledger.included[9] == PENALTY, "half of two slices"


def test_who_reports_an_invalid_proof_gets_its_bounty_even_if_another_proves() -> None:
    ledger = made()
    record = opened(ledger, 0)
    for slot in (0, 1, 2):
        close(ledger, slot)
    bad, good = record.assignment.committee[:2]
    assert "verify" in ledger.include(3, 9, 0, proof(record, bad, sound=False))
    assert ledger.include(3, 9, 0, proof(record, good)) == ""
    for slot in range(3, 16):
        close(ledger, slot)
    assert ledger.included[9] == PENALTY // 2, "no relief, although most primaries missed"
    assert ledger.earned[good] == PENALTY // 8, "of the primary's penalty alone, in an outage"


def test_a_prover_has_one_place_in_a_batch() -> None:
    ledger = made()
    record = opened(ledger, 0)
    for slot in (0, 1, 2):
        close(ledger, slot)
    first, second = record.assignment.committee[:2]
    assert ledger.include(3, 0, 0, proof(record, first)) == ""
    again = Submission(record.key, first, b"other bytes", first)
    assert "already" in ledger.include(3, 0, 0, again)
    assert ledger.include(3, 0, 0, proof(record, second)) == ""
    assert len(record.batch) == 2


def test_the_committee_is_judged_when_its_stage_ends() -> None:
    ledger = made()
    record = opened(ledger, 0)
    owed = []
    for slot in range(6):
        close(ledger, slot)
        owed.append([ledger.provers[m].liabilities for m in record.assignment.committee])
    assert owed == [[PENALTY // 4] * 3] * 4 + [[0] * 3] * 2
    lost = [BOND - ledger.provers[m].bond for m in record.assignment.committee]
    assert lost == [PENALTY // 4] * 3


def test_proofs_of_one_slot_are_equal() -> None:
    wins = []
    for slot_mix in range(40):
        ledger = made()
        record = opened(ledger, 0)
        for slot in (0, 1, 2):
            close(ledger, slot)
        for member in record.assignment.committee:
            assert ledger.include(3, 0, 0, proof(record, member)) == ""
        ledger.close_slot(3, keccak_words(slot_mix, 99))
        assert record.win is not None and record.win.contenders == 3
        wins.append(record.assignment.committee.index(record.win.submission.prover))
    assert set(wins) == {0, 1, 2}, "the first in the block has no advantage"


def test_a_primary_that_was_kept_out_goes_before_its_rescuers() -> None:
    for slot_mix in range(10):
        ledger = made()
        record = opened(ledger, 0)
        for slot in (0, 1, 2):
            close(ledger, slot)
        for prover in (*record.assignment.committee, primary(record)):
            assert ledger.include(3, 0, 0, proof(record, prover)) == ""
        ledger.close_slot(3, keccak_words(slot_mix, 99))
        assert record.win is not None and record.win.submission.prover == primary(record)


def test_a_bond_that_no_longer_covers_is_passed_over() -> None:
    ledger = RewardLedger(Parameters(), minimum_bond=PENALTY * 3 // 2)
    ledger.join(0, PENALTY * 3 // 2, reliability_bps=10_000)
    assert primary(opened(ledger, 0)) == 0
    second = opened(ledger, 1)
    assert second.assignment.primary is None and second.passed_over == (0,)


def test_weights_count_two_epochs_later() -> None:
    ledger = made(1)
    for slot in range(32):
        if slot == 3:
            ledger.join(7, 1_000 * BOND, reliability_bps=10_000)
        record = opened(ledger, slot)
        if slot < 24:
            assert record.assignment.primary == 0 or record.passed_over
        else:
            assert record.assignment.primary in (0, 7)
        if record.assignment.primary is not None:
            ledger.include(slot, 0, slot - 1, proof(record, 0))
        close(ledger, slot)
    assert any(r.assignment.primary == 7 for r in ledger.open.values() if r.slot >= 24)


def test_a_new_prover_has_no_weight_before_calibration() -> None:
    ledger = made(1)
    ledger.join(5, BOND, calibrated=False)
    ledger.join(6, BOND)
    assert [(t.prover, t.weight) for t in ledger.tickets()] == [
        (0, BOND * 10_000), (6, BOND * 3_000)]


def test_joining_wrongly_is_refused() -> None:
    ledger = made(1)
    with pytest.raises(ValueError, match="1000000 gwei or more, not 5"):
        ledger.join(3, 5)
    with pytest.raises(ValueError, match="prover 0 has joined"):
        ledger.join(0, BOND)

"""The draw: hashes as a contract has them, fairness, exclusions, frozen inputs."""

from collections import Counter

import pytest

from proofmill.host.network.mechanism.hashing import keccak_words, word
from proofmill.host.network.mechanism.lottery import (
    SLOT_DOMAIN,
    Ticket,
    assign,
    batch_seed,
    committee_size,
    draw_number,
    mix_epoch,
    pick_from_batch,
    slot_seed,
    weight_epoch,
    weights,
)

MIX = bytes(range(32))


def test_words_are_the_abi_s() -> None:
    assert word(1) == bytes(31) + b"\x01"
    assert keccak_words(0).hex() == (
        "290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563")  # Solidity's slot 0
    for wrong in (-1, 1 << 256):
        with pytest.raises(ValueError, match="uint256"):
            word(wrong)
    with pytest.raises(ValueError, match="not 31"):
        word(bytes(31))


def test_seed_is_the_hash_of_three_words() -> None:
    assert slot_seed(MIX, 7) == keccak_words(SLOT_DOMAIN, MIX, 7)
    assert slot_seed(MIX, 7).hex() == (  # a contract has to find the same
        "d547aadfb344fe659f0f342ec5aaf0b29d15cea10b1e922c30b0573253ad2e6a")
    assert slot_seed(MIX, 8) != slot_seed(MIX, 7) != batch_seed(MIX, MIX, 0)


def test_mix_and_weights_are_two_epochs_old() -> None:
    assert [mix_epoch(epoch) for epoch in range(4)] == [None, None, 0, 1]
    assert [weight_epoch(epoch) for epoch in range(4)] == [0, 0, 0, 1]


def test_primary_is_drawn_in_proportion_to_weight() -> None:
    heavy, heaviest, light = weights([32, 64 + 32, 64], [10_000, 10_000, 5_000])
    tickets = [Ticket(3, heavy), Ticket(9, heaviest), Ticket(4, light), Ticket(5, 0)]
    drawn = Counter(assign(slot_seed(MIX, slot), tickets, 1).primary for slot in range(6_000))
    assert drawn[5] == 0
    for prover, expected in ((3, 1_200), (4, 1_200), (9, 3_600)):
        assert abs(drawn[prover] - expected) < 150, drawn  # over four standard deviations


def test_the_order_of_the_tickets_does_not_matter() -> None:
    tickets = [Ticket(i, 1 + i) for i in range(8)]
    for slot in range(50):
        seed = slot_seed(MIX, slot)
        assert assign(seed, tickets, 3) == assign(seed, tickets[::-1], 3)


def test_the_ticket_walks_the_running_sum() -> None:
    tickets = [Ticket(0, 10), Ticket(1, 5), Ticket(2, 85)]
    for slot in range(200):
        seed = slot_seed(MIX, slot)
        number = draw_number(seed, 0, 100)
        assert assign(seed, tickets, 0).primary == (0 if number < 10 else 1 if number < 15 else 2)


def test_the_committee_is_drawn_without_replacement_and_without_the_proposer() -> None:
    tickets = [Ticket(i, 1) for i in range(6)]
    for slot in range(300):
        drawn = assign(slot_seed(MIX, slot), tickets, 3, proposer=2)
        members = set(drawn.committee)
        assert len(members) == 3 and not members & {2, drawn.primary}
    assert any(assign(slot_seed(MIX, slot), tickets, 3, proposer=2).primary == 2
               for slot in range(100))


def test_few_or_no_provers() -> None:
    assert assign(MIX, [], 3).primary is None
    assert assign(MIX, [Ticket(1, 0)], 3).primary is None
    lone = assign(MIX, [Ticket(1, 5), Ticket(2, 7)], 3)
    assert len(lone.committee) == 1 and {lone.primary, *lone.committee} == {1, 2}


def test_a_batch_is_a_lottery_by_weight() -> None:
    assert pick_from_batch(MIX, [Ticket(4, 0)]) == 4
    tickets = [Ticket(1, 1), Ticket(2, 3)]
    wins = Counter(
        pick_from_batch(batch_seed(MIX, slot.to_bytes(32, "big"), 0), tickets)
        for slot in range(4_000))
    assert abs(wins[2] - 3_000) < 120
    assert all(pick_from_batch(batch_seed(MIX, MIX, kind), tickets, 1) == 1 for kind in range(20))
    assert {pick_from_batch(batch_seed(MIX, MIX, kind), tickets, 7) for kind in range(20)} == {1, 2}
    weightless = [Ticket(1, 0), Ticket(2, 0)]
    assert {pick_from_batch(batch_seed(MIX, MIX, kind), weightless) for kind in range(20)} == {1, 2}
    with pytest.raises(ValueError, match="no winner"):
        pick_from_batch(MIX, [])


@pytest.mark.parametrize(
    ("failure_bps", "unproven", "best"), [(500, 100, 2), (500, 1_000, 3), (2_000, 100, 3)])
def test_committee_size_minimises_the_expected_cost(
    failure_bps: int, unproven: int, best: int
) -> None:
    assert committee_size(failure_bps, 1, unproven) == best
    failure = failure_bps / 10_000
    assert best == min(range(1, 33), key=lambda k: k + failure**k * unproven)

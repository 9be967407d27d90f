"""Sealed bids are worth making at cost, selective reveals are not, and declining is bounded."""

from itertools import product
from random import Random

import pytest

from proofmill.host.network.mechanism import reliability
from proofmill.host.network.mechanism.auction import (
    Award,
    Bid,
    Lock,
    award,
    declined,
    deposit,
    may_award,
    refusal_to_decline,
    sealed_bid,
)
from proofmill.host.network.mechanism.hashing import domain, keccak_words
from proofmill.host.network.mechanism.market import Offer, fee
from proofmill.host.network.mechanism.parameters import Parameters

P = Parameters()
OFFER = Offer(lowest=10, highest=100, start=0, ramp=5)
SEED = b"\x07" * 32


def bid(prover: int, price: int, reveal_block: int | None = 4) -> Bid:
    return Bid(prover, price, 0, reveal_block)


def run(*bids: Bid) -> Award:
    return award(P, OFFER, bids, SEED)


def test_the_lowest_wins_and_is_paid_the_second_lowest() -> None:
    assert run(bid(1, 40), bid(2, 30), bid(3, 70)) == Award(2, 40, 80, {})
    assert run(bid(1, 40)) == Award(1, 100, 200, {})
    assert run() == Award(None, 0, 0, {})
    assert run(bid(1, 101)) == Award(None, 0, 0, {})  # above the highest price
    assert run(bid(1, 40), bid(2, 101)) == Award(1, 100, 200, {})


def test_a_commitment_is_as_written() -> None:
    assert sealed_bid(b"\x01" * 32, 3, 40, b"\x02" * 32) == keccak_words(
        domain("proofmill.market.bid.1"), b"\x01" * 32, 3, 40, b"\x02" * 32)
    prices = {sealed_bid(b"\x01" * 32, 3, price, b"\x02" * 32) for price in range(50)}
    assert len(prices) == 50


@pytest.mark.parametrize("late", [
    Bid(2, 30, 0, None), Bid(2, 30, 0, 3), Bid(2, 30, 0, 8), Bid(2, 30, 4, 5),
    Bid(2, 30, 0, 4, matches=False),
])
def test_what_is_not_revealed_in_time_is_lost(late: Bid) -> None:
    assert run(bid(1, 40), late) == Award(1, 100, 200, {2: deposit(P, OFFER)})


def test_equal_bids_are_drawn_and_paid_alike() -> None:
    winners = set()
    for n in range(30):
        made = award(P, OFFER, [bid(1, 40), bid(2, 40), bid(3, 60)], n.to_bytes(32, "big"))
        assert made.paid == 40
        winners.add(made.winner)
    assert winners == {1, 2}
    with pytest.raises(ValueError, match="two bids"):
        run(bid(1, 40), bid(1, 50))


def profit(price: int | None, cost: int, others: tuple[int, ...]) -> int:
    """Of prover 9, who wins ties: the worst case for the claim below."""
    bids = [bid(n, each) for n, each in enumerate(others)]
    if price is not None:
        bids.append(bid(9, price))
    made = run(*bids)
    tied = price is not None and price == min((*others, price)) <= OFFER.highest
    return made.paid - cost if made.winner == 9 or tied else 0


def test_nothing_is_better_than_to_bid_ones_cost() -> None:
    """Exhausted over a grid of costs, bids and two rivals' bids."""
    levels = range(20, 121, 10)
    for cost, first, second in product(levels, levels, levels):
        honest = profit(cost, cost, (first, second))
        assert honest >= 0
        for price in (None, *levels):
            assert profit(price, cost, (first, second)) <= honest


def test_a_requester_gains_nothing_by_revealing_what_suits_it() -> None:
    """It commits to many prices under other names and reveals the one that lowers the pay most.
    Without deposits that pays."""
    draw, gains, without = Random(4), [], []
    for _ in range(300):
        rivals = [bid(n, draw.randint(20, 100)) for n in range(3)]
        plain = run(*rivals)
        best = plain.paid
        levels = range(25, 100, 5)
        for level in levels:
            made = run(*rivals, bid(9, level))
            if made.winner != 9:  # to win would mean to prove it
                best = min(best, made.paid)
        saved = plain.paid - best
        hidden = len(levels) - 1
        without.append(saved)
        gains.append(saved - hidden * deposit(P, OFFER))
    assert max(gains) < 0 < sum(without)
    # And of what it pays a part is burned, whoever is paid.
    assert fee(P, 40).burned == 2


def test_a_job_is_declined_early_and_seldom() -> None:
    lock = Lock(1, block=10, deadline=34)
    assert [refusal_to_decline(P, lock, block, 0) == "" for block in range(10, 16)] == [
        True, True, True, True, False, False]
    assert "within 3 blocks" in refusal_to_decline(P, lock, 14, 0)
    assert refusal_to_decline(P, lock, 11, 1) == ""
    assert "declines 2 jobs an epoch" in refusal_to_decline(P, lock, 11, 2)


def test_declining_costs_less_than_missing_and_more_than_keeping() -> None:
    for q in range(0, 10_001, 50):
        assert reliability.missed(P, q) <= declined(P, q) <= q <= reliability.kept(P, q)
    assert declined(P, 10_000) == 9_800 and declined(P, 1_000) == 1_000 == declined(P, 1_010)
    # Declining all it may, every epoch, and keeping one duty in each: reliability still holds.
    q = 10_000
    for _ in range(50):
        for _ in range(P.declines_per_epoch):
            q = declined(P, q)
        q = reliability.kept(P, q)
    assert 7_000 < q < 9_000


def test_an_award_has_a_last_block() -> None:
    first = P.bid_blocks + P.reveal_blocks
    allowed = [block for block in range(3 * first) if may_award(P, block)]
    assert allowed == list(range(first, first + P.reveal_blocks))

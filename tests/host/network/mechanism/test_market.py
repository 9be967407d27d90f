"""The job market: price ramp, fees, commitments."""

import pytest
from eth_hash.auto import keccak

from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.lottery import Ticket
from proofmill.host.network.mechanism.market import (
    COMMIT_DOMAIN,
    Commitment,
    Offer,
    bounty,
    collateral,
    commitment,
    decline_cost,
    draw_tied,
    earliest,
    fee,
    forfeits,
    may_be_locked,
    price,
    stands_still,
    tie_seed,
    unsolved,
)
from proofmill.host.network.mechanism.parameters import Defences, Parameters

P = Parameters()
JOB, SALT = b"\x01" * 32, b"\x02" * 32


def test_the_price_rises_and_stays() -> None:
    offer = Offer(lowest=100, highest=201, start=10, ramp=4)
    assert [price(offer, block) for block in (10, 11, 13, 14, 99)] == [100, 125, 175, 201, 201]
    assert price(Offer(5, 9, 0, 0), 0) == 9
    with pytest.raises(ValueError, match="opens in block 10"):
        price(offer, 9)
    with pytest.raises(ValueError, match="from 5 to 4"):
        Offer(5, 4, 0, 1)
    assert collateral(P, 150) == 300


def test_the_subsidy_is_less_than_what_is_burned() -> None:
    for paid in (0, 1, 19, 20, 1_000_000, 10**30):
        divided = fee(P, paid, work_subsidy=10**40)
        assert divided.prover + divided.burned == paid
        assert divided.subsidy <= divided.burned * 4 // 5
    loose = Parameters(defences=Defences(subsidy_below_burn=False))
    assert fee(loose, 1_000, work_subsidy=900).subsidy == 900


def test_a_commitment_is_the_hash_of_five_words() -> None:
    made = commitment(JOB, 7, b"proof", SALT)
    assert made == keccak_words(COMMIT_DOMAIN, JOB, 7, keccak(b"proof"), SALT)
    assert made != commitment(JOB, 8, b"proof", SALT)


def test_the_earliest_valid_reveal_wins_and_the_rest_forfeits() -> None:
    silent = Commitment(1, 5, None, False)
    early = Commitment(2, 6, 7, True)
    tied = Commitment(3, 6, 10, True)
    late = Commitment(4, 5, 10, True)
    same_block = Commitment(5, 4, 4, True)
    false = Commitment(6, 4, 5, False)
    made = [silent, early, tied, late, same_block, false]
    assert earliest(P, made) == (Ticket(2, 1), Ticket(3, 1))
    assert earliest(P, [silent]) == ()
    assert [c.prover for c in made if forfeits(P, c)] == [1, 4, 5, 6]


def test_odds_are_the_deposit_s_whatever_the_number_of_identities() -> None:
    alone = [Commitment(1, 5, 6, True, deposit=30), Commitment(2, 5, 6, True, deposit=10)]
    split = [*(Commitment(1, 5, 6, True, deposit=3) for _ in range(10)), alone[1]]
    for made in (alone, split):
        wins = [draw_tied(number.to_bytes(32, "big"), earliest(P, made)) for number in range(40)]
        assert wins == [1] * 30 + [2] * 10
    loose = Parameters(defences=Defences(draw_by_deposit=False, every_tie=False))
    assert len(earliest(P, split * 2)) == 22 and len(earliest(loose, split * 2)) == 16
    assert {ticket.weight for ticket in earliest(loose, split)} == {1}
    seeds = {tie_seed(mix, job) for mix in (JOB, SALT) for job in (JOB, SALT)}
    assert len(seeds) == 4
    with pytest.raises(ValueError, match="weigh nothing"):
        draw_tied(SALT, [])


def test_a_failed_lock_costs_and_takes_no_time() -> None:
    assert collateral(P, 0, least=7) == 7 and collateral(P, 10, least=7) == 20
    assert decline_cost(P, 2_000) == 200
    assert [stands_still(10, 4, ended) for ended in (10, 12, 15, 99)] == [0, 2, 5, 5]
    assert price(Offer(100, 200, 10, 10), 17, stood_still=2) == 150
    assert [may_be_locked(P, failed) for failed in range(4)] == [True, True, False, False]


def test_failed_locks_pay_no_pair_more_than_it_paid() -> None:
    for paid, cost, asked in ((1_000, 2_000, 0), (1_000, 2_000, 10**6), (10**9, 30, 0), (0, 50, 0)):
        divided = fee(P, paid, asked)
        shared = bounty(P, cost, divided)
        assert divided.prover + divided.subsidy + shared <= paid
        assert shared <= cost // 2
    assert unsolved(P, Offer(1, 1_000, 0, 1), cost=300) == (50, 300)
    assert unsolved(P, Offer(1, 1_000, 0, 1), cost=0) == (0, 0)
    with pytest.raises(ValueError, match="failed_locks must be 1 to 8, not 9"):
        Parameters(failed_locks=9)

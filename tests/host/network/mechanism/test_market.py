"""The job market: price ramp, fees, commitments."""

import pytest
from eth_hash.auto import keccak

from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.market import (
    COMMIT_DOMAIN,
    Commitment,
    Offer,
    collateral,
    commitment,
    earliest,
    fee,
    forfeits,
    price,
)
from proofmill.host.network.mechanism.parameters import Defences, Parameters

P = Parameters()
JOB, SALT = b"\x01" * 32, b"\x02" * 32


def test_the_price_rises_and_stays() -> None:
    offer = Offer(lowest=100, highest=201, start=10, ramp=4)
    assert [price(offer, slot) for slot in (10, 11, 13, 14, 99)] == [100, 125, 175, 201, 201]
    assert price(Offer(5, 9, 0, 0), 0) == 9
    with pytest.raises(ValueError, match="opens in slot 10"):
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
    same_slot = Commitment(5, 4, 4, True)
    false = Commitment(6, 4, 5, False)
    made = [silent, early, tied, late, same_slot, false]
    assert earliest(P, made) == (2, 3)
    assert earliest(P, [silent]) == ()
    assert [c.prover for c in made if forfeits(P, c)] == [1, 4, 5, 6]

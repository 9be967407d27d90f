"""Layer 2: amounts, delays, branches and the invariants."""

from typing import Any

import pytest

from host.chain.chain import EmbeddedChain
from host.chain.rewards import LayerTwo, ProofRecord, RewardPolicy, Status
from host.chain.spec import spec
from tests.host.chain.conftest import MakeChain, Prove

MINER, ADDRESS = 3, b"\x33" * 20


def record(slot: int = 1, budget: int = 6_400) -> ProofRecord:
    return ProofRecord((bytes([slot]) * 32, 0), bytes([slot]), slot, MINER, ADDRESS, 1, budget)


@pytest.mark.parametrize(
    ("delay", "prover", "includer"),
    [(1, 5600, 800), (2, 5600, 800), (3, 5133, 733), (5, 4200, 600), (8, 2800, 400), (9, 0, 0)],
)
def test_shares_and_decay(delay: int, prover: int, includer: int) -> None:
    assert RewardPolicy().split(6_400, delay) == (prover, includer)


def test_never_more_than_the_budget() -> None:
    policy = RewardPolicy()
    for budget in (0, 1, 63, 64, 22_624_000, 2**62):
        for delay in range(1, 10):
            assert 0 <= sum(policy.split(budget, delay)) <= budget


def test_the_base_is_the_specification_s(make_chain: MakeChain, prove: Prove) -> None:
    chain = make_chain()
    claim = chain.proving_task(chain.advance().slot).claimed_by(MINER, ADDRESS)
    signed = chain.sign_proof(MINER, claim.task.request_root, prove(claim), ADDRESS)
    verdict = chain.submit(signed)
    state = chain.head_state
    per_increment = int(spec.get_base_reward_per_increment(state))
    base = per_increment * 64 * 2_000 // 8
    assert verdict.reward_gwei == base // 4 * 56 // 64


def test_a_second_record_for_one_key_is_a_bug() -> None:
    ledger = LayerTwo(RewardPolicy())
    ledger.accept(record())
    with pytest.raises(AssertionError, match="second winner"):
        ledger.accept(record(budget=1))


def test_a_credit_nobody_verified_is_a_bug() -> None:
    ledger = LayerTwo(RewardPolicy())
    ledger.accept(record())
    ledger.include(b"c", 2, 0, b"\x00" * 20, {b"\x01"})
    ledger.credits[0].record = record(budget=1)
    with pytest.raises(AssertionError, match="never verified"):
        ledger.settle({b"\x01", b"c"}, {b"\x01", b"c"}, 2)


def test_paying_twice_is_a_bug() -> None:
    for final in (set(), {b"\x01", b"c", b"d"}):
        ledger = LayerTwo(RewardPolicy())
        ledger.accept(record())
        for block in (b"c", b"d"):
            ledger.include(block, 2, 0, b"\x00" * 20, {b"\x01"})
        with pytest.raises(AssertionError, match="paid twice"):
            ledger.settle({b"\x01", b"c", b"d"}, final, 0)


def test_proofs_are_included_where_they_belong() -> None:
    ledger = LayerTwo(RewardPolicy())
    ledger.accept(record())
    assert not ledger.include(b"other", 2, 0, b"\x00" * 20, {b"elsewhere"})
    assert len(ledger.include(b"c", 2, 0, b"\x00" * 20, {b"\x01"})) == 1
    assert not ledger.include(b"d", 3, 0, b"\x00" * 20, {b"\x01", b"c"})
    assert len(ledger.include(b"last", 9, 0, b"\x00" * 20, {b"\x01"})) == 1
    assert not ledger.include(b"late", 10, 0, b"\x00" * 20, {b"\x01"})


def test_both_blocks_have_to_be_final() -> None:
    ledger = LayerTwo(RewardPolicy())
    ledger.accept(record())
    branch = {b"\x01", b"c"}
    ledger.include(b"c", 2, 0, b"\x00" * 20, {b"\x01"})
    (credit,) = ledger.credits
    for final, slot, status in (
        (set(), 0, Status.PENDING),
        ({b"\x01"}, 1, Status.PENDING),
        (branch, 2, Status.MATURED),
    ):
        ledger.settle(branch, final, slot)
        assert credit.status is status and credit.sealed is (status is Status.MATURED)
    ledger.settle(set(), branch, 2)
    assert credit.status is Status.MATURED
    assert ledger.minted_gwei() == credit.prover_gwei + credit.includer_gwei == 6_400


def test_off_the_branch_is_lost_only_once_finality_has_passed() -> None:
    ledger = LayerTwo(RewardPolicy())
    ledger.accept(record())
    ledger.include(b"c", 2, 0, b"\x00" * 20, {b"\x01"})
    (credit,) = ledger.credits
    ledger.settle({b"\x01", b"d"}, {b"\x01"}, 1)
    assert credit.status is Status.ORPHANED
    ledger.settle({b"\x01", b"c"}, {b"\x01"}, 1)
    assert credit.status is Status.PENDING
    ledger.settle({b"\x01", b"d"}, {b"\x01", b"d"}, 2)
    ledger.settle({b"\x01", b"c"}, {b"\x01"}, 2)
    assert credit.status is Status.ORPHANED and credit.sealed


@pytest.fixture(scope="module")
def reorganized(make_chain: MakeChain, prove: Prove) -> dict[str, Any]:
    """A chain with two reorganisations in its first epoch, run on to finality.

    Slots 1 to 3: the block that includes a proof is lost, the proven one stays. Slots 4 to 7: the
    proven block is lost with the one that included its proof.
    """
    chain, seen = make_chain(seed=4), {}

    def prove_last(slot: int) -> None:
        claim = chain.proving_task(slot).claimed_by(MINER, ADDRESS)
        signed = chain.sign_proof(MINER, claim.task.request_root, prove(claim), ADDRESS)
        assert chain.submit(signed).accepted

    def statuses() -> list[tuple[int, int, Status]]:
        return [(c.record.proven_slot, c.including_slot, c.status) for c in chain.layer2.credits]

    first = chain.advance()
    prove_last(1)
    seen["lost includer"] = chain.advance(attesting=False)
    seen["after 2"] = statuses()
    seen["winner"] = chain.advance(parent=first.block_root)
    seen["head after 3"] = bytes(chain.head.root)
    seen["after 3"] = statuses()
    base = chain.advance()
    chain.advance(attesting=False)
    prove_last(5)
    chain.advance(attesting=False)
    seen["after 6"] = statuses()
    chain.advance(parent=base.block_root)
    seen["after 7"] = statuses()
    while chain.finalized_slot < 8:
        assert chain.slot < 40
        chain.advance()
    return seen | {"chain": chain, "end": statuses()}


def test_a_lost_includer_is_replaced(reorganized: dict[str, Any]) -> None:
    assert reorganized["lost includer"].proofs_included == (1,)
    assert reorganized["after 2"] == [(1, 2, Status.PENDING)]
    assert reorganized["winner"].proofs_included == (1,)
    assert reorganized["head after 3"] == reorganized["winner"].block_root
    assert reorganized["after 3"] == [(1, 2, Status.ORPHANED), (1, 3, Status.PENDING)]


def test_a_lost_block_s_proof_is_not_paid(reorganized: dict[str, Any]) -> None:
    assert reorganized["after 6"][-1] == (5, 6, Status.PENDING)
    assert reorganized["after 7"][-1] == (5, 6, Status.ORPHANED)


def test_finality_decides_for_good(reorganized: dict[str, Any]) -> None:
    assert reorganized["end"] == [
        (1, 2, Status.ORPHANED),
        (1, 3, Status.MATURED),
        (5, 6, Status.ORPHANED),
    ]
    chain: EmbeddedChain = reorganized["chain"]
    assert all(credit.sealed for credit in chain.layer2.credits)
    lost, paid, never = chain.layer2.credits
    assert chain.layer2.minted_gwei() == paid.prover_gwei + paid.includer_gwei
    assert paid.prover_gwei + paid.includer_gwei <= paid.record.budget_gwei
    balance = chain.layer2.balance(ADDRESS)
    assert (balance.pending, balance.matured) == (0, paid.prover_gwei)
    assert balance.orphaned == lost.prover_gwei + never.prover_gwei

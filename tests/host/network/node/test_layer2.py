"""The account of a branch: who may prove when, who wins, who missed, and what stays true."""

from dataclasses import replace
from random import Random

import pytest

from proofmill.host.network.mechanism import bonds, rewards
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node.contract_state import IncludedProof
from proofmill.host.network.node.layer2 import BlockFacts, LayerTwo, replay

P = Parameters()
BASE = 1_000_000
MINIMUM = bonds.minimum_bond(P, rewards.largest_budget(P, BASE))
BONDS = {3: 10**9, 5: 10**9, 9: 10**9, 20: 10**9}
GENESIS = b"\x01" * 32


def facts(slot: int, *provers_of: tuple[int, int]) -> BlockFacts:
    """Block of `slot`; `provers_of`: (proven slot, prover) of the proofs it includes."""
    return BlockFacts(
        root=slot.to_bytes(32, "big"), slot=slot, proposer=40 + slot % 7, proposing=None,
        mix=(7 * slot).to_bytes(32, "big"), payload_hash=slot.to_bytes(32, "little"),
        request_root=request(slot), base=BASE,
        included=tuple(IncludedProof(s, prover) for s, prover in provers_of))


def request(slot: int) -> bytes:
    return b"payload" + slot.to_bytes(25, "big")


def run(blocks: list[BlockFacts], final_slot: int = 0) -> LayerTwo:
    return replay(P, MINIMUM, BONDS, blocks, GENESIS, final_slot)[0]


def chain(first: int, last: int) -> list[BlockFacts]:
    return [facts(slot) for slot in range(first, last + 1)]


def test_the_primary_in_time_earns_everything() -> None:
    primary = run(chain(1, 1)).assignments[1].primary
    assert primary is not None
    blocks = [facts(1), facts(2, (1, primary)), *chain(3, 4)]
    account = run(blocks)
    credit, = account.credits
    assert (credit.proven_slot, credit.prover, credit.stage) == (1, primary, 1)
    assert (credit.prover_wei, credit.includer_wei) == rewards.split(
        P, rewards.budget(BASE, P.rho_start), 1)
    assert not credit.final and run(blocks, final_slot=2).credits[0].final
    paid_out = [*blocks, replace(facts(5), matured=(1,))]
    assert not credit.matured and run(paid_out, final_slot=2).credits[0].matured
    assert account.proving(primary, matured=False) == credit.prover_wei
    assert account.including({42}, matured=False) == credit.includer_wei
    assert account.including({41, 43}, matured=False) == 0
    assert account.reliability[primary] > min(account.reliability.values())


def test_others_wait_for_their_stage() -> None:
    assignment = run(chain(1, 1)).assignments[1]
    member, stranger = assignment.committee[0], 77
    first_committee, first_open = P.primary_blocks + 2, P.committee_blocks + 2

    def included(slot: int, prover: int, end: int) -> LayerTwo:
        return run([*chain(1, slot - 1), facts(slot, (1, prover)), *chain(slot + 1, end)])

    assert included(2, member, 3).credits == ()
    assert included(first_open, stranger, first_open + 1).credits == ()
    in_time = included(first_committee, member, first_committee + 1)
    assert [(c.prover, c.stage) for c in in_time.credits] == [(member, 2)]
    assert [fine.prover for fine in in_time.fines if fine.slot == 1] == [assignment.primary]
    closed = included(first_committee, member, 20)
    fine = next(fine for fine in closed.fines if fine.slot == 1)
    assert fine.settled and fine.rescuer == member and fine.bounty > 0
    late = included(first_open, member, first_open + 1)
    assert [(c.prover, c.stage) for c in late.credits] == [(member, 3)]
    too_late = P.window_blocks + 2
    assert included(too_late, member, too_late + 1).credits == ()


def test_one_slot_s_proofs_are_equal_and_one_is_paid() -> None:
    committee = run(chain(1, 1)).assignments[1].committee
    slot = P.primary_blocks + 2
    before, both = chain(1, slot - 1), facts(slot, *((1, member) for member in committee))
    winners = set()
    for mix in range(40):
        after = replace(facts(slot + 1), mix=mix.to_bytes(32, "big"))
        credit, = run([*before, both, after]).credits
        assert credit.contenders == len(committee)
        winners.add(credit.prover)
        # The order in the list says nothing.
        assert run([*before, replace(both, included=both.included[::-1]), after]).credits == (
            credit,)
    assert winners == set(committee)
    undecided = run([*before, both])
    assert undecided.credits == () and undecided.undecided == {1}
    again = run([*before, facts(slot, (1, committee[0])), facts(slot + 1, (1, committee[1])),
                 facts(slot + 2)])
    assert [c.prover for c in again.credits] == [committee[0]]


def test_windows_stand_still_in_empty_slots() -> None:
    account = run([facts(1), facts(2), facts(19), facts(20)])
    primary = account.assignments[1].primary
    assert primary is not None
    assert [(fine.slot, fine.prover) for fine in account.fines] == [(1, primary)], "two blocks"
    assert account.delays == {1: 4, 2: 3, 19: 2, 20: 1}
    kept = run([facts(1), facts(2), facts(19, (1, primary)), facts(20)])
    assert kept.fines == () and [(c.delay, c.stage) for c in kept.credits] == [(2, 1)]


def test_bonds_below_the_minimum_are_refused() -> None:
    with pytest.raises(ValueError, match="a bond is"):
        replay(P, MINIMUM, {3: MINIMUM - 1}, [], GENESIS, 0)


def test_random_histories_keep_the_invariants() -> None:
    for seed in range(15):
        draw = Random(seed)
        blocks: list[BlockFacts] = []
        for slot in range(1, 50):
            if draw.random() < 0.15:
                continue
            proofs = [(draw.randint(max(1, slot - 9), slot), draw.choice([*BONDS, 77]))
                      for _ in range(draw.randint(0, 5))]
            blocks.append(facts(slot, *proofs))
        before: set[tuple[int, int]] = set()
        for length in range(1, len(blocks) + 1, 7):
            account = run(blocks[:length], final_slot=length // 2)  # checks the invariants itself
            now = {(c.proven_slot, c.prover) for c in account.credits}
            assert before <= now  # what is credited stays, as the branch grows
            before = now
            assert {c.prover for c in account.credits} <= set(BONDS)
        assert before


def test_an_invalid_proof_costs_its_signer_and_bars_it() -> None:
    primary = run(chain(1, 1)).assignments[1].primary
    assert primary is not None
    shown = replace(facts(2), included=(IncludedProof(1, primary, valid=False),))
    account = run([facts(1), shown, facts(3, (1, primary)), *chain(4, 20)])
    assert account.credits == () and account.bonds[primary] < 10**9
    assert run([facts(1), shown]).barred == {1: frozenset({primary})} == account.barred
    invalid, = (fine for fine in account.fines if fine.reason == "invalid")
    assert (invalid.prover, invalid.rescuer) == (primary, shown.proposer)
    assert invalid.burned + invalid.bounty == invalid.taken == 2 * rewards.most(
        P, rewards.budget(BASE, P.rho_start))

"""The ledger of a branch: who may prove when, who wins, who missed, and what stays true."""

from dataclasses import replace
from random import Random

from host.mechanism import rewards
from host.mechanism.parameters import Parameters
from host.node.layer2 import BlockFacts, IncludedProof, Ledger, settle

P = Parameters()
BONDS = {3: 10**9, 5: 10**9, 9: 10**9, 20: 10**9}
GENESIS = b"\x01" * 32


def facts(slot: int, *provers_of: tuple[int, int]) -> BlockFacts:
    """Block of `slot`; `provers_of`: (proven slot, prover) of the proofs it includes."""
    return BlockFacts(
        root=slot.to_bytes(32, "big"), slot=slot, proposer=40 + slot % 7,
        mix=(7 * slot).to_bytes(32, "big"), request_root=request(slot),
        base_reward_gwei=1_000_000,
        included=tuple(IncludedProof((request(s), 0), prover) for s, prover in provers_of))


def request(slot: int) -> bytes:
    return b"payload" + slot.to_bytes(25, "big")


def run(blocks: list[BlockFacts], final_slot: int = 0) -> Ledger:
    return settle(P, BONDS, blocks, GENESIS, final_slot)


def chain(length: int) -> list[BlockFacts]:
    return [facts(slot) for slot in range(1, length + 1)]


def test_the_primary_in_time_earns_everything() -> None:
    primary = run(chain(1)).assignments[1].primary
    assert primary is not None
    blocks = [facts(1), facts(2, (1, primary)), facts(3)]
    ledger = run(blocks)
    credit, = ledger.credits
    assert (credit.proven_slot, credit.prover, credit.stage) == (1, primary, 1)
    budget = rewards.budget(1_000_000, P.rho_start)
    assert (credit.prover_gwei, credit.includer_gwei) == rewards.split(P, budget, 1)
    assert not credit.matured and run(blocks, final_slot=2).credits[0].matured
    assert ledger.penalties == [] and ledger.reliability[primary] > ledger.reliability[
        next(p for p in BONDS if p != primary)]


def test_others_wait_for_their_stage() -> None:
    assignment = run(chain(1)).assignments[1]
    member, stranger = assignment.committee[0], 77
    early = run([facts(1), facts(2, (1, member)), facts(3)])
    assert early.credits == []
    unbonded = run([*chain(5), facts(6, (1, stranger)), facts(7)])
    assert unbonded.credits == []
    in_time = run([*chain(3), facts(4, (1, member)), facts(5)])
    assert [(c.prover, c.stage) for c in in_time.credits] == [(member, 2)]
    penalty = next(p for p in in_time.penalties if p.slot == 1)
    assert penalty.prover == assignment.primary and penalty.rescuer == member
    assert penalty.settlement.bounty > 0
    assert in_time.reliability[penalty.prover] < P.reliability_start_bps
    late = run([*chain(8), facts(9, (1, member)), facts(10)])
    assert [(c.prover, c.stage) for c in late.credits] == [(member, 3)]
    assert run([*chain(9), facts(10, (1, member)), facts(11)]).credits == []


def test_one_slot_s_proofs_are_equal_and_one_is_paid() -> None:
    committee = run(chain(1)).assignments[1].committee
    winners = set()
    for mix in range(40):
        blocks = [*chain(3), facts(4, *((1, member) for member in committee)),
                  replace(facts(5), mix=mix.to_bytes(32, "big"))]
        credit, = run(blocks).credits
        assert credit.contenders == len(committee)
        winners.add(credit.prover)
        # The order in the list says nothing.
        blocks[3] = replace(blocks[3], included=blocks[3].included[::-1])
        assert run(blocks).credits == [credit]
    assert winners == set(committee)
    undecided = run([*chain(3), facts(4, (1, committee[0]))])
    assert undecided.credits == [] and undecided.undecided == {1}
    again = run([*chain(3), facts(4, (1, committee[0])), facts(5, (1, committee[1])), facts(6)])
    assert [c.prover for c in again.credits] == [committee[0]]


def test_a_miss_is_found_once_even_over_empty_slots() -> None:
    ledger = run([facts(1), facts(2), facts(9), facts(10)])
    missed = [(p.slot, p.prover) for p in ledger.penalties]
    assert len(set(missed)) == len(missed)
    for slot in (1, 2):
        assignment = ledger.assignments[slot]
        assert {prover for s, prover in missed if s == slot} == {
            assignment.primary, *assignment.committee}
    assert all(p.settlement.bounty == 0 for p in ledger.penalties)


def test_random_histories_keep_the_invariants() -> None:
    for seed in range(30):
        draw = Random(seed)
        blocks: list[BlockFacts] = []
        for slot in range(1, 60):
            if draw.random() < 0.15:
                continue
            proofs = [(draw.randint(max(1, slot - 9), slot), draw.choice([*BONDS, 77]))
                      for _ in range(draw.randint(0, 5))]
            blocks.append(facts(slot, *proofs))
        before: list[tuple[int, int]] = []
        for length in range(1, len(blocks) + 1, 7):
            ledger = run(blocks[:length], final_slot=length // 2)  # `settle` checks itself
            now = [(c.proven_slot, c.prover) for c in ledger.credits]
            assert now[: len(before)] == before  # what is credited stays, as the branch grows
            before = now
            assert all(1_000 <= q <= 10_000 for q in ledger.reliability.values())
            assert {c.prover for c in ledger.credits} <= set(BONDS)
            for penalty in ledger.penalties:
                assert penalty.settlement.taken > 0
        assert before

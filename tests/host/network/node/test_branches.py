"""Snapshots say what a replay of the whole branch says, and a slot costs what it always cost."""

import json
from dataclasses import fields, replace
from random import Random
from typing import Any

from proofmill.host.ground.plain import Plain
from proofmill.host.network.mechanism.kept import KeptLedger, KeptProver
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.records import BondedProver
from proofmill.host.network.node.branches import ANCHOR, Branches
from proofmill.host.network.node.contract_state import IncludedProof
from proofmill.host.network.node.final_state import FinalCodec
from proofmill.host.network.node.kept_replay import KeptBranches
from proofmill.host.network.node.layer2 import BlockFacts, LayerTwo
from proofmill.host.network.node.layer2 import replay as whole_replay
from proofmill.host.prover.circuits.rollup.size import SMALLEST
from tests.host.network.node.test_layer2 import BONDS, GENESIS, MINIMUM, P, facts

SLOTS_PER_EPOCH = P.slots_per_epoch


class Chain:
    """A tree of made-up blocks beside `Branches`, and the branches as plain lists."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)
        self.branches = Branches(P, MINIMUM, BONDS, GENESIS)
        self.blocks: dict[bytes, list[BlockFacts]] = {ANCHOR: []}
        self.told: dict[bytes, int] = {ANCHOR: 0}

    def grow(self, tip: bytes, slot: int, told: int) -> bytes:
        """A block on `tip`: with proofs, reports, and payouts of what it knows to be final."""
        draw, account = self.draw, self.account(tip)
        included = []
        for proven in {slot - draw.randint(1, 9) for _ in range(draw.randint(0, 2))}:
            assignment = account.assignments.get(proven)
            if assignment is not None and assignment.primary is not None:
                prover = draw.choice([assignment.primary, *assignment.committee])
                included.append(IncludedProof(proven, prover, draw.random() < 0.95))
        matured = tuple(credit.proven_slot for credit in account.credits
                        if credit.final and not credit.matured and draw.random() < 0.8)
        made = replace(facts(slot), root=draw.randbytes(32), request_root=draw.randbytes(32),
                       included=tuple(included), matured=matured)
        self.branches.add(made, tip)
        self.blocks[made.root] = [*self.blocks[tip], made]
        self.told[made.root] = max(told, self.told[tip])
        return made.root

    def account(self, tip: bytes) -> LayerTwo:
        return self.branches.account(tip, self.told[tip])

    def check(self, tip: bytes) -> None:
        """The whole account, what has been paid out, and every reward on its own."""
        expected, ledger = whole_replay(
            P, MINIMUM, BONDS, self.blocks[tip], GENESIS, self.told[tip])
        assert self.branches.whole(tip, self.told[tip]) == expected
        assert self.branches.branch(tip) == self.blocks[tip]
        assert self.branches.minted_wei(tip, self.told[tip]) == sum(
            credit.prover_wei + credit.includer_wei
            for credit in expected.credits if credit.matured)
        for block in self.blocks[tip]:
            credit = self.branches.credit(tip, self.told[tip], block.slot)
            assert credit == expected.credit(block.slot)
        ours = self.branches.ledger(tip)
        assert (ours.totals, ours.rho, ours.provers) == (ledger.totals, ledger.rho, ledger.provers)


def test_forks_and_finality_end_where_a_replay_ends() -> None:
    for seed in range(4):
        chain = Chain(seed)
        tip, slot, final = ANCHOR, 0, ANCHOR
        other = ANCHOR
        for step in range(1, 140):
            slot += chain.draw.choice([1, 1, 1, 1, 2, 5])
            told = max(0, slot - 2 * SLOTS_PER_EPOCH)
            tip = chain.grow(tip, slot, told)
            if chain.draw.random() < 0.3:
                # A branch from not far behind, which may overtake.
                behind = [each.root for each in chain.branches.recent(tip)[-12:]] or [tip]
                other = chain.grow(chain.draw.choice(behind), slot + 1, told)
                chain.check(other)
                if chain.draw.random() < 0.5:
                    tip, slot = other, slot + 1
            if step % 11 == 0:
                recent = chain.branches.recent(tip)
                if len(recent) > 20:
                    final = recent[-20].root
                    chain.branches.finalise(final)
                chain.check(tip)
                assert all(chain.branches.is_final(each.request_root) == (
                    each not in chain.branches.recent(tip)) for each in chain.blocks[tip])
        assert chain.branches._closed and chain.branches.whole(tip, chain.told[tip]).fines


def test_what_is_kept_at_a_final_block_goes_on_as_what_it_was_kept_of() -> None:
    """Through plain data and back: the same accounts from then on, and the same ledger."""
    plain = FinalCodec(P, SMALLEST).plain
    chain, goes_on, told, seen = Chain(5), None, 0, 0
    tip = ANCHOR
    for slot in range(1, 181):
        before, told = tip, max(0, slot - 2 * SLOTS_PER_EPOCH)
        tip = chain.grow(tip, slot, told)
        if goes_on is not None:
            goes_on.add(chain.blocks[tip][-1], before)
            assert goes_on.account(tip, told) == chain.account(tip)
        if slot % 30 == 0:
            chain.account(tip)
            base = chain.branches.recent(tip)[-12].root
            chain.branches.finalise(base)
            if goes_on is not None:
                goes_on.finalise(base)
                assert kept_of(goes_on, plain) == kept_of(chain.branches, plain)
                assert goes_on.branch(tip) == chain.branches.branch(tip)
                assert goes_on.whole(tip, told) == chain.branches.whole(tip, told)
                assert goes_on.minted_wei(tip, told) == chain.branches.minted_wei(tip, told)
                seen += bool(goes_on.whole(tip, told).fines)
            goes_on = Branches(P, MINIMUM, {}, GENESIS)
            goes_on.go_on_from(*kept_of(chain.branches, plain))
            at = base
            for block in chain.branches.recent(tip):
                goes_on.add(block, at)
                at = block.root
    assert seen == 5


def kept_of(branches: Branches, plain: Plain) -> tuple[Any, ...]:
    """What is kept, as it is after it was written and read."""
    kept, (final, closed) = branches.kept(), branches.final
    kinds = KeptBranches, tuple[BlockFacts, ...], dict[int, LayerTwo]
    return tuple(plain.load(kind, json.loads(json.dumps(plain.dump(kind, value))))
                 for kind, value in zip(kinds, (kept, final, closed), strict=True))


def test_a_ledger_has_nothing_that_is_not_kept() -> None:
    """Whoever adds something to it has to keep it as well."""
    ledger = set(vars(RewardLedger(P, MINIMUM)))
    given = {"parameters", "minimum_bond", "standing"}  # by the chain, and by the provers
    assert {name.removeprefix("_") for name in ledger - given} == {
        field.name for field in fields(KeptLedger)}
    assert KeptLedger.of(RewardLedger(P, MINIMUM)).may_settle == 0  # one with an underscore there
    assert set(vars(Chain(1).branches._run(ANCHOR))) == {
        "ledger", "records", "paid", "_genesis_mix", "_first_mixes", "_drawing", "_before"}
    prover = {name.removeprefix("_") for name in BondedProver.__slots__}
    assert prover - {"standing"} == {field.name for field in fields(KeptProver)}


def test_what_finality_has_left_behind_is_not_taken_in() -> None:
    chain = Chain(1)
    first = chain.grow(ANCHOR, 1, 0)
    second, lost = chain.grow(first, 2, 0), chain.grow(ANCHOR, 2, 0)
    chain.account(lost)
    chain.branches.finalise(second)
    late = replace(facts(3), root=b"late" * 8)
    chain.branches.add(late, lost)
    assert set(chain.branches._nodes) == {second}
    chain.branches.finalise(lost)
    chain.check(second)


def test_a_slot_costs_the_same_after_two_thousand_as_after_two_hundred() -> None:
    """Counted, not timed: blocks taken in, and slots copied with a snapshot."""
    chain, epoch = Chain(7), SLOTS_PER_EPOCH
    tip, before, costs = ANCHOR, ANCHOR, []
    for slot in range(1, 2001):
        start = chain.branches.replayed, chain.branches.copied
        if slot % 25 == 0:
            tip = before  # the last block is left behind: a reorganisation
        before, tip = tip, chain.grow(tip, slot, max(0, (slot // epoch - 3) * epoch))
        for _ in range(4):  # a node looks several times a slot
            chain.account(tip)
            chain.branches.recent(tip)
        if slot % epoch == 0 and slot > 3 * epoch:
            chain.branches.finalise(chain.branches.recent(tip)[-2 * epoch].root)
        chain.blocks = {tip: [], before: []}  # the plain lists would cost their length
        costs.append((chain.branches.replayed - start[0], chain.branches.copied - start[1]))
        assert len(chain.branches._nodes) <= 4 * epoch
    assert {replayed for replayed, _ in costs} == {1}
    early, late = (max(copied for _, copied in part) for part in (costs[200:400], costs[-200:]))
    assert late <= 1.5 * early

"""Contracts and reference told the same random histories, over many settlements.

What is played is not chosen for what it should show: who proves, forges, comes late, leaves or
includes, and which slots and epochs stay empty, is drawn, and what fails is made small by
hypothesis.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from proofmill.host.network.mechanism.division import TOLD_SLOTS
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.stages import may_prove
from tests.host.network.contracts.twins import (
    MOST_PROVERS,
    NOBODY,
    PAID_AT,
    STRANGER,
    ProvisionalTwins,
    Twins,
    start,
)
from tests.host.network.contracts.world import ETHER, MINIMUM_BOND

SHORT = Parameters(slots_per_epoch=4, stage1_blocks=1, stage2_blocks=1, window_blocks=4,
                   committee_size=2, defences=Defences(calibration=False))
"""Epochs so short that a few dozen slots settle many."""
LONG = Parameters(slots_per_epoch=3, stage1_blocks=2, stage2_blocks=2, window_blocks=7,
                  committee_size=3, rho_start=100_000_000, defences=Defences(calibration=False))
"""Windows of more than two epochs."""
SLOWLY = replace(SHORT, settlements_per_block=1)
"""Epochs whose penalties take several blocks to settle."""
WITNESSED = replace(SHORT, defences=Defences(calibration=False, witnesses=True))
LATE_WITNESSES = replace(LONG, settlements_per_block=1,
                         defences=Defences(calibration=False, witnesses=True))
"""Delays by what witnesses had."""
BASES = (ETHER // 10, ETHER // 10, ETHER, 3 * ETHER, ETHER // 10)
"""B: of the last, a bond near the minimum does not cover a duty."""

OWN = -1

places = st.integers(0, MOST_PROVERS - 1)
kinds = st.sampled_from(("sound", "sound", "forged", "sound"))
proofs = st.tuples(st.sampled_from((1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 1)),
                   st.sampled_from((True, True, True, False, True)), places, kinds)
"""How many slots ago the proven one is; whether the prover is one that may prove it now, and its
place among those, or among all; and what it hands in."""
gaps = st.sampled_from((*[1] * 20, 2, 2, 3, 3, 4, 6, 9, 14, 25, *[1] * 20))
"""Slots since the last block: mostly none is empty, sometimes epochs are."""
others = STRANGER, NOBODY, PAID_AT + 1
includers = st.tuples(st.sampled_from(("first", "prover", "other", "first")), places)
"""The prover of the block's first proof, any prover, or one of the `others`."""
divisions = st.sampled_from((*[()] * 6, (1,), (2, 3), range(1, 9), range(4, 20), range(9, 300), ()))
"""How many slots ago the network was divided, as the votes say now."""
voices = st.tuples(st.integers(0, 9), st.sampled_from((0, 1, 1, 1, 2, 2, 3, 4, 6, 9, 30)),
                   st.integers(-1, MOST_PROVERS - 1))
"""What a block says of witnesses, where they count: how many slots before it they had a proof, how
many slots before that the proven one is, and whose; -1: its primary's."""
actions = st.sampled_from(("nothing", "deposit", "join", "withdraw", "leave", "nothing", "nothing"))


class Histories(RuleBasedStateMachine):
    """Each step is a block. There is one rule, since hypothesis leaves rules out at random, and a
    history of empty slots alone shows nothing."""

    parameters = SHORT
    compare_every = 1
    provisional = False

    @initialize(bonds=st.lists(st.integers(0, 5 * ETHER), min_size=2, max_size=6))
    def begin(self, bonds: list[int]) -> None:
        self.twins = (ProvisionalTwins(start(self.parameters, True)) if self.provisional
                      else Twins(start(self.parameters)))
        self.steps = 0
        self.twins.open([MINIMUM_BOND + bond for bond in bonds])
        self.twins.begin(1, STRANGER, BASES[0], 0)
        self._end()

    @rule(gap=gaps, made=st.lists(proofs, max_size=3), honest=st.sampled_from((True, False, True)),
          includer=includers, base=st.sampled_from(BASES), behind=st.integers(4, 12),
          paying=st.booleans(), action=actions, place=places, amount=st.integers(-1, 2 * ETHER),
          division=divisions, told=st.lists(voices, max_size=4))
    def block(self, gap: int, made: list[tuple[int, bool, int, str]], honest: bool,
              includer: tuple[str, int], base: int, behind: int, paying: bool, action: str,
              place: int, amount: int, division: Sequence[int],
              told: list[tuple[int, int, int]]) -> None:
        """A block with proofs and reports, among them mostly one that is in time; provers come,
        leave, and change their bonds."""
        twins, slot = self.twins, self.twins.slot + gap
        if honest:
            made = [*made, (gap, True, 0, "sound")]
        proven = [(slot - age, self._who(slot - age, slot, willing, number), kind)
                  for age, willing, number, kind in made if slot - age in twins.statements]
        who, number = includer
        chosen = number % len(twins.provers)
        if who == "other":
            chosen = others[number % len(others)]
        elif who == "first" and proven:
            chosen = proven[0][1]
        twins.begin(slot, chosen, base, twins.slot - behind, [
            slot - ago for ago in division if ago <= min(slot, TOLD_SLOTS)],
            self._told(slot, told))
        for of_slot, prover, kind in proven:
            twins.prove(of_slot, prover, kind == "sound")
        prover = place % len(twins.provers)
        match action:
            case "join" if len(twins.provers) < MOST_PROVERS:
                twins.join(MINIMUM_BOND + amount, alone=amount % 2 == 1)
            case "leave":
                twins.leave(prover)
            case "withdraw":
                twins.withdraw(prover)
            case "deposit":
                twins.deposit(prover, 1 + abs(amount))
        if paying:
            twins.mature()
        self._end()

    def _end(self) -> None:
        self.twins.end()
        self.steps += 1
        if self.steps % self.compare_every == 0:
            self.twins.compare()

    def _told(self, slot: int, told: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """What the block of a slot says that witnesses had: also of slots without a payload, and of
        provers that there are not."""
        if not self.parameters.defences.witnesses:
            return []
        said = []
        for ago, before, prover in told:
            of, proven = slot - 1 - ago, slot - 1 - ago - before
            record = self.twins.replay.records.get(proven)
            if prover < 0 and record is not None and record.assignment.primary is not None:
                prover = record.assignment.primary
            if proven >= 0:
                said.append((of, proven, max(prover, 0)))
        return said

    def _who(self, proven: int, slot: int, willing: bool, place: int) -> int:
        """A prover; a `willing` one is of those that may prove the slot `proven` in `slot`."""
        drawn = self.twins.replay.records[proven].assignment
        bonded = self.twins.ledger.bonded()
        everybody = [each.identity for each in self.twins.provers]
        able = [each for each in everybody if willing and may_prove(
            self.parameters, drawn, each, slot - proven, bonded)] or everybody
        return able[place % len(able)]

    def teardown(self) -> None:
        if hasattr(self, "twins"):
            self.twins.compare()


def play(parameters: Parameters, examples: int, steps: int, every: int,
         provisional: bool = False, **more: Any) -> None:
    machine = type("Histories", (Histories,), {
        "parameters": parameters, "compare_every": every, "provisional": provisional})
    run_state_machine_as_test(machine, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more))


KINDS = pytest.mark.parametrize(
    "parameters", [SHORT, LONG, SLOWLY, WITNESSED, LATE_WITNESSES], ids=[
        "short epochs", "long windows", "settled in parts", "with witnesses",
        "with witnesses, long windows"])


PROVISIONAL = pytest.mark.parametrize(
    "parameters", [SHORT, SLOWLY], ids=["short epochs", "settled in parts"])


@KINDS
def test_contracts_and_reference_agree(parameters: Parameters) -> None:
    play(parameters, examples=3, steps=25, every=5, derandomize=True,
         phases=(Phase.generate, Phase.shrink))


@PROVISIONAL
def test_they_agree_where_what_they_are_told_is_proven_later(parameters: Parameters) -> None:
    play(parameters, examples=3, steps=30, every=5, provisional=True, derandomize=True,
         phases=(Phase.generate, Phase.shrink))


@pytest.mark.slow
@PROVISIONAL
def test_they_agree_on_many_histories_that_are_proven_later(parameters: Parameters) -> None:
    play(parameters, examples=100, steps=60, every=3, provisional=True)


@pytest.mark.slow
@KINDS
def test_contracts_and_reference_agree_on_many_histories(parameters: Parameters) -> None:
    play(parameters, examples=100, steps=60, every=3)


def history(includers: dict[int, int], slots: int) -> Twins:
    """A chain whose primaries prove in time, but forge in the slots of which `includers` says who
    reports it; OWN: the primary's own owner."""
    twins = Twins(start(SHORT))
    twins.open([5 * ETHER] * 3)
    for slot in range(1, slots + 1):
        record, includer = twins.replay.records.get(slot - 1), includers.get(slot - 1, STRANGER)
        primary = record.assignment.primary if record else None
        twins.begin(slot, primary if includer == OWN and primary is not None else includer,
                    BASES[0], 0)
        if primary is not None:
            twins.prove(slot - 1, primary, sound=slot - 1 not in includers)
        twins.end()
    twins.compare()
    return twins


def test_who_reports_its_own_proof_earns_nothing() -> None:
    totals = history({1: OWN}, 9).ledger.totals
    assert totals.bounties == 0 < totals.burned


def test_a_report_from_no_address_is_no_miss() -> None:
    """Fees may go to no address; the penalty of an invalid proof gets no relief even so."""
    ledger = history({1: NOBODY, 2: NOBODY, 3: STRANGER}, 9).ledger
    assert [penalty.reason for penalty, _, _ in ledger.settled].count("invalid") == 3


@pytest.mark.parametrize(("epoch", "known"), [(9, True), (11, True), (12, False)])
def test_weights_frozen_before_empty_epochs(epoch: int, known: bool) -> None:
    """Draws look for weights two to five epochs back; those of epoch 6 are the last here."""
    twins, first = Twins(start(SHORT)), 4 * epoch
    twins.open([5 * ETHER] * 3)
    for slot in (1, 24, first, first + 1):
        twins.begin(slot, STRANGER, BASES[0], 0)
        twins.end()
        twins.compare()
    assert (twins.replay.records[first].assignment.primary is not None) is known


def test_nothing_that_hangs_on_a_void_report_is_paid_or_fined() -> None:
    """The report of slot 3 is void, with what it says of slot 2, for which an invalid proof was
    shown; and that of slot 6, in which the proof of slot 5 was included."""
    twins = ProvisionalTwins(start(SHORT, True))
    twins.open([5 * ETHER] * 3)
    twins._void = {3, 6}
    for slot in range(1, 16):
        record = twins.replay.records.get(slot - 1)
        primary = record.assignment.primary if record else None
        twins.begin(slot, STRANGER, BASES[0], slot - 6)
        if primary is not None:
            twins.prove(slot - 1, primary, sound=slot - 1 != 2)
        twins.mature()
        twins.end()
    twins.compare()
    # Those of slots 1 and 2, in whose time the reports of 3 and 6 were, cost nothing.
    settled = twins.ledger.settled
    assert {(each.slot, each.reason) for each, _, _ in settled} == {
        (2, "invalid"), (2, "primary"), (2, "committee")}
    assert sum(amounts.burned + amounts.bounty for _, amounts, _ in settled) == 0
    assert twins.replay.records[5].win is not None
    assert twins.matured == [1, 3, 4, 6, 7, 8]

"""Contracts and reference told the same random histories, over many settlements.

What is played is not chosen for what it should show: who proves, forges, comes late, leaves or
includes, and which slots and epochs stay empty, is drawn, and what fails is made small by
hypothesis.
"""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from proofmill.host.network.mechanism.parameters import Defences, Parameters
from tests.host.network.contracts.twins import (
    MOST_PROVERS,
    NOBODY,
    PAID_AT,
    STRANGER,
    Twins,
    start,
)
from tests.host.network.contracts.world import ETHER, MINIMUM_BOND

SHORT = Parameters(slots_per_epoch=4, stage1_slots=1, stage2_slots=1, window_slots=4,
                   committee_size=2, defences=Defences(calibration=False))
"""Epochs so short that a few dozen slots settle many."""
LONG = Parameters(slots_per_epoch=3, stage1_slots=2, stage2_slots=2, window_slots=7,
                  committee_size=3, rho_start=100_000_000, defences=Defences(calibration=False))
"""Windows of more than two epochs."""
BASES = (ETHER // 10, ETHER, 3 * ETHER)
"""B: of the last, a bond near the minimum does not cover a duty."""

OWN = -1

proofs = st.tuples(st.integers(1, 8), st.integers(0, MOST_PROVERS - 1), st.sampled_from(
    ("sound", "sound", "forged")))
"""How many slots ago the proven one is, a place among the drawn and then the others, the kind."""
changes = st.tuples(st.sampled_from(("leave", "withdraw", "deposit")),
                    st.integers(0, MOST_PROVERS - 1))


class Histories(RuleBasedStateMachine):
    """Each step is a block."""

    parameters = SHORT
    compare_every = 1

    @initialize(bonds=st.lists(st.integers(0, 5 * ETHER), min_size=2, max_size=6))
    def begin(self, bonds: list[int]) -> None:
        self.twins = Twins(start(self.parameters))
        self.steps = 0
        self.twins.open([MINIMUM_BOND + bond for bond in bonds])
        self._block(1, 0, BASES[0], 0, [], False)

    @rule(made=st.lists(proofs, max_size=4), includer=st.integers(0, MOST_PROVERS + 2),
          base=st.sampled_from(BASES), behind=st.integers(4, 12), paying=st.booleans())
    def prove(self, made: list[tuple[int, int, str]], includer: int, base: int, behind: int,
              paying: bool) -> None:
        """The next slot has a block, with some proofs."""
        self._block(self.twins.slot + 1, includer, base, behind, made, paying)

    @rule(includer=st.integers(0, MOST_PROVERS + 2), behind=st.integers(4, 12))
    def prove_in_time(self, includer: int, behind: int) -> None:
        """The next slot has a block with the primary's proof, as nearly always."""
        self._block(self.twins.slot + 1, includer, BASES[0], behind, [(1, 0, "sound")], True)

    @rule(gap=st.one_of(st.integers(2, 5), st.integers(2, 30)), made=st.lists(proofs, max_size=2))
    def be_away(self, gap: int, made: list[tuple[int, int, str]]) -> None:
        """Slots, or whole epochs, without a block."""
        self._block(self.twins.slot + gap, STRANGER, BASES[1], 12, made, False)

    @rule(made=st.lists(changes, min_size=1, max_size=2), bond=st.integers(-1, 2 * ETHER))
    def change_bonds(self, made: list[tuple[str, int]], bond: int) -> None:
        """Provers come, leave, take their bonds out and add to them."""
        twins = self.twins
        self._start(twins.slot + 1, STRANGER, BASES[0], 12)
        for action, prover in made:
            prover %= len(twins.provers)
            if action == "deposit":
                twins.deposit(prover, 1 + abs(bond))
            else:
                getattr(twins, action)(prover)
        if len(twins.provers) < MOST_PROVERS:
            twins.join(MINIMUM_BOND + bond, alone=bond % 2 == 1)
        self._end()

    def _start(self, slot: int, includer: int, base: int, behind: int) -> None:
        count = len(self.twins.provers)
        who = (STRANGER, NOBODY, PAID_AT + 1)[includer] if includer < 3 else (includer - 3) % count
        self.twins.begin(slot, who, base, self.twins.slot - behind)

    def _block(self, slot: int, includer: int, base: int, behind: int,
               made: list[tuple[int, int, str]], paying: bool) -> None:
        self._start(slot, includer, base, behind)
        for age, place, kind in made:
            proven = slot - age
            if proven in self.twins.statements:
                self.twins.prove(proven, self._who(proven, place), kind == "sound")
        if paying:
            self.twins.mature()
        self._end()

    def _end(self) -> None:
        self.twins.end()
        self.steps += 1
        if self.steps % self.compare_every == 0:
            self.twins.compare()

    def _who(self, slot: int, place: int) -> int:
        drawn = self.twins.replay.records[slot].assignment
        first = [each for each in (drawn.primary, *drawn.committee) if each is not None]
        rest = [each.identity for each in self.twins.provers if each.identity not in first]
        order = first + rest
        return order[place % len(order)]

    def teardown(self) -> None:
        if hasattr(self, "twins"):
            self.twins.compare()


def play(parameters: Parameters, examples: int, steps: int, every: int, **more: Any) -> None:
    machine = type("Histories", (Histories,), {"parameters": parameters, "compare_every": every})
    run_state_machine_as_test(machine, settings=settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more))


@pytest.mark.parametrize("parameters", [SHORT, LONG], ids=["short epochs", "long windows"])
def test_contracts_and_reference_agree(parameters: Parameters) -> None:
    play(parameters, examples=6, steps=30, every=5, derandomize=True,
         phases=(Phase.generate, Phase.shrink))


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [SHORT, LONG], ids=["short epochs", "long windows"])
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

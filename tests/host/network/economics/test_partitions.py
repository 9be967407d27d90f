"""A network that is cut in two: nothing of the other part comes in time, and votes say so."""

import numpy as np
import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.partitions import LATE_VOTES
from proofmill.host.network.economics.scenario import Scenario, parse_scenario
from proofmill.host.network.economics.simulate import Run, simulate

EVERY, LENGTH, SLOTS = 60, 16, 200


def scenario(share: float, more: str = "") -> Scenario:
    return parse_scenario(f"""
mechanisms = ["staged", "race", "work"]
[network]
partition_every = {EVERY}
partition_slots = {LENGTH}
partition_share = {share}
empty_slot_rate = 0.05
{more}
[[provers]]
name = "prover"
count = 12
failure_rate = 0.1
""", "x")


@pytest.fixture(scope="module")
def cut() -> Run:
    return simulate(scenario(0.5), SLOTS, 1)


def test_periods_are_those_of_the_scenario(cut: Run) -> None:
    found = [slot for slot in range(SLOTS + 40) if cut.luck.partitions.period(slot) is not None]
    assert found == [*range(60, 76), *range(120, 136), *range(180, 196)]
    assert cut.luck.partitions.end(2) == 136


def test_blocks_of_the_other_part_are_not_on_the_branch(cut: Run) -> None:
    partitions, luck = cut.luck.partitions, cut.luck
    count = len(cut.scenario.each())
    for slot in range(SLOTS):
        period = partitions.period(slot)
        away = period is not None and bool(partitions._part(period)[count + luck.proposer[slot]])
        assert luck.empty[slot] == (luck.silent[slot] or away), slot
    assert luck.empty.sum() > luck.silent.sum() + 10


@pytest.mark.parametrize("mechanism", ["staged", "race", "work"])
def test_no_proof_of_the_other_part_is_there_before_the_parts_meet(
        cut: Run, mechanism: str) -> None:
    seconds, partitions, late = cut.scenario.network.slot_seconds, cut.luck.partitions, 0
    for outcome in cut.worlds[mechanism].outcomes:
        if outcome.winner is None or outcome.seconds is None:
            continue
        when = outcome.slot + int(outcome.seconds / seconds)
        period = partitions.period(outcome.slot if mechanism == "work" else when)
        assert period is None or not partitions.provers(period)[outcome.winner]
        late += outcome.seconds > 3 * seconds
    if mechanism == "staged":
        assert late > 3, "who is drawn and cut off is waited for"


def test_blocks_are_told_of_a_divided_network_by_votes(cut: Run) -> None:
    """By the sentence of the rule: after a slot, a third of the latest turns were not used."""
    partitions, per_epoch = cut.luck.partitions, cut.scenario.parameters.slots_per_epoch
    for slot in (50, 66, 75, 90, 140):
        absent: dict[int, bool] = {}
        expected: set[int] = set()
        for one in range(slot - 1 - LATE_VOTES + 1):
            turn = partitions._turn(one)
            assert len(turn.members) == 64 // per_epoch
            for member in turn.members:
                absent[member] = member not in turn.voters
            if 3 * sum(absent.values()) > 64:
                expected |= set(range(max(0, one - 2 * (per_epoch - 1)), one + 1))
        assert partitions.divided(slot, slot - 1) == expected
    assert not partitions.divided(50, 49) and set(range(64, 76)) <= partitions.divided(90, 89)


def test_a_validator_votes_once_an_epoch_and_not_from_the_other_part(cut: Run) -> None:
    partitions = cut.luck.partitions
    members = [one for slot in range(64, 72) for one in partitions._turn(slot).members]
    assert sorted(members) == list(range(64))
    count, part = len(cut.scenario.each()), partitions._part(1)
    for slot in range(64, 72):
        turn = partitions._turn(slot)
        assert set(turn.voters) == {one for one in turn.members if not part[count + one]}
    assert set(partitions._turn(50).voters) == set(partitions._turn(50).members)


def test_fines_of_divided_slots_go_back(cut: Run) -> None:
    fined = simulate(scenario(0.5, "[mechanism.defences]\ndivided_excused = false"), SLOTS, 1)
    lost = [sum(tally.penalties_gwei for tally in run.worlds["staged"].tallies)
            for run in (cut, fined)]
    assert lost[0] < lost[1]


def test_without_a_cut_nothing_is_different() -> None:
    whole = simulate(scenario(0.0), 80, 1)
    network = scenario(0.0, "").network
    assert network.partition_every == EVERY
    none = parse_scenario("""
mechanisms = ["staged", "race", "work"]
[network]
empty_slot_rate = 0.05
[[provers]]
name = "prover"
count = 12
failure_rate = 0.1
""", "x")
    assert simulate(none, 80, 1).figures == whole.figures
    assert not simulate(none, 20, 1).luck.partitions
    assert np.array_equal(whole.luck.empty, whole.luck.silent)


@pytest.mark.parametrize(("more", "said"), [
    ("partition_slots = 60", "line 3: network.partition_slots: 60 is not below partition"),
    ("validators = 5_000", "line 3: network.validators: 5,000; with partitions .* of 4,096 v"),
    ("partition_share = 1.5", "network.partition_share = 1.5: must be a number, 0 to 1"),
])
def test_a_wrong_partition_is_told(more: str, said: str) -> None:
    with pytest.raises(ProofmillError, match=said):
        parse_scenario(f"[network]\npartition_every = 60\n{more}\n[[provers]]\nname = 'a'", "x")

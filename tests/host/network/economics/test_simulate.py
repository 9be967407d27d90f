"""Simulations: reproducible, and worth what they are for: lottery beside race."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from msgspec import structs

from proofmill.host.network.economics import plots
from proofmill.host.network.economics.measures import gini
from proofmill.host.network.economics.scenario import Scenario, load_scenario, parse_scenario
from proofmill.host.network.economics.simulate import Run, simulate
from proofmill.host.network.mechanism.stages import Stage


@pytest.fixture(scope="module")
def equal() -> Run:
    return simulate(load_scenario("equal"), slots=1_500, seed=3)


def test_the_same_seed_gives_the_same_run(equal: Run) -> None:
    again = simulate(load_scenario("equal"), slots=1_500, seed=3)
    assert again.figures == equal.figures and again.attack_cost == equal.attack_cost
    assert simulate(load_scenario("equal"), slots=1_500, seed=4).figures != equal.figures


def test_the_lottery_is_fair_where_the_race_is_not(equal: Run) -> None:
    staged, race = equal.figures["staged"], equal.figures["race"]
    assert race.top_share > 0.9 and race.gini_of_income > 0.85
    assert staged.top_share < 0.1 and staged.gini_of_income < 0.2
    assert race.work_per_proof > 12 and staged.work_per_proof < 1.3
    assert race.joules_per_proof > 10 * staged.joules_per_proof
    # The price of it: the race's winner is the fastest, the lottery's is anybody.
    assert race.latency_mean < staged.latency_mean < 2 * race.latency_mean
    assert staged.proven_rate == 1.0


def test_every_slot_with_a_block_has_an_outcome(equal: Run) -> None:
    blocks = 1_500 - int(equal.luck.empty.sum())
    for world in equal.worlds.values():
        assert len({outcome.slot for outcome in world.outcomes}) == len(world.outcomes) == blocks
        assert world.refused == 0, "an honest proof was refused"
        assert not world.ledger.pending and not world.ledger.escrow


def test_income_is_what_the_ledger_paid(equal: Run) -> None:
    world = equal.worlds["staged"]
    income = sum(tally.gwei for tally in world.tallies)
    totals = world.ledger.totals
    assert totals.matured == totals.credited
    includers = sum(world.ledger.included.values())
    assert income + includers == totals.matured - totals.burned


def small(provers: str, slots: int = 400, **network: float) -> Run:
    lines = "\n".join(f"{key} = {value}" for key, value in network.items())
    return simulate(parse_scenario(f"[network]\n{lines}\n{provers}", "x"), slots=slots)


def test_nobody_able_proves_nothing() -> None:
    run = small('[[provers]]\nname = "dead"\ncount = 4\nfailure_rate = 1.0', 60)
    assert run.figures["staged"].proven_rate == 0
    assert run.figures["staged"].minted_gwei == 0
    slots = [slot for slot in range(60) if not run.luck.empty[slot]]
    for world in run.worlds.values():
        assert sorted(outcome.slot for outcome in world.outcomes) == slots
    assert run.worlds["staged"].ledger.totals.taken > 0


def test_one_prover_alone_does_everything() -> None:
    run = small('[[provers]]\nname = "lone"\nfailure_rate = 0.0', 200,
                empty_slot_rate=0.0)
    assert run.figures["staged"].stage_rates[0] == 1.0
    assert run.figures["staged"].work_per_proof == pytest.approx(1.0, abs=0.02)


def test_slow_primaries_leave_their_slots_to_the_committee() -> None:
    run = small('[[provers]]\nname = "slow"\nseconds = 13.0\ncount = 2\n'
                '[[provers]]\nname = "quick"\nseconds = 3.0\ncount = 8')
    world = run.worlds["staged"]
    rescued = [o for o in world.outcomes if o.stage == Stage.COMMITTEE]
    assert rescued and all(o.delay in (3, 4) for o in rescued)
    assert world.tallies[0].gwei < 0 < world.tallies[5].gwei


def test_who_withholds_loses() -> None:
    run = simulate(load_scenario("unreliable"), slots=1_500)
    by_name = {tally.kind.name: tally for tally in run.worlds["staged"].tallies}
    assert by_name["withholder"].penalties_gwei > 0
    assert by_name["withholder"].gwei < by_name["good"].gwei


def test_losers_leave_a_race_and_stay_in_the_lottery() -> None:
    run = simulate(load_scenario("thrifty"), slots=5_000)
    assert run.figures["race"].still_proving <= 4
    assert run.figures["staged"].still_proving > run.figures["race"].still_proving
    world = run.worlds["staged"]
    left = [i for i, tally in enumerate(world.tallies) if tally.quit_slot is not None]
    assert left, "at the floor of rho, energy is too dear for some"
    for identity in left:
        quit_slot = world.tallies[identity].quit_slot
        assert quit_slot is not None
        late = [o.slot for o in world.outcomes if o.winner == identity and o.slot > quit_slot + 24]
        assert not late, "who has left is drawn for three epochs at most"


def test_speed_buys_the_race_and_only_stake_the_lottery() -> None:
    cost = simulate(load_scenario("equal"), slots=300).attack_cost
    assert 1.3 < cost.majority_speed_up < 1.6
    scenario = load_scenario("equal")
    faster = replace(scenario, provers=tuple(
        structs.replace(kind, seconds=kind.seconds / 3) if kind.name == "fast" else kind
        for kind in scenario.provers))
    run = simulate(faster, slots=1_500)
    assert run.figures["staged"].top_share < 0.1


def test_gini() -> None:
    assert gini([1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)
    assert gini([]) == gini([0, 0]) == 0
    assert gini([-5, 5]) == pytest.approx(0.5)


def test_five_thousand_slots_take_seconds() -> None:
    start = time.process_time()
    simulate(Scenario("equal", load_scenario("equal").network, load_scenario("equal").provers))
    assert time.process_time() - start < 15


def drawn(run: Run, plot: Callable[[Run, Axes], None]) -> Axes:
    """The axes of a plot, laid out."""
    axes: Axes = Figure(figsize=(8, 4.5)).subplots()
    plot(run, axes)
    return axes


def ticks(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_xticklabels()]


def test_provers_alike_have_labels_of_their_own(equal: Run) -> None:
    axes = drawn(equal, plots._shares)
    assert ticks(axes) == [*(f"prover {n}" for n in range(1, 20)), "fast"]
    assert plots.labels(["a", "b", "a"]) == ["a 1", "b", "a 2"]


def test_provers_left_out_of_a_plot_are_told() -> None:
    run = small('[[provers]]\nname = "few"\ncount = 30\n[[provers]]\nname = "rich"\ncount = 15\n'
                'stake_gwei = 5_000_000_000', 30)
    axes = drawn(run, plots._shares)
    assert ticks(axes)[:1] == ["rich 1"] and len(ticks(axes)) == plots.MOST_BARS
    assert "the 40 with the largest stake, of 45" in axes.get_title(loc="left")


@pytest.mark.parametrize("provers", [
    '[[provers]]\nname = "a"\ncount = 3', '[[provers]]\nname = "a"\ncount = 3\nseconds = 20.0',
    '[[provers]]\nname = "a"\nseconds = 1e-3', '[[provers]]\nname = "a"\nfailure_rate = 1.0'])
def test_the_axes_end_with_the_data(provers: str) -> None:
    run = small(provers, 40)
    axes = drawn(run, plots._latency)
    last = max((o.seconds for world in run.worlds.values() for o in world.outcomes
                if o.seconds is not None), default=0.0)
    slot = run.scenario.network.slot_seconds
    left, right = axes.get_xlim()
    assert left == 0 and last <= right < last + 1.1 * slot
    lines = [line.get_xdata()[0] for line in axes.lines
             if not line.get_drawstyle().startswith("steps")]
    assert lines and max(lines) <= right
    assert drawn(run, plots._rho).get_xlim() == (0, 39)


def test_a_plot_says_that_nothing_was_proven() -> None:
    run = small('[[provers]]\nname = "dead"\nfailure_rate = 1.0', 20)
    assert math.isnan(run.figures["race"].work_per_proof)
    for plot, times in ((plots._work, 2), (plots._latency, 1)):
        said = [text.get_text() for text in drawn(run, plot).texts]
        assert said == ["no block was proven"] * times


WITNESSED = """
mechanisms = ["staged"]
[network]
empty_slot_rate = 0.3
[mechanism.defences]
{switches}
[[provers]]
name = "usual"
count = 9
failure_rate = 0.0
jitter = 0.0
seconds = {seconds}
"""


@pytest.mark.parametrize("switches, seconds, fined", [
    ("witnesses = true", 9.0, False), ("blocks_count = false", 9.0, True),
    ("witnesses = true", 16.1, True), ("witnesses = true", 15.5, False), ("", 16.1, True)])
def test_slots_without_a_block_fine_nobody_whose_proof_was_there(
        switches: str, seconds: float, fined: bool) -> None:
    """A proof that is there 1.6 slots after its slot's start is in time, one after 2.8 is not.

    What witnesses have at three quarters of the second slot after it, which ends after 16.5 s, is
    in time; the network takes half a second.
    """
    text = WITNESSED.format(switches=switches, seconds=seconds)
    run = simulate(parse_scenario(text, "x"), slots=160)
    totals = run.worlds["staged"].ledger.totals
    assert (totals.burned + totals.bounties > 0) == fined
    assert run.figures["staged"].proven_rate == 1

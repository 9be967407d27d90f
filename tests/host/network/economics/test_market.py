"""Provers that answer to money: they come for pay and leave without it, and end in equilibrium."""

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.measures import Figures, herfindahl, nakamoto
from proofmill.host.network.economics.population import Population
from proofmill.host.network.economics.prospects import Prospect
from proofmill.host.network.economics.published import contest
from proofmill.host.network.economics.published.results import COSTS
from proofmill.host.network.economics.scenario import Scenario, parse_scenario
from proofmill.host.network.economics.simulate import simulate
from proofmill.host.network.economics.strategies import Choice, Strategy
from proofmill.host.network.economics.world import World
from proofmill.host.network.mechanism.invariants import check_slot


def scenario(mechanisms: str, kinds: list[str], more: str = "") -> Scenario:
    """Provers p0, p1, ... that answer to money, each with further lines of its own."""
    provers = "".join(
        f'[[provers]]\nname = "p{number}"\nstrategy = "market"\nfailure_rate = 0.0\n{lines}\n'
        for number, lines in enumerate(kinds))
    return parse_scenario(f"mechanisms = [{mechanisms}]\n{more}\n{provers}", "x")


def played(one: Scenario, slots: int, seed: int = 0) -> Population:
    """Of its only mechanism."""
    (world,) = simulate(one, slots, seed).worlds.values()
    return world


QUICK = "[network]\nempty_slot_rate = 0.0\n[economy]\nreview_slots = 8\n"


def test_a_race_of_work_ends_in_arnosti_and_weinbergs_equilibrium() -> None:
    """Machines are bought and sold until shares of the work are max(1 - c / c*, 0)."""
    world = played(scenario('"work"', [
        f"watts = {cost}\nmarket = {{ machine_gwei = 0, learning = 1.0 }}" for cost in COSTS],
        QUICK), 1_600)
    machines = [tally.machines for tally in world.tallies]
    expected = contest.shares(COSTS)
    assert sum(machines) > 5_000, "they are fine enough to see shares"
    for one, share in zip(machines, expected, strict=True):
        assert one / sum(machines) == pytest.approx(share, abs=2e-3)
    assert [tally.quit_slot is None for tally in world.tallies] == [share > 0 for share in expected]


def test_bonds_of_the_lottery_end_there_too() -> None:
    """In the lottery it is money that is bonded, each prover at a rate of its own."""
    kinds = [f"watts = 0.0\njitter = 0.0\nstake_gwei = 10_000_000\n"
             f"market = {{ machine_gwei = 0, capital_rate = {cost} }}" for cost in COSTS]
    world = played(scenario('"staged"', kinds, QUICK + "[mechanism]\nrho_min = 250_000_000"), 960)
    bonds = [tally.bond_gwei for tally in world.tallies]
    for bond, share in zip(bonds, contest.shares(COSTS), strict=True):
        assert bond / sum(bonds) == pytest.approx(share, abs=0.02)


def test_pay_of_zero_empties_the_second_layer() -> None:
    kinds = ["count = 4", "watts = 0.0\nmarket = { machine_gwei = 0 }"]
    paid = scenario('"staged", "race", "work"', kinds, QUICK)
    unpaid = scenario('"staged", "race", "work"', kinds,
                      QUICK + "[mechanism]\nprover_weight = 0\nincluder_weight = 0")
    for name, figures in simulate(paid, 96).figures.items():
        assert figures.still_proving > 0 and figures.minted_gwei > 0, name
    run = simulate(unpaid, 96)
    for name, figures in run.figures.items():
        assert figures.still_proving == figures.machines == figures.bonded_gwei == 0, name
        late = [each for each in run.worlds[name].outcomes if each.slot >= 48]
        assert late and all(each.winner is None and not each.work for each in late), name


class Restless(Strategy):
    """There every second time."""

    def review(self, prospect: Prospect) -> Choice:
        """Leaves, or tries to come back."""
        return Choice(0) if prospect.at_work else Choice(1, prospect.least_bond_gwei)


def test_who_has_left_comes_back_under_a_new_identity() -> None:
    one = scenario('"staged"', ["count = 5\nseconds = 11.0"],
                   QUICK.replace("review_slots = 8", "review_slots = 40"))
    world = simulate(one, 400, strategies={"": Restless}).worlds["staged"]
    assert isinstance(world, World)
    identities = world.ledger.provers
    assert max(identities) >= 10, "nobody came back twice"
    for back in (each for each in identities if each >= 5):
        former = identities[back - 5]
        assert former.leaving_since is not None and former.bond == 0 and not former.duties
    check_slot(world.ledger)
    for place, tally in enumerate(world.tallies):
        owned = [each for each in identities if each % 5 == place]
        assert tally.gwei + tally.penalties_gwei == sum(
            world.ledger.earned.get(each, 0) for each in owned)
        assert tally.penalties_gwei == sum(
            penalty.amount - settlement.kept for penalty, settlement, _ in world.ledger.settled
            if penalty.prover in owned)
    assert any(tally.penalties_gwei for tally in world.tallies)
    assert sum(tally.wins for tally in world.tallies) > 50


def test_stakers_leave_the_first_layer_for_pay() -> None:
    """What is bonded is not staked: with the pay, the first layer's part falls."""
    def figures(weight: int) -> Figures:
        kinds = ["""count = 6
            watts = 0.0
            stake_gwei = 20_000_000
            market = { wealth_gwei = 100_000_000_000, first_layer = true, machine_gwei = 0 }"""]
        return simulate(scenario('"staged"', kinds, QUICK + "passive_stake_gwei = 400_000_000_000\n"
                                 f"[mechanism]\nprover_weight = {weight}\nincluder_weight = 0"),
                        160).figures["staged"]
    found = [figures(weight) for weight in (64, 16, 0)]
    high, low, none = (each.first_layer_share for each in found)
    assert none == 1.0 and high < low < 1.0
    # Of all stake each of six has a tenth, and somebody passive the rest.
    assert found[2].first_layer_herfindahl == pytest.approx(6 * 0.1**2)
    assert found[0].first_layer_herfindahl < found[1].first_layer_herfindahl < 6 * 0.1**2
    # Yields meet where S2 = rho S1 of the pay; each of six sees that its own bond lowers it.
    assert 0.75 < high < 0.9


def test_a_second_machine_makes_proofs_faster_where_only_speed_is_paid() -> None:
    kinds = ["count = 3\nmarket = { machine_gwei = 1_000, most_machines = 64 }"]
    run = simulate(scenario('"staged", "race"', kinds, QUICK), 128)
    assert run.figures["race"].machines > run.figures["staged"].machines
    assert run.figures["race"].latency_mean < 0.5 * run.figures["staged"].latency_mean
    assert run.figures["race"].joules_per_proof > 2 * run.figures["staged"].joules_per_proof


def test_economies_of_scale_make_a_race_of_work_one_provers() -> None:
    def largest(scale: float) -> float:
        kinds = [f"watts = {1 + number / 50}\nmarket = {{ machine_gwei = 0, scale = {scale}, "
                 "most_machines = 100_000 }" for number in range(4)]
        run = simulate(scenario('"work"', kinds, QUICK), 800)
        return max(tally.machines for tally in run.worlds["work"].tallies) / (
            run.figures["work"].machines)
    assert largest(0.0) < 0.3 and largest(0.1) > largest(0.0)


def test_shares_that_are_held_by_few() -> None:
    assert herfindahl([1, 1, 1, 1]) == pytest.approx(0.25) and herfindahl([3, 0, -5]) == 1
    assert nakamoto([1, 1, 1, 1]) == 3 and nakamoto([5, 1, 1]) == 1
    assert herfindahl([]) == nakamoto([0, 0]) == 0


@pytest.mark.parametrize("line, message", [
    ("market = { scale = 0.6 }", r"provers\[0\].market.scale = 0.6: must be a number, 0 to 0.5"),
    ("market = { machines = 3 }", r"no key provers\[0\].market.machines .*did you mean"),
    ("market = { step = 0 }", r"market.step = 0: must be a number, more than 0 and at most 1"),
    ("market = 3", r"market = 3: must be a table")])
def test_what_is_wrong_with_a_market_is_named(line: str, message: str) -> None:
    with pytest.raises(ProofmillError, match=message):
        scenario('"staged"', [line])


@pytest.mark.parametrize("names, message", [
    ('"lottery"', r"mechanisms\[0\] = 'lottery': must be one of staged, race, work"),
    ('"work", "work"', "mechanisms: 'work' occurs twice; name each once"),
    ("", "mechanisms")])
def test_mechanisms_are_named_once(names: str, message: str) -> None:
    with pytest.raises(ProofmillError, match=message):
        scenario(names, [""])

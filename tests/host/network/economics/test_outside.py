"""Hardware that earns elsewhere: what it costs to prove then, and who still does."""

from dataclasses import replace

import pytest

from proofmill.host.network.economics.costs import energy_gwei, machine_gwei, outside_gwei
from proofmill.host.network.economics.prospects import Prospect
from proofmill.host.network.economics.scenario import Scenario, parse_scenario
from proofmill.host.network.economics.simulate import simulate


def scenario(gwei: int, preempted: bool) -> Scenario:
    return parse_scenario(f"""
mechanisms = ["staged", "race"]
[network]
base_gwei = 40_000_000
[economy]
review_slots = 16
outside_gwei_per_hour = {gwei}
outside_preempted = {str(preempted).lower()}
[[provers]]
name = "prover"
count = 8
strategy = "market"
seconds = 4.0
market = {{ wealth_gwei = 5_000_000_000_000 }}
""", "x")


def prospect(of: Scenario, mechanism: str = "staged") -> Prospect:
    kind = of.provers[0]
    return Prospect(
        mechanism, 16, kind, of.network, True, 1, 10**9, 10**12, 16, 0, 0.0, 8_000_000.0, 10**6,
        10**9, 7e9, window_seconds=12.0, first=[5.0] * 16, outside_gwei=outside_gwei(of, kind),
        outside_preempted=of.economy.outside_preempted)


def test_what_a_second_earns_elsewhere_is_after_its_energy() -> None:
    of = scenario(100_000_000, True)
    kind = of.provers[0]
    assert outside_gwei(of, kind) == pytest.approx(10**8 / 3_600 - 200 * 50_000_000 / 3.6e6)
    assert outside_gwei(scenario(1_000, True), kind) == 0


def test_a_machine_that_is_reserved_costs_what_it_would_earn() -> None:
    nothing, reserved = (prospect(scenario(gwei, False)) for gwei in (0, 100_000_000))
    slot = reserved.network.slot_seconds
    price = machine_gwei(reserved.kind, reserved.network, 3)
    lost = nothing.expected_gwei(3, 10**9) - reserved.expected_gwei(3, 10**9)
    assert lost == pytest.approx(3 * slot * reserved.outside_gwei - price) and lost > 0
    little = replace(reserved, outside_gwei=price / slot / 6)
    assert little.expected_gwei(3, 10**9) == nothing.expected_gwei(3, 10**9), "less than its price"


def test_one_that_is_preempted_costs_what_it_does_not_earn_while_it_proves() -> None:
    nothing, preempted = (prospect(scenario(gwei, True)) for gwei in (0, 100_000_000))
    drawn = 1e9 / 8e9
    at_work = drawn * preempted.kind.seconds * preempted.outside_gwei
    price = machine_gwei(preempted.kind, preempted.network, 1)
    lost = nothing.expected_gwei(1, 10**9) - preempted.expected_gwei(1, 10**9)
    own = nothing._at_rest(1)
    assert lost == pytest.approx(at_work * own * 8 / (own + 7) - price, rel=1e-9)
    assert energy_gwei(preempted.network, 1.0) > 0


def test_who_would_have_to_reserve_machines_leaves_first() -> None:
    there = {(gwei, preempted): simulate(scenario(gwei, preempted), 128, 1).figures
             for gwei in (0, 2_000_000_000) for preempted in (True, False)}
    assert there[0, True] == there[0, False]
    assert there[0, True]["staged"].still_proving == 8
    assert there[2_000_000_000, False]["staged"].still_proving < 4
    assert there[2_000_000_000, True]["staged"].still_proving == 8, "it proves a second a slot"

"""The ledger beside its definition, and how long a simulation takes."""

from dataclasses import replace

import pytest

from proofmill.host.bench import simulating
from proofmill.host.bench.simulating import amounts, beside_definition, simulation_growth
from proofmill.host.network.mechanism.ledger import RewardLedger


def test_every_amount_is_the_definition_s() -> None:
    found = beside_definition(40, 40)
    assert found["same_amounts"] and found["seconds_of_definition"] > 0
    assert found["defined_slots"] == 40
    grown = simulation_growth(20, 40)
    assert grown["same_amounts"] and grown["defined_slots"] == 2 and grown["slots"] == 40


def test_an_amount_that_differs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Generous(RewardLedger):
        def budget_of(self, base: int, load: int) -> int:
            return super().budget_of(base, load) + (len(self.open) == 7)

    monkeypatch.setattr(simulating, "DefinedLedger", Generous)
    assert not beside_definition(12, 16)["same_amounts"]
    ledger = RewardLedger(simulating.network_of(1).parameters, 1)
    before = amounts(ledger)
    ledger.totals = replace(ledger.totals, burned=1)
    assert amounts(ledger) != before

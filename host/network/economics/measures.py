"""Figures of a run: shares, inequality, latency, duplicate work, energy, cost of attack."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.outcomes import SlotOutcome
from proofmill.host.network.economics.population import Population
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.mechanism import rewards
from proofmill.host.network.mechanism.penalties import primary_penalty

PERCENTILES = (50, 95, 99)


def gini(values: Sequence[float]) -> float:
    """The Gini coefficient of amounts of 0 or more: 0 all equal, (n - 1) / n one has all.

    0 for no amounts or a sum of 0; losses count as 0.
    """
    ordered = np.sort(np.maximum(np.asarray(values, dtype=float), 0.0))
    total = float(ordered.sum())
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(ordered) + 1)
    return float(2 * (ranks * ordered).sum() / (len(ordered) * total)
                 - (len(ordered) + 1) / len(ordered))


def herfindahl(values: Sequence[float]) -> float:
    """The sum of squared shares of amounts of 0 or more: 1 / n all equal, 1 one has all; 0 for a
    sum of 0. Losses count as 0."""
    amounts = [max(0.0, value) for value in values]
    total = sum(amounts)
    return sum((amount / total)**2 for amount in amounts) if total else 0.0


def nakamoto(values: Sequence[float]) -> int:
    """How few of them have more than half of a sum together; 0 for a sum of 0."""
    amounts = sorted((max(0.0, value) for value in values), reverse=True)
    half, reached = sum(amounts) / 2, 0.0
    for count, amount in enumerate(amounts, 1):
        reached += amount
        if reached > half:
            return count
    return 0


@dataclass(frozen=True)
class Figures:
    """A mechanism's run. Shares and rates are fractions of 1, times in seconds, money in gwei.

    `latency_*`: from the slot's start until all proposers have the winning proof; `delay_mean`: in
    slots, until it is in a block; `work_per_proof`: proofs' worth of work for each proof that is
    paid; `gini_of_income_over_stake`: of each prover's income per unit of stake; `herfindahl`,
    `nakamoto`: of income, too; at the end: `still_proving` provers at work, their `machines`,
    `proofs_per_hour` that these can make, and `bonded_gwei`; `first_layer_share`: layer 1's stake,
    of what it would be if nobody bonded, and `first_layer_herfindahl` of those who hold it.
    """

    slots: int
    proven_rate: float
    stage_rates: tuple[float, float, float]
    top_share: float
    gini_of_income: float
    gini_of_income_over_stake: float
    latency_p50: float
    latency_p95: float
    latency_p99: float
    latency_mean: float
    delay_mean: float
    work_per_proof: float
    joules_per_proof: float
    minted_gwei: int
    burned_gwei: int
    rho_last: float
    still_proving: int
    herfindahl_of_income: float
    nakamoto_of_income: int
    machines: int
    proofs_per_hour: float
    bonded_gwei: int
    first_layer_share: float
    first_layer_herfindahl: float


FIGURES = tuple(name for one in fields(Figures) for name in (
    [f"{one.name}_{stage}" for stage in (1, 2, 3)] if one.name == "stage_rates" else [one.name]))
"""Their names, as in tables and studies."""


@dataclass(frozen=True)
class AttackCost:
    """What power over the second layer costs.

    `majority_stake_gwei`: stake a newcomer with q = 1 needs to be drawn for half of the slots;
    `majority_speed_up`: how many times faster than its median the median prover would have to be to
    finish first in half of the slots, which is all a race asks for; `withheld_slot_gwei`: what a
    primary loses by leaving its slot to the committee.
    """

    majority_stake_gwei: int
    majority_speed_up: float
    withheld_slot_gwei: int


def figures(world: Population) -> Figures:
    """The figures of a finished run."""
    outcomes = world.outcomes
    proven = [o for o in outcomes if o.delay is not None]
    tallies = world.tallies
    income = [float(tally.gwei) for tally in tallies]
    stake = [t.kind.stake_gwei + t.kind.delegated_gwei for t in tallies]
    positive = sum(max(0.0, gwei) for gwei in income)
    seconds = [o.seconds for o in proven if o.seconds is not None]
    latency = np.percentile(seconds, PERCENTILES) if seconds else np.full(3, np.nan)
    count = len(proven) or float("nan")  # of no proof, nothing is the work

    def rate(stage: int) -> float:
        return sum(o.stage == stage for o in outcomes) / max(1, len(outcomes))

    return Figures(
        slots=len(outcomes),
        proven_rate=len(proven) / max(1, len(outcomes)),
        stage_rates=(rate(1), rate(2), rate(3)),
        top_share=max(income) / positive if positive else 0.0,
        gini_of_income=gini(income),
        gini_of_income_over_stake=gini([i / s for i, s in zip(income, stake, strict=True)]),
        latency_p50=float(latency[0]), latency_p95=float(latency[1]),
        latency_p99=float(latency[2]),
        latency_mean=float(np.mean(seconds)) if seconds else float("nan"),
        delay_mean=_mean_delay(proven),
        work_per_proof=sum(o.work for o in outcomes) / count,
        joules_per_proof=sum(o.joules for o in outcomes) / count,
        minted_gwei=world.minted_gwei,
        burned_gwei=world.burned_gwei,
        rho_last=world.rho_last,
        still_proving=sum(tally.quit_slot is None for tally in tallies),
        herfindahl_of_income=herfindahl(income),
        nakamoto_of_income=nakamoto(income),
        machines=sum(tally.machines for tally in tallies),
        proofs_per_hour=sum(3_600 * tally.machines / tally.kind.seconds for tally in tallies),
        bonded_gwei=sum(tally.bond_gwei for tally in tallies),
        first_layer_share=world.stakes.share,
        first_layer_herfindahl=world.stakes.herfindahl,
    )


def attack_cost(scenario: Scenario, lags: Sequence[float]) -> AttackCost:
    """What it costs to dominate, from the scenario and its luck alone. `lags`: `lag` of the median
    prover in every slot."""
    kinds = scenario.each()
    budget = rewards.budget(scenario.network.base_gwei, scenario.parameters.rho_start)
    return AttackCost(
        majority_stake_gwei=sum(kind.stake_gwei + kind.delegated_gwei for kind in kinds),
        # The quantile that wins half of all slots.
        majority_speed_up=max(1.0, float(np.quantile(lags, 0.5, method="higher"))),
        withheld_slot_gwei=(primary_penalty(scenario.parameters, budget)
                            + rewards.most(scenario.parameters, budget)),
    )


def median_prover(scenario: Scenario) -> int:
    """The prover in the middle, by the time of a proof."""
    kinds = scenario.each()
    return sorted(range(len(kinds)), key=lambda i: kinds[i].seconds)[len(kinds) // 2]


def lag(luck: Luck, slot: int, prover: int) -> float:
    """How many times as fast a prover would have to be to be the first in a slot; infinite in one
    in which its proof does not arrive."""
    micros, arrives = luck.row(slot)
    times = np.where(arrives, micros, np.inf)
    own = times[prover]
    times[prover] = np.inf
    return float(own / times.min()) if own < np.inf else np.inf


def _mean_delay(proven: Sequence[SlotOutcome]) -> float:
    return float(np.mean([o.delay for o in proven])) if proven else float("nan")

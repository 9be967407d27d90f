"""A scenario run twice on the same luck: the staged lottery, and beside it the pure race."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.measures import (
    AttackCost,
    Figures,
    attack_cost,
    figures,
    lag,
    median_prover,
)
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.world import World

log = logging.getLogger(__name__)

MECHANISMS = ("staged", "race")


@dataclass(frozen=True)
class Run:
    """A finished simulation. `worlds` and `figures` by the names in `MECHANISMS`."""

    scenario: Scenario
    slots: int
    seed: int
    luck: Luck
    worlds: dict[str, World]
    figures: dict[str, Figures]
    attack_cost: AttackCost


def simulate(scenario: Scenario, slots: int | None = None, seed: int = 0,
             progress: Callable[[int, int], None] | None = None) -> Run:
    """Run `slots` slots (default: the scenario's). Same arguments, same result.

    The race is the same mechanism without stages and without the lottery among proofs of one slot:
    everybody starts at once and the first proof of a slot is paid. `progress` hears (done, all).
    """
    count = scenario.network.slots if slots is None else slots
    luck = Luck(scenario, count, seed)
    staged = scenario.parameters
    race = replace(staged, defences=replace(staged.defences, stages=False, slot_batch=False))
    log.info("simulating %d slots, seed %d", count, seed)
    worlds = {"staged": World(scenario, staged, luck), "race": World(scenario, race, luck)}
    median, lags = median_prover(scenario), []
    for slot in range(count):
        for world in worlds.values():
            world.step(slot)
        lags.append(lag(luck, slot, median))  # now, while the luck of the slot is at hand
        if progress is not None and slot % 64 == 0:
            progress(slot, count)
    for world in worlds.values():
        world.finish(count)
    return Run(scenario, count, seed, luck, worlds,
               {name: figures(world) for name, world in worlds.items()},
               attack_cost(scenario, lags))

"""A scenario run on the same luck under several mechanisms: the staged lottery, beside it the pure
race, a race of work, and a rule of a user's own."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.measures import (
    AttackCost,
    Figures,
    attack_cost,
    figures,
    lag,
    median_prover,
)
from proofmill.host.network.economics.population import Classes, Population
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.user_classes import own_error
from proofmill.host.network.economics.work_race import WorkRace
from proofmill.host.network.economics.world import World
from proofmill.host.network.mechanism.invariants import BrokenInvariant
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Parameters

log = logging.getLogger(__name__)

LABELS = {"staged": "staged lottery", "race": "pure race", "work": "race of work",
          "rule": "rule of your own"}
"""What mechanisms are called in pictures and tables."""


@dataclass(frozen=True)
class Run:
    """A finished simulation. `worlds` and `figures` by mechanism: those of the scenario, and
    `rule`."""

    scenario: Scenario
    slots: int
    seed: int
    luck: Luck
    worlds: dict[str, Population]
    figures: dict[str, Figures]
    attack_cost: AttackCost


def simulate(scenario: Scenario, slots: int | None = None, seed: int = 0,
             progress: Callable[[int, int], None] | None = None,
             strategies: Classes | None = None, rule: type[RewardLedger] | None = None) -> Run:
    """Run `slots` slots (default: the scenario's). Same arguments, same result.

    The race is the same mechanism without stages and without the lottery among proofs of one slot:
    everybody starts at once and the first proof of a slot is paid. `progress` hears (done, all).

    `strategies`: classes that derive from `Strategy`, by the name of the kind of provers that they
    act for, or "" for all others. `rule`: a class that derives from `RewardLedger`; the lottery
    is played on it as well, as `rule` in what is returned. ValueError for a name that no kind has;
    ProofmillError where a class of a user's file fails, or a rule breaks an invariant.
    """
    for name in strategies or ():
        if name and name not in [kind.name for kind in scenario.provers]:
            raise ValueError(f"{name}: no prover of the scenario has this name; it has "
                             + ", ".join(kind.name for kind in scenario.provers))
    count = scenario.network.slots if slots is None else slots
    luck = Luck(scenario, count, seed)
    staged, race = scenario.parameters, race_of(scenario.parameters)
    log.info("simulating %d slots, seed %d", count, seed)
    made: dict[str, Callable[[], Population]] = {
        "staged": lambda: World(scenario, staged, luck, strategies),
        "race": lambda: World(scenario, race, luck, strategies),
        "work": lambda: WorkRace(scenario, luck, strategies)}
    worlds = {name: made[name]() for name in scenario.mechanisms}
    if rule is not None:
        worlds["rule"] = World(scenario, staged, luck, strategies, rule)
    median, lags = median_prover(scenario), []
    for slot in range(count):
        with _of_users(slot, rule):
            for world in worlds.values():
                world.step(slot)
        lags.append(lag(luck, slot, median))  # now, while the luck of the slot is at hand
        if progress is not None and slot % 64 == 0:
            progress(slot, count)
    with _of_users(count, rule):
        for world in worlds.values():
            world.finish(count)
    return Run(scenario, count, seed, luck, worlds,
               {name: figures(world) for name, world in worlds.items()},
               attack_cost(scenario, lags))


def race_of(parameters: Parameters) -> Parameters:
    """The pure race under the same constants: no stages, and the first proof of a slot wins."""
    return replace(parameters, defences=replace(
        parameters.defences, stages=False, slot_batch=False))


@contextmanager
def _of_users(slot: int, rule: type[RewardLedger] | None) -> Iterator[None]:
    """Says of what a user's own class does wrong where that is."""
    try:
        yield
    except BrokenInvariant as error:
        if rule is None:
            raise
        raise ProofmillError(f"{rule.__name__}: in slot {slot} the rule breaks {error}; the "
                             "invariants are in docs/protocol.md") from error
    except ProofmillError:
        raise
    except Exception as error:
        said = own_error(error)
        if said is None and rule is not None and isinstance(error, ValueError):
            said = ProofmillError(f"{rule.__name__}: in slot {slot}: {error}")
        if said is None:
            raise
        raise said from error

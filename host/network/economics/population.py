"""The provers of a scenario under one mechanism: who is there, with which machines, and who looks
at its books when."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.costs import (
    discount,
    energy_gwei,
    machine_gwei,
    outside_gwei,
    speed_up,
    tied_up_gwei,
)
from proofmill.host.network.economics.draws import MICROS, Luck
from proofmill.host.network.economics.economy import MOST_MACHINES
from proofmill.host.network.economics.first_layer import Stakes
from proofmill.host.network.economics.outcomes import SlotOutcome, Tally
from proofmill.host.network.economics.prospects import Prospect
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.strategies import BUILT_IN, Choice, Strategy

Classes = Mapping[str, type[Strategy]]
"""Strategies of a user, by the name of the kind of provers; "" for all others."""


class Population(ABC):
    """Provers by place, which is their order in the scenario.

    `present`: who is at work; `machines`: how many each has. A review costs time in proportion to
    those whose strategy overrides it, and all else to those at work.
    """

    mechanism: str

    def __init__(self, scenario: Scenario, luck: Luck, classes: Classes | None = None) -> None:
        self.scenario, self.luck = scenario, luck
        self.kinds = scenario.each()
        count = len(self.kinds)
        self.kind_of = np.repeat(np.arange(len(scenario.provers)),
                                 [kind.count for kind in scenario.provers])
        self.outcomes: list[SlotOutcome] = []
        self.slot_micros = round(scenario.network.slot_seconds * MICROS)
        self.machines = np.ones(count, dtype=np.int64)
        self.strategies: dict[int, Strategy] = {}
        self.choosy: set[int] = set()
        """Whose strategy may leave a duty."""
        self._reviewing: list[int] = []
        self._engage(classes or {})
        self.present = np.array([kind.market.at_start for kind in self.kinds])
        self._quit = {int(place): 0 for place in np.flatnonzero(~self.present)}
        self._wins = [0] * count
        self._worked = np.zeros(count, dtype=np.int64)
        """Microseconds of machines."""
        self._joules = np.zeros(count)
        """Of those whose machines change, for what a machine draws changes with them."""
        self._speeds = np.ones(count)
        self._watts = np.array([kind.watts for kind in self.kinds])
        self._capital = dict.fromkeys(self._reviewing, 0.0)
        self._wealth = {place: float(wealth) for place in self._reviewing
                        if (wealth := self.kinds[place].market.wealth_gwei) is not None}
        self._booked: dict[int, tuple[int, float]] = {}
        self._since = (0, 0)
        """Slot and number of outcomes at the last review."""
        self.first: list[tuple[int, int, int]] = []
        """Of each slot since then whose proofs are raced for: the place that has the first one,
        when, and when the next place has its own, in microseconds; -1 where there is none."""
        self._settle_in()
        self.stakes = Stakes(scenario, self._wealth, self._used)

    def _engage(self, classes: Classes) -> None:
        """Make an object for each prover that is not simply honest."""
        place = 0
        for kind in self.scenario.provers:
            made = classes.get(kind.name) or classes.get("") or BUILT_IN[kind.strategy]
            if made is not Strategy:
                places = range(place, place + kind.count)
                self.strategies |= {one: made(kind) for one in places}
                if made.proves is not Strategy.proves:
                    self.choosy.update(places)
                if made.review is not Strategy.review:
                    self._reviewing += places
            place += kind.count

    def _settle_in(self) -> None:  # noqa: B027 - nothing, where there are no bonds
        """Who is there from the start bonds."""

    @property
    def tallies(self) -> list[Tally]:
        """Everybody's run so far, by place."""
        return [self.tally(place) for place in range(len(self.kinds))]

    def tally(self, place: int) -> Tally:
        """One prover's run so far."""
        kind, penalties = self.kinds[place], self._penalties(place)
        joules = (float(self._joules[place]) if place in self._capital
                  else float(self._worked[place]) / MICROS * kind.watts)
        there = bool(self.present[place])
        return Tally(
            kind, self._earned(place) - penalties, joules, self._wins[place], penalties,
            self._quit.get(place), int(self.machines[place]) if there else 0,
            self._bond(place) if there else 0, self._capital.get(place, 0.0))

    @property
    @abstractmethod
    def minted_gwei(self) -> int:
        """What the layer has paid, matured."""

    @property
    @abstractmethod
    def burned_gwei(self) -> int:
        """Of bonds."""

    @property
    @abstractmethod
    def rho_last(self) -> float:
        """The layer's part of layer 1's base, at the end."""

    @abstractmethod
    def step(self, slot: int) -> None:
        """Run one slot."""

    @abstractmethod
    def finish(self, slots: int) -> None:
        """Run on until every window has passed and everything is final."""

    @abstractmethod
    def _earned(self, place: int) -> int: ...

    @abstractmethod
    def _penalties(self, place: int) -> int: ...

    @abstractmethod
    def _bond(self, place: int) -> int: ...

    @abstractmethod
    def _prospect(self, place: int, known: Prospect) -> Prospect:
        """`known` with what the mechanism adds to it."""

    @abstractmethod
    def _enter(self, place: int, bond: int, slot: int) -> bool:
        """Whether a prover that has left comes back now."""

    @abstractmethod
    def _leave(self, place: int, slot: int) -> None: ...

    @abstractmethod
    def _rebond(self, place: int, bond: int) -> None: ...

    def _used(self, place: int) -> float:
        """Of its wealth what it has tied up: bond and machines."""
        if not self.present[place]:
            return 0.0
        return self._bond(place) + tied_up_gwei(self.kinds[place], int(self.machines[place]))

    # Reviews

    def count_work(self, places: NDArray[np.int64], micros: NDArray[np.int64]
                   ) -> tuple[float, float]:
        """Book that provers' machines worked so long; (proofs' worth of work, joules)."""
        spent = joules = 0.0
        times = micros * self.machines[places]
        self._worked[places] += times
        # Sums of whole microseconds: the same in any order, and on every machine.
        of_kinds = np.bincount(self.kind_of[places], times, len(self.scenario.provers))
        for kind, time in zip(self.scenario.provers, of_kinds.tolist(), strict=True):
            spent += time / MICROS / kind.seconds
            joules += time / MICROS * kind.watts
        if self._reviewing:
            drawn = times / MICROS * self._watts[places]
            self._joules[places] += drawn
            joules = math.fsum(drawn.tolist())
        return spent, joules

    def sped_up(self, places: NDArray[np.int64], micros: NDArray[np.int64]
                ) -> NDArray[np.int64]:
        """The times of single machines, of all that each has together."""
        if not self._reviewing:
            return micros
        return np.maximum(np.rint(micros / self._speeds[places]), 1).astype(np.int64)

    def review(self, slot: int) -> None:
        """At the end of a period each prover whose strategy asks for it looks at its books, one
        after the other; what one changes, the next one knows."""
        period = self.scenario.economy.review_slots
        if not self._reviewing or slot == 0 or slot % period or slot >= self.luck.slots:
            return
        before, told = self._since
        paid = [outcome.pay_gwei for outcome in self.outcomes[told:]]
        pay = sum(paid) / len(paid) if any(paid) else self._posted()
        self._begin_reviews()
        self.stakes.count()
        for place in self._reviewing:
            with self.stakes.set_aside(place):
                self._look_at_books(place, slot, slot - before, pay)
        self._since = (slot, len(self.outcomes))
        self.first.clear()

    def _begin_reviews(self) -> None:  # noqa: B027 - nothing, where bonds draw nobody
        """Add up what all reviews of a slot begin with."""

    @abstractmethod
    def _posted(self) -> float:
        """What the layer would pay for a slot: known without anybody proving one."""

    def _look_at_books(self, place: int, slot: int, slots: int, pay: float) -> None:
        tally, network = self.tally(place), self.scenario.network
        kind, there = tally.kind, bool(self.present[place])
        gwei, joules = self._booked.get(place, (0, 0.0))
        self._booked[place] = (tally.gwei, tally.joules)
        income = tally.gwei - gwei
        energy = energy_gwei(network, tally.joules - joules)
        rent = slots * machine_gwei(kind, network, tally.machines) if there else 0.0
        self._capital[place] += rent
        first = self.stakes.terms(place)
        if first is not None:
            rent -= slots * first.income(self.stakes.of(place))
        if place in self._wealth:
            days = self.scenario.economy.review_days
            real = days * 86_400 / network.slot_seconds / slots if days else 1.0
            self._wealth[place] = max(0.0, self._wealth[place] + kind.market.reinvest * real * (
                income - energy - rent))
        wealth = self._wealth.get(place)
        strategy = self.strategies[place]
        choice = strategy.review(self._prospect(place, Prospect(
            self.mechanism, slot, kind, network, there, tally.machines, tally.bond_gwei,
            None if wealth is None else int(wealth), slots, income, energy, pay, 0.0, 0, 0.0,
            first_layer=first, outside_gwei=outside_gwei(self.scenario, kind),
            outside_preempted=self.scenario.economy.outside_preempted)))
        if choice is not None:
            self._choose(place, _checked(choice, type(strategy)), slot)

    def _choose(self, place: int, choice: Choice, slot: int) -> None:
        if not choice.machines:
            if self.present[place]:
                self._leave(place, slot)
                self.present[place], self._quit[place] = False, slot
            return
        if self.present[place]:
            self._rebond(place, choice.bond_gwei)
        elif self._enter(place, choice.bond_gwei, slot):
            self.present[place] = True
            self._quit.pop(place, None)
        kind = self.kinds[place]
        self.machines[place] = choice.machines
        self._speeds[place] = speed_up(kind, choice.machines)
        self._watts[place] = kind.watts * discount(kind, choice.machines)


def _checked(choice: Choice, made: type[Strategy]) -> Choice:
    """What a strategy has chosen. ProofmillError where it cannot be done."""
    if not isinstance(choice, Choice):
        raise ProofmillError(f"{made.__name__}.review: returned {choice!r}; return "
                             "proofmill.Choice(machines, bond_gwei), or None for no change")
    for name, most in (("machines", MOST_MACHINES), ("bond_gwei", 10**18)):
        value = getattr(choice, name)
        if not isinstance(value, int) or not 0 <= value <= most:
            raise ProofmillError(f"{made.__name__}.review: chose {name} = {value!r}; it is a whole "
                                 f"number, 0 to {most:,}")
    return choice

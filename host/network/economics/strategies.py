"""What provers do: which duties they take, and what they change when they look at their books.

A strategy is a class: an object of it acts for one prover under one mechanism, and may keep what it
likes. One of a user's own derives from `Strategy` and overrides what it does otherwise.
"""

from dataclasses import dataclass

from proofmill.host.network.economics.prospects import Prospect
from proofmill.host.network.economics.scenario import ProverKind
from proofmill.host.network.mechanism.stages import Stage

MACHINES = (0.5, 1.25, 2.0)
"""Multiples of its machines that a prover thinks of, besides one more and one less."""


@dataclass(frozen=True)
class Duty:
    """A proof that a prover may begin. `stage`: 1 as primary, 2 in the committee, 3 open to all, as
    always in a race; `prover`: its place among the scenario's; `seconds`: since the slot began."""

    mechanism: str
    slot: int
    prover: int
    stage: Stage
    seconds: float


@dataclass(frozen=True)
class Choice:
    """What a prover has from now on. `machines`: 0 to leave, or to stay away; `bond_gwei`: what it
    bonds, not below the least."""

    machines: int
    bond_gwei: int = 0


class Strategy:
    """The honest one: it takes every duty and changes nothing. `kind`: what the scenario says of
    the prover."""

    def __init__(self, kind: ProverKind) -> None:
        self.kind = kind

    def proves(self, duty: Duty) -> bool:
        """Whether it begins this proof."""
        return True

    def review(self, prospect: Prospect) -> Choice | None:
        """What it changes after a period of `economy.review_slots` slots; None: nothing. A prover
        that has left is asked as well, and comes back by naming machines and a bond."""
        return None


class Withholding(Strategy):
    """Never delivers as primary."""

    def proves(self, duty: Duty) -> bool:
        """Not as primary."""
        return duty.stage is not Stage.PRIMARY


class Thrifty(Strategy):
    """Stops for good when energy has cost more than it earned since the last review."""

    def review(self, prospect: Prospect) -> Choice | None:
        """Leaves after a loss."""
        return Choice(0) if prospect.income_gwei < prospect.energy_gwei else None


class Market(Strategy):
    """Enters, leaves, buys and sells machines, and sets its bond by what it expects to earn.

    Each period moves its belief of the layer's pay by `learning` of the way to what was paid. Then
    it goes `step` of the way to the machines and the bond with the greatest expected profit
    (`Prospect.expected_gwei`), and where that is not more than staying away brings, it leaves. So
    provers in their turn end where Arnosti and Weinberg's contest does (`published.contest`).
    """

    def __init__(self, kind: ProverKind) -> None:
        super().__init__(kind)
        self.pay: float | None = None
        """Believed, gwei a slot."""

    def review(self, prospect: Prospect) -> Choice:
        """The next step."""
        market = self.kind.market
        seen = prospect.pay_gwei
        self.pay = seen if self.pay is None else self.pay + market.learning * (seen - self.pay)
        now = prospect.machines if prospect.at_work else 0
        bond_now = prospect.bond_gwei if prospect.at_work else 0
        best, most = Choice(0), prospect.expected_gwei(0, 0)
        for machines in sorted(self._thought_of(prospect, now)):
            bond = prospect.best_bond(machines, self.pay)
            profit = prospect.expected_gwei(machines, bond, self.pay)
            if profit > most:
                best, most = Choice(machines, bond), profit
        if not best.machines:
            return best
        return Choice(now + _part(best.machines - now, market.step),
                      max(prospect.least_bond_gwei,
                          bond_now + _part(best.bond_gwei - bond_now, market.step)))

    def _thought_of(self, prospect: Prospect, now: int) -> set[int]:
        """Numbers of machines worth a thought: near what it has, and where one more of a race of
        work costs what it brings, ``sqrt(V R / (v c)) - V / v``."""
        thought = {1, now - 1, now, now + 1, *(round(now * part) for part in MACHINES)}
        if prospect.mechanism == "work" and prospect.others > 0 and self.pay:
            # Both without the first layer and the bond: what the machines alone bring and cost.
            fixed = prospect.expected_gwei(0, 0)
            cost = fixed - prospect.expected_gwei(1, prospect.least_bond_gwei, 0.0)
            speed = 1 / self.kind.seconds
            if cost > 0:
                best = ((prospect.others * self.pay * speed / cost)**0.5
                        - prospect.others) / speed
                thought.add(max(1, _most(prospect, round(best))))
        return {one for one in thought
                if 1 <= one <= self.kind.market.most_machines and prospect.affordable(one)}


def _most(prospect: Prospect, wanted: int) -> int:
    """The most of `wanted` machines that it can pay, by halving."""
    if prospect.affordable(wanted):
        return wanted
    low, high = 0, wanted
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if prospect.affordable(middle) else (low, middle)
    return low


def _part(change: int, step: float) -> int:
    """`step` of a change, but not nothing where there is one."""
    moved = round(change * step)
    return moved or (change > 0) - (change < 0)


BUILT_IN: dict[str, type[Strategy]] = {
    "honest": Strategy, "withholding": Withholding, "thrifty": Thrifty, "market": Market}
"""Of the names that a scenario can give."""

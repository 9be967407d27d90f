"""What a prover knows when it looks at its books, and what it can expect of another choice.

Gwei a slot, of m machines and b gwei bonded, where the layer pays R for a slot:

    staged    R' b q / (b q + B) - energy     R' = p R - (1 - p) fine, p: in time and not failed
    race      R (1 - failures) mean over slots of Phi((ln T - ln t(m)) / jitter) - energy
    work      R m v / (m v + V) - energy      v: proofs a second of a machine

less what machines and the bond cost (`economy`), plus what the rest earns on the first layer.
Where hardware earns o gwei a second elsewhere, energy paid, a machine that works there until it is
to prove costs that much less, nothing at least, and o for each second that it proves; one that is
reserved for proofs costs what it would earn, if that is more than its price (`outside_gwei`). q
is where a reliability comes to rest, ``g p / (g p + l (1 - p))``, g and l the parts by which a kept
and a missed duty move it. B and V are the others' bonds, by reliability, and speed; T the first
proof of the others in each slot of the last period; t(m) the time of a proof by Amdahl's law. All
of that is public on a chain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.network.economics.costs import (
    discount,
    energy_gwei,
    machine_gwei,
    speed_up,
    tied_up_gwei,
)
from proofmill.host.network.economics.economy import SECONDS_A_YEAR
from proofmill.host.network.economics.first_layer import FirstLayer
from proofmill.host.network.economics.scenario import Network, ProverKind


@dataclass(frozen=True)
class Prospect:
    """One prover at a review.

    `slots`, `income_gwei`, `energy_gwei`: of the period since the last one, and what it got and
    spent in it; `pay_gwei`: what all provers were paid a slot in it; `fine_gwei`: of a primary that
    misses; `others`: the others' bonds by reliability in the lottery, their proofs a second in a
    race of work; `reliability`: its own, 0 to 1, which a kept duty
    moves by the part `gain` of what is missing to 1, and a missed one by `loss`; `first`: seconds
    until the first of the others' proofs, by slot, in a race; `least_bond_gwei`: what a prover has
    to bond.
    """

    mechanism: str
    slot: int
    kind: ProverKind
    network: Network
    at_work: bool
    machines: int
    bond_gwei: int
    wealth_gwei: int | None
    slots: int
    income_gwei: int
    energy_gwei: float
    pay_gwei: float
    fine_gwei: float
    least_bond_gwei: int
    others: float
    reliability: float = 1.0
    gain: float = 0.0
    loss: float = 0.0
    window_seconds: float = math.inf
    first: Sequence[float] = ()
    first_layer: FirstLayer | None = None
    outside_gwei: float = 0.0
    """What a second of a machine earns elsewhere, energy paid."""
    outside_preempted: bool = True
    """Whether it works there until it is to prove."""

    def expected_gwei(self, machines: int, bond_gwei: int, pay_gwei: float | None = None) -> float:
        """What it can expect a slot, all costs counted, if the layer pays `pay_gwei` a slot
        (default: as in the last period) and the others stay as they are. With 0 machines: what it
        has of staying away."""
        if not machines:
            return self.first_layer.income(self.wealth_gwei or 0) if self.first_layer else 0.0
        pay = self.pay_gwei if pay_gwei is None else pay_gwei
        rest = max(0, (self.wealth_gwei or 0) - bond_gwei - tied_up_gwei(self.kind, machines))
        return (self._earned(machines, bond_gwei, pay)
                - self._rent(machines)
                - bond_gwei * (0.0 if self.first_layer else self._rate)
                + (self.first_layer.income(rest) if self.first_layer else 0.0))

    def best_bond(self, machines: int, pay_gwei: float | None = None) -> int:
        """The bond that pays best with so many machines: ``sqrt(B R' / r) - B`` by reliability, r
        what a bonded gwei costs a slot; within what there is. Where bonds draw nobody: the least.
        """
        if self.mechanism != "staged":
            return self.least_bond_gwei
        pay = self.pay_gwei if pay_gwei is None else pay_gwei
        value = self._value(machines, pay)
        rest = ((self.wealth_gwei or 0) - self.bond_gwei
                - tied_up_gwei(self.kind, self.machines if self.at_work else 0))
        rate = self.first_layer.marginal(rest) if self.first_layer else self._rate
        best = float(self.least_bond_gwei)
        if value > 0 and rate > 0 and self.others > 0:
            # In bonds of full reliability; one's own counts by its own.
            reliability = self._at_rest(machines)
            best = (math.sqrt(self.others * value * reliability / rate)
                    - self.others) / reliability
        most = 10**18 if self.wealth_gwei is None else (
            self.wealth_gwei - tied_up_gwei(self.kind, machines))
        return round(min(max(best, self.least_bond_gwei), most) / 10**6) * 10**6

    def affordable(self, machines: int) -> bool:
        """Whether its wealth is enough for so many machines and the least bond."""
        return self.wealth_gwei is None or (
            tied_up_gwei(self.kind, machines) + self.least_bond_gwei <= self.wealth_gwei)

    @property
    def _rate(self) -> float:
        return self.kind.market.capital_rate * self.network.slot_seconds / SECONDS_A_YEAR

    def _rent(self, machines: int) -> float:
        """What machines cost a slot while they do not prove."""
        price = machine_gwei(self.kind, self.network, machines)
        elsewhere = self.outside_gwei * self.network.slot_seconds * machines
        return max(0.0, price - elsewhere) if self.outside_preempted else max(price, elsewhere)

    def _energy(self, machines: int, seconds: float) -> float:
        """Gwei for all machines at work for so long, and what they do not earn elsewhere then."""
        forgone = self.outside_gwei * seconds * machines if self.outside_preempted else 0.0
        return forgone + energy_gwei(self.network, seconds * self.kind.watts * machines
                                     * discount(self.kind, machines))

    def _seconds(self, machines: int) -> float:
        """The median time of a proof."""
        return self.kind.seconds / speed_up(self.kind, machines)

    def _in_time(self, seconds: float) -> float:
        return (1 - self.kind.failure_rate) * _before(
            self.window_seconds, seconds, self.kind.jitter)

    def _at_rest(self, machines: int) -> float:
        """Where its reliability comes to rest; never nothing."""
        kept = self._in_time(self._seconds(machines))
        gained, lost = self.gain * kept, self.loss * (1 - kept)
        return max(0.1, gained / (gained + lost)) if gained + lost else 1.0

    def _value(self, machines: int, pay: float) -> float:
        """What it is worth to be drawn."""
        seconds = self._seconds(machines)
        in_time = self._in_time(seconds)
        return (in_time * pay - (1 - in_time) * self.fine_gwei
                - self._energy(machines, seconds))

    def _earned(self, machines: int, bond: int, pay: float) -> float:
        """Income less energy."""
        if self.mechanism == "staged":
            own = bond * self._at_rest(machines)
            return self._value(machines, pay) * own / max(1.0, own + self.others)
        if self.mechanism == "work":
            own = machines / self.kind.seconds
            return (pay * own / (own + self.others)
                    - self._energy(machines, self.network.slot_seconds))
        seconds = self._seconds(machines)
        won = [_before(first, seconds, self.kind.jitter) for first in self.first] or [1.0]
        worked = [min(first, seconds) for first in self.first] or [seconds]
        return (pay * (1 - self.kind.failure_rate) * sum(won) / len(won)
                - self._energy(machines, sum(worked) / len(worked)))


def _before(limit: float, median: float, jitter: float) -> float:
    """The chance that a log-normal time is at most `limit`."""
    if limit == math.inf:
        return 1.0
    if limit <= 0:
        return 0.0
    if jitter == 0:
        return float(median <= limit)
    return 0.5 * math.erfc((math.log(median) - math.log(limit)) / (jitter * math.sqrt(2)))

"""Layer 1's stake: who has what there, and what it earns."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from proofmill.host.network.economics.scenario import Scenario


@dataclass(frozen=True)
class FirstLayer:
    """Layer 1's issuance: ``base sqrt(S / start)`` gwei a slot to a stake of S, in proportion, as
    in Ethereum; `others`: the stake that is not one's own."""

    base: float
    start: float
    others: float

    def income(self, stake: float) -> float:
        """Gwei a slot that a stake earns."""
        total = self.others + stake
        return self.base * math.sqrt(total / self.start) * stake / total if stake > 0 else 0.0

    def marginal(self, stake: float) -> float:
        """What one more gwei of it would earn."""
        total = max(1.0, self.others + stake)
        return (self.base / math.sqrt(total * self.start)
                * (1 - max(0.0, stake) / (2 * total)))


class Stakes:
    """What provers have on layer 1: of their wealth all that the second layer does not tie up.

    `wealth`: gwei by place, which may change; `used`: what of it a place has tied up now. Those
    whose market has no `first_layer` stake nothing.
    """

    def __init__(self, scenario: Scenario, wealth: Mapping[int, float],
                 used: Callable[[int], float]) -> None:
        self._base = scenario.network.base_gwei
        self._passive = scenario.economy.passive_stake_gwei
        self._wealth, self._used = wealth, used
        kinds = scenario.each()
        self._places = {place: None for place in wealth if kinds[place].market.first_layer}
        self._start, self._now = self._whole(), self._total()

    @property
    def share(self) -> float:
        """All stake, of what it would be if nobody bonded on the second layer."""
        stake = self._total()
        return stake / whole if (whole := self._whole()) else 1.0

    @property
    def herfindahl(self) -> float:
        """The sum of squared shares of the stake; what is passive is nobody's."""
        stake = self._total()
        return sum((self.of(place) / stake)**2 for place in self._places) if stake else 0.0

    @property
    def base_gwei(self) -> int:
        """Layer 1's base of a slot, which follows the root of the stake when it was counted."""
        if self._now == self._start:
            return self._base
        return round(self._base * math.sqrt(self._now / self._start))

    def of(self, place: int) -> float:
        """What a prover has there."""
        return (max(0.0, self._wealth[place] - self._used(place)) if place in self._places
                else 0.0)

    def terms(self, place: int) -> FirstLayer | None:
        """What a prover's stake earns while it is set aside; None for one that stakes nothing."""
        return (FirstLayer(self._base, self._start, max(0.0, self._now))
                if place in self._places else None)

    def count(self) -> None:
        """Add up all stake, from which the base follows."""
        self._now = self._total()

    @contextmanager
    def set_aside(self, place: int) -> Iterator[None]:
        """The count without what a prover has; afterwards with what it has then."""
        self._now -= self.of(place)
        yield
        self._now += self.of(place)

    def _whole(self) -> float:
        return self._passive + sum(self._wealth[place] for place in self._places)

    def _total(self) -> float:
        return self._passive + sum(map(self.of, self._places))

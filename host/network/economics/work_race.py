"""A race of work, for comparison: whoever finds a number has the block, and nothing is proven.

All machines search all the time, and the difficulty follows them, so that a slot takes as long as
ever: a block costs what all of them draw in a slot. The one that finds it is drawn by its part of
all trials a second, `machines / seconds` less what fails. Pay is that of the lottery at its first
rho, for every block.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from proofmill.host.network.economics.draws import Luck
from proofmill.host.network.economics.outcomes import SlotOutcome
from proofmill.host.network.economics.population import Classes, Population
from proofmill.host.network.economics.prospects import Prospect
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.mechanism import rewards


class WorkRace(Population):
    """Provers of a scenario that mine by work."""

    mechanism = "work"

    def __init__(self, scenario: Scenario, luck: Luck, classes: Classes | None = None) -> None:
        super().__init__(scenario, luck, classes)
        self._gwei = [0] * len(self.kinds)
        self._speed = np.array([(1 - kind.failure_rate) / kind.seconds for kind in self.kinds])

    minted_gwei = property(lambda self: sum(self._gwei))
    burned_gwei = 0
    rho_last = property(lambda self: self.scenario.parameters.rho_start / 10**9)

    @property
    def pay_gwei(self) -> int:
        """Of a block."""
        parameters = self.scenario.parameters
        return rewards.most(parameters, rewards.budget(self.stakes.base_gwei, parameters.rho_start))

    def step(self, slot: int) -> None:
        """Run one slot."""
        if slot < self.luck.slots and not self.luck.silent[slot]:
            self._block(slot)
        self.review(slot)

    def finish(self, slots: int) -> None:
        """Nothing is left open."""

    def rates(self) -> NDArray[np.float64]:
        """Everybody's trials a second, in proofs."""
        return np.where(self.present, self.machines * self._speed, 0.0)

    def _block(self, slot: int) -> None:
        at_work = np.flatnonzero(self.present)
        if not len(at_work):
            self.outcomes.append(SlotOutcome(slot, 0, None, None, None, 0.0, 0.0))
            return
        ends = np.cumsum(self.rates())
        winner = None
        if ends[-1] > 0:
            winner = int(np.searchsorted(ends, self.luck.find(slot) * ends[-1], side="right"))
            if self.luck.partitions.cut_off(np.array([winner]), slot)[0].any():
                winner = None  # found in the other part
        if winner is not None:
            self._gwei[winner] += self.pay_gwei
            self._wins[winner] += 1
        work, joules = self.count_work(at_work, np.full(len(at_work), self.slot_micros))
        self.outcomes.append(SlotOutcome(
            slot, 3 if winner is not None else 0, None if winner is None else 1,
            None if winner is None else self.slot_micros / 1e6, winner, work, joules,
            0 if winner is None else self.pay_gwei))

    def _earned(self, place: int) -> int:
        return self._gwei[place]

    def _penalties(self, place: int) -> int:
        return 0

    def _bond(self, place: int) -> int:
        return 0

    def _posted(self) -> float:
        return self.pay_gwei

    def _prospect(self, place: int, known: Prospect) -> Prospect:
        rates = self.rates()
        return replace(known, others=float(rates.sum() - rates[place]))

    def _enter(self, place: int, bond: int, slot: int) -> bool:
        return True

    def _leave(self, place: int, slot: int) -> None:
        """It switches its machines off."""

    def _rebond(self, place: int, bond: int) -> None:
        """There are no bonds."""

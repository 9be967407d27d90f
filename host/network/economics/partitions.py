"""A network that is cut in two now and then: who is in the other part, and what votes say of it.

Every `partition_every` slots, for `partition_slots` slots, each prover and each validator is in the
other part with the probability `partition_share`. What is followed is the branch of this part:

* Blocks of the other part's proposers are not on it.
* A prover of the other part begins what it is drawn for here when the parts meet again, and a
  proof that it has by then comes here then.
* Votes of the other part's validators are for another branch. So blocks are told in which slots the
  network was divided, by the rule of `host.network.mechanism.division`, and fines of these slots go
  back.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.mechanism.division import TOLD_SLOTS, Turn, divided_slots

Words = Callable[[int, int, int], NDArray[np.uint64]]
"""So many raw words of a stream, at a place in it."""

LATE_VOTES = 4
"""Slots after which all votes of a slot are in blocks."""
_OF_PARTS, _OF_TURNS = 3, 4


class Partitions:
    """The cuts of a run of `slots` slots. Of a scenario without any, all methods say so at once."""

    def __init__(self, scenario: Scenario, slots: int, words: Words) -> None:
        network = scenario.network
        self._every, self._length = network.partition_every, network.partition_slots
        self._share, self._slots, self._words = network.partition_share, slots, words
        self._provers, self._validators = scenario.count, network.validators
        self._per_epoch = scenario.parameters.slots_per_epoch
        self._parts: dict[int, NDArray[np.bool_]] = {}
        self._turns: dict[int, Turn] = {}
        self._stake = dict.fromkeys(range(self._validators), 1) if self._every else {}

    def __bool__(self) -> bool:
        return self._every > 0

    def period(self, slot: int) -> int | None:
        """Which cut, from 1 on, the slot is in; None between them, and after the run."""
        if not self._every or not self._every <= slot < self._slots:
            return None
        number, place = divmod(slot, self._every)
        return number if place < self._length else None

    def end(self, period: int) -> int:
        """The first slot after a cut."""
        return period * self._every + self._length

    def provers(self, period: int) -> NDArray[np.bool_]:
        """Who of the provers is in the other part, by place."""
        return self._part(period)[:self._provers]

    def cut_proposers(self, proposer: NDArray[np.int64]) -> NDArray[np.bool_]:
        """In which slots the proposer is in the other part."""
        found = np.zeros(len(proposer), dtype=bool)
        for period in range(1, (len(proposer) - 1) // self._every + 1) if self._every else ():
            places = slice(period * self._every, self.end(period))
            found[places] = self._part(period)[self._provers + proposer[places]]
        return found

    def cut_off(self, provers: NDArray[np.int64], slot: int) -> tuple[NDArray[np.bool_], int]:
        """Who of these is in the other part in `slot`, and the slot when the parts meet."""
        period = self.period(slot)
        if period is None:
            return np.zeros(len(provers), dtype=bool), slot
        return self.provers(period)[provers], self.end(period)

    def arrivals(self, slot: int, slot_micros: int, travel: int, provers: NDArray[np.int64],
                 ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """When proofs of a slot, which provers have at `ends`, are with every proposer of this
        part: `travel` later, or than the end of a cut that is between. All in microseconds after
        the slot's start."""
        sent = ends + travel
        if not self._every:
            return sent
        arrival = sent.copy()
        for place, when in enumerate((slot + sent // slot_micros).tolist()):
            period = self.period(when)
            if period is not None and self.provers(period)[provers[place]]:
                arrival[place] = (self.end(period) - slot) * slot_micros + travel
        return arrival

    def divided(self, slot: int, parent: int) -> frozenset[int]:
        """The slots in which the network was divided, as the block of `slot` is told, by the votes
        in blocks up to that of slot `parent`."""
        first = max(0, slot - TOLD_SLOTS)
        # Nothing is missing where no cut is near.
        if all(self.period(one) is None
               for one in (*range(first, parent, max(1, self._length)), parent)):
            return frozenset()
        for one in [old for old in self._turns if old < first]:
            del self._turns[one]
        return divided_slots(
            {one: self._turn(one) for one in range(first, parent - LATE_VOTES + 1)}, self._stake,
            self._per_epoch)

    def _part(self, period: int) -> NDArray[np.bool_]:
        known = self._parts.get(period)
        if known is None:
            words = self._words(_OF_PARTS, period, self._provers + self._validators)
            known = self._parts[period] = (words >> np.uint64(11)) < round(self._share * 2**53)
        return known

    def _turn(self, slot: int) -> Turn:
        known = self._turns.get(slot)
        if known is None:
            epoch, place = divmod(slot, self._per_epoch)
            order = np.argsort(self._words(_OF_TURNS, epoch, self._validators), kind="stable")
            members = order[place::self._per_epoch]
            period = self.period(slot)
            here = members if period is None else members[
                ~self._part(period)[self._provers + members]]
            known = self._turns[slot] = Turn(members.tolist(), frozenset(here.tolist()))
        return known

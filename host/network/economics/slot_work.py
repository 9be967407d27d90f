"""Who works on the proof of one slot: arrays, since in a race everybody does."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from proofmill.host.network.mechanism.records import SlotRecord

Provers = NDArray[np.int64]
"""Identities."""
Micros = NDArray[np.int64]
"""Microseconds after the start of the slot that is proven."""


@dataclass
class Group:
    """Provers that start at one time, `start` microseconds after the slot's start.

    `end`: when each has its proof; `sent`: when every proposer has it; `delay`: of the first slot
    whose proposer has it and may include it; `waiting`: whether it is on its way to a block still.
    """

    provers: Provers
    start: int
    end: Micros
    sent: Micros
    delay: NDArray[np.int64]
    waiting: NDArray[np.bool_]


@dataclass
class SlotWork:
    """The groups that work on the slot of `record`."""

    record: SlotRecord
    groups: list[Group] = field(default_factory=list)
    opened: int = 1
    """Stages that have begun."""

    def start(self, provers: Provers, start: int, luck: tuple[Micros, NDArray[np.bool_]],
              arrivals: Callable[[Provers, Micros], Micros], slot_length: int) -> None:
        """`provers` begin at `start`. `luck`: how long each takes, and whose proofs arrive;
        `arrivals`: from provers and when they have their proofs, when every proposer has them;
        `slot_length`: microseconds of a slot."""
        micros, arrives = luck
        end = start + micros
        sent = arrivals(provers, end)
        # A proof that is early still has to wait for its stage to open.
        delay = np.maximum(-(-sent // slot_length), start // slot_length + 1)
        self.groups.append(Group(provers, start, end, sent, delay, arrives.copy()))

    def busy(self) -> set[int]:
        """Who works on it."""
        return {int(prover) for group in self.groups for prover in group.provers}

    def sent_of(self, prover: int) -> int:
        """When every proposer has the prover's proof. ValueError for one that does not work on it.
        """
        for group in self.groups:
            (places,) = np.nonzero(group.provers == prover)
            if len(places):
                return int(group.sent[places[0]])
        raise ValueError(f"prover {prover} does not work on this slot")

    def seen(self, by: int) -> list[int]:
        """Whose proofs everybody has `by` so many microseconds, and no block."""
        return [int(prover) for group in self.groups
                for prover in group.provers[group.waiting & (group.sent <= by)]]

    def landed(self, delay: int, most: int | None = None) -> list[int]:
        """Whose proofs proposers have `delay` slots after the slot and got from nobody before, in
        the order of their making: `most` of them at most. They count as sent from then on."""
        found: list[tuple[int, int, int, Group]] = []
        for group in self.groups:
            (places,) = np.nonzero(group.waiting & (group.delay <= delay))
            if most is not None and len(places) > most:
                ends = group.end[places]
                places = places[ends <= np.partition(ends, most - 1)[most - 1]]
            found += [(int(group.end[place]), int(group.provers[place]), int(place), group)
                      for place in places]
        found.sort(key=lambda each: each[:2])
        sent = found[:most]
        for _, _, place, group in sent:
            group.waiting[place] = False
        return [prover for _, prover, _, _ in sent]

    def spent(self, stop: int | None) -> list[tuple[Provers, Micros]]:
        """Each group's provers and the microseconds each has worked, when all stop at `stop`."""
        return [(group.provers, np.maximum(
            0, (group.end if stop is None else np.minimum(group.end, stop)) - group.start))
            for group in self.groups]

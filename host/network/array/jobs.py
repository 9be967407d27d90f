"""What an array can be asked to do, and whether all of it can be in time.

Times are cycles of the array's clock, from one origin. A job runs from tile to tile, and another
may take its place at a tile's end; at every such moment the one runs that has to be done first
(earliest deadline first).

A proof that may be asked for is a job that is not released for certain at one time: its asker picks
a moment of a window, and from that moment on it has its span. `overload` therefore is the processor
demand criterion (S. K. Baruah, L. E. Rosier, R. R. Howell, "Algorithms and complexity concerning
the preemptive scheduling of periodic, real-time tasks on one processor", Real-Time Systems 2, 1990)
with a term for the tile that is under way (T. P. Baker, "Stack-based scheduling of real-time
processes", Real-Time Systems 3, 1991): all is in time, whenever proofs are asked for, if for every
interval

    work of all that can fall wholly into it + a tile that began before <= its length

With tiles of one cycle this is exact; with longer ones it is on the safe side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class Kind(StrEnum):
    """What a job is for; what an array earns is told by kind."""

    BLOCK = "block proofs"
    PROOF = "other proofs"
    RESULT = "results"


@dataclass(frozen=True)
class Job:
    """Work of `work` cycles, to be done within `span` cycles of its release.

    `release`: from when it can be worked on, or asked for; `last_release`: until when it can be
    asked for, `release` where it is sure to come. `tile`: cycles after which another job can take
    its place, at most `work`. `pays`: gwei, in time. `liability`: gwei that are lost otherwise.
    """

    name: str
    kind: Kind
    release: int
    work: int
    span: int
    tile: int
    pays: int
    liability: int = 0
    last_release: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.tile <= self.work:
            raise ValueError(f"{self.name}: a tile of {self.tile} cycles, of work of {self.work}: "
                             "a tile is a cycle or more, and no more than the work")
        if self.release < 0 or self.last < self.release or self.span < 1:
            raise ValueError(f"{self.name}: released from {self.release} to {self.last}, with a "
                             f"span of {self.span} cycles: there is no such time")

    @property
    def last(self) -> int:
        """When it is released at the latest."""
        return self.release if self.last_release is None else self.last_release

    @property
    def certain(self) -> bool:
        """Whether it comes for certain, and does not wait to be asked for."""
        return self.last_release is None

    @property
    def deadline(self) -> int:
        """By when it has to be done, if it is released as early as can be."""
        return self.release + self.span


@dataclass(frozen=True)
class Demand:
    """What is left of a job: `work` cycles within `span` of a moment from `first` to `last`."""

    name: str
    first: int
    last: int
    span: int
    work: int
    tile: int


def demand_of(job: Job, left: int, now: int) -> Demand:
    """Of a job with `left` cycles to do, from `now` on."""
    if job.certain and job.release <= now:
        return Demand(job.name, now, now, job.deadline - now, left, min(job.tile, left))
    return Demand(job.name, max(now, job.release), job.last, job.span, left, min(job.tile, left))


@dataclass(frozen=True)
class Overload:
    """An interval with more to do than it is long, by `excess` cycles; `names`: of what."""

    start: int
    end: int
    excess: int
    names: tuple[str, ...]


def overload(demands: Sequence[Demand]) -> Overload | None:
    """An interval that is too short for what can fall into it, or None: all is in time.

    Of intervals with the same demands in them the shortest counts. It begins when one of them is
    released at the latest and ends when one is due, or the one and then the span of one of them.
    """
    if not demands:
        return None
    first, last, span, work, tile = np.array(
        [(each.first, each.last, each.span, each.work, each.tile) for each in demands],
        dtype=np.int64).T
    dues = first + span
    starts = np.concatenate([np.repeat(last, len(dues)), np.repeat(last, len(span)),
                             (dues[:, None] - span[None, :]).ravel()])
    ends = np.concatenate([np.tile(dues, len(last)), (last[:, None] + span[None, :]).ravel(),
                           np.repeat(dues, len(span))])
    start, end = starts[:, None], ends[:, None]
    within = np.maximum(start, first) <= np.minimum(last, end - span)
    holds_up = ~within & (first < start) & (last + span > end)
    needed = (within * work).sum(axis=1) + (holds_up * (tile - 1)).max(axis=1)
    excess = np.where(within.any(axis=1), needed - (ends - starts), 0)
    worst = int(excess.argmax())
    if excess[worst] <= 0:
        return None
    return Overload(int(starts[worst]), int(ends[worst]), int(excess[worst]), tuple(
        each.name for each, counted in zip(demands, within[worst], strict=True) if counted))

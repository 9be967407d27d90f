"""Admission: a job is taken on only if everything the prover owes still meets its deadline.

One device proves one job at a time, without preemption, always the released one with the earliest
deadline (EDF). For jobs i with release r_i, deadline d_i and duration c_i, and a device that is
free from time f on, nothing misses if for every release r and every deadline d after it

    B(r, d) + sum of c_i over r_i >= r, d_i <= d   <=   d - submit - max(r, f)

where B(r, d) is the longest c_j with d_j > d and r_j < r, a job that could be under way at r and is
not interrupted; 0 for r <= f. (The processor demand criterion of Baruah, Rosier and Howell 1990,
with the blocking term of Jeffay, Stanat and Martel 1991.) If all jobs are released, the condition
is necessary as well. It stays true when a job takes less time than it was planned with: durations
are calibrated upper bounds, not means. All times are whole milliseconds.

Several devices share the work: the released job with the earliest deadline goes to the one that is
free first. All being released, the plan is made of that: job after job by deadlines, each from the
earliest time at which a device is free, for its bound on the slowest of them. It holds whatever the
jobs take in the end: if each of the times at which devices become free is no later than planned,
so is the earliest of them, at which the next job begins, and what it leaves (a bound for all
devices alike is what makes it so; with a bound for each, a job that ends early can move another to
a slower device).

Work that goes before all of these (`node.blobs`) is planned by shortening deadlines (`beside`).
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from proofmill.host.prover.devices.usual import usual_longest

WINDOW = 256
"""Measurements that a calibration remembers."""


@dataclass(frozen=True)
class Liability:
    """A job that is owed, or would be. `duration_ms`: the bound it is planned with."""

    name: str
    release_ms: int
    deadline_ms: int
    duration_ms: int

    def __post_init__(self) -> None:
        if self.duration_ms <= 0:
            raise ValueError(f"{self.name}: a duration is above 0, not {self.duration_ms} ms")


@dataclass(frozen=True)
class Refusal:
    """Why a job is not admitted: `victim` would miss its deadline by `late_ms` at worst."""

    job: Liability
    victim: Liability
    late_ms: int

    def __str__(self) -> str:
        who = "it" if self.victim == self.job else self.victim.name
        return f"{self.job.name} is refused: {who} could be {self.late_ms} ms late"


def beside(job: Liability, others: Iterable[Liability]) -> Liability:
    """A job as it is planned where `others` go before it whenever they are released, and the job
    goes on after them: due earlier, by all that is released before it is due."""
    taken = sum(each.duration_ms for each in others if each.release_ms < job.deadline_ms)
    return replace(job, deadline_ms=job.deadline_ms - taken)


def first_miss(
    liabilities: Sequence[Liability], free_at_ms: int, submit_ms: int
) -> tuple[Liability, int] | None:
    """The liability that may miss its deadline by most, and by how much; None if none may.

    `free_at_ms`: when the device is free, now or at the end of what it is doing. `submit_ms`: from
    the finished proof to its arrival.
    """
    worst: tuple[Liability, int] | None = None
    ordered = sorted(liabilities, key=lambda each: each.deadline_ms)
    for release in sorted({max(each.release_ms, free_at_ms) for each in liabilities}):
        demand = 0
        for index, each in enumerate(ordered):
            if max(each.release_ms, free_at_ms) < release:
                continue
            demand += each.duration_ms
            blocking = 0
            if release > free_at_ms:
                blocking = max((other.duration_ms for other in ordered[index + 1 :]
                                if other.deadline_ms > each.deadline_ms
                                and max(other.release_ms, free_at_ms) < release), default=0)
            late = release + blocking + demand + submit_ms - each.deadline_ms
            if late > 0 and (worst is None or late > worst[1]):
                worst = each, late
    return worst


def admit(
    new: Liability, owed: Iterable[Liability], free_at_ms: Sequence[int], submit_ms: int
) -> Refusal | None:
    """None if `new` may be taken on beside what is `owed`, else who would suffer. `free_at_ms`:
    when each device is free.

    Where something owed is late already, nothing is admitted: what is left of it comes first.
    """
    miss = first_miss_on([*owed, new], free_at_ms, submit_ms)
    return None if miss is None else Refusal(new, *miss)


def first_miss_on(
    liabilities: Sequence[Liability], free_at_ms: Sequence[int], submit_ms: int
) -> tuple[Liability, int] | None:
    """As `first_miss`, on devices that are free from `free_at_ms` on, one or more; durations are
    those on the slowest, and all liabilities are released by the earliest of these times."""
    if len(free_at_ms) == 1:
        return first_miss(liabilities, free_at_ms[0], submit_ms)
    worst: tuple[Liability, int] | None = None
    free = sorted(free_at_ms)
    for each in sorted(liabilities, key=lambda each: each.deadline_ms):
        assert each.release_ms <= free[0], f"{each.name} is not released yet"
        end = free[0] + each.duration_ms
        free = sorted([end, *free[1:]])
        late = end + submit_ms - each.deadline_ms
        if late > 0 and (worst is None or late > worst[1]):
            worst = each, late
    return worst


def next_job(liabilities: Iterable[Liability], now_ms: int) -> Liability | None:
    """The released job with the earliest deadline: what the device does next."""
    released = [each for each in liabilities if each.release_ms <= now_ms]
    return min(released, key=lambda each: (each.deadline_ms, each.name), default=None)


class Calibration:
    """How long a kind of job takes on a device: measured, and seldom planned too short.

    The bound is the largest of the last 256 measurements that are no outliers (with fewer than 257
    there is no better estimate of the 99th percentile that errs on the safe side), plus a margin.
    Outliers are above three times the median of the last nine: a device that was held up once is
    not kept from work that it can do, and one that has become slow is seen after five.
    """

    def __init__(self, first_ms: int, margin_percent: int = 10) -> None:
        """`first_ms`: the first measurement."""
        self._measured: deque[int] = deque([first_ms], maxlen=WINDOW)
        self._margin_percent = margin_percent

    def record(self, duration_ms: int) -> None:
        """Take in a measurement."""
        self._measured.append(duration_ms)

    @property
    def bound_ms(self) -> int:
        """What to plan with; at least 1."""
        longest = int(usual_longest(list(self._measured)))
        return max(1, longest + -(-longest * self._margin_percent // 100))

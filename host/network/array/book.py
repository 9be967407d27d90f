"""The scheduler of one array: which jobs it takes, which one runs, and what was given up and why.

Jobs that are taken are promises. So an offer is taken only if nothing that was taken before is late
by it, whenever proofs are asked for (`host.network.array.jobs`), and if the operator's capital
covers what it could cost. Of several offers the one that pays the most gwei a second of the array
is looked at first.

A block proof is due as soon as it can be made, a tile's length aside (`block_duty`): so it
goes before everything else, at the end of the tile that is under way, and offers are taken around
it.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from proofmill.host.network.array.jobs import Demand, Job, Kind, demand_of, overload

LONGEST_TILES_A_SECOND = 1_000
"""A tile lasts a thousandth of a second at most, so that a block proof waits no longer."""


def longest_tile(clock_hz: int) -> int:
    """Cycles of the longest tile there may be on an array of this clock."""
    return max(1, clock_hz // LONGEST_TILES_A_SECOND)


@dataclass(frozen=True)
class Offer:
    """What can be had together: a job, and the proof that can be asked for afterwards."""

    job: Job
    proof: Job | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All that is taken on with it."""
        return (self.job,) if self.proof is None else (self.job, self.proof)


class Cause(StrEnum):
    """Why an offer is given up, in short."""

    TAKEN = "taken already"
    TILE = "tiles too long"
    COST = "pays too little"
    CAPITAL = "too little capital"
    ALONE = "never in time"
    LATE = "something would be late"
    UNFIT = "cannot be done here"
    RIVAL = "somebody else was first"
    FAILED = "could not be computed"


@dataclass(frozen=True)
class Decision:
    """What became of an offer. `gwei_per_second`: of the array's time; `cause`: why it was given
    up, None where it was not, and `reason` in a sentence."""

    job: Job
    gwei_per_second: float
    cause: Cause | None = None
    reason: str = ""

    @property
    def taken(self) -> bool:
        """Whether it was taken."""
        return self.cause is None


@dataclass
class Earned:
    """Of one kind: jobs done in time, jobs that were late, cycles, gwei, and how often another job
    took the place of one."""

    done: int = 0
    late: int = 0
    cycles: int = 0
    gwei: int = 0
    preempted: int = 0


@dataclass
class _Taken:
    job: Job
    left: int
    begun: bool = False


@dataclass
class Book:
    """All that an array has taken on.

    `clock_hz`: of the array. `capital`: gwei that can be put down for liabilities. `cost`: gwei
    that a second of the array costs to run. `most_tile`: cycles of the longest tile there may be,
    where the array's own clock says that, and `clock_hz` counts what else takes time, too.
    """

    clock_hz: int
    capital: int
    cost: float = 0.0
    most_tile: int | None = None
    earned: dict[Kind, Earned] = field(default_factory=lambda: {kind: Earned() for kind in Kind})
    decisions: MutableMapping[str, Decision] = field(default_factory=dict)
    """The newest of each job, by name."""
    _taken: dict[str, _Taken] = field(default_factory=dict)
    _running: str | None = None

    @property
    def longest_tile(self) -> int:
        """Cycles of the longest tile there may be."""
        return longest_tile(self.clock_hz) if self.most_tile is None else self.most_tile

    @property
    def jobs(self) -> list[Job]:
        """What is taken on and not done."""
        return [each.job for each in self._taken.values()]

    @property
    def put_down(self) -> int:
        """Gwei of the liabilities of what is taken on."""
        return sum(job.liability for job in self.jobs)

    def rate(self, job: Job) -> float:
        """Gwei a second of the array that a job brings, over what the array costs."""
        return job.pays * self.clock_hz / job.work - self.cost

    def duty(self, job: Job) -> None:
        """Take on what is not chosen: a block proof that the operator was drawn for, or may be."""
        if job.name in self._taken:
            raise ValueError(f"{job.name} is taken on already")
        self._taken[job.name] = _Taken(job, job.work)

    def drop(self, name: str) -> None:
        """Have done with a job that does not come: somebody else was drawn, nobody asked."""
        self._taken.pop(name, None)

    def offer(self, offers: Sequence[Offer], now: int) -> list[Decision]:
        """Take what is worth it and can be in time, the best paid first; what became of each.

        `now`: the end of the tile that is under way.
        """
        ranked = sorted(offers, key=lambda offer: (-self.rate(offer.job), offer.job.deadline,
                                                   offer.job.name))
        found = []
        for offer in ranked:
            decision = Decision(offer.job, self.rate(offer.job), *self._refusal(offer, now))
            if decision.taken:
                for job in offer.jobs:
                    self.duty(job)
            self.note(decision)
            found.append(decision)
        return found

    def note(self, decision: Decision) -> None:
        """Put down what became of an offer."""
        self.decisions.pop(decision.job.name, None)    # the newest stands last
        self.decisions[decision.job.name] = decision

    def next(self, now: int) -> Job | None:
        """What runs for a tile from `now` on: of what is released, what is due first."""
        ready = [each.job for each in self._taken.values()
                 if each.job.certain and each.job.release <= now]
        if not ready:
            return None
        chosen = min(ready, key=lambda job: (job.deadline, job.kind is not Kind.BLOCK, job.name))
        before = self._taken.get(self._running or "")
        if before is not None and before.job is not chosen and before.begun:
            self.earned[before.job.kind].preempted += 1
        self._running = chosen.name
        return chosen

    def make_way(self) -> None:
        """Something that is not in the book has the array for a while: all that is begun waits."""
        for each in self._taken.values():
            self.earned[each.job.kind].preempted += each.begun

    def elsewhere(self, kind: Kind, cycles: int, late: bool) -> None:
        """Something of `kind` that is not in the book has had the array for `cycles`."""
        earned = self.earned[kind]
        earned.cycles += cycles
        earned.late += late
        earned.done += not late

    def next_release(self, now: int) -> int | None:
        """When the next job after `now` comes for certain, where one does."""
        return min((job.release for job in self.jobs if job.certain and job.release > now),
                   default=None)

    def ran(self, job: Job, cycles: int, now: int) -> bool:
        """A tile of `job` ended at `now` after `cycles`; whether the job is done by it."""
        taken = self._taken[job.name]
        taken.begun = True
        taken.left -= cycles
        earned = self.earned[job.kind]
        earned.cycles += cycles
        if taken.left > 0:
            return False
        del self._taken[job.name]
        self._running = None
        if now <= job.deadline:
            earned.done += 1
            earned.gwei += job.pays
        else:
            earned.late += 1
            earned.gwei -= job.liability
        return True

    def left(self, name: str) -> int:
        """Cycles that a job still needs."""
        return self._taken[name].left

    def spared(self, name: str, cycles: int) -> None:
        """A job takes so many cycles less than it was planned with, more where negative; where it
        was done by the plan already, that is as it was."""
        taken = self._taken.get(name)
        if taken is not None:
            taken.left = max(1, taken.left - cycles)

    def given(self, name: str, now: int, last: int) -> None:
        """The result of a proof is given: it can be asked for from `now` to `last`."""
        taken = self._taken[name]
        taken.job = replace(taken.job, release=now, last_release=last)

    def ask(self, name: str, now: int) -> Job:
        """The proof of this name is asked for; it is due within its span. ValueError where it
        cannot be asked for now."""
        taken = self._taken.get(name)
        if taken is None or taken.job.certain or not taken.job.release <= now <= taken.job.last:
            raise ValueError(f"{name} is no proof that can be asked for at {now}")
        taken.job = replace(taken.job, release=now, last_release=None)
        return taken.job

    def forget(self, now: int) -> list[Job]:
        """Drop the proofs that nobody can ask for any more; them."""
        over = [job for job in self.jobs if not job.certain and job.last < now]
        for job in over:
            self.drop(job.name)
        return over

    def _demands(self, now: int) -> list[Demand]:
        return [demand_of(each.job, each.left, now) for each in self._taken.values()
                if each.job.certain or each.job.last >= now]

    def _refusal(self, offer: Offer, now: int) -> tuple[Cause | None, str]:
        """Why an offer is given up, or None."""
        for job in offer.jobs:
            if job.name in self._taken:
                return Cause.TAKEN, "it is taken already"
            if job.tile > self.longest_tile:
                return Cause.TILE, (
                    f"its tiles last {1_000 * job.tile / self.clock_hz:.1f} ms, and a block proof "
                    f"waits for {1_000 / LONGEST_TILES_A_SECOND:.0f} ms at most")
        if self.rate(offer.job) <= 0:
            return Cause.COST, "it pays less than the array's time costs"
        needed, free = sum(job.liability for job in offer.jobs), self.capital - self.put_down
        if needed > free:
            return Cause.CAPITAL, f"it puts down {needed:,} gwei, and {free:,} are free"
        mine = [demand_of(job, job.work, now) for job in offer.jobs]
        if any(each.span < each.work for each in mine) or overload(mine) is not None:
            return Cause.ALONE, "it could not be in time on an array that does nothing else"
        found = overload([*self._demands(now), *mine])
        if found is None:
            return None, ""
        own = {job.name for job in offer.jobs}
        others = [name for name in found.names if name not in own]
        late = f"{found.excess / self.clock_hz:.3g} s too much"
        if not others:
            return Cause.LATE, f"it would be late, behind what is under way: {late}"
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        return Cause.LATE, f"with {others[0]}{more} there would be {late}"


def block_duty(name: str, clock_hz: int, release: int, work: int, pays: int, liability: int,
               last_release: int | None = None) -> Job:
    """A block proof that is due as soon as it can be made: a tile of what may be under way, and
    `work` cycles."""
    wait = longest_tile(clock_hz)
    return Job(name, Kind.BLOCK, release, work, work + wait, min(work, wait), pays, liability,
               last_release)

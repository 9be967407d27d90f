"""A day of an operator with one array: what it sells to whom, and what it cannot keep.

The demand is drawn from a seed: slots for which the operator is drawn as primary, proofs that
others order, and results of models, which people want by day more than by night. Prices and sizes
are lognormal. How much of each there is are assumptions, all of which stand in `Demand`; the rules
are those of `host.network.array.book`, and the array is played cycle by cycle.
"""

import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from proofmill.host.ground.units import BPS
from proofmill.host.network.array.book import Book, Cause, Offer, block_duty, longest_tile
from proofmill.host.network.array.jobs import Job, Kind
from proofmill.host.network.economics.attacks.arena import BASE_GWEI
from proofmill.host.network.mechanism import market, results, rewards
from proofmill.host.network.mechanism.parameters import Parameters

CLOCK_HZ = 1_000_000
TILE = longest_tile(CLOCK_HZ)
HOUR = 3_600 * CLOCK_HZ


@dataclass(frozen=True)
class Size:
    """Of one kind of order: how many an hour, median seconds of the array, median gwei a second,
    spread (of both logarithms), and least and most seconds until it is due."""

    hourly: float
    seconds: float
    gwei_per_second: float
    spread: float
    due: tuple[float, float]


@dataclass(frozen=True)
class Demand:
    """What there is to be had in a day. Seconds and gwei.

    `share`: of slots for which the operator is drawn; `known_slots`: so long before. `asked`: of
    results without a proof, how many are asked for it; `proven`: of results, how many come with
    one. `swing`: of results, by how much the middle of the day is above the mean.
    """

    slot_seconds: float = 12.0
    share: float = 0.1
    known_slots: int = 32
    block_seconds: float = 3.0
    proofs: Size = Size(30, 20, 10_000, 0.5, (120, 600))
    results: Size = Size(240, 6, 8_000, 0.5, (30, 300))
    swing: float = 0.8
    proven: float = 0.2
    proof_seconds: float = 4.0
    proof_gwei_per_second: float = 10_000
    window_seconds: float = 36.0
    proof_due_seconds: float = 120.0
    asked: float = 1 / 8
    capital: int = 100_000_000
    cost: float = 2_800.0
    """Of a second: 200 W at 0.05 ETH a kWh."""


@dataclass(order=True)
class Event:
    """Something that happens at a time; `number` orders what happens at once."""

    at: int
    number: int
    act: Callable[[int], None] = field(compare=False)


@dataclass
class Day:
    """What an operator made of a day. `hourly`: seconds of the array sold in each hour, by kind.

    `offered`, `taken`: how many orders, by kind. `given_up`: by cause, how many orders.
    """

    name: str
    hours: int
    book: Book
    hourly: list[dict[Kind, float]]
    offered: Counter[Kind] = field(default_factory=Counter)
    taken: Counter[Kind] = field(default_factory=Counter)
    given_up: Counter[Cause] = field(default_factory=Counter)

    def share(self, kind: Kind) -> float:
        """Of the array's time, what was sold to one kind."""
        return self.book.earned[kind].cycles / (self.hours * HOUR)

    @property
    def late(self) -> int:
        """Jobs that were late."""
        return sum(earned.late for earned in self.book.earned.values())

    @property
    def gwei(self) -> int:
        """Of all kinds, before what the array costs."""
        return sum(earned.gwei for earned in self.book.earned.values())

    @property
    def profit(self) -> float:
        """Gwei, after what the array's time costs."""
        sold = sum(earned.cycles for earned in self.book.earned.values())
        return self.gwei - self.book.cost * sold / CLOCK_HZ


class Queue(Book):
    """An operator without the scheduler: it takes what its queue leaves time for, and does one job
    after the other. Block proofs, and proofs that are asked for, stand in the queue like all."""

    def next(self, now: int) -> Job | None:
        """The oldest that is not done, from its begin to its end."""
        ready = (job for job in self.jobs if job.certain and job.release <= now)
        return min(ready, key=lambda job: job.release, default=None)

    def _refusal(self, offer: Offer, now: int) -> tuple[Cause | None, str]:
        ahead = sum(self.left(job.name) for job in self.jobs if job.certain)
        if self.rate(offer.job) <= 0:
            return Cause.COST, ""
        if now + ahead + offer.job.work > offer.job.deadline:
            return Cause.LATE, ""
        return None, ""


OPERATORS: dict[str, tuple[type[Book], tuple[Kind, ...]]] = {
    "AI alone": (Book, (Kind.RESULT,)),
    "ZK alone": (Book, (Kind.BLOCK, Kind.PROOF)),
    "shared": (Book, tuple(Kind)),
    "shared, a queue": (Queue, tuple(Kind)),
}
"""Who is compared: what they sell, and by which rule."""


@dataclass(frozen=True)
class Order:
    """An offer, when it comes; `asked`: part of the window after which the proof is asked for, or
    None: never."""

    at: int
    offer: Offer
    asked: float | None = None


def duties(demand: Demand, hours: int, seed: int) -> list[Job]:
    """The slots for which the operator is drawn; a miss costs as the protocol says."""
    luck, parameters = random.Random(f"{seed}/slots"), Parameters()
    pays = rewards.most(parameters, rewards.budget(BASE_GWEI, parameters.rho_min))
    slot = int(demand.slot_seconds * CLOCK_HZ)
    return [block_duty(f"block {number}", CLOCK_HZ, number * slot,
                       int(demand.block_seconds * CLOCK_HZ), pays,
                       parameters.penalty_multiple * pays)
            for number in range(1, hours * HOUR // slot) if luck.random() < demand.share]


def orders(demand: Demand, hours: int, seed: int) -> list[Order]:
    """All that others order in `hours` hours, by time."""
    return sorted([*_proofs(demand, hours, seed), *_results(demand, hours, seed)],
                  key=lambda order: order.at)


def _arrivals(size: Size, swing: float, hours: int, luck: random.Random) -> Iterator[int]:
    """A Poisson process, of `hourly` on average over a day, with its peak at noon."""
    peak, now = size.hourly * (1 + swing), 0.0
    while True:
        now += luck.expovariate(peak)
        if now >= hours:
            return
        rate = size.hourly * (1 - swing * math.cos(now * math.tau / 24))
        if luck.random() * peak < rate:
            yield int(now * HOUR)


def _drawn(size: Size, luck: random.Random) -> tuple[int, float, int]:
    """Cycles of work, gwei, and cycles until it is due."""
    seconds = size.seconds * math.exp(luck.gauss(0, size.spread))
    rate = size.gwei_per_second * math.exp(luck.gauss(0, size.spread))
    return int(seconds * CLOCK_HZ) + 1, seconds * rate, int(luck.uniform(*size.due) * CLOCK_HZ)


def _proofs(demand: Demand, hours: int, seed: int) -> Iterator[Order]:
    luck, parameters = random.Random(f"{seed}/proofs"), Parameters()
    for number, at in enumerate(_arrivals(demand.proofs, 0, hours, luck)):
        work, price, due = _drawn(demand.proofs, luck)
        pays = market.fee(parameters, int(price)).prover
        yield Order(at, Offer(Job(f"proof {number}", Kind.PROOF, at, work, due, min(TILE, work),
                                  pays, market.collateral(parameters, int(price)))))


def _results(demand: Demand, hours: int, seed: int) -> Iterator[Order]:
    luck, parameters = random.Random(f"{seed}/results"), Parameters()
    multiple = results.least_multiple(parameters, round(BPS * demand.asked))
    proving = int(demand.proof_seconds * CLOCK_HZ)
    fee = int(demand.proof_seconds * demand.proof_gwei_per_second)
    for number, at in enumerate(_arrivals(demand.results, demand.swing, hours, luck)):
        work, price, due = _drawn(demand.results, luck)
        name, proven, asked = f"result {number}", luck.random() < demand.proven, luck.random()
        moment = luck.random()
        if proven:
            work, price, multiple_here = work + proving, price + fee, parameters.penalty_multiple
        else:
            multiple_here = multiple
        locked = results.collateral(parameters, int(price), multiple_here, 0)
        job = Job(name, Kind.RESULT, at, work, due, min(TILE, work),
                  results.kept(parameters, int(price), 0).seller, locked)
        if proven:
            yield Order(at, Offer(job))
            continue
        proof = Job(f"{name}'s proof", Kind.RESULT, at, proving,
                    int(demand.proof_due_seconds * CLOCK_HZ), TILE,
                    results.kept(parameters, fee, 0).seller, locked,
                    last_release=job.deadline + int(demand.window_seconds * CLOCK_HZ))
        yield Order(at, Offer(job, proof), moment if asked < demand.asked else None)


class _Play:
    """One operator's day."""

    def __init__(self, name: str, demand: Demand, hours: int) -> None:
        rule, self.kinds = OPERATORS[name]
        self.demand, self.end = demand, hours * HOUR
        self.book = rule(CLOCK_HZ, demand.capital, demand.cost)
        self.day = Day(name, hours, self.book,
                       [dict.fromkeys(Kind, 0.0) for _ in range(hours)])
        self._events: list[Event] = []
        self._numbers = itertools.count()
        self._provable: dict[str, Order] = {}
        """Whose proof may be asked for, by the name of the result."""

    def play(self, blocks: Sequence[Job], ordered: Sequence[Order]) -> Day:
        """From the first cycle until all that was taken is done."""
        ahead = int(self.demand.known_slots * self.demand.slot_seconds * CLOCK_HZ)
        for block in blocks:
            if Kind.BLOCK in self.kinds:
                self._at(max(0, block.release - ahead), partial(self._duty, block))
        for order in ordered:
            if order.offer.job.kind in self.kinds:
                self._at(order.at, partial(self._order, order))
        now = 0
        while True:
            while self._events and self._events[0].at <= now:
                heapq.heappop(self._events).act(now)
            self.book.forget(now)
            coming = [self._events[0].at] if self._events else []
            release = self.book.next_release(now)
            until = min(coming if release is None else [*coming, release], default=None)
            job = self.book.next(now)
            if job is not None:
                now = self._run(job, now, until)
            elif until is None:
                return self.day
            else:
                now = until

    def _at(self, moment: int, act: Callable[[int], None]) -> None:
        heapq.heappush(self._events, Event(moment, next(self._numbers), act))

    def _duty(self, block: Job, now: int) -> None:
        self.day.offered[block.kind] += 1
        self.day.taken[block.kind] += 1
        self.book.duty(block)

    def _order(self, order: Order, now: int) -> None:
        job = order.offer.job
        self.day.offered[job.kind] += 1
        decision, = self.book.offer([order.offer], now)
        if decision.cause is not None:
            self.day.given_up[decision.cause] += 1
            return
        self.day.taken[job.kind] += 1
        if order.offer.proof is not None:
            self._provable[job.name] = order

    def _run(self, job: Job, now: int, until: int | None) -> int:
        """Whole tiles, up to `until` or the job's end."""
        left = self.book.left(job.name)
        if until is not None:
            left = min(left, -(-(until - now) // job.tile) * job.tile)
        self._sold(job.kind, now, now + left)
        now += left
        if self.book.ran(job, left, now) and (order := self._provable.pop(job.name, None)):
            assert order.offer.proof is not None
            window, proof = int(self.demand.window_seconds * CLOCK_HZ), order.offer.proof.name
            self.book.given(proof, now, now + window)
            if order.asked is not None:
                # The buyer's moment falls into a tile; the array hears of it at the tile's end.
                self._at(now + int(order.asked * (window - TILE)), partial(self._ask, proof))
        return now

    def _ask(self, proof: str, now: int) -> None:
        self.book.ask(proof, now)

    def _sold(self, kind: Kind, start: int, end: int) -> None:
        """To the hours in which it was; what is done after the last one is counted there."""
        while start < end:
            hour = min(start, self.end - 1) // HOUR
            stop = end if hour + 1 == self.day.hours else min(end, (hour + 1) * HOUR)
            self.day.hourly[hour][kind] += (stop - start) / CLOCK_HZ
            start = stop


def operate_all(demand: Demand, hours: int, seed: int,
                step: Callable[[str, int, int], None] = lambda what, done, of: None) -> list[Day]:
    """The same day of every operator; half a minute for 24 hours."""
    days = []
    for number, name in enumerate(OPERATORS):
        step(name, number, len(OPERATORS))
        days.append(operate(name, demand, hours, seed))
    return days


def operate(name: str, demand: Demand, hours: int = 24, seed: int = 0) -> Day:
    """The day of one of `OPERATORS`, on the demand of this seed; some seconds."""
    return _Play(name, demand, hours).play(duties(demand, hours, seed),
                                           orders(demand, hours, seed))

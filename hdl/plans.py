"""Which windows, and which stored copies of points, take the fewest cycles.

The cycles of a multi-scalar multiplication depend on its scalars' digits. What is known of them,
or assumed, is how long the scalars are: `Reach`. Within its length a scalar counts as random.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from math import exp, log

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.batch_shape import SLOTS
from proofmill.hdl.curve import FILE_WORDS
from proofmill.hdl.windows import MAX_WINDOW, WindowPlan, copies_of, halves, stride_for

Reach = tuple[float, ...]
"""For every bit of a scalar, from the lowest on, how many scalars are longer than what lies below
it: the first is how many are not zero."""


def uniform(order: int, points: int) -> Reach:
    """The reach, on average, of `points` random scalars below `order`."""
    return tuple(points * (1 - (1 << bit) / order) for bit in range(order.bit_length()))


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the cycles of a multi-scalar multiplication depend on, besides plan and scalars.

    Parameters
    ----------
    order : of the group; scalars are below it.
    degree : coordinates of its points are so many numbers.
    units, mailbox_bits : mailbox units, and 2 ** mailbox_bits G1 points in each.
    interval : cycles from one addition to the next.
    memory_cycles : that memory and loader take for eight words.
    scalar_cycles : that the link takes for a scalar; 0 where it never waits.
    batch : most pairs of a batch, where sums are made in such; 0: they are not.
    slot : cycles from one product to the next, of the multiplier that makes them.
    words : of a number of a point.
    batch_own : slots of a batch besides those of its additions; None: those of `BATCH_OWN`.
    """

    order: int
    degree: int
    units: int
    mailbox_bits: int
    interval: int
    memory_cycles: float = 8
    scalar_cycles: float = 0.0
    batch: int = 0
    slot: int = 1
    words: int = FILE_WORDS
    batch_own: int | None = None

    @property
    def batch_interval(self) -> float:
        """Cycles from one addition in a batch to the next: its products, and a share of the
        batch's own; see `hdl.batch_shape`."""
        own = BATCH_OWN[self.degree] if self.batch_own is None else self.batch_own
        return self.slot * (SLOTS[self.degree] + own / self.batch)

    @property
    def scalar_bits(self) -> int:
        """Bits of a scalar."""
        return self.order.bit_length()

    @property
    def mailboxes(self) -> int:
        """Mailboxes of a unit for points of this group."""
        return (1 << self.mailbox_bits) // self.degree

    @property
    def slots(self) -> int:
        """Service slots in a unit's frame, see `hdl.mailboxes`."""
        return self.interval * self.units // (3 * self.degree)

    @property
    def point_words(self) -> int:
        """Words of a point in memory."""
        return 2 * self.words * self.degree

    @property
    def point_cycles(self) -> float:
        """Cycles that a point takes to be loaded."""
        return self.point_words * self.memory_cycles / 8


@dataclass(frozen=True)
class Workload:
    """What a multi-scalar multiplication is expected to take.

    `loads` are points and copies that come from memory, `digits` are not zero, `buckets` full when
    the points are in, `additions` those of all levels, `levels` those of each after the first.
    Filling the buckets takes ``digits - buckets`` of these.
    """

    loads: float
    digits: float
    buckets: float
    additions: float
    levels: tuple[float, ...] = ()


@lru_cache(64)  # the same of a plan however many of its levels are summed in batches
def expected_work(plan: WindowPlan, reach: Reach) -> Workload:
    """The mean over scalars of these lengths, otherwise random, of points that are all finite.

    A bucket is empty with the product of the chances that no digit is its number; its two halves
    are operands of the next level. An operand that finds its mailbox full is an addition. Buckets
    count as independent, which is too much for fewer than about ten points.
    """
    if plan.base:
        found = [(1, _filled_to_base(plan, reach))]
    else:
        found = [(count, _filled(window)) for window, count in _alike(plan, reach).items()]
    digits = buckets = additions = 0.0
    levels = np.zeros(len(halves(plan.window)))
    for count, (operands, empty) in found:
        full = float((1 - np.exp(empty)).sum())
        digits += count * operands
        buckets += count * full
        summed = _summed(empty, plan.window)
        additions += count * (operands - full + summed.sum())
        levels += count * summed
    return Workload(_loads(plan, reach), digits, buckets, additions, tuple(levels))


def _loads(plan: WindowPlan, reach: Reach) -> float:
    """Points and copies that come from memory."""
    return sum(_at(reach, plan.reached(copy)) for copy in range(plan.copies))


def _alike(plan: WindowPlan, reach: Reach) -> Counter[tuple[tuple[float, ...], ...]]:
    """For every window the bits of it and what is in it, copy by copy; how many windows so."""
    places = [[plan.position(copy * plan.windows + window) for copy in range(plan.copies)
               if copy * plan.windows + window < plan.digits] for window in range(plan.windows)]
    return Counter(tuple((plan.width(window), *_in_window(reach, place, plan.width(window)))
                         for place in own) for window, own in enumerate(places))


def _filled_to_base(plan: WindowPlan, reach: Reach) -> tuple[float, NDArray[np.float64]]:
    """As `_filled` of digits to a base, which count as random in every scalar that reaches them."""
    empty, operands = np.zeros((1 << plan.window - 1) + 1), _loads(plan, reach)
    empty[1:plan.base // 2 + 1] = operands * _log_of_none(2 / plan.base)
    return operands * (1 - 1 / plan.base), empty


def _at(reach: Reach, bit: int) -> float:
    return reach[bit] if bit < len(reach) else 0.0


def _in_window(reach: Reach, place: int, width: int) -> tuple[float, ...]:
    """How many scalars go on above the window at bit `place`, and how many end at each bit of it,
    from the lowest on."""
    at = [_at(reach, bit) for bit in range(place, place + width + 1)]
    return at[-1], *(one - other for one, other in zip(at, at[1:], strict=False))


def _filled(window: tuple[tuple[float, ...], ...]) -> tuple[float, NDArray[np.float64]]:
    """(operands, logarithm of the chance that a bucket is empty, by its number) of one window."""
    width = int(window[0][0])
    half = 1 << width - 1
    empty, operands = np.zeros(half + 1), 0.0
    for _, above, *ends in window:
        # A digit of half the base is negative, the others are of either sign.
        empty[1:half] += above * _log_of_none(2 / (2 * half))
        empty[half] += above * _log_of_none(1 / (2 * half))
        operands += above * (1 - 1 / (2 * half)) + sum(ends) + ends[-1]
        for bit, count in enumerate(ends):
            if bit == width - 1:  # it is negative, and a carry makes the digit above 1
                empty[1:half + 1] += count * _log_of_none(1 / half)
                empty[1] += count * _log_of_none(1)
            else:
                empty[1 << bit:2 << bit] += count * _log_of_none(1 / (1 << bit))
    return operands, empty


def _log_of_none(chance: float) -> float:
    """Of the chance that one digit is another number than this."""
    return float(np.log1p(-chance)) if chance < 1 else -50.0


def _summed(empty: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Additions of each level after the first, from the buckets' chances to be empty."""
    groups, additions = [empty], np.zeros(len(halves(window)))
    for level, half in enumerate(halves(window)):
        following = []
        for group in groups:
            numbers, full = np.arange(len(group)), 1 - np.exp(group)
            for part in (numbers & ((1 << half) - 1), numbers >> half):
                merged = np.bincount(part, group)
                merged[0] = 0.0
                additions[level] += full[part > 0].sum() - (1 - np.exp(merged)).sum()
                following.append(merged)
        groups = following
    return additions


OVERHEAD = {12: (26.0, 3.5, 0.10), 4: (62.0, 3.5, 0.16)}
"""Frames in which no addition begins: for each unit, pass and level but two; for each window and
level but two; for each full bucket.

By the least number of service slots in a unit's frame that they hold for; fitted to 73 runs of the
control-only simulation at intervals 1, 2, 3, 4, 6, 12, 36 and 180, with windows of 4 to 10 bits,
128 to 4,096 points, in 1 to 32 passes.
"""


BATCH_OWN = {1: 24, 2: 9}
"""Slots that a batch takes besides those of its additions, by the degree of the field."""

BATCH_ROUNDS = (5_000, 10_000)
"""Slots of a level's last rounds, each of which takes an inversion and has half as many pairs: of
one set of buckets, which are streamed back in steps, and of several."""


@lru_cache(64)  # every sum has a reach of its own, so what is kept is what was asked last
def expected_cycles(machine: Machine, plan: WindowPlan, reach: Reach) -> float:
    """Cycles over scalars of this reach, bucket sums included:

        interval * (additions * slack + idle * units * passes * levels + ...), see `OVERHEAD`

    where filling takes as long as additions, loading points or sending scalars, whichever takes
    longest, and at first, while most buckets are empty, as long as loading. The slack is that of
    units with fewer windows than others, for which these wait. Within 3 % of the control-only
    simulation, which is exact, from 128 points on.

    Of levels whose sums are made in batches an addition takes `Machine.batch_interval`, a bucket
    streamed back half of the interval at the least, and each such level `BATCH_ROUNDS`.
    """
    work = expected_work(replace(plan, batched=0), reach)
    unit, window, bucket = next(
        (OVERHEAD[least] for least in sorted(OVERHEAD, reverse=True) if machine.slots >= least),
        OVERHEAD[min(OVERHEAD)])
    passes = [count for _, count in plan.passes]
    taken = [-(-count // machine.units) * machine.units / plan.windows for count in passes]
    levels = max(1, len(plan.sizes) - 2)
    fill = work.digits - work.buckets
    each = machine.batch_interval if plan.batched else machine.interval
    filling = sum(max(share * fill * each, work.loads * machine.point_cycles,
                      _at(reach, 0) * _scalar_cycles(machine, plan)) for share in taken)
    filling += len(passes) * _while_empty(machine, work, each)
    filling += len(passes) * plan.batched * BATCH_ROUNDS[plan.windows > 1] * machine.slot
    full, summed = work.buckets, 0.0
    for count in work.levels[:max(0, plan.batched - 1)]:
        filling += max(count * machine.batch_interval, full * machine.interval / 2)
        full, summed = 2 * full - count, summed + count
    frames = (unit * machine.units * len(passes) * levels + window * plan.windows * levels
              + bucket * work.buckets + sum(taken) * (work.additions - fill - summed))
    return filling + machine.interval * frames


def _scalar_cycles(machine: Machine, plan: WindowPlan) -> float:
    """Cycles from one scalar to the next at the least: see `hdl.slicer`."""
    return max(machine.scalar_cycles, 4 * plan.copies + 5 if plan.base else 0)


def _while_empty(machine: Machine, work: Workload, interval: float) -> float:
    """Cycles in which the adder waits for points, since their digits find empty buckets.

    After t points of d digits each, one of b buckets is full with the chance
    ``p = 1 - exp(-t d / b)``. The adder is busy from ``d p interval = point_cycles`` on.
    """
    if not work.loads:
        return 0.0
    each = work.digits / work.loads
    full = machine.point_cycles / (each * interval)
    if full >= 1:
        return 0.0  # it always waits
    points = -log(1 - full) * work.buckets / each
    return points * (machine.point_cycles - each * interval) + interval * work.buckets * full


def _rough_cycles(machine: Machine, plan: WindowPlan, reach: Reach) -> float:
    """Near enough to `expected_cycles` to leave plans out; a tenth of a millisecond.

    All windows count as equally wide and full.
    """
    every = [_at(reach, plan.reached(n) if plan.base else plan.position(n))
             for n in range(plan.digits)]
    groups, operands, additions = plan.windows, sum(every), 0.0
    size, passes = plan.base // 2 or groups << plan.window - 1, len(plan.passes)
    for half in (*halves(plan.window), 0):
        full = size * (1 - exp(-operands / size))
        additions += operands - full
        groups, operands = 2 * groups, 2 * full
        size = groups << half
    loading = passes * max(_at(reach, 0) * _scalar_cycles(machine, plan),
                           machine.point_cycles * _loads(plan, reach))
    taken = sum(-(-count // machine.units) for _, count in plan.passes) * machine.units
    drains = 30 * machine.units * passes * len(plan.sizes)
    interval = machine.batch_interval if machine.batch else machine.interval
    return max(loading, interval * (additions * taken / plan.windows + drains))


@cache
def fitting(machine: Machine, stride: int = 0, window: int = 0,
            at_once: int = 0) -> tuple[WindowPlan, ...]:
    """The plans with slices of `stride` bits (0: no copies) that the machine has mailboxes for, one
    for each window width.

    `window` and `at_once` force what they say; else all windows are computed at once where they
    fit, and without copies as many as fit where they do not.
    """
    found = []
    for width in [window] if window else range(2, MAX_WINDOW + 1):
        try:
            plan = WindowPlan(machine.scalar_bits, width, machine.units, at_once, stride)
        except ValueError:
            if stride:
                continue  # slices of so many bits are not cut into such windows
            raise
        if plan.mailboxes > machine.mailboxes and not at_once and not stride:
            fewer = range(1, plan.windows)
            count = bisect_right(fewer, machine.mailboxes, key=lambda count, plan=plan: replace(
                plan, at_once=count).mailboxes)
            plan = replace(plan, at_once=count)
        if plan.mailboxes <= machine.mailboxes:
            found.append(plan)
    return tuple(found)


@cache
def to_a_base(machine: Machine, digits: int, window: int = 0) -> WindowPlan | None:
    """The plan with so many digits to the least base of which so many are enough; None where the
    machine makes none, or has too few mailboxes for it, or they are not of `window` bits if that is
    not 0.
    """
    if not machine.batch or machine.units > 1 or machine.order >> MAX_WINDOW * digits:
        return None
    base = max(3, int(machine.order ** (1 / digits)) - 1)  # a root of so few bits is near enough
    while base ** digits <= machine.order:
        base += 1
    if base.bit_length() > MAX_WINDOW or window not in (0, base.bit_length()):
        return None
    plan = WindowPlan(machine.scalar_bits, base.bit_length(), base=base, order=machine.order)
    return plan if plan.copies == digits and plan.mailboxes <= machine.mailboxes else None


BATCHED = 2
"""Levels whose sums are made in batches at the most: later ones have too few."""

LOOKED_AT = 3
"""Plans that are compared exactly: those that roughly take the fewest cycles."""


def best_plan(machine: Machine, reach: Reach, strides: Iterable[int] = (0,), window: int = 0,
              at_once: int = 0, digits: int = 0) -> WindowPlan:
    """The plan of `fitting`, for any of `strides`, or that of so many `digits` to a base if they
    are not 0, with the fewest expected cycles.

    Raises ValueError where none fits.
    """
    plans = [plan for stride in strides for plan in fitting(machine, stride, window, at_once)]
    if (other := to_a_base(machine, digits, window)) and not at_once:
        plans.append(other)
    if not plans:
        what = f"windows of {window} bits" if window else "any window"
        least = WindowPlan(machine.scalar_bits, window or 2, machine.units, at_once or 1)
        raise ValueError(f"{machine.mailboxes} mailboxes are too few for {what} of "
                         f"{machine.scalar_bits}-bit scalars; the smallest takes "
                         f"{least.mailboxes}")
    plans.sort(key=lambda plan: _rough_cycles(machine, plan, reach))
    looked_at = [replace(plan, batched=batched) for plan in plans[:LOOKED_AT]
                 for batched in range(BATCHED + 1 if machine.batch else 1)]
    return min(looked_at, key=lambda plan: expected_cycles(machine, plan, reach))


MOST_COPIES = 40
"""Copies of a point that are considered: more are never worth their memory."""

WORTH = 0.01
"""Part of the cycles that more copies have to save, to be stored."""


def strides(machine: Machine, most_copies: int = MOST_COPIES) -> list[int]:
    """The bits of a slice for every number of copies from 1 (0: no slices) to `most_copies`."""
    bits = machine.scalar_bits + 1
    return list(dict.fromkeys(stride_for(bits, copies) for copies in range(1, most_copies + 1)
                              if copies == 1 or bits >= 2 * copies))


SUMS_A_KEY = 100
"""Sums over which the time is spread that the link takes for a key's points."""


@dataclass(frozen=True)
class Store:
    """What may be stored of a sum's points: copies for slices of `stride` bits, or for so many
    `digits` to a base, in `words` words of memory, for an expected number of `cycles`, a share of
    loading among them."""

    stride: int
    words: int
    cycles: float
    digits: int = 0


def stores(machine: Machine, points: int, reach: Reach, window: int = 0, *, based: bool = True
           ) -> list[Store]:
    """What may be stored of `points` points whose scalars are expected to have this reach: no
    copies first, then more of them that save at least `WORTH`. `window` forces the window width;
    without `based` nothing is for digits to a base.
    """
    size = points * machine.point_words

    def store(strides: list[int], digits: int = 0) -> Store:
        plan = best_plan(machine, reach, strides, window, digits=digits)
        words = size * plan.copies
        # A scalar is four words.
        loading = words * machine.scalar_cycles / 4
        return Store(plan.stride, words, expected_cycles(machine, plan, reach)
                     + loading / SUMS_A_KEY, plan.copies if plan.base else 0)

    found, bits = [store([0])], machine.scalar_bits + 1
    some = {copies_of(bits, stride): stride for stride in strides(machine)[1:]
            if fitting(machine, stride, window)}
    for copies in range(2, MOST_COPIES + 1):
        own = [some[copies]] if copies in some else []
        if own or based and to_a_base(machine, copies, window):
            more = store(own, copies if based else 0)
            if more.cycles < (1 - WORTH) * found[-1].cycles:
                found.append(more)
    return found


def share_memory(sums: list[list[Store]], words: int) -> list[Store]:
    """What to store of several sums in `words` words of memory: whatever saves the most cycles a
    word, again and again, as long as it fits. The points themselves are stored in any case."""
    chosen = [options[0] for options in sums]
    while True:
        free = words - sum(store.words for store in chosen)
        steps = [((now.cycles - store.cycles) / (store.words - now.words), n, store)
                 for n, (now, options) in enumerate(zip(chosen, sums, strict=True))
                 for store in options
                 if store.cycles < now.cycles and now.words < store.words <= now.words + free]
        if not steps:
            return chosen
        _, n, store = max(steps, key=lambda step: step[0])
        chosen[n] = store


def planned(machine: Machine, points: int, words: int) -> tuple[WindowPlan, Reach]:
    """(The plan with the fewest expected cycles of a sum of so many points and uniform scalars,
    how long these are), with the copies of points that are best stored in `words` of memory."""
    reach = uniform(machine.order, points)
    (store,) = share_memory([stores(machine, points, reach)], words)
    return best_plan(machine, reach, [store.stride], digits=store.digits), reach

"""The best a proposer can do with the mix: to leave blocks out, so that a later draw is better.

Source: K. Alpturer, S. M. Weinberg, "Optimal RANDAO Manipulation in Ethereum", AFT 2024. An
adversary with a share α of the stake has each slot with probability α. If the last t slots of an
epoch are its own, it can choose among 2^t mixes, one for each set of blocks that it leaves out; the
draws that these seed are independent. So with h(t) the worth of a tail of t slots,

    h(t) + g = E[ max over sets S of (worth of the draw that S seeds + h(its tail) - cost |S|) ]

where C(t, k) sets leave k blocks out, and g is the mean an epoch. The equation is solved by
relative value iteration; the expectation is exact: the distribution of the maximum is the product
of those of its parts, on all values that can occur.

With `primary` > 0 the mix also draws, for each slot of the epoch, who is to prove it, as in this
project: a further binomial number of slots, each worth that much. The paper has proposals alone.

With `blind` = D > 0 the mix goes through a delay function before it draws, on which the adversary's
machine works D slots. All that it needs is public with the last block before its tail, so it knows
what comes out for the last t - D of its slots alone: the tail counts as that much shorter.
"""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

NEGLIGIBLE = 1e-10
"""Draws that are rarer are left out, as are longer tails: the result is a bound to that."""
ITERATIONS = 60
PRECISION = 1e-9


@dataclass(frozen=True)
class Play:
    """What a share of the stake has a slot, in the unit of a proposal's worth."""

    share: float
    honest: float
    """If it leaves no block out."""
    best: float
    """The most that it can have."""

    @property
    def gain(self) -> float:
        """What leaving blocks out brings."""
        return self.best - self.honest


def best_play(
    share: float, slots: int, proposal: float = 1.0, primary: float = 0.0,
    cost: float | None = None, blind: int = 0,
) -> Play:
    """The best play of who has `share` (0 to 1) of the stake, with epochs of so many `slots`.

    `proposal`, `primary`: what a slot is worth in which one proposes, or is drawn to prove.
    `cost`: of a block that is left out; default: the worth of a proposal. `blind`: slots that its
    machine needs for the delay function. ValueError for a share outside of (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f"a share of {share} is not between 0 and 1")
    cost = proposal if cost is None else cost
    chance, own, tail = _draws(share, slots, primary > 0)
    tail = np.maximum(tail - blind, 0)
    worth = own[0] * proposal + own[1] * primary
    longest = int(tail.max())
    ways = np.array([[comb(t, k) for k in range(longest + 1)] for t in range(longest + 1)], float)
    tail_worth, mean = np.zeros(longest + 1), 0.0
    for _ in range(ITERATIONS):
        new = _maxima(worth + tail_worth[tail], chance, ways, cost)
        mean, before = new[0], tail_worth
        tail_worth = new - mean
        if np.abs(tail_worth - before).max() < PRECISION * max(1.0, proposal):
            break
    return Play(share, share * (proposal + primary), float(mean) / slots)


def _draws(share: float, slots: int, proving: bool) -> tuple[Vector, Vector, NDArray[np.intp]]:
    """Of every draw of an epoch that matters: its chance, (own proposals, own primaries), tail."""
    own = [1.0] if not proving else [
        comb(slots, n) * share**n * (1 - share)**(slots - n) for n in range(slots + 1)]
    found = []
    for tail in range(slots + 1):
        left = max(slots - tail - 1, 0)    # before the tail and the other's slot that begins it
        ends = share**tail * (1 if tail == slots else 1 - share)
        for more in range(left + 1):
            once = ends * comb(left, more) * share**more * (1 - share)**(left - more)
            found += [(once * each, tail + more, n, tail) for n, each in enumerate(own)
                      if once * each > NEGLIGIBLE]
    chance, proposals, primaries, tails = map(np.array, zip(*found, strict=True))
    return chance / chance.sum(), np.array([proposals, primaries], float), tails.astype(np.intp)


def _maxima(values: Vector, chance: Vector, ways: Vector, cost: float) -> Vector:
    """For every tail t the mean of the largest of C(t, k) independent values less k costs each."""
    order = np.argsort(values)
    values, below = values[order], np.concatenate(([0.0], np.cumsum(chance[order])))
    reached = np.unique(np.concatenate([values - cost * k for k in range(len(ways))]))
    with np.errstate(divide="ignore"):
        # A sum of costs and its difference from a value can differ in the last bit.
        logs = np.array([np.log(np.minimum(below[np.searchsorted(
            values, reached + cost * k + 1e-9 * abs(cost), side="right")], 1.0))
            for k in range(len(ways))])
    means = []
    for row in ways:
        used = row > 0
        largest = np.exp(row[used] @ logs[used])
        means.append(float(reached @ np.diff(largest, prepend=0.0)))
    return np.array(means)

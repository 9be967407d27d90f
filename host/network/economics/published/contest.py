"""A pure race of work with unequal costs: who enters, and with how much.

Source: N. Arnosti, S. M. Weinberg, "Bitcoin: A Natural Oligopoly", ITCS 2019 (Management Science
2022). Whoever spends c_i for each unit of work has the reward R in proportion to its share of all
work. In equilibrium its share is max(1 - c_i / c*, 0), with the one c* at which shares sum to 1.

Nothing here assumes it: provers enter, leave, and change their work by what it brings (`enter`),
and `shares` is the formula that the outcome is compared with.
"""

from collections.abc import Sequence

ROUNDS = 10_000
SETTLED = 1e-12
STEP = 0.5
"""Of the way to its best reply that a prover goes in a round: hardware comes and goes slowly."""


def enter(costs: Sequence[float], reward: float = 1.0) -> list[float]:
    """Shares of the work, after each in its turn has changed its own to what pays best, until
    nobody moves.

    ``q_i -> max(sqrt(Q R / c_i) - Q, 0)``, Q the others' work: where the last unit of work costs
    what it brings, R Q / (q_i + Q)^2 = c_i. ValueError for fewer than two provers, or costs that
    are not above 0.
    """
    if len(costs) < 2 or min(costs) <= 0:
        raise ValueError("a race takes two provers or more, each with costs above 0")
    work = [reward / (len(costs)**2 * cost) for cost in costs]
    for _ in range(ROUNDS):
        moved = 0.0
        for number, cost in enumerate(costs):
            others = sum(work) - work[number]
            best = max((others * reward / cost)**0.5 - others, 0.0)
            change = STEP * (best - work[number])
            work[number] += change
            moved = max(moved, abs(change))
        if moved < SETTLED * sum(work):
            break
    total = sum(work)
    return [one / total for one in work]


def shares(costs: Sequence[float]) -> list[float]:
    """``max(1 - c_i / c*, 0)``, of sum 1: the n cheapest take part, c* = (their sum) / (n - 1), n
    the largest number at which the dearest of them still has a share."""
    ordered = sorted(costs)
    limit = 0.0
    for number in range(2, len(ordered) + 1):
        limit = sum(ordered[:number]) / (number - 1)
        if number == len(ordered) or ordered[number] >= limit:
            break
    return [max(1 - cost / limit, 0.0) for cost in costs]

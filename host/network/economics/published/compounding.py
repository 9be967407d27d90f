"""How far shares of the stake drift apart when rewards are staked again.

Source: G. Fanti, L. Kogan, S. Oh, K. Ruan, P. Viswanath, G. Wang, "Compounding of Wealth in
Proof-of-Stake Cryptocurrencies", FC 2019. Each block's reward goes to a proposer drawn by its
share; with S_k the stake after block k and r_k its reward, a share v at first has after n blocks

    variance = v (1 - v) (1 - prod over k of (1 - (r_k / S_k)^2))

Of all schedules with the same sum, the geometric one, r_k / S_k always the same, has the least.
"""

from collections.abc import Sequence

import numpy as np


def constant(total: float, blocks: int) -> list[float]:
    """Rewards of the same amount, of this sum."""
    return [total / blocks] * blocks


def geometric(total: float, blocks: int, stake: float = 1.0) -> list[float]:
    """Rewards of this sum that make the stake grow by the same factor in every block:
    ``S ((1 + R / S)^(k / n) - (1 + R / S)^((k - 1) / n))``."""
    growth = 1 + total / stake
    return [stake * (growth**((k + 1) / blocks) - growth**(k / blocks)) for k in range(blocks)]


def spread(share: float, rewards: Sequence[float], stake: float = 1.0) -> float:
    """The standard deviation of a share after these rewards, by the formula above."""
    kept, total = 1.0, stake
    for reward in rewards:
        total += reward
        kept *= 1 - (reward / total)**2
    return float((share * (1 - share) * (1 - kept))**0.5)


def played(share: float, rewards: Sequence[float], seeds: int, stake: float = 1.0, seed: int = 0
           ) -> tuple[float, float]:
    """The standard deviation of a share over `seeds` runs, drawn block by block, and half of its
    95 % interval: 1.96 of its standard error, from the fourth moment."""
    luck = np.random.Generator(np.random.PCG64(seed))
    own, total = np.full(seeds, share * stake), stake
    for reward in rewards:
        own += reward * (luck.random(seeds) * total < own)
        total += reward
    away = own / total - share
    variance = float(np.mean(away**2))
    error = float(np.sqrt((np.mean(away**4) - variance**2) / seeds))
    return variance**0.5, 1.96 * error / (2 * variance**0.5)

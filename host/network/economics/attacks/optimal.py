"""The most that a share of the stake can earn by leaving blocks out for a better mix: a bound.

The adversary of `host.network.economics.published.mix`, on this project's draw: the mix that names
an epoch's proposers also draws who proves its slots. A block left out costs layer 1's reward for
it and what including a proof would have paid; a slot to propose brings the same, one to prove a
proof's reward less what proving costs. Proofs in time, bonds as stakes, 32 slots an epoch.
"""

from dataclasses import dataclass

from proofmill.host.network.economics.attacks.arena import (
    BASE_GWEI,
    BLOCK_REWARD_GWEI,
    PROOF_COST_GWEI,
)
from proofmill.host.network.economics.published.mix import Play, best_play
from proofmill.host.network.mechanism import rewards
from proofmill.host.network.mechanism.parameters import Parameters

SHARES = (0.01, 0.05, 0.1, 0.2, 0.33, 0.45)
SLOTS = 32


@dataclass(frozen=True)
class Optimum:
    """Of a share: what the first layer alone gives, in proposals a slot; and what both give where
    rho is at its first value, and at its floor, in gwei a slot."""

    proposals: Play
    first: Play
    both: tuple[Play, Play]

    @property
    def added(self) -> tuple[float, float]:
        """What leaving blocks out brings more than it does without the second layer, gwei a
        slot, at both values of rho."""
        first, floor = (play.gain - self.first.gain for play in self.both)
        return first, floor


def optimum(share: float) -> Optimum:
    """The bound for who has `share` of stake, proposers and bonds; ValueError outside of (0, 1)."""
    parameters = Parameters()
    plays = []
    for rho in (parameters.rho_start, parameters.rho_min):
        prover, includer = rewards.split(parameters, rewards.budget(BASE_GWEI, rho), 1)
        plays.append(best_play(share, SLOTS, BLOCK_REWARD_GWEI + includer,
                               prover - PROOF_COST_GWEI))
    return Optimum(best_play(share, SLOTS), best_play(share, SLOTS, BLOCK_REWARD_GWEI),
                   (plays[0], plays[1]))


def optima() -> list[Optimum]:
    """For each of `SHARES`."""
    return [optimum(share) for share in SHARES]

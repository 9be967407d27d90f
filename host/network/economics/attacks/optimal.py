"""The most that a share of the stake can earn by leaving blocks out for a better mix: a bound.

The adversary of `host.network.economics.published.mix`, on this project's draw: the mix that names
an epoch's proposers also draws who proves its slots. A block left out costs layer 1's reward for
it and what including a proof would have paid; a slot to propose brings the same, one to prove a
proof's reward less what proving costs. Proofs in time, bonds as stakes, 32 slots an epoch.

With a delay function before the second layer's draw, the mix still names the proposers as it is.
What is left is bounded by the sum of two plays: that for proposals, each of which now brings an
includer's share as well, and that for draws, as if leaving blocks out for them cost nothing, by
whose machine needs D slots for the function.
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
DELAYS = (4, 8)
"""Slots that the adversary's machine needs for the delay function."""


@dataclass(frozen=True)
class Optimum:
    """Of a share: what the first layer alone gives, in proposals a slot; and what both give where
    rho is at its first value, and at its floor, in gwei a slot. `delayed`: what is added at rho's
    first value with each of `DELAYS`, at most."""

    proposals: Play
    first: Play
    both: tuple[Play, Play]
    delayed: tuple[float, ...]

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
    return Optimum(
        best_play(share, SLOTS), best_play(share, SLOTS, BLOCK_REWARD_GWEI), (plays[0], plays[1]),
        tuple(delayed(share, SLOTS, parameters.rho_start, delay) for delay in DELAYS))


def delayed(share: float, slots: int, rho: int, delay: int) -> float:
    """What the second layer adds at most, gwei a slot, where the mix goes through a delay function
    on which the adversary's machine works `delay` slots. `rho` in billionths."""
    parameters = Parameters()
    prover, includer = rewards.split(parameters, rewards.budget(BASE_GWEI, rho), 1)
    proposals = (best_play(share, slots, BLOCK_REWARD_GWEI + includer).gain
                 - best_play(share, slots, BLOCK_REWARD_GWEI).gain)
    draws = best_play(share, slots, 0.0, prover - PROOF_COST_GWEI, 0.0, delay).gain
    return proposals + max(0.0, draws)


def optima() -> list[Optimum]:
    """For each of `SHARES`."""
    return [optimum(share) for share in SHARES]

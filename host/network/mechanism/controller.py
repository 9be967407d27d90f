"""The controller of rho: pay no more than keeps blocks proven in time.

    rho' = clamp(rho * (1 + (c* - cov) / 8), rho_min, rho_max)

once an epoch; cov is the share of its slots proven in stage 1 or 2.
"""

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import Parameters


def coverage_bps(proven_in_time: int, slots: int) -> int:
    """cov: slots proven in stage 1 or 2 over the epoch's slots with a block, rounded down.

    An epoch without blocks counts as covered: nothing was there to prove.
    """
    if not 0 <= proven_in_time <= slots:
        raise ValueError(f"{proven_in_time} of {slots} slots cannot be proven")
    return proven_in_time * BPS // slots if slots else BPS


def next_rho(parameters: Parameters, rho: int, coverage: int) -> int:
    """rho of the next epoch, in billionths, rounded down; `coverage` in basis points."""
    scale = parameters.controller_divisor * BPS
    moved = rho * (scale + parameters.target_coverage_bps - coverage) // scale
    return min(max(moved, parameters.rho_min), parameters.rho_max)

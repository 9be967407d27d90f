"""What a proven slot pays.

    budget      R = B * rho * G        B: layer 1's base of the slot, given
    load        G = clamp(used / target, 1/2, 2)
    decay       D = 1                              for delay <= W1
                  = 1 - (1 - d) (delay - W1)/(T - W1)   for W1 < delay <= T
                  = 0                              after
    prover      P = R * 56/64 * D
    includer    I = R *  8/64 * D

Every division rounds down once, so P + I <= R. The rest is never minted.
"""

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import BILLION, Parameters


def load_bps(parameters: Parameters, used: int, target: int) -> int:
    """G in basis points; `used` and `target` in any one unit of work, `target` above 0."""
    if target <= 0:
        raise ValueError(f"the target load must be above 0, not {target}")
    return min(max(used * BPS // target, parameters.load_min_bps), parameters.load_max_bps)


def budget(base: int, rho: int, load: int = BPS) -> int:
    """R: ``base * rho * load / (10^9 * 10^4)``; `rho` in billionths, `load` in basis points."""
    return base * rho * load // (BILLION * BPS)


def largest_budget(parameters: Parameters, base: int) -> int:
    """R at the ceiling of rho and at the greatest load."""
    return budget(base, parameters.rho_max, parameters.load_max_bps)


def decay_bps(parameters: Parameters, delay: int) -> int:
    """D in basis points, rounded down; `delay` in blocks, at least 1."""
    first, last = parameters.stage1_blocks, parameters.window_blocks
    if delay < 1:
        raise ValueError(f"a proof is included 1 block after its own or later, not {delay}")
    if delay <= first:
        return BPS
    if delay > last:
        return 0
    lost = (BPS - parameters.late_bps) * (delay - first)
    return (BPS * (last - first) - lost) // (last - first)


def split(parameters: Parameters, slot_budget: int, delay: int) -> tuple[int, int]:
    """(prover's, includer's) reward for a proof included after `delay` blocks."""
    scale = parameters.weight_denominator * BPS
    left = slot_budget * decay_bps(parameters, delay)
    return left * parameters.prover_weight // scale, left * parameters.includer_weight // scale


def most(parameters: Parameters, slot_budget: int) -> int:
    """P_max: what a prover of the slot can be paid, at no delay."""
    return split(parameters, slot_budget, 1)[0]

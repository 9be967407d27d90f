"""Reliability q of a prover, 1,000 to 10,000 basis points: the second factor of its weight.

    new, after its calibration proofs    q = 3,000
    duty kept                            q + (1 - q) / 10, rounded up
    duty missed                          q * 0.6, not below 1,000
    missed in a divided network          q + what the miss took, at most 10,000
    epoch without a proof                q * 0.999, not below 3,000 (nor above q)
"""

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import Parameters


def first(parameters: Parameters, calibration_proofs: int) -> int:
    """q of a prover with that many valid calibration proofs: 0 until there are enough."""
    if parameters.defences.calibration and calibration_proofs < parameters.calibration_proofs:
        return 0
    return parameters.reliability_start_bps


def kept(parameters: Parameters, reliability: int) -> int:
    """q after a duty was kept; it reaches 10,000 and stays there."""
    return reliability + -(-(BPS - reliability) // parameters.reliability_gain_divisor)


def missed(parameters: Parameters, reliability: int) -> int:
    """q after a duty was missed."""
    lower = reliability * parameters.reliability_miss_bps // BPS
    return max(lower, min(reliability, parameters.reliability_min_bps))


def forgiven(reliability: int, lost: int) -> int:
    """q after a missed duty turns out to be nobody's fault, when it `lost` so much by it."""
    return min(BPS, reliability + lost)


def idle(parameters: Parameters, reliability: int) -> int:
    """q after an epoch in which the prover delivered no proof."""
    lower = reliability * (BPS - parameters.reliability_idle_bps) // BPS
    return max(lower, min(reliability, parameters.reliability_start_bps))

"""What a miss and an invalid proof cost, and where that goes.

    primary's miss       X = m * P_max of the slot
    committee's miss     X / 4, for each member, if the slot is not proven by the end of stage 2
    invalid proof        X: one slice of the bond
    of each penalty      half is burned, half is the bounty of who rescued, or reported
    outage relief        X / 4 if more than 1/3 of the epoch's primaries missed; the rest is kept
    divided network      nothing for a missed duty: all is kept, and the reliability it cost too

A penalty is taken from the bond when it is found and settled when its epoch's misses are all known:
burned + bounty + kept = taken, exactly. A bounty that nobody earned is burned.
"""

from dataclasses import dataclass

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.rewards import most


@dataclass(frozen=True)
class Settlement:
    """Where a penalty went: burned, paid as a bounty, kept by (given back to) the prover."""

    burned: int
    bounty: int
    kept: int

    @property
    def taken(self) -> int:
        """The penalty before it was settled."""
        return self.burned + self.bounty + self.kept


def primary_penalty(parameters: Parameters, slot_budget: int) -> int:
    """X: ``m * P_max``; 0 with the defence off."""
    if not parameters.defences.miss_penalty:
        return 0
    return parameters.penalty_multiple * most(parameters, slot_budget)


def committee_penalty(parameters: Parameters, slot_budget: int) -> int:
    """``X / 4``, rounded down."""
    return primary_penalty(parameters, slot_budget) // parameters.committee_divisor


def invalid_penalty(parameters: Parameters, slot_budget: int) -> int:
    """What signing an invalid proof costs: ``m * P_max``; 0 with the defence off."""
    if not parameters.defences.invalid_penalty:
        return 0
    return parameters.penalty_multiple * most(parameters, slot_budget)


def is_outage(parameters: Parameters, missed: int, primaries: int) -> bool:
    """Whether more than a third of an epoch's `primaries` have `missed`."""
    return missed * parameters.relief_one_in > primaries


def settle(
    parameters: Parameters, penalty: int, outage: bool = False, rescued: bool = True,
    excused: bool = False,
) -> Settlement:
    """Divide a penalty. `rescued`: somebody else than the penalised delivered or reported;
    `excused`: the network was divided."""
    if excused:
        return Settlement(0, 0, penalty)
    charged = penalty // parameters.relief_divisor if outage else penalty
    burned = charged * parameters.burn_bps // BPS if rescued else charged
    return Settlement(burned, charged - burned, penalty - charged)

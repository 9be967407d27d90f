"""Keeping others out of the lottery by holding all places."""

from proofmill.host.network.economics.attacks.arena import (
    BASE_GWEI,
    PROOF_COST_GWEI,
    STAKE_GWEI,
    TRANSACTION_COST_GWEI,
)
from proofmill.host.network.economics.attacks.harm import Harm, Outcome
from proofmill.host.network.mechanism import bonds, rewards
from proofmill.host.network.mechanism.parameters import MOST_PLACES, Defences, Parameters
from proofmill.host.network.mechanism.places import Member, entered

HONEST, EPOCHS = 8, 20
"""Provers that are there before, and how long the newcomer is without a place otherwise."""


def _full(defences: Defences, seed: int) -> Outcome:
    """Bond the minimum in every free place and prove nothing. The victim: a newcomer with a bond as
    the honest ones have, who is there an epoch later."""
    parameters = Parameters(defences=defences)
    minimum = bonds.minimum_bond(parameters, rewards.largest_budget(parameters, BASE_GWEI))
    members = {number: Member(STAKE_GWEI, 0, True) for number in range(HONEST)}
    squatters = range(HONEST, parameters.places)
    for number in squatters:
        members = entered(parameters, members, number, Member(minimum, 0, False))
    slots = EPOCHS * parameters.slots_per_epoch
    cost = len(squatters) * TRANSACTION_COST_GWEI
    part = rewards.most(parameters, rewards.budget(BASE_GWEI, parameters.rho_start))
    try:
        entered(parameters, members, parameters.places, Member(STAKE_GWEI, 1, True))
        loss = 0.0
    except ValueError:
        loss = slots * (part - PROOF_COST_GWEI) / (HONEST + 1)
    return Outcome(-cost / slots, loss / slots)


HARMS = (
    Harm("full registry", "hold every free place with the least bond, and prove nothing",
         "a place goes to the larger bond, or to who is calibrated where the member is not in time",
         f"{MOST_PLACES - HONEST} identities, {EPOCHS} epochs; the victim: a newcomer with as "
         f"much as each of the other {HONEST}", ("places_by_bond",), _full),
)

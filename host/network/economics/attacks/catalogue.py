"""All attacks, in the order of the document, and what pays in spite of every defence."""

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.attacks import (
    divided,
    duties,
    empty_slots,
    finality,
    jobs,
    lottery,
    market,
    places,
    results,
    theft,
)
from proofmill.host.network.economics.attacks.harm import Harm, Measured, measure_harm
from proofmill.host.network.economics.attacks.measure import Attack, MeasuredAttack, measure

ATTACKS: tuple[Attack, ...] = (
    *theft.ATTACKS, *market.ATTACKS, *jobs.ATTACKS, *results.ATTACKS, *lottery.ATTACKS,
    *duties.ATTACKS, *finality.ATTACKS, *empty_slots.ATTACKS)
"""Attacks that a defence stops."""

LIMITS: tuple[Attack, ...] = divided.LIMITS
"""Attacks that no switch stops: their profit is measured to say when they pay."""

HARMS: tuple[Harm, ...] = (
    *empty_slots.HARMS, *divided.HARMS, *places.HARMS, *jobs.HARMS, *results.HARMS)
"""Attacks measured by the victim's loss, too."""


def attack_names() -> list[str]:
    """What `attack` takes."""
    return [*(each.name for each in (*ATTACKS, *LIMITS)), *(harm.name for harm in HARMS)]


def attack(name: str) -> MeasuredAttack | Measured:
    """Play the attack of this name, with its defence and without, over many seeds; seconds.

    Profits are in gwei a slot, each with its 95 % interval. ProofmillError for a name that is none.
    """
    for each in (*ATTACKS, *LIMITS):
        if each.name == name:
            return measure(each)
    for harm in HARMS:
        if harm.name == name:
            return measure_harm(harm)
    raise ProofmillError(f"there is no attack {name!r}; there are {', '.join(attack_names())}")

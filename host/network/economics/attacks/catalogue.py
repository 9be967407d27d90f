"""All attacks, in the order of the document, and what pays in spite of every defence."""

from proofmill.host.network.economics.attacks import (
    duties,
    empty_slots,
    finality,
    jobs,
    lottery,
    market,
    places,
    theft,
)
from proofmill.host.network.economics.attacks.harm import Harm
from proofmill.host.network.economics.attacks.measure import Attack

ATTACKS: tuple[Attack, ...] = (
    *theft.ATTACKS, *market.ATTACKS, *jobs.ATTACKS, *lottery.ATTACKS, *duties.ATTACKS,
    *finality.ATTACKS)
"""Attacks that a defence stops."""

LIMITS: tuple[Attack, ...] = (*duties.LIMITS, *empty_slots.LIMITS, *lottery.LIMITS)
"""Attacks that no switch stops: their profit is measured to say when they pay."""

HARMS: tuple[Harm, ...] = (*empty_slots.HARMS, *places.HARMS, *jobs.HARMS)
"""Attacks measured by the victim's loss, too."""

"""Attacks that are measured by what they cost others, too: some want no profit but damage.

With its defence on, an attack must earn nothing and cost its attacker at least what it costs its
victim. With the defence off it earns, or does more damage than it costs.
"""

from collections.abc import Callable
from dataclasses import dataclass

from proofmill.host.network.economics.attacks.measure import (
    EVERY,
    SEEDS,
    Profit,
    all_but,
    check_switches,
    profit,
)
from proofmill.host.network.mechanism.parameters import Defences


@dataclass(frozen=True)
class Outcome:
    """Of one play, in gwei a job or a slot: over what both would have without the attack.

    `gain`: the attacker's; `loss`: the victim's.
    """

    gain: float
    loss: float


@dataclass(frozen=True)
class Harm:
    """An attack on somebody. `play(defences, seed)`: its outcome."""

    name: str
    what: str
    defence: str
    setting: str
    defences: tuple[str, ...]
    play: Callable[[Defences, int], Outcome]

    def __post_init__(self) -> None:
        check_switches(self.name, self.defences, wanted=True)


@dataclass(frozen=True)
class Damage:
    """The intervals of an attack's gain and of its victim's loss."""

    gain: Profit
    loss: Profit

    @property
    def pays(self) -> bool:
        """Whether it may earn, or cost its victim more than its attacker."""
        return self.gain.upper > 0 or self.loss.upper > max(0.0, -self.gain.lower)


@dataclass(frozen=True)
class Measured:
    """An attack, measured with its defence and without."""

    harm: Harm
    protected: Damage
    unprotected: Damage


def measure_harm(harm: Harm, first_seed: int = 0) -> Measured:
    """Play an attack with its defence and without, on `SEEDS` seeds."""
    def damage(defences: Defences) -> Damage:
        played = [harm.play(defences, seed) for seed in range(first_seed, first_seed + SEEDS)]
        return Damage(profit([one.gain for one in played]), profit([one.loss for one in played]))

    return Measured(harm, damage(EVERY), damage(all_but(harm.defences)))

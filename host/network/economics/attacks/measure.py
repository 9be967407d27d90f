"""How an attack's profit is measured: against honest play on the same luck, over many seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from proofmill.host.network.economics.intervals import Interval, interval
from proofmill.host.network.mechanism.parameters import DEFENCES, OPTIONS, Defences

SEEDS = 16

EVERY = replace(Defences(), **dict.fromkeys(OPTIONS, True))
"""Every defence on, also those that a chain has only where it asks for them."""

Profit = Interval
"""Gwei a slot over `SEEDS` seeds."""


def check_switches(name: str, defences: Sequence[str], wanted: bool) -> None:
    """ValueError where an attack's defences are none that there are, or not `wanted` and there."""
    if set(defences) - set(DEFENCES) or bool(defences) != wanted:
        raise ValueError(f"{name}: defences {defences} are unknown or missing")


def all_but(defences: Sequence[str]) -> Defences:
    """Every defence on, except these."""
    return replace(EVERY, **dict.fromkeys(defences, False))


@dataclass(frozen=True)
class Attack:
    """An attack. `gain(defences, seed)`: what it earns over honest play, in gwei a slot.

    `defences`: the switches that stop it; with all of them off it pays. `limit`: it pays even
    with every defence on; it is listed to say so, and `defences` is empty. `best`: where the
    adversary's best play is known, what it earns at most with the defences on, gwei a slot.
    """

    name: str
    what: str
    defence: str
    setting: str
    defences: tuple[str, ...]
    gain: Callable[[Defences, int], float]
    limit: bool = False
    best: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        check_switches(self.name, self.defences, wanted=not self.limit)


@dataclass(frozen=True)
class MeasuredAttack:
    """An attack, measured; `unprotected`: without its defences, None where there are none."""

    attack: Attack
    protected: Profit
    unprotected: Profit | None


def profit(gains: Sequence[float]) -> Profit:
    """The mean of `SEEDS` gains and its interval."""
    if len(gains) != SEEDS:
        raise ValueError(f"an interval is for {SEEDS} gains, not {len(gains)}")
    return interval(gains)


def measure(attack: Attack, first_seed: int = 0) -> MeasuredAttack:
    """Play an attack with its defence and without, on `SEEDS` seeds."""
    seeds = range(first_seed, first_seed + SEEDS)

    def played(defences: Defences) -> Profit:
        return profit([attack.gain(defences, seed) for seed in seeds])

    return MeasuredAttack(attack, played(EVERY),
                          played(all_but(attack.defences)) if attack.defences else None)

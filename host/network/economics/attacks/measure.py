"""How an attack's profit is measured: against honest play on the same luck, over many seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from proofmill.host.network.economics.intervals import Interval, interval
from proofmill.host.network.mechanism.parameters import DEFENCES, OPTIONS, Defences

SEEDS = 16

Profit = Interval
"""Gwei a slot over `SEEDS` seeds."""


def check_switches(name: str, defences: Sequence[str], wanted: bool) -> None:
    """ValueError where an attack's defences are none that there are, or not `wanted` and there."""
    if set(defences) - set(DEFENCES) or bool(defences) != wanted:
        raise ValueError(f"{name}: defences {defences} are unknown or missing")


def check_options(name: str, options: Sequence[str]) -> None:
    """ValueError where one is no defence that may be asked for."""
    if not set(options) <= set(OPTIONS):
        raise ValueError(f"{name}: options {options} are unknown")


def all_but(defences: Sequence[str]) -> Defences:
    """Every defence on, except these."""
    return replace(Defences(), **dict.fromkeys(defences, False))


def with_options(options: Sequence[str]) -> Defences:
    """Every defence on, with these options."""
    return replace(Defences(), **dict.fromkeys(options, True))


@dataclass(frozen=True)
class Attack:
    """An attack. `gain(defences, seed)`: what it earns over honest play, in gwei a slot.

    `defences`: the switches that stop it; with all of them off it pays. `limit`: it pays even
    with every defence on; it is listed to say so, and `defences` is empty. `instead`: of a limit,
    defences without which it would not pay, and others would. `best`: where the adversary's best
    play is known, what it earns at most with the defences on, gwei a slot. `options`: defences that
    end it, and need what no chain has yet; `best_with`: as `best`, with these.
    """

    name: str
    what: str
    defence: str
    setting: str
    defences: tuple[str, ...]
    gain: Callable[[Defences, int], float]
    limit: bool = False
    best: Callable[[], float] | None = None
    instead: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    best_with: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        check_switches(self.name, self.defences, wanted=not self.limit)
        check_switches(self.name, self.instead, wanted=bool(self.instead) and self.limit)
        check_options(self.name, self.options)


@dataclass(frozen=True)
class MeasuredAttack:
    """An attack, measured; `unprotected`: without its defences, or those of `Attack.instead`; None
    where there are none. `optional`: with its options."""

    attack: Attack
    protected: Profit
    unprotected: Profit | None
    optional: Profit | None = None


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

    switches = attack.defences or attack.instead
    return MeasuredAttack(
        attack, played(Defences()), played(all_but(switches)) if switches else None,
        played(with_options(attack.options)) if attack.options else None)

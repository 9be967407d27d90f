"""Strategies and rules of a user's own in a study: named by it, varied like any other key.

Their files are read once, and go to the processes and machines that play as text, so that nobody
else needs the file, and the study's digest covers what is in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.scenario import Scenario
from proofmill.host.network.economics.strategies import Strategy
from proofmill.host.network.economics.user_classes import class_of_text, kind_of, named_class
from proofmill.host.network.mechanism.ledger import RewardLedger

RULE, STRATEGY, STRATEGIES = "rule", "strategy", "strategies."
"""Keys of a study: ``rule``, ``strategy`` for all provers, ``strategies.KIND`` for one kind."""
AS_IT_IS = ""
"""In the place of a class: the mechanism, or the scenario's own strategy."""

T = TypeVar("T")


@dataclass(frozen=True)
class Named:
    """``FILE.py:Class``, read. `text`: as the study has it; `place`: the file, as errors call it.
    """

    text: str
    place: str
    source: str
    name: str


Classes = Mapping[str, Named]
"""By the study's key."""


def is_class_key(key: str) -> bool:
    """Whether a study's key takes a class."""
    return key in (RULE, STRATEGY) or key.startswith(STRATEGIES)


def read_class(text: str, folder: Path) -> Named:
    """The class that ``FILE.py:Class`` names, its file looked for from `folder` on. ProofmillError
    where there is no such file."""
    path, name = named_class(text)
    found = folder / path
    try:
        return Named(text, str(found), found.read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise ProofmillError(f"{found}: cannot be read: {error}; name the file of your class, as "
                             "mine.py:Patient") from error


def loaded(classes: Classes, scenario: Scenario
           ) -> tuple[dict[str, type[Strategy]], type[RewardLedger] | None]:
    """The strategies by kind ("" for all others) and the rule. ProofmillError says what is wrong
    with one, and where."""
    strategies: dict[str, type[Strategy]] = {}
    for key, one in classes.items():
        if key == STRATEGY:
            strategies[""] = _class(one, Strategy)
        elif key != RULE:
            strategies[kind_of(key.removeprefix(STRATEGIES), key, scenario)] = _class(one, Strategy)
    rule = classes.get(RULE)
    return strategies, None if rule is None else _class(rule, RewardLedger)


@cache
def _class(one: Named, base: type[T]) -> type[T]:
    return class_of_text(one.place, one.source, one.name, base)

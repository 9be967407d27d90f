"""Study files: which keys of a scenario take which values, over how many seeds. TOML."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.toml_text import read_toml
from proofmill.host.ground.typed import typed
from proofmill.host.network.economics.limits import MOST_SLOTS
from proofmill.host.network.economics.scenario import Scenario, scenario_of, source

MOST_RUNS = 100_000

Value = str | int | float | bool
"""What a key can be set to."""


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scenario: Annotated[str, Meta(min_length=1)]
    vary: dict[str, Annotated[list[Value], Meta(min_length=1)]]
    title: str = "a study"
    slots: Annotated[int, Meta(ge=1, le=MOST_SLOTS)] = 1_000
    seeds: Annotated[int, Meta(ge=2, le=1_000)] = 8


@dataclass(frozen=True)
class Point:
    """One combination of values, and the scenario with them as a TOML document."""

    values: tuple[Value, ...]
    document: Mapping[str, Any]

    def scenario(self, where: str) -> Scenario:
        """The scenario; ProofmillError names the key that is wrong."""
        return scenario_of(self.document, where)


@dataclass(frozen=True)
class Study:
    """`keys` at all combinations of their values, each run under the seeds 0 to `seeds` - 1.

    Every point is played on the same luck, so that points differ by their values alone.
    """

    title: str
    slots: int
    seeds: int
    keys: tuple[str, ...]
    points: tuple[Point, ...]
    digest: str
    """SHA-256 over all that results follow from."""


def load_study(path: str) -> Study:
    """The study in a file. ProofmillError says what is wrong with it, or with the scenario that a
    point would have, and where."""
    return study_of(read_toml(Path(path), "a study"), path, Path(path).parent)


def study_of(document: Mapping[str, Any], name: str = "the study",
             folder: Path | None = None) -> Study:
    """The study of a document as a file has it; `name` is what errors call it, and a scenario's
    file is looked for from `folder` on. ProofmillError as `load_study`."""
    file = typed(document, _File, name)
    if not file.vary:
        raise ProofmillError(f"{name}: vary: names no key; give one, as \"network.slot_seconds\" = "
                             "[6.0, 12.0]")
    scenario, where = source(file.scenario, folder)
    points = tuple(_points(scenario, file.vary, f"{name}: vary"))
    if len(points) * file.seeds > MOST_RUNS:
        raise ProofmillError(
            f"{name}: {len(points):,} points of {file.seeds} seeds are "
            f"{len(points) * file.seeds:,} runs; a study has {MOST_RUNS:,} at most")
    for point in points:
        point.scenario(f"{where}, with {named(tuple(file.vary), point.values)}")
    facts = json.dumps([file.slots, file.seeds, list(file.vary),
                        [[point.values, point.document] for point in points]])
    return Study(file.title, file.slots, file.seeds, tuple(file.vary), points,
                 hashlib.sha256(facts.encode()).hexdigest())


def named(keys: tuple[str, ...], values: tuple[Value, ...]) -> str:
    """Keys and values in words."""
    return ", ".join(f"{key} = {value}" for key, value in zip(keys, values, strict=True))


def _points(scenario: Mapping[str, Any], vary: Mapping[str, list[Value]],
            where: str) -> Iterator[Point]:
    for values in itertools.product(*vary.values()):
        document = dict(scenario)
        for key, value in zip(vary, values, strict=True):
            document = _with(document, key.split("."), value, f"{where}: {key}")
        yield Point(values, document)


def _with(table: Mapping[str, Any], path: list[str], value: Value, where: str) -> dict[str, Any]:
    """`table` with the value at `path`; in the list of provers, a step is a prover's name."""
    step, *rest = path
    if not rest:
        return {**table, step: value}
    inner = table.get(step, {})
    if isinstance(inner, list):
        name, *rest = rest
        if not rest or name not in [each.get("name") for each in inner]:
            raise ProofmillError(
                f"{where}: the scenario has no provers of that name; write provers.NAME.KEY with "
                f"one of {', '.join(str(each.get('name')) for each in inner)}")
        return {**table, step: [_with(each, rest, value, where) if each.get("name") == name
                                else each for each in inner]}
    if not isinstance(inner, dict):
        raise ProofmillError(f"{where}: {step} is a value, it has no key {rest[0]}")
    return {**table, step: _with(inner, rest, value, where)}

"""Study files: which keys of a scenario take which values, over how many seeds. TOML."""

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.nearest import did_you_mean
from proofmill.host.ground.toml_text import TomlText
from proofmill.host.ground.typed import typed
from proofmill.host.network.economics.limits import MOST_SLOTS
from proofmill.host.network.economics.measures import FIGURES
from proofmill.host.network.economics.packaged import document_of, texts
from proofmill.host.network.economics.scenario import Scenario, scenario_of, source
from proofmill.host.network.economics.studies.classes import (
    AS_IT_IS,
    RULE,
    STRATEGIES,
    STRATEGY,
    Classes,
    Named,
    is_class_key,
    loaded,
    read_class,
)
from proofmill.host.network.economics.studies.samples import Method, Range, sample

MOST_RUNS = 100_000

Value = str | int | float | bool
"""What a key can be set to."""
PANELS = ("top_share", "gini_of_income", "proven_rate", "latency_mean", "work_per_proof",
          "joules_per_proof")
"""Figures of a picture where a study does not say which."""
_INDEX = re.compile(r"\[(\d+)\]")
TOGETHER = " + "
"""Between keys that are set to one value."""


class _Sample(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    method: Method
    points: Annotated[int, Meta(ge=2, le=MOST_RUNS)]
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    scenario: Annotated[str, Meta(min_length=1)]
    vary: dict[str, Annotated[list[Value], Meta(min_length=1)]] = {}
    ranges: dict[str, tuple[float | int, float | int]] = {}
    sample: _Sample | None = None
    rule: str = AS_IT_IS
    strategy: str = AS_IT_IS
    strategies: dict[str, str] = {}
    title: str = "a study"
    axis: str = ""
    logarithmic: bool = False
    panels: Annotated[tuple[str, ...], Meta(min_length=1, max_length=6)] = PANELS
    answer: str = ""
    slots: Annotated[int, Meta(ge=1, le=MOST_SLOTS)] = 1_000
    seeds: Annotated[int, Meta(ge=2, le=1_000)] = 8


@dataclass(frozen=True)
class Point:
    """One combination of values, and the scenario with them as a TOML document. `classes`: of
    users' own files, strategies and a rule, by the study's key."""

    values: tuple[Value, ...]
    document: Mapping[str, Any]
    classes: Classes = field(default_factory=dict)

    def scenario(self, where: str) -> Scenario:
        """The scenario; ProofmillError names the key that is wrong."""
        return scenario_of(self.document, lambda key: where)


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
    method: Method | None = None
    """How points are spread over `ranges`; None for all combinations."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    axis: str = ""
    """What the first key is called in pictures; its name where empty."""
    logarithmic: bool = False
    """Whether pictures have the first key by its logarithm."""
    panels: tuple[str, ...] = PANELS
    answer: str = ""
    """A sentence with places for figures (`answers`)."""


def packaged_studies() -> dict[str, str]:
    """The studies that come with the package: name and text."""
    return texts("proofmill.host.network.economics.studies", "questions")


def load_study(path: str) -> Study:
    """A packaged study by name, or the one in a file. ProofmillError says what is wrong with it, or
    with the scenario that a point would have, and where."""
    known = packaged_studies()
    source = document_of(path, "study", known)
    return study_of(source.document, source.where, Path(path).parent, source.text)


def study_of(document: Mapping[str, Any], name: str = "the study",
             folder: Path | None = None, text: str = "") -> Study:
    """The study of a document as a file has it; `name` is what errors call it, and the files of a
    scenario and of classes are looked for from `folder` on. `text`: of the file, so that errors say
    in which line a key or a class is. ProofmillError as `load_study`."""
    study = TomlText(text, name, dict(document))
    file = typed(document, _File, study.place)
    keys, values, method = _values(file, study)
    scenario = source(file.scenario, folder)
    _check_panels(file.panels, study)
    files = _Files(study, "ranges" if method else "vary", folder or Path())
    points = tuple(_points(scenario.document, keys, values, files, _fixed(file)))
    if len(points) * file.seeds > MOST_RUNS:
        raise ProofmillError(
            f"{study.place('seeds')}: {len(points):,} points of {file.seeds} seeds are "
            f"{len(points) * file.seeds:,} runs; a study has {MOST_RUNS:,} at most")
    for point in points:
        _check(point, files, scenario, keys)
    facts = json.dumps([file.slots, file.seeds, list(keys),
                        [[point.values, point.document] for point in points],
                        *[[key, one.source, one.name] for point in points
                          for key, one in point.classes.items()]])
    return Study(file.title, file.slots, file.seeds, keys, points,
                 hashlib.sha256(facts.encode()).hexdigest(), method, file.ranges, file.axis,
                 file.logarithmic, file.panels, file.answer)


def _values(file: _File, study: TomlText
            ) -> tuple[tuple[str, ...], Iterable[tuple[Value, ...]], Method | None]:
    """The keys, their values at every point, and how these are spread."""
    if bool(file.vary) == bool(file.ranges):
        raise ProofmillError(
            f"{study.where}: give either vary, keys with lists of values, as "
            "\"network.slot_seconds\" = [6.0, 12.0], or ranges, keys with two ends")
    if file.vary:
        if file.sample is not None:
            raise ProofmillError(f"{study.place('sample')}: sample: is for ranges; vary has all "
                                 "its combinations")
        return tuple(file.vary), itertools.product(*file.vary.values()), None
    if file.sample is None:
        raise ProofmillError(f"{study.place('ranges')}: ranges: say how points are spread: "
                             "sample.method and sample.points")
    for key, (low, high) in file.ranges.items():
        if not low < high:
            raise ProofmillError(f"{study.place(('ranges', key))}: ranges: {key}: {low} to {high}; "
                                 "the first end is the lower one")
    count = file.sample.points
    if file.sample.method == "sobol" and count & count - 1:
        raise ProofmillError(f"{study.place('sample.points')}: sample.points: {count} is no power "
                             f"of two, as sobol takes it; the next is {1 << count.bit_length()}")
    rows = sample(file.sample.method, file.ranges, count, file.sample.seed)
    return tuple(file.ranges), rows, file.sample.method


def _check_panels(panels: Iterable[str], study: TomlText) -> None:
    for panel in panels:
        if panel not in FIGURES:
            raise ProofmillError(f"{study.place('panels')}: panels: there is no figure {panel}"
                                 f"{did_you_mean(panel, FIGURES)}; there are {', '.join(FIGURES)}")


def named(keys: tuple[str, ...], values: tuple[Value, ...]) -> str:
    """Keys and values in words."""
    return ", ".join(f"{key} = {value}" for key, value in zip(keys, values, strict=True))


def _fixed(file: _File) -> dict[str, str]:
    """Classes that every point has, by key."""
    return {RULE: file.rule, STRATEGY: file.strategy,
            **{STRATEGIES + kind: text for kind, text in file.strategies.items()}}


@dataclass(frozen=True)
class _Files:
    """Where a study's classes are looked for, and what errors say of it. `table`: in which its
    keys have their values."""

    study: TomlText
    table: str
    folder: Path

    def place(self, key: str) -> str:
        """Where the study gives a key its values."""
        return self.study.place((self.table, key))

    def read(self, key: str, value: Value) -> Named:
        """The class of a key's value; ProofmillError with key and line."""
        if not isinstance(value, str):
            raise ProofmillError(f"{_place(self.study, str(value))}: {key}: {value} is no "
                                 "class; write \"FILE.py:Class\", or \"\" for none")
        try:
            return read_class(value, self.folder)
        except ProofmillError as error:
            raise ProofmillError(f"{_place(self.study, value)}: {key}: {error}") from error


def _place(study: TomlText, value: str) -> str:
    """The study's file, and the line in which it has this value, if it is there."""
    for number, line in enumerate(study.text.splitlines(), 1):
        if f'"{value}"' in line or f"'{value}'" in line:
            return f"{study.where}, line {number}"
    return study.where


def _check(point: Point, files: _Files, scenario: TomlText, keys: tuple[str, ...]) -> None:
    """ProofmillError names the key that is wrong, or the class, and the line: of the study's file
    where it sets the key, else of the scenario's."""
    set_by = {one: key for key in keys for one in key.split(TOGETHER)}
    provers = point.document.get("provers")
    names = [each.get("name") for each in provers] if isinstance(provers, list) else []

    def locate(key: str) -> str:
        steps = _INDEX.sub(lambda found: f".{names[int(found[1])]}", key)
        key_of_study = set_by.get(steps)
        place = scenario.place(key) if key_of_study is None else files.place(key_of_study)
        return f"{place}, with {named(keys, point.values)}"

    checked = scenario_of(point.document, locate)
    for key, one in point.classes.items():
        try:
            loaded({key: one}, checked)
        except ProofmillError as error:
            raise ProofmillError(f"{_place(files.study, one.text)}: {key}: {error}") from error


def _points(scenario: Mapping[str, Any], keys: tuple[str, ...],
            rows: Iterable[tuple[Value, ...]], files: _Files,
            fixed: Mapping[str, str]) -> Iterator[Point]:
    places = {key: f"{files.place(key)}: {files.table}" for key in keys}
    for values in rows:
        document, classes = dict(scenario), dict[str, Value](fixed)
        for key, value in zip(keys, values, strict=True):
            for one in key.split(TOGETHER):
                if is_class_key(one):
                    classes[one] = value
                else:
                    document = _with(document, one.split("."), value, f"{places[key]}: {one}")
        yield Point(values, document, {
            key: files.read(key, value) for key, value in classes.items() if value != AS_IT_IS})


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

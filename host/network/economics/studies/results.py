"""A study's results: means and intervals, as rows, as CSV, and with what they follow from."""

import csv
import io
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.economics.intervals import Interval, interval
from proofmill.host.network.economics.simulate import MECHANISMS
from proofmill.host.network.economics.studies.journal import Journal
from proofmill.host.network.economics.studies.study import Study, Value


@dataclass(frozen=True)
class Result:
    """One figure at one point under one mechanism. `interval`: over the `count` seeds in which the
    figure has a value; None where fewer than two have."""

    values: tuple[Value, ...]
    mechanism: str
    figure: str
    interval: Interval | None
    count: int


def results(study: Study, journal: Journal) -> list[Result]:
    """Every figure, in the order of points, mechanisms, figures. All runs must be done."""
    found = []
    for number, point in enumerate(study.points):
        runs = [journal.done[number, seed] for seed in range(study.seeds)]
        for mechanism in MECHANISMS:
            for figure in runs[0][mechanism]:
                values = [value for run in runs if (value := run[mechanism][figure]) is not None]
                found.append(Result(point.values, mechanism, figure,
                                    interval(values) if len(values) > 1 else None, len(values)))
    return found


def write_csv(path: Path, study: Study, rows: Sequence[Result]) -> None:
    """A row a result, a column a varied key; empty where there is no value."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*study.keys, "mechanism", "figure", "mean", "lower", "upper", "seeds"])
    for row in rows:
        found = row.interval
        ends = ("", "", "") if found is None else (found.mean, found.lower, found.upper)
        writer.writerow([*row.values, row.mechanism, row.figure, *ends, row.count])
    write_atomically(path, [text.getvalue().encode()])


def provenance(study: Study, version: str) -> JsonObject:
    """What the results follow from."""
    import numpy

    return {
        "title": study.title, "study_sha256": study.digest, "version": version,
        "slots": study.slots, "seeds": study.seeds, "keys": list(study.keys),
        "points": [list(point.values) for point in study.points],
        "python": platform.python_version(), "numpy": numpy.__version__}


def write_provenance(path: Path, study: Study, version: str) -> None:
    """The same as a JSON file."""
    write_atomically(path, [json.dumps(provenance(study, version), indent=1).encode()])

"""A study's results: means and intervals, as rows, as CSV, and with what they follow from."""

import json
import platform
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofmill.host.ground.cores import cores
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.ground.output import write_atomically
from proofmill.host.network.economics.intervals import Interval, interval
from proofmill.host.network.economics.studies.journal import Journal
from proofmill.host.network.economics.studies.runs import run_all
from proofmill.host.network.economics.studies.samples import sensitivities
from proofmill.host.network.economics.studies.study import Study, Value
from proofmill.host.network.economics.table import Table


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
        for mechanism in runs[0]:
            for figure in runs[0][mechanism]:
                values = [value for run in runs if (value := run[mechanism][figure]) is not None]
                found.append(Result(point.values, mechanism, figure,
                                    interval(values) if len(values) > 1 else None, len(values)))
    return found


def csv_rows(study: Study, rows: Sequence[Result]) -> list[JsonObject]:
    """A row a result, a column a varied key; nothing where there is no value."""
    return [{**dict(zip(study.keys, row.values, strict=True)), "mechanism": row.mechanism,
             "figure": row.figure, **ends_of(row.interval), "seeds": row.count} for row in rows]


def run_study(study: Study, workers: int | None = None,
              progress: Callable[[int, int], None] | None = None,
              cluster: str | None = None) -> Table:
    """Play a study on all cores (or `workers` processes, or the Dask cluster whose scheduler is at
    `cluster`) and say every figure at every point, with
    its 95 % interval. Nothing is kept: `proofmill study run` goes on where it was ended.

    Processes are started anew, so a script that calls this keeps its own work behind
    ``if __name__ == "__main__":``.
    """
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), study.digest, "")
        run_all(study, journal, workers or cores(), progress or (lambda done, total: None),
                cluster)
        return Table(tuple(csv_rows(study, results(study, journal))))


def sensitivity_rows(study: Study, rows: Sequence[Result]) -> list[JsonObject]:
    """How every figure answers to every key of a study over ranges; none for one of combinations,
    nor for a figure that is the same at all points."""
    if study.method is None:
        return []
    means: dict[tuple[str, str], list[float | None]] = {}
    for row in rows:
        means.setdefault((row.mechanism, row.figure), []).append(
            None if row.interval is None else row.interval.mean)
    points = [tuple(map(float, point.values)) for point in study.points]
    return [{"mechanism": mechanism, "figure": figure, "key": one.key, "measure": one.measure,
             "value": one.value, "lower": one.value - one.half_width,
             "upper": one.value + one.half_width}
            for (mechanism, figure), values in means.items()
            for one in sensitivities(study.method, study.ranges, points, values)]


def write_parquet(path: Path, rows: Sequence[JsonObject], facts: JsonObject) -> Path:
    """Write rows as Parquet, with what they follow from in the file's own metadata; returns the
    path. ProofmillError where pyarrow is not installed."""
    table = Table(tuple(rows)).to_arrow()
    from pyarrow import BufferOutputStream, parquet

    sink = BufferOutputStream()
    parquet.write_table(
        table.replace_schema_metadata({"proofmill": json.dumps(facts)}), sink)
    write_atomically(path, [sink.getvalue().to_pybytes()])
    return path


def ends_of(found: Interval | None) -> JsonObject:
    """An interval's mean and ends by name; None for each where there is none."""
    return {name: found and getattr(found, name) for name in ("mean", "lower", "upper")}


def provenance(study: Study, version: str) -> JsonObject:
    """What the results follow from."""
    import numpy

    return {
        "title": study.title, "study_sha256": study.digest, "version": version,
        "slots": study.slots, "seeds": study.seeds, "method": study.method or "combinations",
        "keys": list(study.keys),
        "points": [list(point.values) for point in study.points],
        "python": platform.python_version(), "numpy": numpy.__version__}


def write_provenance(path: Path, study: Study, version: str) -> None:
    """The same as a JSON file."""
    write_atomically(path, [json.dumps(provenance(study, version), indent=1).encode()])

"""``proofmill study``: a scenario with its keys at several values, over seeds, with intervals."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import output_folder, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.host.ground.json_text import JsonObject
    from proofmill.host.network.economics.studies.results import Result
    from proofmill.host.network.economics.studies.study import Study

MOST_SHOWN = 4
"""Figures of the table on the screen: the first ones of the study's picture."""
SHOWN = ("top_share", "gini_of_income", "work_per_proof", "latency_mean")
"""Figures of the table on the screen of a study over ranges; the files have all."""


def register(commands: Commands) -> None:
    """Add the commands."""
    study = commands.add_parser(
        "study", help="a scenario at many values of its keys, over seeds, with intervals",
        description="Play a scenario again and again, with some of its keys at several values.")
    actions = study.add_subparsers(metavar="WHAT", required=True)
    running = actions.add_parser(
        "run", help="play all combinations, write figures, pictures and a page",
        description="Play every combination of a study's values under every seed, staged lottery "
                    "and pure race, on all cores. What is done is kept in FOLDER at once: a run "
                    "that was ended goes on where it was when it is started again.")
    running.add_argument("study", metavar="STUDY.toml",
                         help="a file (docs/studies.md), or the name of a study of the package: "
                              "stake, energy, concentration, capacity, failures, "
                              "partitions, ai")
    running.add_argument("--out", metavar="FOLDER", type=output_folder,
                         help="where runs, CSV, pictures and the page go (default, of a study of "
                              "the package: build/studies/NAME)")
    running.add_argument("--cluster", metavar="ADDRESS",
                         help="of a Dask scheduler, tcp://HOST:PORT, whose workers do the runs")
    running.add_argument("--processes", type=whole(1, 1_024), metavar="N",
                         help="that run at once (default: one a core)")
    running.add_argument("--json", action="store_true", help="one JSON object on stdout")
    running.set_defaults(run=run)
    published = actions.add_parser(
        "published", help="published results, reached by this project's own code",
        description="Compute figures that others have published on mixes, races and compounding, "
                    "and print them beside theirs. Exit status 1 where one differs.")
    published.add_argument("--json", action="store_true", help="one JSON object on stdout")
    published.set_defaults(run=show_published)


def run(options: argparse.Namespace) -> int:
    """Run what is left, and write what all runs say."""
    from proofmill.host.cli.main import version
    from proofmill.host.ground.cores import cores
    from proofmill.host.network.economics.studies.answers import answer
    from proofmill.host.network.economics.studies.journal import Journal
    from proofmill.host.network.economics.studies.page import write_page  # says first what it needs
    from proofmill.host.network.economics.studies.results import (
        csv_rows,
        ends_of,
        provenance,
        results,
        sensitivity_rows,
        write_parquet,
        write_provenance,
    )
    from proofmill.host.network.economics.studies.runs import expected_seconds, run_all
    from proofmill.host.network.economics.studies.study import load_study, packaged_studies
    from proofmill.host.network.economics.tables import write_csv

    screen = Screen(machine=options.json)
    study = load_study(options.study)
    if options.out is None and options.study not in packaged_studies():
        raise ProofmillError("--out is missing: name a folder for the results")
    folder = Path(options.out or Path("build", "studies", options.study))
    journal = Journal(folder, study.digest, version())
    workers = options.processes or cores()
    total, done = len(study.points) * study.seeds, len(journal.done)
    with screen.bar("a short run, to know how long all take"):
        seconds = expected_seconds(study, workers, done)
    kept = f", of which {done:,} are done" if done else ""
    screen.line(f"{study.title}: {len(study.points):,} points, {study.seeds} seeds, "
                f"{total:,} runs{kept}; about {_time(seconds)}")
    with screen.bar(study.title) as bar:
        run_all(study, journal, workers, bar, options.cluster)
    rows = results(study, journal)
    sentence = answer(study, rows)
    with screen.bar("writing the page"):
        write_provenance(folder / "study.json", study, version())
        points, depends = csv_rows(study, rows), sensitivity_rows(study, rows)
        files = [write_csv(folder / "points.csv", points), folder / "study.json",
                 *write_page(folder, study, rows, depends, version())]
        if depends:
            files.append(write_csv(folder / "sensitivity.csv", depends))
        try:
            files.append(write_parquet(folder / "points.parquet", points,
                                       provenance(study, version())))
        except ProofmillError as error:
            screen.line(f"points.parquet is left out: {error}")
    if options.json:
        print_record("study run", {
            "title": study.title, "study_sha256": study.digest, "points": len(study.points),
            "seeds": study.seeds, "slots": study.slots, "answer": sentence,
            "results": [{"values": list(row.values), "mechanism": row.mechanism,
                         "figure": row.figure, "seeds": row.count, **ends_of(row.interval)}
                        for row in rows],
            "sensitivity": depends, "files": [str(path) for path in files]})
        return 0
    if study.method is None:
        _show(screen, rows, study)
    else:
        _show_sensitivity(screen, depends)
    if sentence:
        screen.line(sentence)
    for path in files:
        screen.line(f"wrote {path}")
    return 0


def show_published(options: argparse.Namespace) -> int:
    """Compute and compare."""
    from proofmill.host.network.economics.published.results import reproduce

    screen = Screen(machine=options.json)
    found = reproduce()
    holds = all(one.holds for one in found)
    if options.json:
        print_record("study published", {"results": [
            {"source": one.source, "figure": one.figure, "published": one.published,
             "own": one.own, "within": one.within, "holds": one.holds} for one in found]})
        return 0 if holds else 1
    for source in dict.fromkeys(one.source for one in found):
        screen.line(source)
        screen.line(f"  {'figure':50}{'published':>12}{'here':>12}{'within':>10}")
        for one in found:
            if one.source == source:
                said = "" if one.holds else "   DIFFERS"
                screen.line(f"  {one.figure:50}{one.published:12.5f}{one.own:12.5f}"
                            f"{one.within:10.1g}{said}")
    return 0 if holds else 1


def _show(screen: Screen, rows: "Sequence[Result]", study: "Study") -> None:
    """A line for each point and mechanism."""
    keys, shown = study.keys, study.panels[:MOST_SHOWN]
    found = {(row.values, row.mechanism, row.figure): row.interval for row in rows}
    for number, key in enumerate(keys, 1):
        screen.line(f"({number}) {key}")
    screen.line(" ".join([*(f"{f'({number})':>8}" for number in range(1, len(keys) + 1)),
                          "mechanism", *(f"{figure:>22}" for figure in shown)]))
    for values, mechanism in dict.fromkeys((row.values, row.mechanism) for row in rows):
        said = (("-" if (one := found[values, mechanism, figure]) is None else
                 f"{one.mean:.4g} ± {one.half_width:.2g}") for figure in shown)
        screen.line(" ".join([*(f"{value!s:>8}" for value in values), f"{mechanism:<9}",
                              *(f"{text:>22}" for text in said)]))


def _show_sensitivity(screen: Screen, rows: "Sequence[JsonObject]") -> None:
    """A line for each of the figures of the screen, mechanism, key and measure."""
    screen.line(f"{'mechanism':<10}{'figure':<20}{'key':<40}{'measure':<18}value")
    for row in rows:
        if row["figure"] in SHOWN:
            half = (row["upper"] - row["lower"]) / 2
            screen.line(f"{row['mechanism']:<10}{row['figure']:<20}{row['key']:<40}"
                        f"{row['measure']:<18}{row['value']:.3f} ± {half:.2g}")


def _time(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(1, round(seconds))} s"

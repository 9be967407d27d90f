"""Studies: files checked before anything runs, the same figures however they are run, intervals."""

import csv
import json
import re
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.intervals import interval, student_97_5
from proofmill.host.network.economics.scenario import load_scenario
from proofmill.host.network.economics.simulate import simulate
from proofmill.host.network.economics.studies.journal import FILE, Journal
from proofmill.host.network.economics.studies.results import csv_rows, results, run_study
from proofmill.host.network.economics.studies.runs import figures_of, run_all
from proofmill.host.network.economics.studies.study import Study, load_study

TEXT = """
title = "small <study>"
scenario = "{scenario}"
slots = 24
seeds = 3
[vary]
"provers.fast.seconds" = [1.0, 4.5]
"network.empty_slot_rate" = [0.0, 0.2]
"""


def written(folder: Path, text: str = TEXT, scenario: str = "equal") -> Path:
    path = folder / "study.toml"
    path.write_text(text.replace("{scenario}", scenario))
    return path


def test_quantiles_are_those_of_the_tables() -> None:
    """Abramowitz and Stegun, table 26.10."""
    for degrees, quantile in ((1, 12.706), (2, 4.303), (3, 3.182), (7, 2.365), (15, 2.131),
                              (16, 2.120), (30, 2.042), (120, 1.980)):
        assert student_97_5(degrees) == pytest.approx(quantile, abs=6e-4)
    found = interval([1.0, 3.0])
    assert found.mean == 2 and found.half_width == pytest.approx(12.7062, abs=1e-4)
    for values in ([], [1.0]):
        with pytest.raises(ValueError, match="two values or more"):
            interval(values)


def test_points_are_all_combinations_of_the_scenario(tmp_path: Path) -> None:
    study = load_study(str(written(tmp_path)))
    assert [point.values for point in study.points] == [
        (1.0, 0.0), (1.0, 0.2), (4.5, 0.0), (4.5, 0.2)]
    scenario = study.points[3].scenario("x")
    assert [kind.seconds for kind in scenario.provers] == [5.0, 4.5]
    assert scenario.network.empty_slot_rate == 0.2
    assert load_scenario("equal").network.empty_slot_rate == 0.01, "the scenario is left as it is"


def test_a_digest_is_of_all_that_results_follow_from(tmp_path: Path) -> None:
    digest = load_study(str(written(tmp_path))).digest
    assert load_study(str(written(tmp_path))).digest == digest
    for text in (TEXT.replace("slots = 24", "slots = 25"), TEXT.replace("4.5", "4.4")):
        assert load_study(str(written(tmp_path, text))).digest != digest
    assert load_study(str(written(tmp_path, TEXT.replace("small", "large")))).digest == digest


@pytest.mark.parametrize("old, new, sentence", [
    ('"{scenario}"', '"nowhere"', r"nowhere: no such file, nor a scenario .*equal"),
    ("seeds = 3", "seeds = 1", r"study\.toml, line 5: seeds = 1: must be .*, 2 to 1,000"),
    ("slots = 24", "slots = 0", r"study\.toml, line 4: slots = 0: .*, 1 to 1,000,000"),
    ("provers.fast.seconds", "provers.slow.seconds",
     r"line 7: vary: provers\.slow\.seconds: .*NAME.KEY with one of prover, fast"),
    ("provers.fast.seconds", "provers.fast.second",
     r"line 7, with provers\.fast\.second = 1\.0, .*second"),
    ("[1.0, 4.5]", "[1.0, -4.5]",
     r"line 7, with provers\.fast\.seconds = -4\.5, .*\]\.seconds = -4\.5: .* 0\.000001 to"),
    ("[1.0, 4.5]", "[]", r"line 6: vary.*"),
    ("network.empty_slot_rate", "title.text", r"line 8: vary: title\.text: title is a value"),
    ("[0.0, 0.2]", str([n / 1e6 for n in range(20_000)]), r"40,000 points of 3 seeds are 120,000"),
    ("[vary]", "[vary", r"study\.toml: not TOML"),
])
def test_a_wrong_study_is_a_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = TEXT.replace(old, new)
    assert text != TEXT
    with pytest.raises(ProofmillError, match=sentence):
        load_study(str(written(tmp_path, text)))


def play(study: Study, folder: Path, workers: int) -> Journal:
    journal = Journal(folder, study.digest, "1")
    run_all(study, journal, workers, lambda done, total: None)
    return journal


def test_the_figures_are_the_simulations_with_any_number_of_processes(tmp_path: Path) -> None:
    study = load_study(str(written(tmp_path)))
    alone, together = play(study, tmp_path / "a", 1), play(study, tmp_path / "b", 2)
    assert results(study, alone) == results(study, together)
    assert list(run_study(study, 1)) == csv_rows(study, results(study, alone))
    rows = {(row.values, row.mechanism, row.figure): row for row in results(study, alone)}
    delays = [simulate(study.points[0].scenario("x"), 24, seed).figures["staged"].delay_mean
              for seed in range(3)]
    found = rows[(1.0, 0.0), "staged", "delay_mean"]
    assert found.interval == interval(delays) and found.count == 3


def test_what_was_ended_goes_on_where_it_was(tmp_path: Path) -> None:
    study = load_study(str(written(tmp_path)))
    whole = play(study, tmp_path / "whole", 2)
    half = Journal(tmp_path / "half", study.digest, "1")
    for seed in range(2):
        half.add((1, seed), figures_of(study.points[1].scenario("x"), 24, seed))
    path = tmp_path / "half" / FILE
    path.write_bytes(path.read_bytes() + b'{"point": 2, "se')  # killed while it wrote
    before = path.read_text().splitlines()[:3]
    heard: list[tuple[int, int]] = []
    again = Journal(tmp_path / "half", study.digest, "1")
    run_all(study, again, 2, lambda done, total: heard.append((done, total)))
    assert heard[0] == (2, 12) and heard[-1] == (12, 12)
    assert path.read_text().splitlines()[:3] == before
    assert results(study, Journal(tmp_path / "half", study.digest, "1")) == results(study, whole)


@pytest.mark.parametrize("digest, version, sentence", [
    ("other", "1", "another study, or this one before it was changed; name another folder"),
    ("it", "2", "another version of Proofmill"), (None, "1", "not the runs of a study")])
def test_runs_of_something_else_are_refused(
        tmp_path: Path, digest: str | None, version: str, sentence: str) -> None:
    if digest is None:
        (tmp_path / FILE).write_text("[]\n")
    else:
        Journal(tmp_path, digest, version)
    kept = (tmp_path / FILE).read_bytes()
    with pytest.raises(ProofmillError, match=sentence):
        Journal(tmp_path, "it", "1")
    assert (tmp_path / FILE).read_bytes() == kept


def test_the_command_writes_rows_pictures_and_one_page(
        tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["study", "run", str(written(tmp_path)), "--out", str(tmp_path / "out"),
            "--processes", "1"]
    assert main([*line, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["points"] == 4 and len(record["results"]) % 8 == 0
    with open(tmp_path / "out" / "points.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(record["results"])
    first, said = rows[0], record["results"][0]
    assert first["provers.fast.seconds"] == "1.0" and float(first["mean"]) == said["mean"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<h1>small &lt;study&gt;</h1>" in page and page.count("<svg") == 1
    assert not re.search(r'(?:src|href)="http', page), "the page loads nothing"
    assert record["study_sha256"] in page
    picture = (tmp_path / "out" / "study.svg").read_bytes()
    assert (tmp_path / "out" / "study.png").read_bytes().startswith(b"\x89PNG")
    # Nothing is left to run: the same files, and a table on the screen.
    assert main(line) == 0
    assert (tmp_path / "out" / "study.svg").read_bytes() == picture
    shown = capsys.readouterr().out.splitlines()
    assert "12 runs, of which 12 are done" in shown[0]
    assert sum(" staged " in text for text in shown) == 4

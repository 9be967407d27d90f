"""The project's questions: studies of the package, their answers, and what the docs say of them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.intervals import Interval
from proofmill.host.network.economics.studies.answers import answer
from proofmill.host.network.economics.studies.journal import Journal
from proofmill.host.network.economics.studies.results import Result, results
from proofmill.host.network.economics.studies.runs import figures_of
from proofmill.host.network.economics.studies.study import (
    Study,
    load_study,
    packaged_studies,
    study_of,
)
from tests.docs.walk import ROOT

NAMES = sorted(packaged_studies())


def least(study: Study, folder: Path) -> Journal:
    """All its points under one seed for eight slots, taken for all seeds."""
    journal = Journal(folder, study.digest, "1")
    for number, point in enumerate(study.points):
        figures = figures_of(point.scenario("x"), 8, 0)
        for seed in range(study.seeds):
            journal.add((number, seed), figures)
    return journal


@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_sentence_of_figures_that_it_has(name: str, tmp_path: Path) -> None:
    study = load_study(name)
    said = answer(study, results(study, least(study, tmp_path)))
    assert study.title.endswith("?") and said.endswith(".") and not re.search(r"[{}]", said)
    assert len(study.points) * study.seeds <= 40, "minutes on two cores"


@pytest.mark.parametrize("name", NAMES)
def test_the_docs_have_its_command_and_its_picture(name: str) -> None:
    page = (ROOT / "docs" / "studies.md").read_text("utf-8")
    assert f"`proofmill study run {name}`" in page and f"(pictures/studies/{name}.svg)" in page
    assert (ROOT / "docs" / "pictures" / "studies" / f"{name}.svg").stat().st_size > 10_000
    assert load_study(name).title in page


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_docs_say_what_it_says(
        name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "run", name, "--out", str(tmp_path)]) == 0
    said = [line for line in capsys.readouterr().out.splitlines()
            if not line.startswith("wrote")][-1]
    page = " ".join((ROOT / "docs" / "studies.md").read_text("utf-8").split())
    assert said in page


DOCUMENT = {"scenario": "equal", "slots": 8, "seeds": 2,
            "vary": {"mechanism.rho_min + mechanism.rho_start": [10**7, 2 * 10**7]}}


def test_keys_are_set_together() -> None:
    study = study_of(DOCUMENT)
    assert [(one.rho_min, one.rho_start) for one in (
        point.scenario("x").parameters for point in study.points)] == [
            (10**7, 10**7), (2 * 10**7, 2 * 10**7)]


def test_a_place_has_mean_and_interval() -> None:
    study = replace(study_of(DOCUMENT), answer="{race top_share at 10000000 as percent} of all, "
                                               "{race delay_mean at 10000000} slots.")
    rows = [Result((10**7,), "race", "top_share", Interval(0.5, 0.125), 2),
            Result((10**7,), "race", "delay_mean", Interval(1.5, 0.0), 2)]
    assert answer(study, rows) == "50.0 % (37.5 % to 62.5 %) of all, 1.5 slots."
    for wrong in ("{work top_share at 10000000}", "{race top_share at 3}",
                  "{race top_share at 10000000 as miles}"):
        with pytest.raises(ProofmillError, match="no such figure at these values, or there is no"):
            answer(replace(study, answer=wrong), rows)


@pytest.mark.parametrize("line, sentence", [
    (["stak"], r"stak: no such file, nor a study of that name \(did you mean stake\?\); there are"),
    (["stake", "--cluster", "tcp://127.0.0.1:1"], "--cluster tcp://127.0.0.1:1: no Dask scheduler"),
    (["mine.toml"], "--out is missing: name a folder for the results"),
])
def test_a_wrong_line_is_a_sentence(
        line: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("proofmill.host.network.economics.studies.cluster.PATIENCE_SECONDS", 1)
    (tmp_path / "mine.toml").write_text(
        'scenario = "equal"\nslots = 8\nseeds = 2\n[vary]\n"network.slot_seconds" = [6.0]\n')
    assert main(["study", "run", *line]) == 2
    assert re.search(sentence, capsys.readouterr().err)


def test_a_panel_that_is_no_figure_is_named() -> None:
    with pytest.raises(ProofmillError, match=r"panels: there is no figure toppshare \(did you"):
        study_of({**DOCUMENT, "panels": ["toppshare"]})

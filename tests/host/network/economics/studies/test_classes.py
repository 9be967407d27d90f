"""Strategies and rules of a user's own in studies: varied like values, on processes and workers."""

import pickle
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.studies.journal import Journal
from proofmill.host.network.economics.studies.results import results
from proofmill.host.network.economics.studies.runs import figures_of, run_all
from proofmill.host.network.economics.studies.study import load_study, study_of

MINE = """import proofmill


class Lazy(proofmill.Strategy):
    def proves(self, duty):
        return False


class Equal(proofmill.RewardLedger):
    def weights_of(self, provers):
        return [1 for _ in provers]


class Broken(proofmill.Strategy):
    def proves(self, duty):
        return 1 / 0
"""
TEXT = """
scenario = "equal"
slots = 24
seeds = 2
rule = "mine.py:Equal"
[vary]
"strategies.usual" = ["", "mine.py:Lazy"]
"network.empty_slot_rate" = [0.0]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def written(folder: Path, text: str) -> str:
    path = folder / "study.toml"
    path.write_text(text)
    return str(path)


def named(folder: Path) -> str:
    """The study, with the name that its scenario's provers have."""
    kind = load_study(written(folder, TEXT.replace('"strategies.usual"', '"strategy"'))
                      ).points[0].scenario("x").provers[0].name
    return TEXT.replace("usual", kind)


def test_a_class_is_varied_like_a_value_and_needs_no_file_where_it_plays(folder: Path) -> None:
    study = load_study(written(folder, named(folder)))
    assert [point.values[0] for point in study.points] == ["", "mine.py:Lazy"]
    assert [sorted(point.classes) for point in study.points][0] == ["rule"]
    (folder / "mine.py").unlink()
    journal = Journal(folder / "out", study.digest, "1")
    run_all(study, journal, 2, lambda done, total: None)
    found = {(row.values[0], row.mechanism): row.interval for row in results(study, journal)
             if row.figure == "work_per_proof" or row.figure == "proven_rate"}
    assert {mechanism for _, mechanism in found} == {"staged", "race", "rule"}
    point = pickle.loads(pickle.dumps(study.points[1]))
    lazy = figures_of(point.scenario("x"), 24, 0, point.classes)
    assert lazy == journal.done[1, 0] != journal.done[0, 0]


def test_a_digest_is_of_what_the_files_have(folder: Path) -> None:
    before = load_study(written(folder, named(folder))).digest
    (folder / "mine.py").write_text(MINE.replace("return False", "return duty.slot > 3"))
    assert load_study(written(folder, named(folder))).digest != before


@pytest.mark.parametrize(("old", "new", "said"), [
    ("mine.py:Lazy", "mine.py:Lzay", r"line 7: strategies\.\w+: .*no class Lzay"),
    ("mine.py:Lazy", "nine.py:Lazy", r"line 7: strategies\.\w+: .*nine.py: cannot be read"),
    ("mine.py:Lazy", "mine.py", r"line 7: strategies\.\w+: mine.py: write FILE.py:Class"),
    ("mine.py:Equal", "mine.py:Lazy", r"line 5: rule: .*does not derive from proofmill.Reward"),
    ('"mine.py:Lazy"', "7", r"strategies\.\w+: 7 is no class"),
])
def test_a_wrong_class_is_told_with_line_and_key(
        folder: Path, old: str, new: str, said: str) -> None:
    text = named(folder)
    assert old in text
    with pytest.raises(ProofmillError, match=said):
        load_study(written(folder, text.replace(old, new, 1)))


def test_a_kind_that_is_none_and_a_file_that_is_no_python_are_told(folder: Path) -> None:
    with pytest.raises(ProofmillError, match=r"strategies\.flaky: .*no provers named flaky"):
        load_study(written(folder, TEXT.replace("usual", "flaky")))
    (folder / "mine.py").write_text("class Equal(:\n")
    with pytest.raises(ProofmillError, match=r"line 5: rule: .*mine.py, line 1: "):
        load_study(written(folder, TEXT.replace('"strategies.usual"', '"strategy"')))


def test_what_goes_wrong_while_it_plays_is_told_with_its_line(folder: Path) -> None:
    study = study_of({"scenario": "equal", "slots": 24, "seeds": 2,
                      "vary": {"strategy": ["mine.py:Broken"]}}, folder=folder)
    with pytest.raises(ProofmillError, match=r"mine.py, line 16: ZeroDivisionError"):
        run_all(study, Journal(folder / "out", study.digest, "1"), 1, lambda done, total: None)

"""Strategies and rules of a user's own: what they change, and what is said of wrong ones."""

import json
import re
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.economics.scenario import parse_scenario
from proofmill.host.network.economics.simulate import simulate
from proofmill.host.network.economics.strategies import Strategy
from tests.docs.walk import ROOT

SCENARIO = """
[network]
slots = 40
[economy]
review_slots = 16
[[provers]]
name = "usual"
count = 4
[[provers]]
name = "own"
"""
FILE = """import proofmill


class Lazy(proofmill.Strategy):
    def proves(self, duty):
        return False


class Spender(proofmill.Strategy):
    def review(self, prospect):
        assert prospect.kind.name == "own" and prospect.expected_gwei(1, 10**9) > 0
        return proofmill.Choice(2, 3 * prospect.least_bond_gwei)


class Equal(proofmill.RewardLedger):
    def weights_of(self, provers):
        return [1 for _ in provers]


class Double(proofmill.RewardLedger):
    def shares_of(self, record, delay):
        prover, includer = super().shares_of(record, delay)
        return 2 * prover, includer


class Negative(proofmill.RewardLedger):
    def weights_of(self, provers):
        return [-1 for _ in provers]


class Other:
    pass


class Misspelt(proofmill.Strategy):
    def prove(self, duty):
        return True


class Short(proofmill.Strategy):
    def proves(self):
        return True


class Failing(proofmill.Strategy):
    def proves(self, duty):
        return duty.slot / 0


class Wrong(proofmill.Strategy):
    def review(self, prospect):
        return 3


class Fraction(proofmill.Strategy):
    def review(self, prospect):
        return proofmill.Choice(0.5)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FILE)
    (tmp_path / "x.toml").write_text(SCENARIO)
    return tmp_path


def test_a_kind_gets_its_strategy_and_the_rule_is_played_beside(
        folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "x.toml", "--json", "--strategy", "own=mine.py:Lazy",
                 "--rule", "mine.py:Equal"]) == 0
    record = json.loads(capsys.readouterr().out)
    own = record["provers"][4]
    assert own["staged_wins"] == own["race_wins"] == own["rule_wins"] == 0
    assert record["provers"][0]["staged_wins"] > 0
    assert record["rule"]["slots"] == record["staged"]["slots"]
    assert main(["simulate", "x.toml", "--strategy", "mine.py:Lazy"]) == 0
    assert "slots proven                              0.0%                0.0%" in (
        capsys.readouterr().out)


def test_a_review_is_done(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "x.toml", "--json", "--strategy", "own=mine.py:Spender"]) == 0
    usual, *_, own = json.loads(capsys.readouterr().out)["provers"]
    assert own["staged_machines"] == own["race_machines"] == 2
    assert own["staged_bond_gwei"] < usual["staged_bond_gwei"] == 10**9


@pytest.mark.parametrize("options, sentence", [
    ("--strategy mine.py", "mine.py: write FILE.py:Class, as mine.py:Patient"),
    ("--strategy there.py:Lazy", "there.py: there is no such file; name the file of your class"),
    ("--strategy mine.py:Lasy",
     r"mine.py: there is no class Lasy \(did you mean Lazy\?\); it has Lazy, Spender, Equal"),
    ("--strategy mine.py:Other", "Other does not derive from proofmill.Strategy; write class "),
    ("--strategy mine.py:Equal", "Equal does not derive from proofmill.Strategy"),
    ("--rule mine.py:Lazy", "Lazy does not derive from proofmill.RewardLedger"),
    ("--strategy mine.py:Misspelt",
     r"mine.py, line 36: Misspelt.prove is never called \(did you mean proves\?\)"),
    ("--strategy mine.py:Short", r"line 41: Short.proves takes \(self\), and is called with"),
    ("--strategy mine.py:Failing",
     r"mine.py, line 47: ZeroDivisionError: division by zero; mend it there"),
    ("--strategy mine.py:Wrong", "Wrong.review: returned 3; return proofmill.Choice"),
    ("--strategy mine.py:Fraction", "Fraction.review: chose machines = 0.5; it is a whole number"),
    ("--strategy owm=mine.py:Lazy",
     r"no provers named owm \(did you mean own\?\); it has usual, own"),
    ("--strategy broken.py:Lazy", "broken.py, line 2: '\\(' was never closed"),
    ("--strategy failing.py:Lazy", "failing.py, line 2: ModuleNotFoundError: No module named 'no"),
    ("--rule mine.py:Double", r"Double: in slot \d+ the rule breaks invariant 2: .* exceed"),
    ("--rule mine.py:Negative", r"Negative: in slot 0: weights_of gives 5 weights of -1 or more"),
])
def test_what_is_wrong_is_a_sentence(
        folder: Path, options: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.py").write_text("x = 3\nclass Lazy(\n")
    (folder / "failing.py").write_text("x = 3\nimport nowhere\n")
    assert main(["simulate", "x.toml", *options.split()]) == 2
    shown = capsys.readouterr()
    assert re.search(sentence, shown.err), shown.err
    assert shown.err.startswith("proofmill: ") and "Traceback" not in shown.err and not shown.out


def test_a_mistake_of_ones_own_script_is_not_hidden() -> None:
    class Failing(Strategy):
        def proves(self, duty: object) -> bool:
            raise KeyError(duty)

    scenario = parse_scenario(SCENARIO, "x")
    with pytest.raises(KeyError):
        simulate(scenario, 4, strategies={"own": Failing})
    with pytest.raises(ValueError, match="owm: no prover of .* has this name; it has usual"):
        simulate(scenario, 4, strategies={"owm": Failing})


def test_the_classes_of_the_page_are_played(
        folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "studies.md").read_text("utf-8")
    (text,) = re.findall(r'```python title="mine.py"\n(.*?)```', page, re.DOTALL)
    (folder / "mine.py").write_text(text)
    lines = re.findall(r"^proofmill (simulate unreliable .*)$", page, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert main(line.replace("500", "40").split()) == 0
    assert capsys.readouterr().out.count("rule of your own") == 1

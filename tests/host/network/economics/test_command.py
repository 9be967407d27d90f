"""``proofmill simulate`` as a user runs it."""

import csv
import json
from pathlib import Path

import pytest

from proofmill.host.cli.main import main


def test_tables_and_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "folder"
    assert main(["simulate", "whale", "--slots", "200", "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["slots"] == 200 and report["race"]["top_share"] > 0.9
    assert sorted(path.name for path in out.iterdir()) == [
        "figures.csv", "latency.png", "provers.csv", "rho.png", "shares.png", "slots.csv",
        "work.png"]
    with (out / "provers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20 and rows[0]["name"] == "datacentre"
    assert sum(float(row["staged_income_share"]) for row in rows) == pytest.approx(1, abs=1e-4)
    for path in out.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 10_000


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "equal", "--slots", "100"]) == 0
    text = capsys.readouterr().out
    assert "staged lottery" in text and "19 x prover" in text and "wrote" not in text


def test_nothing_proven_is_still_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "dead.toml"
    scenario.write_text('[[provers]]\nname = "dead"\nfailure_rate = 1.0\n')
    out = tmp_path / "out"
    assert main(["simulate", str(scenario), "--slots", "20", "--json", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text and json.loads(text)["staged"]["latency_p50"] is None


@pytest.mark.parametrize(("arguments", "message"), [
    (["nothing"], "nothing: no such file"),
    (["equal", "--slots", "0"], "--slots 0: must be 1"),
    (["equal", "--seed", "-1"], "--seed -1: must be 0"),
    (["equal", "--out", "FILE"], "is a file; name a folder"),
])
def test_mistakes(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert main(["simulate", *(str(file) if a == "FILE" else a for a in arguments)]) == 2
    assert message in capsys.readouterr().err

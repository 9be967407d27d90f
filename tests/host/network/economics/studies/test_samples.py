"""Points over ranges, what figures depend on, and a study of them from its file to its page."""

import csv
import json
import sys
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.studies.samples import sample, sensitivities
from proofmill.host.network.economics.studies.study import load_study, study_of

RANGES = {"a": (0.0, 1.0), "b": (2.0, 4.0), "c": (1, 9)}


def test_a_hypercube_has_a_point_in_every_strip() -> None:
    points = sample("latin hypercube", RANGES, 16, 3)
    assert points == sample("latin hypercube", RANGES, 16, 3)
    assert points != sample("latin hypercube", RANGES, 16, 4)
    for place, (low, high) in enumerate((RANGES["a"], RANGES["b"])):
        strips = sorted(int((point[place] - low) / (high - low) * 16) for point in points)
        assert strips == list(range(16))
    assert {type(point[2]) for point in points} == {int}
    assert {point[2] for point in points} <= set(range(1, 10))
    found = sensitivities("latin hypercube", RANGES, points, [-point[1]**3 for point in points])
    assert [one.key for one in found] == list(RANGES)
    assert found[1].value == pytest.approx(-1) and abs(found[0].value) < 0.5


def test_the_indices_of_a_function_whose_variance_is_known() -> None:
    """``x + 2 y + 3 x y`` on the unit square: E[f | x] = 1 + 2.5 x, E[f | y] = 0.5 + 3.5 y, and the
    product's part of the variance is 9 / 144."""
    ranges = {"x": (0.0, 1.0), "y": (0.0, 1.0)}
    points = sample("sobol", ranges, 1_024, 1)
    assert len(points) == 1_024 * 4
    found = {(one.key, one.measure): one for one in sensitivities(
        "sobol", ranges, points, [x + 2 * y + 3 * x * y for x, y in points], 1)}
    parts = {"x": 2.5**2 / 12, "y": 3.5**2 / 12}
    both = 9 / 144
    variance = sum(parts.values()) + both
    for key, part in parts.items():
        assert found[key, "first order"].value == pytest.approx(part / variance, abs=0.03)
        assert found[key, "total"].value == pytest.approx((part + both) / variance, abs=0.03)
    assert sensitivities("sobol", ranges, points, [1.0] * len(points)) == []
    assert sensitivities("sobol", ranges, points, [None] + [1.0] * (len(points) - 1)) == []


TEXT = """
title = "over ranges"
scenario = "equal"
slots = 16
seeds = 2
[ranges]
"network.empty_slot_rate" = [0.0, 0.6]
"mechanism.committee_size" = [1, 4]
[sample]
method = "latin hypercube"
points = 4
"""


@pytest.mark.parametrize("change, sentence", [
    (("[ranges]", "[vary]\n\"network.slot_seconds\" = [6.0]\n[ranges]"), "either vary"),
    (("[sample]\nmethod = \"latin hypercube\"\npoints = 4\n", ""), "6: .*how points are spread"),
    (("[0.0, 0.6]", "[0.6, 0.6]"), "line 7: .*_rate: 0.6 to 0.6; the first end is the lower"),
    (("latin hypercube", "random"), "'random': must be one of latin hypercube, sobol"),
    (("points = 4", "points = 1"), "points"),
    (("\"latin hypercube\"\npoints = 4", "\"sobol\"\npoints = 6"), "11: .*6 is no power .*is 8"),
    (("network.empty", "network.full"), "line 7, with .*full_slot_rate"),
    (("[0.0, 0.6]", "[0.0, 7.0]"), "line 7, with .*empty_slot_rate = .* 0 to 0.99"),
])
def test_a_file_that_is_wrong_is_refused_before_anything_runs(
        tmp_path: Path, change: tuple[str, str], sentence: str) -> None:
    path = tmp_path / "study.toml"
    assert change[0] in TEXT
    path.write_text(TEXT.replace(*change))
    with pytest.raises(ProofmillError, match=sentence):
        load_study(str(path))


def test_combinations_are_not_sampled() -> None:
    with pytest.raises(ProofmillError, match="sample: is for ranges"):
        study_of({"scenario": "equal", "vary": {"network.slot_seconds": [6.0]},
                  "sample": {"method": "sobol", "points": 4}})


def test_from_the_file_to_the_page(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "study.toml", tmp_path / "out"
    path.write_text(TEXT)
    assert main(["study", "run", str(path), "--out", str(out), "--processes", "2"]) == 0
    told = capsys.readouterr().out
    assert "rank correlation" in told and "4 points, 2 seeds" in told
    rows = list(csv.DictReader((out / "sensitivity.csv").read_text().splitlines()))
    assert {row["key"] for row in rows} == {"network.empty_slot_rate", "mechanism.committee_size"}
    assert all(-1 <= float(row["value"]) <= 1 for row in rows)
    assert "What it depends on" in (out / "report.html").read_text()
    from pyarrow import parquet

    table = parquet.read_table(out / "points.parquet")
    assert json.loads(table.schema.metadata[b"proofmill"])["method"] == "latin hypercube"
    points = csv.DictReader((out / "points.csv").read_text().splitlines())
    assert [row["figure"] for row in points] == table["figure"].to_pylist()
    assert {type(value) for value in table["mechanism.committee_size"].to_pylist()} == {int}
    # Without the library the rest is written, and what is missing is said.
    (out / "points.parquet").unlink()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["study", "run", str(path), "--out", str(out)]) == 0
    assert "points.parquet is left out: to_arrow needs pyarrow" in capsys.readouterr().out
    assert not (out / "points.parquet").exists()

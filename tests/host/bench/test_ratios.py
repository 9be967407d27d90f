"""The table of ratios: every kind once, checked sums, an order that can be."""

import json
import random

import pytest

from proofmill.hdl.windows import WindowPlan
from proofmill.host.bench.msm import BASES, KINDS, scalars_of
from proofmill.host.bench.ratios import CASES, bar_of
from proofmill.host.cli.main import main
from proofmill.sim.msm import signed_digits


def test_every_kind_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "ratios", "--points", "40", "--seeds", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    lines = found["ratios"]
    assert [(line["scalars"], line["bases"]) for line in lines] == [
        *((kind, "random") for kind in KINDS),
        *(("uniform", bases) for bases in BASES if bases != "random")]
    for line in lines:
        assert 0.9 < line["least"] <= line["median"] <= line["greatest"]
        assert line["cycles"] > 40
        assert line["against"] == line["median"] / lines[0]["median"] and line["bar"] is None
        assert line["cycles_a_digit"] == line["median"] * line["interval"]
    assert lines[0]["against"] == 1


def test_kinds_are_held_to_uniform_scalars() -> None:
    """... of as many points as there is a bar for, on random points alone."""
    assert {case: bar_of(16_384, *case) for case in CASES} == {
        case: None if "uniform" in case else 1.02 for case in CASES}
    assert bar_of(4096, "hot", "random") is None


@pytest.mark.parametrize("option", ["--points", "--seeds"])
def test_nothing_to_measure_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "ratios", option, "0"]) == 2
    assert f"{option} 0: there must be at least one" in capsys.readouterr().err


@pytest.mark.parametrize("units, window", [(1, 2), (1, 7), (1, 8), (6, 9), (12, 8)])
def test_bucket_scalars_have_one_digit_in_every_window_but_the_last(
        units: int, window: int) -> None:
    plan = WindowPlan(254, window, units)
    (scalar,) = scalars_of("bucket", 1, random.Random(0), plan)
    *digits, last = signed_digits(scalar, plan)
    assert len(set(digits)) == 1 and digits[0] > 0 and last == 0

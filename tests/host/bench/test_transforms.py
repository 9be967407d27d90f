"""Transforms by the model alone: what was wanted of other multipliers, and of sizes in tiles."""

import json

import pytest

from proofmill.host.bench.transforms import SCHEDULES, schedules
from proofmill.host.cli.main import main
from proofmill.sim.transform import butterflies, products

FOUND = list(schedules())


def test_what_was_wanted_is_reached() -> None:
    assert [(each["preset"], each["power"]) for each in FOUND] == [
        (name, power) for name, _, power in SCHEDULES]
    barred = [each for each in FOUND if each["bar"] is not None]
    assert [(each["interval"], each["power"], each["tile"]) for each in barred] == [
        (1, 12, 12), (15, 12, 12)]
    assert all(each["cycles"] <= each["bar"] for each in barred)
    for each in FOUND:
        if each["least"] is not None:
            name = "stages" if each["power"] <= each["tile"] else "butterflies"
            assert each["least"] <= each[f"{name}_a_slot"] < 1
    assert {each["power"] for each in FOUND if each["least"] is not None} == {12, 14, 16, 18, 20}


def test_slots_are_those_of_the_products_and_of_waits() -> None:
    for each in FOUND:
        power, made = each["power"], products(each["power"], each["tile"])
        waits = each["cycles"] / each["interval"] - made
        assert 0 < waits < 0.01 * made
        assert each["stages_a_slot"] == pytest.approx(
            butterflies(power) / (butterflies(power) + waits))
        assert each["butterflies_a_slot"] < each["stages_a_slot"]


def test_the_command_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "transforms", "--device", "none", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["device"], record["sizes"]) == ("none", [])
    assert record["schedules"] == FOUND
    assert main(["bench", "transforms", "--device", "none"]) == 0
    said = capsys.readouterr().out
    assert "2^12 in place by the model, one-row, interval 15: 2,459,030 cycles" in said
    assert main(["bench", "transforms", "--device", "none", "--power", "12"]) == 2
    assert "--power: is of a device; choose --device rtl+h" in capsys.readouterr().err

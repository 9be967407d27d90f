"""Scenario files: those that come with the package, and every way to write a wrong one."""

import re
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.scenario import load_scenario, packaged, parse_scenario

LEAST = '[[provers]]\nname = "a"\n'


def test_every_packaged_scenario_is_right() -> None:
    assert len(packaged()) >= 4
    for name in packaged():
        scenario = load_scenario(name)
        assert scenario.title and 2 <= len(scenario.each()) <= 100


def test_a_file_and_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(LEAST + "count = 3\n[mechanism]\ncommittee_size = 2\n"
                    "[mechanism.defences]\nslot_batch = false\n")
    scenario = load_scenario(str(path))
    assert len(scenario.each()) == 3
    assert scenario.parameters.committee_size == 2
    assert not scenario.parameters.defences.slot_batch and scenario.parameters.defences.stages


@pytest.mark.parametrize(("text", "message"), [
    ("", r"^x.toml: provers is missing"),
    ("provers = 3", r"^x.toml, line 1: provers = 3: must be a list"),
    ("nonsense", "not TOML"),
    (LEAST + "speed = 3", r", line 3: there is no key provers\[0\].speed; known are count"),
    (LEAST + "seconds = 'fast'", r"provers\[0\].seconds = 'fast': must be a number"),
    (LEAST + "seconds = nan", r"provers\[0\].seconds = nan: must be a number"),
    (LEAST + "seconds = -1",
     r"line 3: provers\[0\].seconds = -1: must be a number, 0.000001 to 1,000,000"),
    (LEAST + "failure_rate = 1.5", r"failure_rate = 1.5: must be a number, 0 to 1"),
    (LEAST + "count = 1.5", r"count = 1.5: must be a whole number"),
    (LEAST + "count = true", r"count = True: must be a whole number"),
    (LEAST + "count = 100001", r"count = 100001: must be a whole number, 1 to 100,000"),
    (LEAST + "strategy = 'evil'", "strategy = 'evil': must be one of honest"),
    (LEAST + LEAST, "line 4: provers: name 'a' occurs twice"),
    ("[[provers]]\ncount = 1", r"line 1: provers\[0\].name is missing"),
    (LEAST + "[network]\nslots = 0", "4: network.slots = 0: must be a whole number, 1 to 1,0"),
    (LEAST + "[network]\nslot = 5", r"no key network.slot \(did you mean slots\?\);"),
    (LEAST + "[mechanism]\nwindow_blocks = 1", "line 3: mechanism: windows of 2, 2 and 1"),
    (LEAST + "[mechanism]\nburn_bps = -1", "burn_bps = -1: must be a whole number, 0 or more"),
    (LEAST + "[mechanism]\nrelief_divisor = 0", "line 4: mechanism.relief_divisor = 0: .* 1 or m"),
    (LEAST + "[mechanism]\nplaces = 4\nlate_bps = 20000",
     "line 5: mechanism: late_bps must be 0 to 10,000, not 20000"),
    (LEAST + "[mechanism.defences]\nluck = true", "4: there is no key mechanism.defences.luck"),
    (LEAST + "[mechanism.defences]\nstages = 1", "defences.stages = 1: must be true or false"),
    (LEAST + "[[provers]]\nname='b'\ncount=100000", "line 1: 100,001 provers"),
    ("title = 4\n" + LEAST, "line 1: title = 4: must be text in quotes"),
])
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ProofmillError, match=message) as caught:
        parse_scenario(text, "x.toml")
    assert re.match(r"x\.toml(, line \d+)?: ", str(caught.value))


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ProofmillError, match="no/such.toml: no such file.*equal"):
        load_scenario("no/such.toml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ProofmillError, match="not UTF-8"):
        load_scenario(str(path))

"""Scenario files: those that come with the package, and every way to write a wrong one."""

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
    ("", r"x.toml: provers is missing"),
    ("provers = 3", r"provers = 3: must be a list"),
    ("nonsense", "not TOML"),
    (LEAST + "speed = 3", r"no key provers\[0\].speed; known are count"),
    (LEAST + "seconds = 'fast'", r"provers\[0\].seconds = 'fast': must be a number"),
    (LEAST + "seconds = nan", r"provers\[0\].seconds = nan: must be a number"),
    (LEAST + "seconds = -1", r"provers\[0\].seconds = -1: must be a number, at least 1e-06"),
    (LEAST + "failure_rate = 1.5", r"failure_rate = 1.5: must be a number, at most 1"),
    (LEAST + "count = 1.5", r"count = 1.5: must be a whole number"),
    (LEAST + "count = true", r"count = True: must be a whole number"),
    (LEAST + "count = 100001", r"count = 100001: must be a whole number, at most 100,000"),
    (LEAST + "strategy = 'evil'", "strategy = 'evil': must be one of honest"),
    (LEAST + LEAST, "name 'a' occurs twice"),
    ("[[provers]]\ncount = 1", r"provers\[0\].name is missing"),
    (LEAST + "[network]\nslots = 0", "network.slots = 0: must be a whole number, at least 1"),
    (LEAST + "[network]\nslot = 5", r"no key network.slot \(did you mean slots\?\);"),
    (LEAST + "[mechanism]\nwindow_blocks = 1", "mechanism: windows of 2, 2 and 1"),
    (LEAST + "[mechanism]\nburn_bps = -1", "burn_bps = -1: must be a whole number, at least 0"),
    (LEAST + "[mechanism]\nrelief_divisor = 0", "relief_divisor = 0: .* at least 1"),
    (LEAST + "[mechanism.defences]\nluck = true", "no key mechanism.defences.luck"),
    (LEAST + "[mechanism.defences]\nstages = 1", "defences.stages = 1: must be true or false"),
    (LEAST + "[[provers]]\nname='b'\ncount=100000", "100,001 provers"),
    ("title = 4\n" + LEAST, "title = 4: must be text in quotes"),
])
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ProofmillError, match=message) as caught:
        parse_scenario(text, "x.toml")
    assert str(caught.value).startswith("x.toml: ")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ProofmillError, match="no/such.toml: no such file.*equal"):
        load_scenario("no/such.toml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ProofmillError, match="not UTF-8"):
        load_scenario(str(path))

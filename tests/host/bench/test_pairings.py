import json

import pytest

from proofmill.host.bench import pairings
from proofmill.host.bench.pairings import BARS, figures
from proofmill.host.cli.main import main
from tests.choice import slow_but


@pytest.mark.parametrize(("what", "name", "at_once"), slow_but(
    [case for case in BARS if case[2] == 1 or case == ("check", "26x34", 2)], BARS))
def test_what_was_wanted_is_reached(what, name, at_once):
    found = figures(what, name, at_once, 1)
    assert found["checked"] and found["cycles"] <= found["bar"] == BARS[what, name, at_once]
    assert found["multiplier_busy"] < 1 and found["adders_busy"] < 1
    assert found["chain"] < at_once * found["cycles"]


def test_the_command_says_the_same(capsys, monkeypatch):
    monkeypatch.setattr(pairings, "BARS", {("pairing", "26x34", 1): 21_000})
    assert main(["bench", "pairing", "--seed", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == {"seed": 1, "runs": [figures("pairing", "26x34", 1, 1)]}

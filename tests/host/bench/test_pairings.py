import json

import pytest

from proofmill.host.bench import pairings
from proofmill.host.bench.pairings import BARS, figures
from proofmill.host.cli.main import main


@pytest.mark.parametrize(("what", "name"), BARS)
def test_what_was_wanted_is_reached(what, name):
    found = figures(what, name, 1)
    assert found["checked"] and found["cycles"] <= found["bar"] == BARS[what, name]
    assert found["products"] < found["cycles"] and found["sums"] < 3 * found["cycles"]
    assert found["chain"] < found["cycles"]


def test_the_command_says_the_same(capsys, monkeypatch):
    monkeypatch.setattr(pairings, "BARS", {("pairing", "26x34"): 21_000})
    assert main(["bench", "pairing", "--seed", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == {"seed": 1, "runs": [figures("pairing", "26x34", 1)]}

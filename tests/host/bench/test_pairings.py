import json

import pytest

from proofmill.host.bench.pairings import BARS, SHAPES, figures
from proofmill.host.cli.main import main


@pytest.mark.parametrize("name", SHAPES)
def test_what_was_wanted_is_reached(name):
    found = figures(name, 1)
    assert found["checked"] and found["cycles"] <= found["bar"] == BARS[name]
    assert found["products"] < found["cycles"] and found["sums"] < 3 * found["cycles"]


def test_the_command_says_the_same(capsys, monkeypatch):
    monkeypatch.setattr("proofmill.host.bench.pairings.SHAPES",
                        {"26x34": SHAPES["26x34"]})
    assert main(["bench", "pairing", "--seed", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record == {"seed": 1, "runs": [figures("26x34", 1)]}

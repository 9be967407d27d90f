"""A w and B w of real keys on the evaluation unit's model."""

import json
from pathlib import Path

import pytest

from proofmill.host.bench.evaluations import SHARE, figures
from proofmill.host.cli.main import main

VECTORS = Path(__file__).parents[2] / "vectors"


@pytest.mark.parametrize("name", ["chain4", "merkle8"])
def test_what_was_wanted_is_reached(name):
    files = VECTORS / name / "circuit.zkey", VECTORS / name / "witness.wtns"
    if not all(path.exists() for path in files):
        pytest.skip(f"{name} has no key here")
    found = figures(*files)
    assert found["checked"] and found["entries_a_cycle"] >= SHARE == found["bar"]
    assert found["entries"] == found["ones"] + found["minus_ones"] + found["products"]


def test_the_command(capsys):
    files = [str(VECTORS / "chain4" / name) for name in ("circuit.zkey", "witness.wtns")]
    assert main(["bench", "evaluation", *files, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == figures(*files)
    assert main(["bench", "evaluation", files[0]]) == 2
    assert "give both a .zkey and a .wtns file" in capsys.readouterr().err

"""`proofmill bench history`, on an era of three blocks."""

import json

import pytest

from proofmill.host.cli.main import main


def test_an_era_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "history", "--proofs", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["aggregate_bytes"] == 6_168 and found["single_bytes"] == 768
    assert found["verify_seconds"] > 0 and found["fits"]

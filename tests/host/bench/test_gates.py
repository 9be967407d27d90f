"""PLONK and FFLONK beside snarkjs."""

import json
import os

import pytest

from proofmill.host.cli.main import main
from tests.host.prover.groth16 import snarkjs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes as POSIX counts them")


@pytest.mark.parametrize("system", ["plonk", pytest.param("fflonk", marks=pytest.mark.slow)])
def test_both_programs_are_measured_and_checked(system, capsys):
    snarkjs.folder()
    assert main(["bench", "gates", "--system", system, "--power", "5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["system"] == system and [each["power"] for each in found["results"]] == [5]
    each, = found["results"]
    for program in ("proofmill", "snarkjs"):
        assert each[program]["cpu_seconds"] > 0 and each[program]["peak_megabytes"] > 5
    assert each["cpu_ratio"] == pytest.approx(
        each["proofmill"]["cpu_seconds"] / each["snarkjs"]["cpu_seconds"])


def test_without_snarkjs_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr("proofmill.host.bench.gates.snarkjs_program", lambda: None)
    assert main(["bench", "gates", "--power", "5"]) == 2
    assert "snarkjs is not there" in capsys.readouterr().err

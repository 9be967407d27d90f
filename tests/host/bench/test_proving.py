"""The same proof by several devices, and what each of an accelerator's sums took."""

import json

import pytest

from proofmill.host.cli.main import main
from tests.host.prover.groth16.files import VECTORS


def test_where_an_accelerators_cycles_went(capsys: pytest.CaptureFixture[str]) -> None:
    folder = VECTORS / "chain4"
    command = ["bench", "prove", str(folder / "circuit.zkey"), str(folder / "witness.wtns"),
               "--rounds", "1", "--device", "cpu", "--device", "model"]
    assert main([*command, "--json"]) == 0
    provers = json.loads(capsys.readouterr().out)["provers"]
    assert provers.keys() == {"cpu", "model"} and "sums" not in provers["cpu"]
    model = provers["model"]
    assert list(model["sums"]) == ["A", "B in G1", "B in G2", "C", "H", "C from the others"]
    parts = ("fill", "sum", "output", "finish")
    assert model["cycles"] == sum(each[part] for each in model["sums"].values() for part in parts)
    assert main(command) == 0
    shown = capsys.readouterr().out.splitlines()
    rows = shown[shown.index("model: where its cycles went") + 2:]
    assert len(rows) == 6
    assert sum(int(row.split()[-3].replace(",", "")) for row in rows) == model["cycles"]

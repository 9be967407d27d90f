"""A block's proof by its size: what is measured, and what is left out."""

import json
from pathlib import Path

import pytest

from proofmill.host.bench import block
from proofmill.host.cli.main import main
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import SMALLEST


def test_the_smallest_on_the_processor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "block", "--transfers", "1", "--accounts", "2", "--device", "cpu",
                 "--json"]) == 0
    out, err = capsys.readouterr()
    (found,) = json.loads(out)["sizes"]
    constraints = RollupCircuit(SMALLEST).r1cs.constraints
    assert found["constraints"] == found["constraints_a_transfer"] == constraints < 8192
    assert found["domain"] == 8192 and found["zkey_bytes"] > 1_000_000
    assert found["devices"]["cpu"]["seconds"] > 0 and found["devices"]["cpu"]["cycles"] is None
    assert "1 transfer, 2 accounts" in err


def test_what_would_take_too_long_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block, "_prove", lambda name, key, witness, progress: (60.0, 12))
    for asked in (False, True):
        first, second = block.figures(
            tmp_path, 2, (2, 1), ("rtl",), asked, lambda _: lambda done, total: None)
        assert [found["transfers"] for found in (first, second)] == [1, 2]
        assert first["devices"]["rtl"] == {"seconds": 60.0, "cycles": 12}
        if asked:
            assert second["devices"]["rtl"]["seconds"] == 60.0
        else:
            expected = 60.0 * second["constraints"] / first["constraints"]
            assert second["devices"]["rtl"] == {
                "seconds": None, "cycles": None, "expected": pytest.approx(expected)}
            assert "not run: about 2 minutes; ask for it" in "\n".join(block.lines(second))
        assert not list(tmp_path.iterdir())


def test_wrong_sizes_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "block", "--transfers", "65"]) == 2
    assert "--transfers 65: a batch has 1 to 64 transfers" in capsys.readouterr().err
    assert main(["bench", "block", "--device", "abacus"]) == 2
    assert "there is no 'abacus'; give cpu, model or rtl" in capsys.readouterr().err

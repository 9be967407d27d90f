"""``proofmill contracts``."""

import re
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.gas import measure
from proofmill.host.network.contracts.ledger_gas import measure_ledger
from proofmill.host.network.contracts.results_gas import measure_results
from tests.host.prover.groth16.files import VECTORS


def test_verifier_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = VECTORS / "chain4" / "verification_key.json"
    target = tmp_path / "verifier.vy"
    assert main(["contracts", "verifier", str(key), str(target)]) == 0
    assert "1 public signals" in capsys.readouterr().out
    assert compile_source("verifier", target.read_text()).code
    assert main(["contracts", "verifier", str(tmp_path / "none"), str(target)]) == 2
    assert main(["contracts", "gas", "--provers", "129"]) == 2
    assert "1 to 128" in capsys.readouterr().err


@pytest.mark.slow
def test_gas_stays_within_bounds() -> None:
    """A system call has 30 million gas, a transaction at most 2^24 (EIP-7825)."""
    costs = {cost.step: cost.gas for cost in measure(128)}
    assert costs["submit a proof"] < 650_000
    assert all(gas < 10_000_000 for gas in costs.values()), costs


@pytest.mark.slow
def test_gas_of_the_ledger_is_that_of_its_page() -> None:
    """A proof's own bytes are random, and zeros among them cost less."""
    page = (Path(__file__).parents[4] / "docs" / "ledger.md").read_text()
    costs = {cost.step.removeprefix("ledger: "): cost.gas for cost in measure_ledger()}
    told = dict(re.findall(r"^\| ([^|]*) \| ([\d,]+) \|$", page, re.MULTILINE))
    assert len(told) == 10
    for step, gas in told.items():
        assert abs(costs[step] - int(gas.replace(",", ""))) <= 500, (step, costs[step])
    assert f"{costs['open the first account']:,}; {costs['open another account']:,}" in page
    assert all(gas < 1 << 24 for gas in costs.values()), costs


@pytest.mark.slow
def test_gas_of_results_is_that_of_the_protocol() -> None:
    """A proof's own bytes are random, and zeros among them cost less."""
    page = (Path(__file__).parents[4] / "docs" / "protocol.md").read_text()
    costs = {cost.step.removeprefix("result: "): cost.gas for cost in measure_results()}
    told = dict(re.findall(r"^\| ([^|]*) \| ([\d,]+) \|$", page, re.MULTILINE))
    for step, gas in costs.items():
        assert abs(int(told[step].replace(",", "")) - gas) <= 500, (step, gas)


def test_compiled_contracts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    source = "# pragma version ^0.4.0\nanswer: public(constant(uint256)) = 42\n"
    first = compile_source("one", source)
    (kept,) = (tmp_path / "contracts").iterdir()
    assert compile_source("one", source) == first
    assert compile_source("one", source.replace("42", "43")).code != first.code
    kept.write_text("{")  # a write that was cut off
    assert compile_source("one", source) == first
    with pytest.raises(ProofmillError, match="broken is not valid Vyper"):
        compile_source("broken", "def")

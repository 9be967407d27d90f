"""Compiling the contracts: once, and said while it takes time."""

from pathlib import Path

import pytest

from proofmill.host.network.contracts import deployment
from proofmill.host.network.contracts.compiler import compiled, contract_source
from proofmill.host.network.contracts.deployment import prepare
from proofmill.host.network.contracts.prover_tag import prover_tag_artifact
from proofmill.host.network.contracts.vyper_output import is_kept


def test_steps_are_told_where_there_is_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path))
    monkeypatch.setattr(deployment, "LAYER", ("Assignment", "Consensus"))
    for function in (compiled, prover_tag_artifact):
        function.cache_clear()
    told: list[tuple[str, int, int]] = []
    prepare(lambda *step: told.append(step))
    assert told == [("compiling the contracts", done, 4) for done in range(4)]
    assert is_kept(contract_source("Assignment")) and not is_kept(contract_source("Bonds"))
    prepare(lambda *step: told.append(step))
    assert len(told) == 4

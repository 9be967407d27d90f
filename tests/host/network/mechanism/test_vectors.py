"""docs/protocol-vectors.json: what it says is so, and a wrong value is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.main import main
from proofmill.host.cli.vectors import as_text
from proofmill.host.network.mechanism.vectors import vectors

FILE = Path(__file__).parents[4] / "docs" / "protocol-vectors.json"


def test_the_file_is_what_the_command_makes(tmp_path: Path) -> None:
    assert main(["vectors", str(tmp_path / "made.json")]) == 0
    assert (tmp_path / "made.json").read_text() == FILE.read_text()
    assert main(["vectors", str(FILE), "--check"]) == 0


def test_a_wrong_value_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(FILE.read_text())
    document["values"]["reward"][2]["includer"] += 1
    del document["values"]["history"][5]["after"]["rho"]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(document))
    assert main(["vectors", str(wrong), "--check"]) == 1
    told = capsys.readouterr().out
    assert "values.reward[2].includer: " in told and "values.history[5].after.rho: null" in told
    assert len(told.splitlines()) == 2


@pytest.mark.parametrize(("text", "complaint"), [
    ("{", "cannot be read as JSON"), (None, "cannot be read as JSON"),
])
def test_what_is_no_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, complaint: str
) -> None:
    if text is not None:
        (tmp_path / "file.json").write_text(text)
    assert main(["vectors", str(tmp_path / "file.json"), "--check"]) == 2
    assert complaint in capsys.readouterr().err
    assert main(["vectors", "--check"]) == 2


def test_the_history_with_witnesses_meets_every_case() -> None:
    """Witnesses say something in time and late, fines come back, and others are charged."""
    _, *slots = json.loads(as_text(vectors()))["values"]["history_with_witnesses"]
    said = [of - proven for slot in slots for of, proven, _ in slot.get("witnessed", [])]
    assert min(said) == 0 and max(said) == 5
    assert any("open" not in slot for slot in slots)
    assert all(slots[-1]["after"][name] for name in ("burned", "bounties", "given_back", "matured"))


def test_the_history_meets_every_case() -> None:
    """A history in which nothing is late, missed or invalid would hold nobody to anything."""
    document: Any = json.loads(as_text(vectors()))
    first, *slots = document["values"]["history"]
    proofs = [proof for slot in slots for proof in slot.get("proofs", [])]
    last = slots[-1]["after"]
    assert any(proof["counts"] for proof in proofs)
    assert any(not proof["verifies"] for proof in proofs)
    assert any("open" not in slot for slot in slots)
    assert all(last[name] for name in ("burned", "bounties", "given_back", "matured"))
    divided = {one for slot in slots for one in slot.get("divided", [])}
    assert divided and all(slots[one].get("open") for one in divided)
    assert len({slot["after"]["rho"] for slot in slots}) >= 3
    joined, left = (sum(one[1] for one in provers) for provers in (first["join"], last["provers"]))
    assert joined - left == last["taken"] - last["given_back"]

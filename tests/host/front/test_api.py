"""What `import proofmill` gives, and the examples of docs/api.md."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import proofmill
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.economics.table import Table

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text("utf-8")


def test_every_name_is_there_and_on_the_page() -> None:
    for name in dir(proofmill):
        assert getattr(proofmill, name).__module__.startswith("proofmill.host")
        assert f"`{name}`" in PAGE or f"proofmill.{name}" in PAGE, name
    named = {name for row in PAGE.split("\n## ")[0].splitlines() if row.startswith("| `")
             for name in re.findall(r"`(\w+)`", row)}
    assert named == set(dir(proofmill)) - {"ProofmillError"}
    with pytest.raises(AttributeError, match="has no simulation; it has Bonded"):
        _ = proofmill.simulation


def test_importing_takes_nothing_with_it() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import proofmill, sys; print(*sys.modules)"],
        text=True, capture_output=True, check=True).stdout.split()
    assert "proofmill" in told
    assert not {"ast", "numpy", "proofmill.host"} & set(told)


def test_the_page_s_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 9
    names: dict[str, object] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for number, block in enumerate(blocks):
            exec(compile(block, f"docs/api.md, example {number}", "exec"), names)
    lines = said.getvalue().splitlines()
    assert lines[-1] == "[49]"
    assert lines[-2].startswith("None ") and "root * root = square" in lines[-2]
    assert any(line.endswith("cpu True") for line in lines)
    assert "True True" in lines and any(re.fullmatch(r"True \d{4,} model", line) for line in lines)
    assert any(re.search(r"constraint \d+ .*is not satisfied", line) for line in lines), lines
    assert any(line.startswith("0.2 staged") for line in lines)


def test_tables_say_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table(({"a": 1, "b": None}, {"a": 2, "b": 0.5}))
    assert table.columns == ("a", "b") and table.column("b") == [None, 0.5] and len(table) == 2
    assert list(table.to_pandas()["a"]) == [1, 2]
    assert table.to_arrow().to_pylist() == list(table)
    assert Table(()).columns == () and len(Table(()).to_pandas()) == 0
    for name, make in (("pandas", table.to_pandas), ("pyarrow", table.to_arrow)):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ProofmillError, match=rf"needs {name}: pip install .*research"):
            make()


def test_an_attack_that_is_none_is_named() -> None:
    with pytest.raises(ProofmillError, match="no attack 'washing'; there are copied proof, re-"):
        proofmill.attack("washing")

"""The notebooks: each is run from its first cell to its last, by nbmake, in its own process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.walk import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def run(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("nbmake")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(path.parent),
         "-p", "no:cacheprovider", "--nbmake", "--nbmake-timeout=300", str(path)],
        cwd=folder, capture_output=True, text=True, timeout=600,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
             "IPYTHONDIR": str(folder), "JUPYTER_PLATFORM_DIRS": "1"})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path: Path, tmp_path: Path) -> None:
    done = run(path, tmp_path)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_cell_that_fails_is_found(tmp_path: Path) -> None:
    book = json.loads(NOTEBOOKS[0].read_text("utf-8"))
    book["cells"] = [{**book["cells"][1], "source": ["assert 1 == 2"]}]
    path = tmp_path / "wrong.ipynb"
    path.write_text(json.dumps(book))
    done = run(path, tmp_path)
    assert done.returncode == 1 and "assert 1 == 2" in done.stdout


def test_they_are_kept_without_results_and_named_on_the_page() -> None:
    assert len(NOTEBOOKS) == 3
    page = (ROOT / "docs" / "studies.md").read_text("utf-8")
    for path in NOTEBOOKS:
        assert f"(notebooks/{path.name})" in page
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            assert not cell.get("outputs") and cell.get("execution_count") is None

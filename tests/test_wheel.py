"""The wheel, in a folder whose owner has an `hdl/` and a `host/` of his own."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import OURS, ROOT, installed, run


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder of somebody who calls his own packages as we call our folders."""
    for name in OURS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise AssertionError('not ours')\n")
    return tmp_path


def test_installs_under_one_name(wheel: Path, foreign: Path) -> None:
    """Nothing but `proofmill` gets into site-packages; data files come along."""
    target = installed(wheel, foreign)
    packages = {path.name for path in target.iterdir() if not path.name.endswith(".dist-info")}
    assert packages - {"bin"} == {"proofmill"}
    pages = target / "proofmill" / "host" / "network" / "operator" / "pages"
    assert {path.name for path in pages.iterdir()} == {"index.html", "page.css", "page.js"}
    told = run(sys.executable, "-c",
               "import proofmill.host.cli.main as main, proofmill.hdl as hdl\n"
               "print(main.__file__, hdl.__file__)", folder=foreign, PYTHONPATH=str(target))
    assert told.count(str(target)) == 2
    # The native library is in it, compiled, and nothing has to be made anew.
    told = run(sys.executable, "-c",
               "from proofmill.host.prover.native.library import library\n"
               "from proofmill.host.prover.native.build import build\n"
               "library(); print(build())", folder=foreign, PYTHONPATH=str(target))
    assert told.startswith(str(target)) and len(told.splitlines()) == 1
    for command in (["commands"], ["verilog", "--help"], ["board", "list"], ["build", "--table"],
                    ["field", "invert", "7"]):
        told = run(sys.executable, "-m", "proofmill.host.cli.main", *command, folder=foreign,
                   PYTHONPATH=str(target))
        assert told.strip()
    assert "ulx3s-85f" in run(sys.executable, "-m", "proofmill.host.cli.main", "build", "--table",
                              folder=foreign, PYTHONPATH=str(target))
    sources = {path.relative_to(ROOT) for folder in OURS for path in (ROOT / folder).rglob("*")
               if path.suffix in {".py", ".vy", ".toml", ".asm", ".expected", ".cpp", ".json",
                                  ".sv", ".vlt"}}
    front = Path("host") / "front"    # the package itself
    assert not {name for name in sources if not (target / "proofmill" / (
        name.relative_to(front) if name.is_relative_to(front) else name)).exists()}
    assert "Scenario" in run(sys.executable, "-c", "import proofmill; print(proofmill.Scenario)",
                             folder=foreign, PYTHONPATH=str(target))


@pytest.mark.slow
def test_runs_in_a_clean_environment(wheel: Path, foreign: Path) -> None:
    """As a stranger has it: nothing of the checkout, dependencies from the registry."""
    run(sys.executable, "-m", "venv", "environment", folder=foreign)
    program = foreign / "environment" / "bin"
    run(str(program / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        str(wheel), folder=foreign)
    assert "mine" in run(str(program / "proofmill"), "--help", folder=foreign)
    run(str(program / "proofmill"), "mine", "--blocks", "1", "--device", "cpu", folder=foreign)


@pytest.mark.slow
def test_pipx_runs_it(wheel: Path, foreign: Path) -> None:
    """By its one command, from an environment that pipx makes for it."""
    if shutil.which("pipx") is None:
        pytest.skip("pipx is not installed")
    said = run("pipx", "run", "--no-cache", "--spec", str(wheel), "proofmill", "mine", "--blocks",
               "1", "--device", "cpu", folder=foreign, PIPX_HOME=str(foreign / "pipx"),
               PYTHONPATH="")
    assert "proven" in said or "blocks" in said

"""The wheel, built once, for whoever tries the package as somebody has it who installed it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long_tests import LIST, is_long, long_tests

ROOT = Path(__file__).parents[1]
OURS = ("hdl", "sim", "firmware", "host", "boards")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the list of long tests names, before pytest leaves out by marks."""
    names = frozenset(long_tests(LIST.read_text(encoding="utf-8")))
    for item in items:
        if is_long(item.nodeid, names):
            item.add_marker(pytest.mark.thorough)


def run(*command: str, folder: Path, **environment: str) -> str:
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git knows, so that nothing a checkout happens to hold gets in."""
    source = tmp_path_factory.mktemp("source")
    names = run("git", "ls-files", "-z", folder=ROOT).split("\0")
    for name in filter(None, names):
        if name.split("/")[0] in (*OURS, "README.md", "LICENSE", "pyproject.toml", "setup.py") \
                and (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--wheel-dir", str(folder), ".", folder=source)
    return next(folder.glob("*.whl"))


def installed(wheel: Path, folder: Path) -> Path:
    """What is to be put on the path, in `folder`: the wheel, unpacked, without what it needs."""
    target = folder / "installed"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--target", str(target), str(wheel), folder=folder)
    return target

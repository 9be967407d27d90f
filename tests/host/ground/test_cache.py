"""Where the cache folder is."""

import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from proofmill.host.ground.cache import cache_folder


@pytest.mark.parametrize("variables", [{}, {"XDG_CACHE_HOME": "{}/other"}, {"XDG_CACHE_HOME": " "},
                                       {"XDG_CACHE_HOME": ""}])
def test_the_usual_folder_is_that_of_the_platform(variables: dict[str, str], tmp_path: Path,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROOFMILL_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(tmp_path))
    assert cache_folder("a") == Path(platformdirs.user_cache_dir("proofmill", False)) / "a"
    assert cache_folder("a").is_dir() and cache_folder().is_relative_to(tmp_path)


def test_one_that_is_named_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFMILL_CACHE", str(tmp_path / "named"))
    assert cache_folder("a", "b") == tmp_path / "named" / "a" / "b"


def test_a_folder_costs_no_import() -> None:
    program = ("import sys, proofmill.host.ground.cache as c; c.cache_folder();"
               "print({'platformdirs', 'filelock'} & set(sys.modules))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=True)
    assert done.stdout.strip() == ("set()" if sys.platform == "linux" else "{'platformdirs'}")

"""snarkjs as a separate program, never imported: it is GPL."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

VERSION = "0.7.6"

_DRIVER = Path(__file__).with_name("snarkjs_batch.cjs")


def folder() -> Path:
    """Where snarkjs is installed, once, in the user's cache folder; the test is left out if not."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("npm is not on PATH, so snarkjs cannot be installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    place = cache / "proofmill" / f"snarkjs-{VERSION}"
    if not (place / "node_modules" / "snarkjs" / "build" / "cli.cjs").exists():
        place.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(place),
                   f"snarkjs@{VERSION}"]
        try:
            installed = subprocess.run(command, capture_output=True, text=True, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm cannot install snarkjs@{VERSION} within two minutes")
        if installed.returncode:
            pytest.skip(f"npm cannot install snarkjs@{VERSION}: {installed.stderr[-300:]}")
    return place / "node_modules" / "snarkjs"


def run(*arguments: object) -> str:
    """What snarkjs prints for a command line, which must succeed."""
    program = folder() / "build" / "cli.cjs"
    done = subprocess.run(["node", str(program), *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def batch(calls: Sequence[dict[str, Any]], place: Path) -> list[Any]:
    """The answers to many calls in one process, see `snarkjs_batch.cjs`."""
    requests = place / "requests.json"
    requests.write_text(json.dumps(list(calls)))
    done = subprocess.run(["node", str(_DRIVER), str(folder()), str(requests)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return list(json.loads(done.stdout))

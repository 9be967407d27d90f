"""A second signer is refused; a dead one leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.owner import Owner

HOLD = """
import sys, time
from proofmill.host.ground.owner import Owner
owner = Owner(sys.argv[1], "node 0")
print("held", flush=True)
time.sleep(60)
"""


def test_one_owner_at_a_time(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(ProofmillError) as caught:
            Owner(tmp_path, "node 1")
        assert f"node 0 (process {process.pid}) already signs and submits" in str(caught.value)
        assert "give node 1 a folder of its own" in str(caught.value)
        process.kill()
        process.wait()
        with Owner(tmp_path, "node 1"):
            pass


def test_within_one_process_too(tmp_path: Path) -> None:
    with Owner(tmp_path / "new", "node 0"), pytest.raises(ProofmillError, match="already signs"):
        Owner(tmp_path / "new", "node 0")
    Owner(tmp_path / "new", "node 0").close()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProofmillError, match="cannot be made"):
        Owner(tmp_path / "file", "node 0")

"""The package for HiveOS: its scripts run as its agent runs them, against a node's API."""

import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.operator.figures import Snapshot
from proofmill.host.network.operator.hive import NAME, package
from tests.host.network.operator.service import folders, free_ports
from tests.host.network.operator.watched import listening, snapshot

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")


def unpacked(place: Path, content: bytes) -> Path:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(place, filter="data")
    return place / NAME


def agent(folder: Path) -> tuple[float, dict[str, Any]]:
    """What the agent has after it has included h-stats.sh."""
    done = subprocess.run(
        ["bash", "-c", f'. {folder}/h-stats.sh; echo "$khs"; echo "$stats"'],
        capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    khs, stats = done.stdout.splitlines()
    return float(khs), json.loads(stats)


def test_the_agent_hears_what_the_node_does(tmp_path: Path) -> None:
    """Two proofs of six million constraints in 100 s on one device of two."""
    with listening() as (_, miner):
        folder = unpacked(tmp_path, package("1.2.3", Path("node.toml"), miner, 9464))
        khs, stats = agent(folder)
    assert khs == pytest.approx(120.0) and stats["hs"] == pytest.approx([120.0, 0.0])
    assert stats["hs_units"] == "khs" and stats["algo"] == "groth16"
    assert stats["ar"] == [5, 2, 1] and stats["uptime"] == 100 and stats["ver"] == "1.2.3"


def test_nothing_is_ever_null(tmp_path: Path) -> None:
    """No node, a node without devices, one that answers with something else."""
    (port,) = free_ports(1)
    for shown in (None, lambda: Snapshot(1.0, {}), lambda: snapshot()):
        if shown is None:
            khs, stats = agent(unpacked(tmp_path, package("1.2.3", Path("x"), port, 0)))
        else:
            with listening(shown=shown) as (metrics, miner):
                for asked in (miner, metrics):
                    khs, stats = agent(
                        unpacked(tmp_path, package("1.2.3", Path("x"), asked, 0)))
        assert isinstance(khs, float)
        assert "null" not in json.dumps(stats)
        assert set(stats) == {"hs", "hs_units", "uptime", "ver", "algo", "ar"}


def test_the_miner_is_the_node_of_the_settings(tmp_path: Path) -> None:
    """h-config.sh and h-run.sh with a program of that name that says how it was called."""
    program = tmp_path / "bin" / NAME
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    program.chmod(0o755)
    settings = tmp_path / "my mill" / "node.toml"
    folder = unpacked(tmp_path, package("1.2.3", settings, 4028, 9464))
    manifest = folder / "h-manifest.conf"
    manifest.write_text(manifest.read_text().replace(
        f"/hive/miners/custom/{NAME}", str(folder)).replace("/var/log", str(tmp_path / "log")))
    for given, wanted in (("", settings), ("/elsewhere/node.toml", "/elsewhere/node.toml")):
        environment = {**os.environ, "CUSTOM_USER_CONFIG": given,
                       "PATH": f"{program.parent}:{os.environ['PATH']}"}
        for script, status in (("h-config.sh", 0), ("h-run.sh", 7)):
            done = subprocess.run(["bash", str(folder / script)], env=environment, text=True,
                                  capture_output=True, timeout=60)
            assert done.returncode == status, done.stderr
        assert done.stdout == f"node run --config {wanted}\n"
    assert (tmp_path / "log" / "miner" / NAME / f"{NAME}.log").read_text().count("node run") == 2
    missing = subprocess.run(["bash", str(folder / "h-run.sh")], text=True, capture_output=True,
                             env={**os.environ, "PATH": "/usr/bin:/bin"}, timeout=60)
    assert missing.returncode == 2 and "there is no command proofmill" in missing.stdout


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = folders(tmp_path / "mill")[0]
    archive = tmp_path / "proofmill.tar.gz"
    words = ["node", "hiveos", str(archive), "--config", str(home / "node.toml")]
    assert main(words) == 0
    first = archive.read_bytes()
    folder = unpacked(tmp_path, first)
    assert (folder / "h-stats.sh").stat().st_mode & 0o111
    assert str(home / "node.toml") in (folder / "h-config.sh").read_text()
    assert main(words) == 0 and archive.read_bytes() == first, "the same bytes each time"
    capsys.readouterr()
    monkeypatch.setenv("PROOFMILL_MINER_ENABLED", "false")
    assert main(words) == 2
    assert "miner.enabled is false" in capsys.readouterr().err

"""``proofmill devnet``: what it refuses, what it prints, and that it leaves no process behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from proofmill.host.cli.main import main

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("arguments,sentence", [
    (["--slots", "0"], "--slots 0: there must be at least one"),
    (["--provers", "0"], "--provers 0: give 1 to 16"),
    (["--validators", "63"], "--validators 63: the minimal preset needs 64"),
    (["--device", "abacus"], "--device abacus: there is no 'abacus'; give "),
    (["--device", "cpu:soon"], "--device cpu:soon: 'soon' is not 1 to 1,000,000 milliseconds"),
    (["--device", "cpu:0"], "'0' is not 1 to 1,000,000"),
    (["--forge", "4"], "--forge 4: give the number of a node, 0 to 3"),
    (["--kill", "1:3"], "--kill 1:3: give NODE:A:B"),
    (["--kill", "5:3:4"], "--kill 5: give the number of a node, 0 to 4"),
    (["--cut", "1:9:9"], "--cut 1:9:9: the slots must ascend, from 1 to below 40"),
    (["--cut", "1:9:40"], "--cut 1:9:40: the slots must ascend"),
    (["--cut", "1:9:12", "--kill", "1:20:22"], "--cut 1:9:12: node 1 has one outage already"),
])
def test_mistakes_are_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], sentence: str
) -> None:
    assert main(["devnet", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == "" and sentence in output.err and output.err.count("\n") == 1


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "proofmill.host.cli.main", "devnet", "--provers", "1", "--device", "cpu",
         *arguments],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True)


def descendants(process: int) -> set[int]:
    """All processes of the session that `process` leads, itself left out."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == process and fields[0] != "Z":
                found.add(int(entry.name))
    return found - {process}


def until_gone(process: int, seconds: float) -> set[int]:
    deadline = time.monotonic() + seconds
    while (left := descendants(process)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("how", ["Ctrl-C", "kill -9"])
def test_no_process_outlives_it(how: str) -> None:
    process = start("--slots", "400")
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("node 0: both, 32 validators")
        time.sleep(2)  # in the middle of its slots
        assert len(descendants(process.pid)) >= 3
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody
        else:
            process.kill()
        output, errors = process.communicate(timeout=60)
        assert until_gone(process.pid, 10) == set()
    finally:
        for each in descendants(process.pid):
            os.kill(each, signal.SIGKILL)
        if process.poll() is None:
            process.kill()
            process.communicate()
    if how == "Ctrl-C":
        assert process.returncode == 130
        assert "every node has ended" in output
        told = [line for line in errors.splitlines() if not line.endswith(" ...")]
        assert told == ["proofmill: stopped"]


def test_it_says_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a run with a prover that signs invalid proofs: who was drawn, paid and slashed, and why
    afterwards, from the run's record."""
    path = tmp_path / "run.json"
    process = start("--provers", "2", "--slots", "6", "--forge", "1", "--record", str(path),
                    "--json")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    record = json.loads(output)
    assert record["layer1_same"] is True and record["agreed"] is True
    honest, forger, staker = record["nodes"]
    assert [node["role"] for node in record["nodes"]] == ["both", "prover", "staker"]
    assert [row["slot"] for row in record["slots"]] == [1, 2, 3, 4, 5, 6]
    assert honest["paid"] > 0 and honest["invalid"] == 0
    slashed, *others = (row for row in record["slots"] if row["invalid"])
    assert forger["paid"] == 0 and forger["invalid"] == 1 + len(others)
    assert slashed["primary"] == forger["prover"] in slashed["invalid"]
    assert "finality of every slot are those of a run without provers: identical" in errors
    assert f"{forger['prover']}: invalid proof" in errors
    slot = str(slashed["slot"])
    assert main(["why", "--slot", slot, "--run", str(path), "--prover", "1"]) == 0
    assert "It signed an invalid proof: " in capsys.readouterr().out

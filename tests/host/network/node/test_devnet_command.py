"""``proofmill devnet``: what it refuses, what it prints, and that it leaves no process behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.devnet import _broken, _show
from proofmill.host.cli.main import main
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.units import GWEI
from proofmill.host.network.economics.disturbances import Check
from proofmill.host.network.economics.recorded import load_run
from proofmill.host.network.mechanism.lottery import Assignment
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.node import devnet
from proofmill.host.network.node.devnet import plan_nodes
from proofmill.host.network.node.layer2 import CreditedProof, Fine, LayerTwo
from proofmill.host.network.node.node import DeviceSpeed, NodeReport, SlotView
from proofmill.host.network.node.outcome import outcome
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.prover.groth16.verification_key import VerificationKey

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
    (["--fail-device", "4:2:3"], "--fail-device 4: give the number of a node, 0 to 3"),
    (["--hang-device", "1:2"], "--hang-device 1:2: give NODE:A:B, as in 1:10:16"),
    (["--hang-device", "1:2:3", "--fail-device", "1:5:6"], "node 1 has one outage already"),
    (["--split", "3"], "--split 3: give A:B, as in 10:16"),
    (["--split", "3:x"], "--split 3:x: give A:B, as in 10:16"),
    (["--split", "3:40"], "--split 3:40: the slots must ascend, from 1 to below 40"),
    (["--late", "1"], "--late 1: give NODE:A, as in 1:10"),
    (["--late", "1:0"], "--late 1:0: the slots must ascend"),
    (["--provers", "1", "--late", "0:3", "--late", "1:4"],
     "--late 1:4: one node must be there from the start"),
    (["--drift", "1:0"], "--drift 1:0: '0' is not 1 to 12,000 milliseconds"),
    (["--drift", "1:--5"], "--drift 1:--5: '--5' is not 1 to 12,000 milliseconds"),
    (["--drift", "x:5"], "--drift x:5: give NODE:MS, as in 1:-400"),
    (["--withhold", "4"], "--withhold 4: give the number of a node, 0 to 3"),
    (["--withhold", "1", "--forge", "1"], "node 1 has one outage already"),
])
def test_mistakes_are_said_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], sentence: str
) -> None:
    assert main(["devnet", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == "" and sentence in output.err and output.err.count("\n") == 1


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "proofmill.host.cli.main", "devnet", "--provers", "1",
         "--device", "cpu", "--accounts", "2", *arguments],
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
@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "kill -9"])
def test_no_process_outlives_it(how: str) -> None:
    process = start("--slots", "400")
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("node 0: both, 32 validators")
        time.sleep(2)  # in the middle of its slots
        assert len(descendants(process.pid)) >= 3
        if how == "Ctrl-C":
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody
        elif how == "SIGTERM":
            process.terminate()
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
    if how != "kill -9":
        assert process.returncode == {"Ctrl-C": 130, "SIGTERM": 143}[how]
        assert "every node has ended" in output
        by = "" if how == "Ctrl-C" else " by SIGTERM"
        told = [line for line in errors.splitlines() if not line.endswith(" ...")]
        assert told == [f"proofmill: stopped{by}"]


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


def test_a_devnet_that_fails_says_so_and_leaves_its_record(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contracts with other parameters than the reference's: no node can go on."""
    monkeypatch.setattr(devnet, "EvmEngines", otherwise)
    path = tmp_path / "run.json"
    arguments = ["devnet", "--provers", "1", "--device", "cpu", "--accounts", "2", "--slots", "9"]
    assert main([*arguments, "--record", str(path)]) == 1
    error, = (line for line in capfd.readouterr().err.splitlines() if not line.endswith(" ..."))
    assert error.startswith("proofmill: no node is left: node 0, node 1: slot 2: invariant 5: ")
    assert error.endswith(f"; the run so far is in {path}")
    failures = json.loads(path.read_text())["failures"]
    assert sorted(failures) == ["node 0", "node 1"]
    assert "BrokenInvariant" in failures["node 0"]["trace"]
    assert sorted(load_run(str(path)).records) == [1, 2]


def otherwise(
    key: VerificationKey, parameters: Parameters, *others: Any, **more: Any
) -> EvmEngines:
    return EvmEngines(key, replace(parameters, penalty_multiple=3), *others, **more)


def test_everybody_is_named_by_its_node(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows of slots: the includer's node, not its validator, and empty slots too."""
    plans = plan_nodes(64, [DeviceSpeed("cpu", "cpu", 500)] * 4)
    assert [plan.prover for plan in plans] == [0, 1, 2, 3, None]
    assert [len(plan.validators) for plan in plans] == [22, 0, 21, 0, 21]
    account = LayerTwo(
        assignments={1: Assignment(3, (1, 0)), 3: Assignment(None, ())}, delays={},
        credits=(CreditedProof(1, 3, 5 * GWEI, 61, GWEI, 2, 1, 1, 1, False, False),),
        fines=(Fine(1, 1, "committee", 7, False),), undecided=frozenset(), bonded=frozenset(),
        barred={}, bonds={}, reliability={}, rho=0)
    history = tuple(SlotView(slot, b"", b"", 0) for slot in range(1, 5))
    report = NodeReport(
        "node 0", history, (32 * GWEI,) * 64, (0, 0), account, (), 0, (1,), {}, {}, {}, 0, (), 0.0,
        0)
    result = outcome(plans, {plan.name: report for plan in plans}, {}, None)
    assert result.empty_slots == (2, 4)
    reports = {plan.name: report for plan in plans}
    assert outcome(plans, reports, {}, None, ["node 0 cut off"], {4}).lost_slots == (2,)
    node = next(number for number, plan in enumerate(plans) if 61 in plan.validators)
    assert result.slots[0].includer == node
    _show(Screen(), result, {}, 0, 1.0, 1.0)
    said = "slots 2, 4: every node was there, and yet the chain has no block"
    assert _broken(result, [Check("it holds"), Check("it does not", True)], {"node 1": "why"}) == [
        "it does not", "node 1 has ended: why", said]
    output = capsys.readouterr().out
    assert "lost        slots 2, 4: every node was there, and yet the chain has no block" in output
    rows = [line.split() for line in output.splitlines()
            if line[:4].strip().isdigit()]
    assert rows[0][:3] == ["1", "3", "1"] and rows[0][-2:] == ["1:", "missed"]
    assert rows[1] == ["2", "(empty)"] and rows[3] == ["4", "(empty)"]
    assert rows[2][:2] == ["3", "-"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1", "2", "3"])
def test_a_forger_through_settlements(seed: str) -> None:
    """Slots 16 and 24 begin with the settlements of epochs 0 and 1."""
    process = subprocess.Popen(
        [sys.executable, "-m", "proofmill.host.cli.main", "devnet", "--device", "cpu",
         "--accounts", "2", "--forge", "3", "--slots", "26", "--seed", seed, "--json"],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    record = json.loads(output)
    assert record["agreed"] is True and record["nodes"][3]["invalid"] > 0

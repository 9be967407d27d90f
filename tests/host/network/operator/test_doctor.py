"""The doctor finds what is wrong with a node, names it, and changes nothing."""

import json
import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.operator import doctor
from proofmill.host.network.operator.doctor import Finding, Verdict, clock_is_set, examine
from tests.host.network.operator.service import folders


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folders(tmp_path_factory.mktemp("doctor"))[0]


def findings(home: Path, **environment: str) -> dict[str, Finding]:
    return {each.check: each for each in examine(home / "node.toml", environment, "1.2.3")}


def wrong(found: dict[str, Finding]) -> set[str]:
    return {name for name, each in found.items() if each.verdict is Verdict.WRONG}


def test_a_node_that_is_well_and_what_it_is_told(home: Path, capsys: Any) -> None:
    before = {path: sha256(path.read_bytes()).digest()
              for path in home.rglob("*") if path.is_file()}
    assert main(["doctor", "--config", str(home / "node.toml"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["right"]
    found = {each["check"]: each for each in record["findings"]}
    assert list(found) == ["settings", "disk", "memory", "load", "open files", "secrets", "clock",
                           "keys", "ports", "device cpu", "funds"]
    assert "14 known answers right" in found["device cpu"]["sentence"]
    assert "bond and account suffice, at genesis" in found["funds"]["sentence"]
    assert all((each["verdict"] == "right") is (each["way_out"] == "")
               for each in found.values())
    assert before == {path: sha256(path.read_bytes()).digest()
                      for path in home.rglob("*") if path.is_file()}


def test_settings_and_keys_that_are_wrong(home: Path, tmp_path: Path) -> None:
    assert wrong(findings(home, PROOFMILL_NETWORK_PORT="x")) == {"settings"}
    found = findings(home, PROOFMILL_KEYS_PASSWORD_FILE="chain.json")
    assert wrong(found) == {"secrets", "keys"}
    assert found["keys"].way_out == "see keys.password_file"
    assert found["secrets"].way_out == f"chmod 600 {home / 'chain.json'}"


def test_a_port_a_device_and_funds_that_are_wrong(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(doctor, "missing_funds", lambda *given: "the account has 3 wei")
        found = findings(home, PROOFMILL_MINER_PORT=str(port),
                         PROOFMILL_PROVER_DEVICES="serial:/dev/none",
                         PROOFMILL_PROVER_STAND_IN="cpu")
    # The port's finding is there beside that of the ports which are free.
    assert wrong(found) == {"device serial:/dev/none", "funds"}
    assert "the account has 3 wei, at genesis" in found["funds"].sentence
    assert found["funds"].way_out.startswith("send ether to the account")


def test_a_port_that_is_taken(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        steps: Iterator[Finding] = examine(
            home / "node.toml", {"PROOFMILL_MINER_PORT": str(port),
                                 "PROOFMILL_NODE_ROLES": "validator"}, "1.2.3")
        ports = [each for each in steps if each.check == "ports"]
    assert [each.verdict for each in ports] == [Verdict.WRONG, Verdict.RIGHT]
    assert f"miner.port {port} of 127.0.0.1 cannot be listened on" in ports[0].sentence


def test_little_room_and_a_busy_machine(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    for free, verdict in ((1 << 20, Verdict.WRONG), (1 << 30, Verdict.WARNING),
                          (1 << 40, Verdict.RIGHT)):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage(0, 0, free))
        monkeypatch.setattr(doctor.os, "getloadavg", lambda: (1e3, 0, 0))
        monkeypatch.setattr(doctor, "available_memory", lambda: 1 << 29)
        monkeypatch.setattr(doctor, "clock_is_set", lambda: None)
        found = {each.check: each for each in doctor._machine(home)}
        assert found["disk"].verdict is verdict
        assert found["load"].verdict is found["memory"].verdict is Verdict.WARNING
    assert doctor._clock(None).verdict is Verdict.WARNING


def test_a_chain_of_another_release(home: Path) -> None:
    ready = doctor.prepared(doctor.read_settings(home / "node.toml", {}), home, "1.2.3")
    other = replace(ready, chain=replace(ready.chain, genesis_root=bytes(32)))
    found = doctor._funds(other, lambda text: None)
    assert found.check == "chain" and found.verdict is Verdict.WRONG


def test_the_kernel_is_asked() -> None:
    assert clock_is_set() in (True, False, None)
    assert (doctor.available_memory() or 1) > 0

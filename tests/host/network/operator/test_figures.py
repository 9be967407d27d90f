"""The same figures through every interface, and what they count."""

import json
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.network.node.happenings import KINDS
from proofmill.host.network.node.states import State
from proofmill.host.network.operator.conditions import CONDITIONS
from proofmill.host.network.operator.figures import FIGURES, OF_JOBS, Kind
from proofmill.host.network.operator.hive import package
from tests.host.network.operator.everywhere import (
    Ports,
    command,
    same_everywhere,
    samples,
)
from tests.host.network.operator.prometheus import scraping
from tests.host.network.operator.test_hive import unpacked
from tests.host.network.operator.watched import START, ask, get, listening, snapshot, tally


def test_events_are_counted() -> None:
    found = snapshot()
    assert found.of("jobs_seen") == 9 and found.of("proofs_accepted") == 5
    assert found.of("proofs_rejected") == 2 and found.of("proofs_stale") == 1
    assert found.of("proofs_made", "cpu") == 2 and found.of("proving_seconds", "cpu") == 1.0
    assert found.of("constraints_per_second", "cpu") == 12e6 / 100
    assert found.of("all_constraints_per_second") == 12e6 / 100
    assert found.of("accepted_per_minute") == 3
    assert found.of("last_proof_unix_seconds", "cpu") == START + 90
    assert found.of("device_faults", "serial:/dev/ttyUSB0") == 1 == found.of("all_device_faults")
    assert found.of("skipped_steps") == 3 and found.of("unsigned") == 1
    assert found.of("blocks_proposed") == 1
    # What is recent leaves with time, what is counted stays.
    later = snapshot(after=350.0)
    assert later.of("recent_constraints_per_second", "cpu") == 6e6 / 300
    assert later.of("constraints_proven", "cpu") == 12e6


def test_every_kind_of_event_and_state_is_known() -> None:
    assert OF_JOBS.keys() <= {state.name for state in State}
    assert set(OF_JOBS.values()) <= FIGURES.keys()
    made = tally()
    for kind, fields in KINDS.items():
        made.take(kind, dict.fromkeys(fields, 1), START)
    with pytest.raises(AssertionError):
        made.snapshot({"proofs_made": {"cpu": 1}}, (), {}, START)


def test_both_interfaces_say_the_same() -> None:
    with listening() as (metrics, miner):
        status, text = get(metrics)
        stats = command(miner, "stats")["STATS"]
        summary = command(miner, "summary")["SUMMARY"][0]
        devices = command(miner, "devs")["DEVS"]
        pool = command(miner, "pools")["POOLS"][0]
    assert status == 200
    shown = samples(text)
    for name, figure in FIGURES.items():
        full = f"proofmill_{name}" + ("_total" if figure.kind is Kind.COUNTER else "")
        if not figure.label:
            assert shown[full, ""] == stats[0][name], name
            for row, key in ((summary, figure.summary), (pool, figure.pool)):
                if key:
                    value = shown[full, ""] / figure.divisor
                    assert row[key] == (int(value) if figure.unit == "seconds" else value), key
        elif figure.label == "device":
            for number, device in enumerate(("cpu", "serial:/dev/ttyUSB0")):
                row = next(each for each in stats if each["ID"] == f"device {device}")
                assert shown[full, device] == row[name], name
                assert devices[number]["Name"] == device
                if figure.device:
                    assert devices[number][figure.device] == shown[full, device] / figure.divisor
    assert [shown["proofmill_condition", name] for name in CONDITIONS] == [
        float(name in ("device put aside", "working")) for name in CONDITIONS]
    assert (summary["Accepted"], summary["Rejected"], summary["MHS av"]) == (5, 2, 0.12)
    assert [each["Status"] for each in devices] == ["Alive", "Sick"]
    assert stats[0]["Condition"] == "device put aside"
    assert pool["URL"] == 'chain:a "chain"' and pool["Status"] == "Alive"
    # Never null: monitors add these up.
    assert None not in summary.values() and all(None not in each.values() for each in devices)


def test_every_interface_says_the_same(tmp_path: Path) -> None:
    """Also the page and HiveOS' script; each is asked for what it calls rate, accepted, rejected.
    A node that runs: tests/test_mill.py."""
    with listening() as (metrics, miner):
        script = None
        if shutil.which("jq") is not None:
            script = unpacked(tmp_path, package("1.2.3", Path("node.toml"), miner, metrics))
        told = same_everywhere(Ports(metrics, miner, script=script))
    assert (told.rate, told.accepted, told.rejected) == (12e6 / 100, 5, 2)
    assert told.rates == (12e6 / 100, 0)


def test_requests_as_clients_send_them() -> None:
    """JSON without an end, lines, text in one piece; with what cgminer answers to each."""
    with listening() as (_, miner):
        text = ask(miner, b"summary")
        assert text.startswith(b"STATUS=S,When=1000100,Code=11,Msg=Summary,Description=proofmill ")
        assert b"|SUMMARY,Elapsed=100," in text and text.endswith(b"|\0")
        assert ask(miner, b"summary|\n") == text
        assert b"|PGA=0,Name=cpu,ID=0,Enabled=Y,Status=Alive," in ask(miner, b"devs")
        assert b"|VERSION,CGMiner=proofmill 1.2.3,API=3.7," in ask(miner, b"version\n")
        # What is special in a value is escaped.
        assert rb"Reason=serial:/dev/ttyUSB0: no answer\, a\=b\|c\\d" in ask(miner, b"stats")
        assert b"STATUS=E,When=1000100,Code=14,Msg=Invalid command," in ask(miner, b"nonsense")
        both = command(miner, "summary+devs")
        assert both.keys() == {"summary", "devs"}
        assert both["summary"][0]["SUMMARY"][0]["Accepted"] == 5
        with socket.create_connection(("127.0.0.1", miner)) as line:
            for piece in (b'{"comm', b'and": "version', b'"}'):
                line.sendall(piece)
            assert b'"VERSION"' in line.recv(4096)


def test_a_device_by_its_number_and_what_is_denied() -> None:
    """The commands pga, pgacount, devdetails, config and check, with cgminer's codes."""
    def said(name: str, parameter: str = "") -> tuple[int, str, Any]:
        answer = json.loads(ask(miner, json.dumps(
            {"command": name, "parameter": parameter}).encode())[:-1])
        status = answer["STATUS"][0]
        return status["Code"], status["Msg"], answer.get({
            "pgacount": "PGAS", "config": "CONFIG"}.get(name, name.upper()))

    with listening() as (_, miner):
        devices = command(miner, "devs")["DEVS"]
        assert said("pga", "1") == (57, "PGA1", [devices[1]]) and devices[1]["Status"] == "Sick"
        assert b"STATUS=S,When=1000100,Code=57,Msg=PGA0," in ask(miner, b"pga|0")
        assert b"|PGA=0,Name=cpu," in ask(miner, b"pga|0\n")
        assert said("pga", "2")[:2] == (58, "Invalid PGA id 2 - range is 0 - 1")
        assert said("pga", "-1")[0] == said("pga", "x")[0] == 58
        assert said("pga")[:2] == (15, "Missing device id parameter")
        assert said("pgacount") == (59, "PGA count", [{"Count": 2}])
        assert [each["Name"] for each in said("devdetails")[2]] == ["cpu", "serial:/dev/ttyUSB0"]
        assert said("devdetails")[2][1]["Device Path"] == "/dev/ttyUSB0"
        assert said("config")[2][0]["PGA Count"] == 2
        for name in ("quit", "pgadisable", "addpool", "privileged"):
            assert said(name, "0")[:2] == (45, f"Access denied to '{name}' command")
            assert said("check", name)[2] == [{"Exists": "Y", "Access": "N"}]
        assert said("check", "summary")[2] == [{"Exists": "Y", "Access": "Y"}]
        assert said("check", "nonsense")[2] == [{"Exists": "N", "Access": "N"}]
        assert said("check")[:2] == (71, "Missing check cmd")


def test_the_page_is_in_the_format_of_prometheus() -> None:
    with listening() as (metrics, _):
        text = get(metrics)[1]
    assert 'proofmill_node_info{chain="a \\"chain\\"",name="node-0",' in text
    for name, figure in FIGURES.items():
        assert f"# HELP proofmill_{name}" in text and figure.what.split()[0] in text
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_prometheus_has_what_the_page_says(tmp_path: Path) -> None:
    """The server itself scrapes /metrics, and is asked by its own API."""
    with listening() as (metrics, _), scraping(tmp_path, metrics) as asked:
        (found,) = asked("proofmill_proofs_accepted_total")
        (health,) = asked("up")
        devices = asked("proofmill_recent_constraints_per_second")
    assert found["value"][1] == "5" and health["value"][1] == "1"
    assert {each["metric"]["device"] for each in devices} == {"cpu", "serial:/dev/ttyUSB0"}

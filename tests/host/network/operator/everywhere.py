"""A node's work as each of its interfaces tells it, read as the clients of each read it."""

import json
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.host.network.operator.watched import ask, get

MEGA, KILO = 1e6, 1e3
ROUNDED = 1.0
"""Constraints a second: the miner API has millions of them, with six digits."""


@dataclass(frozen=True)
class Ports:
    """Where a node's interfaces listen; `script`: HiveOS' folder of it, if there is one. `api` of
    0: not read."""

    metrics: int
    miner: int
    api: int = 0
    script: Path | None = None


@dataclass(frozen=True)
class Told:
    """What an interface tells. `rates`: constraints a second over the last minutes, by device, in
    the order of the settings; `rate`: of all."""

    rate: float
    accepted: float
    rejected: float
    rates: tuple[float, ...]


Samples = dict[tuple[str, str], float]


def samples(text: str) -> Samples:
    """(name, label) to value, of Prometheus' text."""
    return {(each.name, next(iter(each.labels.values()), "")): each.value
            for family in text_string_to_metric_families(text) for each in family.samples}


def command(port: int, name: str) -> dict[str, Any]:
    """What the miner API answers to a command in JSON."""
    answer = ask(port, json.dumps({"command": name}).encode())
    assert answer.endswith(b"\0")
    return dict(json.loads(answer[:-1]))


def prometheus(port: int) -> tuple[Told, float]:
    """What /metrics tells, and the uptime, by which a snapshot is known."""
    shown = samples(get(port)[1])
    each = {label: value for (name, label), value in shown.items()
            if name == "proofmill_recent_constraints_per_second"}
    return Told(shown["proofmill_all_recent_constraints_per_second", ""],
                shown["proofmill_proofs_accepted_total", ""],
                shown["proofmill_proofs_rejected_total", ""],
                tuple(each.values())), shown["proofmill_uptime_seconds", ""]


def page(port: int) -> tuple[Told, float]:
    """What the page's server-sent events tell."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(b"GET /events HTTP/1.1\r\n\r\n")
        # The first event of figures, whole.
        while not got.partition(b"event: figures\n")[2].count(b"\n\n"):
            piece = line.recv(1 << 16)
            assert piece, got
            got += piece
    data = got.partition(b"event: figures\ndata: ")[2].partition(b"\n\n")[0]
    values = json.loads(data)["figures"]
    return Told(values["all_recent_constraints_per_second"][""], values["proofs_accepted"][""],
                values["proofs_rejected"][""],
                tuple(values["recent_constraints_per_second"].values())), (
                    values["uptime_seconds"][""])


def miner_json(port: int) -> Told:
    """What cgminer's API tells to those who ask in JSON."""
    both = command(port, "summary+devs")
    summary = both["summary"][0]["SUMMARY"][0]
    return Told(summary["MHS 5m"] * MEGA, summary["Accepted"], summary["Rejected"],
                tuple(each["MHS 5m"] * MEGA for each in both["devs"][0]["DEVS"]))


def miner_text(port: int) -> Told:
    """What it tells to those who ask in text."""
    def rows(name: bytes) -> list[dict[str, str]]:
        parts = ask(port, name).decode().rstrip("\0").strip("|").split("|")[1:]
        return [dict(pair.split("=", 1) for pair in part.split(",") if "=" in pair)
                for part in parts]

    (summary,) = rows(b"summary")
    return Told(float(summary["MHS 5m"]) * MEGA, float(summary["Accepted"]),
                float(summary["Rejected"]),
                tuple(float(each["MHS 5m"]) * MEGA for each in rows(b"devs")))


def hive(folder: Path) -> Told:
    """What HiveOS' agent has after it has included the package's script."""
    done = subprocess.run(
        ["bash", "-c", f'. {folder}/h-stats.sh; echo "$khs"; echo "$stats"'],
        capture_output=True, text=True, timeout=60, check=True)
    khs, text = done.stdout.splitlines()
    stats = json.loads(text)
    return Told(float(khs) * KILO, stats["ar"][0], stats["ar"][1],
                tuple(each * KILO for each in stats["hs"]))


def of_one_moment(ports: Ports, tries: int = 200) -> tuple[Told, dict[str, Told]]:
    """What /metrics tells, and what the others tell of the same snapshot: it is the same before
    they are asked and after."""
    for _ in range(tries):
        first, began = prometheus(ports.metrics)
        found = {"events of the page": page(ports.metrics)[0],
                 "cgminer's API in JSON": miner_json(ports.miner),
                 "cgminer's API in text": miner_text(ports.miner)}
        if ports.api:
            found["the proof engine's /metrics"] = prometheus(ports.api)[0]
        if ports.script is not None:
            found["HiveOS"] = hive(ports.script)
        if prometheus(ports.metrics)[1] == began:
            return first, found
        time.sleep(0.05)
    raise AssertionError("there was a new snapshot each time")


def same_everywhere(ports: Ports) -> Told:
    """The same rate, accepted and rejected through every interface; what they are."""
    right, found = of_one_moment(ports)
    for name, told in found.items():
        assert (told.accepted, told.rejected) == (right.accepted, right.rejected), name
        assert told.rate == pytest.approx(right.rate, abs=ROUNDED), name
        assert told.rates == pytest.approx(right.rates, abs=ROUNDED), name
    return right

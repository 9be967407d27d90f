"""The API of cgminer, as miners' monitors read it, made from the table of figures.

A request is text (``summary``, ``pga|0``) or JSON (``{"command": "summary"}``, several commands
joined by ``+``; ``{"command": "pga", "parameter": "0"}``), one a connection; the answer is in the
same form and ends with a zero byte (cgminer's API-README). Work is constraints proven: ``MH`` are
millions of them. There is one pool, the chain. All commands only read; cgminer's that change
something are denied, as it denies them to those who may only read.
"""

import json
import platform
from collections.abc import Callable, Mapping
from typing import Any

from proofmill.host.ground.json_text import parse_json
from proofmill.host.network.operator.figures import FIGURES, Figure, Snapshot

API_VERSION = "3.7"
Section = tuple[str, list[dict[str, Any]]]


def whole(request: bytes) -> bool:
    """Whether a request has ended: a line, a zero byte, a JSON object, or, as cgminer has it, the
    first piece of text that comes."""
    text = request.strip(b" \r\n\0")
    if not text:
        return False
    return not text.startswith(b"{") or request.rstrip(b" \r")[-1:] in (b"\n", b"\0") \
        or _parsed(text) is not None


DENIED = frozenset({
    "addpool", "debug", "disablepool", "enablepool", "failover-only", "hotplug", "pgadisable",
    "pgaenable", "pgaidentify", "pgaset", "poolpriority", "poolquota", "privileged", "quit",
    "removepool", "restart", "save", "setconfig", "switchpool", "zero"})
"""cgminer's commands that want more than to read."""


class _Refused(Exception):
    """Why a command has no answer: cgminer's code and words."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(code, said)
        self.code, self.said = code, said


class MinerApi:
    """Answers requests from the latest snapshot."""

    def __init__(self, snapshot: Callable[[], Snapshot], version: str) -> None:
        """`version`: of this program."""
        self._snapshot = snapshot
        self._version = version
        self._commands: dict[str, tuple[int, str, Callable[[Snapshot, str], Section]]] = {
            "version": (22, "CGMiner versions", self._versions),
            "config": (33, "CGMiner config", _config),
            "summary": (11, "Summary", _summary),
            "devs": (9, "PGAs", _devices),
            "devdetails": (69, "Device Details", _details),
            "pga": (57, "PGA{}", _device),
            "pgacount": (59, "PGA count", _count),
            "pools": (7, "1 Pool(s)", _pools),
            "stats": (70, "CGMiner stats", _stats),
            "check": (72, "Check command", self._check),
        }

    def answer(self, request: bytes) -> bytes:
        """The answer, with its zero byte."""
        text = request.strip(b" \r\n\0")
        snapshot = self._snapshot()
        if text.startswith(b"{"):
            found = _parsed(text)
            command = found.get("command") if found is not None else None
            if found is None or not isinstance(command, str):
                return _as_json(self._refusal(snapshot, 23, "Invalid JSON"))
            names = command.split("+")
            if len(names) == 1:
                return _as_json(self._sections(
                    snapshot, command, str(found.get("parameter", ""))))
            # Each under its own name, in a list, as cgminer joins them.
            return _as_json({name: [self._sections(snapshot, name)] for name in names})
        name, _, parameter = text.decode("latin-1").partition("|")
        return _as_text(self._sections(snapshot, name, parameter.rstrip("|")))

    def _sections(self, snapshot: Snapshot, name: str, parameter: str = "") -> dict[str, Any]:
        if name in DENIED:
            return self._refusal(snapshot, 45, f"Access denied to '{name}' command")
        if name not in self._commands:
            return self._refusal(snapshot, 14, "Invalid command")
        code, said, make = self._commands[name]
        try:
            section, rows = make(snapshot, parameter)
        except _Refused as refused:
            return self._refusal(snapshot, refused.code, refused.said)
        return {"STATUS": [self._status(snapshot, "S", code, said.format(parameter))],
                section: rows, "id": 1}

    def _refusal(self, snapshot: Snapshot, code: int, said: str) -> dict[str, Any]:
        return {"STATUS": [self._status(snapshot, "E", code, said)], "id": 1}

    def _status(self, snapshot: Snapshot, letter: str, code: int, said: str) -> dict[str, Any]:
        return {"STATUS": letter, "When": int(snapshot.unix_seconds), "Code": code, "Msg": said,
                "Description": f"proofmill {self._version}"}

    def _check(self, snapshot: Snapshot, parameter: str) -> Section:
        if not parameter:
            raise _Refused(71, "Missing check cmd")
        known = parameter in self._commands
        return "CHECK", [{"Exists": "Y" if known or parameter in DENIED else "N",
                          "Access": "Y" if known else "N"}]

    def _versions(self, snapshot: Snapshot, parameter: str) -> Section:
        return "VERSION", [{"CGMiner": f"proofmill {self._version}", "API": API_VERSION,
                            "Miner": f"proofmill {self._version}"}]


def _config(snapshot: Snapshot, parameter: str) -> Section:
    return "CONFIG", [{"ASC Count": 0, "PGA Count": len(snapshot.values["proofs_made"]),
                       "Pool Count": 1, "Strategy": "Failover", "OS": platform.system()}]


def _summary(snapshot: Snapshot, parameter: str) -> Section:
    return "SUMMARY", [{figure.summary: _standard(figure, snapshot.of(figure.name))
                        for figure in FIGURES.values() if figure.summary}]


def _device(snapshot: Snapshot, parameter: str) -> Section:
    """The row of `devs` that the parameter numbers."""
    _, rows = _devices(snapshot, "")
    if not parameter:
        raise _Refused(15, "Missing device id parameter")
    if not rows:
        raise _Refused(56, "No PGAs")
    if not parameter.isdecimal() or int(parameter) >= len(rows):
        raise _Refused(58, f"Invalid PGA id {parameter} - range is 0 - {len(rows) - 1}")
    return "PGA", [rows[int(parameter)]]


def _details(snapshot: Snapshot, parameter: str) -> Section:
    return "DEVDETAILS", [
        {"DEVDETAILS": number, "Name": name, "ID": number, "Driver": "proofmill", "Kernel": "",
         "Model": name.partition(":")[0], "Device Path": name.partition(":")[2]}
        for number, name in enumerate(snapshot.values["proofs_made"])]


def _count(snapshot: Snapshot, parameter: str) -> Section:
    return "PGAS", [{"Count": len(snapshot.values["proofs_made"])}]


def _devices(snapshot: Snapshot, parameter: str) -> Section:
    rows = []
    for number, name in enumerate(snapshot.values["proofs_made"]):
        aside = bool(snapshot.of("device_put_aside", name))
        rows.append({
            "PGA": number, "Name": name, "ID": number, "Enabled": "Y",
            "Status": "Sick" if aside else "Alive",
            **{figure.device: _standard(figure, snapshot.of(figure.name, name))
               for figure in FIGURES.values() if figure.device}})
    return "DEVS", rows


def _pools(snapshot: Snapshot, parameter: str) -> Section:
    behind = any(each.name == "behind" for each in snapshot.conditions)
    return "POOLS", [{
        "POOL": 0, "URL": f"chain:{snapshot.about.get('chain', '')}",
        "Status": "Dead" if behind else "Alive", "Priority": 0, "Quota": 1, "Long Poll": "N",
        "Stratum Active": not behind,
        "User": snapshot.about.get("name", ""),
        **{figure.pool: _standard(figure, snapshot.of(figure.name))
           for figure in FIGURES.values() if figure.pool}}]


def _stats(snapshot: Snapshot, parameter: str) -> Section:
    """Every figure under its own name; then one row a device, or another label. Each says how long
    the node has run, as cgminer's rows do and clients look for it."""
    gravest = snapshot.conditions[0] if snapshot.conditions else None
    elapsed = {"Elapsed": int(snapshot.of("uptime_seconds"))}
    rows: list[dict[str, Any]] = [{
        "STATS": 0, "ID": "node", **elapsed, **({} if gravest is None else {
            "Condition": gravest.name, "Reason": gravest.reason, "Way Out": gravest.way_out}),
        **{name: _number(snapshot.of(name)) for name, figure in FIGURES.items()
           if not figure.label}}]
    for label in dict.fromkeys(figure.label for figure in FIGURES.values() if figure.label):
        figures = [figure for figure in FIGURES.values() if figure.label == label]
        for value in dict.fromkeys(value for figure in figures
                                   for value in snapshot.values.get(figure.name, {})):
            rows.append({"STATS": len(rows), "ID": f"{label} {value}", **elapsed, **{
                figure.name: _number(snapshot.of(figure.name, value)) for figure in figures}})
    return "STATS", rows


def _standard(figure: Figure, value: float) -> int | float:
    """A value as clients of cgminer take it: times in whole seconds, work in millions."""
    return int(value) if figure.unit.startswith("seconds") else _number(value / figure.divisor)


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else round(value, 6)


def _as_json(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer).encode() + b"\0"


def _as_text(answer: Mapping[str, Any]) -> bytes:
    """``STATUS=S,When=…,…|SUMMARY,Elapsed=…|``, what is special in values escaped."""
    parts = []
    for section, rows in answer.items():
        if section == "id":
            continue
        for row in rows:
            pairs = [f"{key}={_escaped(value)}" for key, value in row.items()]
            # A row whose first key is the section's name begins with that alone.
            begins = next(iter(row)) in (section, section.removesuffix("S")) \
                or section == "DEVS" and next(iter(row)) == "PGA"
            parts.append(",".join(pairs if begins else [section, *pairs]))
    return ("|".join(parts) + "|").encode() + b"\0"


def _escaped(value: object) -> str:
    return "".join(f"\\{each}" if each in "\\|,=" else each for each in str(value))


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        found = parse_json(text.decode())
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

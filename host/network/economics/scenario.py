"""Scenario files: who proves, how fast, with what stake, at what cost. TOML, every key checked."""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.mechanism.parameters import DEFENCES, Defences, Parameters

STRATEGIES = ("honest", "withholding", "thrifty")
MOST_SLOTS = 1_000_000
MOST_PROVERS = 1_000
LONGEST_TEXT = 60

Record = TypeVar("Record")


@dataclass(frozen=True, kw_only=True)
class Network:
    """The chain as provers see it.

    `base_gwei`: B, layer 1's base of a slot; `network_seconds`: from a proof made to every
    proposer having it; `empty_slot_rate`: slots without a block; `energy_gwei_per_kwh`: price.
    """

    slots: int = 5_000
    slot_seconds: float = 6.0
    network_seconds: float = 0.5
    base_gwei: int = 11_448_000
    empty_slot_rate: float = 0.01
    validators: int = 64
    energy_gwei_per_kwh: int = 50_000_000


@dataclass(frozen=True, kw_only=True)
class ProverKind:
    """`count` provers alike. The time of a proof is log-normal about its median `seconds`.

    `jitter`: the logarithm's standard deviation; `failure_rate`: proofs that never arrive;
    `watts`: while it proves. Strategies: honest; withholding: never delivers as primary; thrifty:
    stops for good when energy has cost more than it earned over 256 slots.
    """

    name: str
    count: int = 1
    stake_gwei: int = 1_000_000_000
    delegated_gwei: int = 0
    seconds: float = 5.0
    jitter: float = 0.05
    failure_rate: float = 0.02
    watts: float = 200.0
    strategy: str = "honest"


@dataclass(frozen=True)
class Scenario:
    """A network, its mechanism and its provers."""

    title: str
    network: Network
    provers: tuple[ProverKind, ...]
    parameters: Parameters = field(default_factory=Parameters)

    def each(self) -> list[ProverKind]:
        """One entry a prover; its place is the prover's identity."""
        return [kind for kind in self.provers for _ in range(kind.count)]


LIMITS: Mapping[str, tuple[float, float]] = {
    "slots": (1, MOST_SLOTS), "slot_seconds": (0.001, 3_600), "network_seconds": (0, 3_600),
    "base_gwei": (1, 10**18), "empty_slot_rate": (0, 0.99), "validators": (1, 10**6),
    "energy_gwei_per_kwh": (0, 10**18), "count": (1, MOST_PROVERS), "stake_gwei": (1, 10**18),
    "delegated_gwei": (0, 10**18), "seconds": (1e-6, 1e6), "jitter": (0, 3),
    "failure_rate": (0, 1), "watts": (0, 1e6),
}
"""Least and greatest value of each number."""


def packaged() -> dict[str, str]:
    """The scenarios that come with the package: name and text."""
    folder = resources.files("proofmill.host.network.economics") / "scenarios"
    return {entry.name.removesuffix(".toml"): entry.read_text("utf-8")
            for entry in sorted(folder.iterdir(), key=lambda e: e.name)
            if entry.name.endswith(".toml")}


def load(name_or_path: str) -> Scenario:
    """A packaged scenario by name, or a file; ProofmillError says what is wrong with it and where.
    """
    known = packaged()
    if name_or_path in known:
        return parse(known[name_or_path], f"scenario {name_or_path}")
    path = Path(name_or_path)
    if not path.is_file():
        raise ProofmillError(
            f"{name_or_path}: no such file, nor a scenario of that name; there are "
            f"{', '.join(known)}")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{path}: not UTF-8 text; a scenario is a TOML file") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Scenario:
    """The scenario of a TOML text; `where` names it in errors."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProofmillError(f"{where}: not TOML: {error}") from error
    _known(document, {"title", "network", "mechanism", "provers"}, where, "")
    title = _typed(document.get("title", "a scenario"), str, where, "title")
    network = _record(Network, _table(document, "network", where), where, "network")
    entries = document.get("provers", [])
    if not isinstance(entries, list) or not entries:
        raise ProofmillError(f"{where}: provers must be one or more [[provers]] tables")
    kinds = tuple(_record(ProverKind, _typed(entry, dict, where, f"provers[{index}]"), where,
                          f"provers[{index}]") for index, entry in enumerate(entries))
    total = sum(kind.count for kind in kinds)
    if total > MOST_PROVERS:
        raise ProofmillError(f"{where}: {total} provers; a scenario has {MOST_PROVERS} at most")
    names = [kind.name for kind in kinds]
    for name in names:
        if names.count(name) > 1:
            raise ProofmillError(f"{where}: provers: name {name!r} occurs twice; give each its own")
    return Scenario(title, network, kinds, _parameters(document, where))


def _parameters(document: JsonObject, where: str) -> Parameters:
    table = dict(_table(document, "mechanism", where))
    switches = _typed(table.pop("defences", {}), dict, where, "mechanism.defences")
    _known(switches, set(DEFENCES), where, "mechanism.defences.")
    for name, value in switches.items():
        _typed(value, bool, where, f"mechanism.defences.{name}")
    names = {f.name for f in dataclasses.fields(Parameters)} - {"defences"}
    _known(table, names, where, "mechanism.")
    for name, value in table.items():
        if _typed(value, int, where, f"mechanism.{name}") < 0:
            raise ProofmillError(f"{where}: mechanism.{name} = {value}: must be 0 or more")
        if "divisor" in name or name in ("weight_denominator", "slots_per_epoch", "relief_one_in"):
            if value == 0:
                raise ProofmillError(f"{where}: mechanism.{name} = 0: must be 1 or more")
    try:
        return Parameters(**table, defences=Defences(**switches))
    except ValueError as error:
        raise ProofmillError(f"{where}: mechanism: {error}") from error


def _record(kind: type[Record], table: JsonObject, where: str, at: str) -> Record:
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    _known(table, set(fields), where, f"{at}.")
    for name, value in table.items():
        expected = fields[name].type
        wanted = {int: int, float: float, str: str}[expected]  # type: ignore[index]
        _typed(value, wanted, where, f"{at}.{name}")
        if name in LIMITS and not LIMITS[name][0] <= value <= LIMITS[name][1]:
            low, high = LIMITS[name]
            raise ProofmillError(f"{where}: {at}.{name} = {value}: must be {low:,} to {high:,}")
    if kind is ProverKind:
        if "name" not in table:
            raise ProofmillError(f"{where}: {at}.name is missing")
        if not 0 < len(table["name"]) <= LONGEST_TEXT:
            raise ProofmillError(
                f"{where}: {at}.name has {len(table['name'])} letters; it must have 1 to "
                f"{LONGEST_TEXT}")
        if table.get("strategy", "honest") not in STRATEGIES:
            raise ProofmillError(f"{where}: {at}.strategy = {table['strategy']!r}: must be one of "
                                 f"{', '.join(STRATEGIES)}")
    return kind(**table)


def _table(document: JsonObject, key: str, where: str) -> JsonObject:
    found: JsonObject = _typed(document.get(key, {}), dict, where, key)
    return found


def _known(table: JsonObject, names: set[str], where: str, prefix: str) -> None:
    for name in table:
        if name not in names:
            raise ProofmillError(f"{where}: there is no key {prefix}{name}; known are "
                                 f"{', '.join(sorted(names))}")


def _typed(value: Any, kind: type, where: str, key: str) -> Any:
    words = {int: "a whole number", float: "a number", str: "text in quotes", dict: "a table",
             bool: "true or false"}
    fits = isinstance(value, int | float if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool) or value != value:
        raise ProofmillError(f"{where}: {key} = {value!r}: must be {words[kind]}")
    return value

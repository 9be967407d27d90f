"""Scenario files: who proves, how fast, with what stake, at what cost. TOML, every key checked."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.toml_text import TomlText, parse_toml
from proofmill.host.ground.typed import typed
from proofmill.host.network.economics.economy import (
    Economy,
    Market,
    Share,
    SomeGwei,
    StatedGwei,
)
from proofmill.host.network.economics.limits import (
    MOST_PROVERS,
    MOST_SLOTS,
    MOST_VOTERS,
)
from proofmill.host.network.economics.packaged import document_of, texts
from proofmill.host.network.mechanism.parameters import DEFENCES, Defences, Parameters

Mechanism = Literal["staged", "race", "work"]
MECHANISMS: tuple[Mechanism, ...] = ("staged", "race")
"""Those that are played where a scenario does not say which."""


class Network(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chain as provers see it.

    `base_gwei`: B, layer 1's base of a slot; `network_seconds`: from a proof made to every
    proposer having it; `empty_slot_rate`: slots without a block; `energy_gwei_per_kwh`: price.
    `partition_every`: slots from one cut of the network to the next, 0 for none; it lasts
    `partition_slots`, and `partition_share` of provers and validators are in the other part
    (`partitions`).
    """

    slots: Annotated[int, Meta(ge=1, le=MOST_SLOTS)] = 5_000
    slot_seconds: Annotated[float, Meta(ge=0.001, le=3_600)] = 6.0
    network_seconds: Annotated[float, Meta(ge=0, le=3_600)] = 0.5
    base_gwei: SomeGwei = 11_448_000
    empty_slot_rate: Annotated[float, Meta(ge=0, le=0.99)] = 0.01
    validators: Annotated[int, Meta(ge=1, le=10**6)] = 64
    energy_gwei_per_kwh: StatedGwei = 50_000_000
    partition_every: Annotated[int, Meta(ge=0, le=MOST_SLOTS)] = 0
    partition_slots: Annotated[int, Meta(ge=1, le=MOST_SLOTS)] = 16
    partition_share: Share = 0.3


class ProverKind(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`count` provers alike. The time of a proof is log-normal about its median `seconds`.

    `jitter`: the logarithm's standard deviation; `failure_rate`: proofs that never arrive;
    `watts`: of a machine while it proves. Strategies: honest; withholding: never delivers as
    primary; thrifty: stops for good when energy has cost more than it earned since the last review;
    market: enters, leaves, buys machines and bonds by what it expects to earn, by the keys of
    `market`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60)]
    count: Annotated[int, Meta(ge=1, le=MOST_PROVERS)] = 1
    stake_gwei: SomeGwei = 1_000_000_000
    delegated_gwei: StatedGwei = 0
    seconds: Annotated[float, Meta(ge=1e-6, le=1e6)] = 5.0
    jitter: Annotated[float, Meta(ge=0, le=3)] = 0.05
    failure_rate: Share = 0.02
    watts: Annotated[float, Meta(ge=0, le=1e6)] = 200.0
    strategy: Literal["honest", "withholding", "thrifty", "market"] = "honest"
    market: Market = Market()


_NEVER_ZERO = ("weight_denominator", "slots_per_epoch", "relief_one_in")
_Switches = defstruct(
    "_Switches", [(name, bool | UnsetType, UNSET) for name in DEFENCES],
    frozen=True, kw_only=True, forbid_unknown_fields=True)
_Mechanism = defstruct(
    "_Mechanism",
    [("defences", _Switches | UnsetType, UNSET),
     *((one.name,
        Annotated[int, Meta(ge=int("divisor" in one.name or one.name in _NEVER_ZERO))] | UnsetType,
        UNSET)
       for one in dataclasses.fields(Parameters) if one.name != "defences")],
    frozen=True, kw_only=True, forbid_unknown_fields=True)
"""The mechanism's constants, each left out where it is to stay as it is."""


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provers: Annotated[tuple[ProverKind, ...], Meta(min_length=1)]
    title: str = "a scenario"
    network: Network = Network()
    economy: Economy = Economy()
    mechanisms: Annotated[tuple[Mechanism, ...], Meta(min_length=1)] = MECHANISMS
    mechanism: _Mechanism = _Mechanism()  # type: ignore[valid-type]


@dataclass(frozen=True)
class Scenario:
    """A network, its mechanism and its provers.

    `mechanisms`: those that are played beside each other: `staged`, the lottery; `race`, the same
    without stages; `work`, a race of work without proofs (`work_race`).
    """

    title: str
    network: Network
    provers: tuple[ProverKind, ...]
    parameters: Parameters = field(default_factory=Parameters)
    economy: Economy = Economy()
    mechanisms: tuple[str, ...] = MECHANISMS

    @property
    def count(self) -> int:
        """Provers."""
        return sum(kind.count for kind in self.provers)

    def each(self) -> list[ProverKind]:
        """One entry a prover; its place is the prover's identity."""
        return [kind for kind in self.provers for _ in range(kind.count)]


def packaged() -> dict[str, str]:
    """The scenarios that come with the package: name and text."""
    return texts("proofmill.host.network.economics", "scenarios")


def load_scenario(name_or_path: str) -> Scenario:
    """A packaged scenario by name, or a file; ProofmillError says what is wrong with it, in which
    line, and what is allowed there."""
    return _scenario(source(name_or_path))


def source(name_or_path: str, folder: Path | None = None) -> TomlText:
    """The TOML document of a packaged scenario, or of a file (from `folder` on). ProofmillError
    where there is none."""
    return document_of(name_or_path, "scenario", packaged(), folder)


def parse_scenario(text: str, where: str) -> Scenario:
    """The scenario of a TOML text; `where` names it in errors."""
    return _scenario(parse_toml(text, where))


def _scenario(text: TomlText) -> Scenario:
    return scenario_of(text.document, text.place)


def scenario_of(document: Mapping[str, Any], locate: Callable[[str], str]) -> Scenario:
    """The scenario of a TOML document; `locate`: what errors about a key name."""
    file = typed(document, _File, locate)
    total = sum(kind.count for kind in file.provers)
    if total > MOST_PROVERS:
        raise ProofmillError(f"{locate('provers')}: {total:,} provers; a scenario has "
                             f"{MOST_PROVERS:,} at most")
    names = [kind.name for kind in file.provers]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise ProofmillError(f"{locate(f'provers[{place}].name')}: provers: name {name!r} "
                                 "occurs twice; give each its own")
    for one in file.mechanisms:
        if file.mechanisms.count(one) > 1:
            raise ProofmillError(f"{locate('mechanisms')}: mechanisms: {one!r} occurs twice; name "
                                 "each once")
    _check_partitions(file.network, locate)
    return Scenario(file.title, file.network, file.provers, _parameters(file.mechanism, locate),
                    file.economy, file.mechanisms)


def _check_partitions(network: Network, locate: Callable[[str], str]) -> None:
    every, length = network.partition_every, network.partition_slots
    if every and length >= every:
        key = "network.partition_slots"
        raise ProofmillError(f"{locate(key)}: {key}: {length} is not below partition_every, "
                             f"{every}; the parts have to meet in between")
    if every and network.validators > MOST_VOTERS:
        key = "network.validators"
        raise ProofmillError(
            f"{locate(key)}: {key}: {network.validators:,}; with partitions every vote is "
            f"followed, of {MOST_VOTERS:,} validators at most")


def _parameters(table: Struct, locate: Callable[[str], str]) -> Parameters:
    given = _given(table)
    switches = given.pop("defences", None)
    try:
        return Parameters(**given, defences=Defences(**_given(switches)))
    except ValueError as error:
        # Of one constant the message begins with its name; of several together it does not.
        place = locate(f"mechanism.{str(error).partition(' ')[0]}")
        raise ProofmillError(f"{place}: mechanism: {error}") from error


def _given(table: Struct | None) -> dict[str, Any]:
    """What a table names."""
    return {} if table is None else {
        name: value for name, value in structs.asdict(table).items() if value is not UNSET}

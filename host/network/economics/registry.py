"""A registry file: who bonded what, and which slots each prover missed. TOML, all keys checked.

    [[provers]]
    identity = 0                 # the validator's index
    bond_gwei = 10_000_000_000
    delegated_gwei = 0
    reliability_bps = 3000       # q at the start
    misses = [12, 13]            # slots it did not prove although it was to
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.parameters import Parameters

KEYS = {"identity", "bond_gwei", "delegated_gwei", "reliability_bps", "misses"}
MOST = 10**18
DEVNET_PROVERS = (0, 1, 2, 5)
"""Provers of `proofmill devnet` with its default roles: 64 validators, four provers."""
DEVNET_BOND_GWEI = 10_000_000_000


@dataclass(frozen=True)
class Registered:
    """One prover at the start of the chain."""

    identity: int
    bond_gwei: int
    delegated_gwei: int = 0
    reliability_bps: int = Parameters().reliability_start_bps
    misses: frozenset[int] = frozenset()


def devnet_registry() -> tuple[Registered, ...]:
    """The registry where no file is given: that of `proofmill devnet`, and nobody misses."""
    return tuple(Registered(identity, DEVNET_BOND_GWEI) for identity in DEVNET_PROVERS)


def load_registry(name: str, minimum_bond: int) -> tuple[Registered, ...]:
    """Read a file; ProofmillError names the file, the key and the value that is wrong."""
    path = Path(name)
    if not path.is_file():
        raise ProofmillError(f"{name}: no such file; name a registry of provers")
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{name}: not UTF-8 text; a registry is a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise ProofmillError(f"{name}: not TOML: {error}") from error
    entries = document.pop("provers", None)
    if document:
        raise ProofmillError(f"{name}: there is no key {next(iter(document))}; known is provers")
    if not isinstance(entries, list) or not entries:
        raise ProofmillError(f"{name}: provers must be one or more [[provers]] tables")
    found = [_one(name, f"provers[{i}]", entry, minimum_bond) for i, entry in enumerate(entries)]
    identities = [prover.identity for prover in found]
    for identity in identities:
        if identities.count(identity) > 1:
            raise ProofmillError(f"{name}: identity {identity} occurs twice")
    return tuple(found)


def _one(name: str, at: str, entry: Any, minimum_bond: int) -> Registered:
    if not isinstance(entry, dict):
        raise ProofmillError(f"{name}: {at} = {entry!r}: must be a table")
    for key in entry:
        if key not in KEYS:
            raise ProofmillError(
                f"{name}: there is no key {at}.{key}; known are {', '.join(sorted(KEYS))}")

    def whole(key: str, low: int, high: int, default: int | None = None) -> int:
        value = entry.get(key, default)
        if value is None:
            raise ProofmillError(f"{name}: {at}.{key} is missing")
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ProofmillError(
                f"{name}: {at}.{key} = {value!r}: must be a whole number, {low:,} to {high:,}")
        return value

    misses = entry.get("misses", [])
    if not isinstance(misses, list) or any(
            not isinstance(slot, int) or isinstance(slot, bool) or slot < 0 for slot in misses):
        raise ProofmillError(f"{name}: {at}.misses = {misses!r}: must be a list of slots")
    return Registered(
        whole("identity", 0, (1 << 64) - 1), whole("bond_gwei", minimum_bond, MOST),
        whole("delegated_gwei", 0, MOST, 0),
        whole("reliability_bps", 0, BPS, Registered.reliability_bps), frozenset(misses))

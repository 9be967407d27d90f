"""A registry file: who bonded what, and which slots each prover missed. TOML, all keys checked.

    [[provers]]
    identity = 0                 # the validator's index
    bond_gwei = 10_000_000_000
    delegated_gwei = 0
    reliability_bps = 3000       # q at the start
    misses = [12, 13]            # slots it did not prove although it was to
"""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.toml_text import read_toml
from proofmill.host.ground.typed import typed
from proofmill.host.ground.units import BPS
from proofmill.host.network.economics.economy import StatedGwei
from proofmill.host.network.mechanism.parameters import Parameters

DEVNET_PROVERS = (0, 1, 2, 5)
"""Provers of `proofmill devnet` with its default roles: 64 validators, four provers."""
DEVNET_BOND_GWEI = 10_000_000_000


class Registered(Struct, frozen=True, forbid_unknown_fields=True):
    """One prover at the start of the chain."""

    identity: Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
    bond_gwei: StatedGwei
    delegated_gwei: StatedGwei = 0
    reliability_bps: Annotated[int, Meta(ge=0, le=BPS)] = Parameters().reliability_start_bps
    misses: frozenset[Annotated[int, Meta(ge=0)]] = frozenset()


class _File(Struct, forbid_unknown_fields=True):
    provers: Annotated[tuple[Registered, ...], Meta(min_length=1)]


def devnet_registry() -> tuple[Registered, ...]:
    """The registry where no file is given: that of `proofmill devnet`, and nobody misses."""
    return tuple(Registered(identity, DEVNET_BOND_GWEI) for identity in DEVNET_PROVERS)


def load_registry(name: str, minimum_bond: int) -> tuple[Registered, ...]:
    """Read a file; ProofmillError names file, line, key and the value that is wrong."""
    path = Path(name)
    if not path.is_file():
        raise ProofmillError(f"{name}: no such file; name a registry of provers")
    source = read_toml(path, "a registry")
    found = typed(source.document, _File, source.place).provers
    identities = [prover.identity for prover in found]
    for index, prover in enumerate(found):
        if prover.bond_gwei < minimum_bond:
            key = f"provers[{index}].bond_gwei"
            raise ProofmillError(f"{source.place(key)}: {key} = {prover.bond_gwei}: must be a "
                                 f"whole number, at least {minimum_bond:,}")
        if identities.count(prover.identity) > 1:
            raise ProofmillError(f"{source.place(f'provers[{index}].identity')}: identity "
                                 f"{prover.identity} occurs twice")
    return found

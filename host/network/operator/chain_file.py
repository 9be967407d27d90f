"""The description of a chain that all its nodes share: a JSON file without a secret.

It has what genesis follows from: when slot 0 begins and how long slots last, the validators' public
keys and addresses, the provers with their bonds (the signed transactions that register them), the
size of the ledger, and the block circuit's verification key; where it has certificates of finality,
what `chain_certificates` says of these.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError, not_read
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.typed import typed
from proofmill.host.ground.units import Wei
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.evm.hexadecimal import from_hex, to_hex
from proofmill.host.network.node.contract_state import ProverAccount
from proofmill.host.network.node.follower import SLOT_MS, ChainSetup, Follower
from proofmill.host.network.node.opening import (
    Founder,
    GenesisEngines,
    devnet_parameters,
    minimum_bond_wei,
    open_chain,
)
from proofmill.host.network.operator.chain_certificates import (
    CertificateEntry,
    ChainCertificates,
)
from proofmill.host.network.second_layer.engines import EvmEngines
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.groth16.verification_key import (
    VerificationKey,
    verification_key_from_json,
)

VERSION = 1
MOST_BYTES = 64 << 20
LEAST_SLOT_MS, MOST_SLOT_MS = 500, 600_000

Address = Annotated[str, Meta(pattern="^0x[0-9a-f]{40}$")]
Bytes = Annotated[str, Meta(pattern="^0x(?:[0-9a-f]{2})*$")]


class ValidatorEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A validator: its public key and its execution address."""

    public: Annotated[str, Meta(pattern="^0x[0-9a-f]{96}$")]
    address: Address


class ProverEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """A prover, as `ProverAccount`, and the raw transaction that registers its bond."""

    identity: Annotated[int, Meta(ge=0)]
    owner: Address
    reward_address: Address
    registration: Bytes


class _File(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str
    version: int
    name: Annotated[str, Meta(min_length=1, max_length=60)]
    genesis_unix_seconds: Annotated[float, Meta(ge=0, le=1e11)]
    slot_milliseconds: Annotated[int, Meta(ge=LEAST_SLOT_MS, le=MOST_SLOT_MS)]
    seed: Annotated[int, Meta(ge=0)]
    ledger_depth: int
    batch_transfers: int
    bond_wei: Annotated[str, Meta(pattern=r"^\d{1,30}$")]
    rich: list[Address]
    validators: Annotated[list[ValidatorEntry], Meta(min_length=64)]
    provers: list[ProverEntry]
    verification_key: dict[str, Any]
    genesis_root: Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
    founding: list[str] = []
    """Raw transactions after the provers' bonds: what creates a market."""
    certificates: CertificateEntry | None = None


KIND = "proofmill chain"


@dataclass(frozen=True)
class ChainClock:
    """Chain time by the wall clock: a slot's `SLOT_MS` pass in `slot_milliseconds`."""

    genesis_seconds: float
    slot_milliseconds: int

    def chain_ms(self, unix_seconds: float) -> int:
        """Milliseconds of chain time since genesis, below 0 before it."""
        passed = (unix_seconds - self.genesis_seconds) * 1000
        return int(passed * SLOT_MS / self.slot_milliseconds // 1)

    def unix_seconds(self, chain_ms: int) -> float:
        """When it is that time."""
        return self.genesis_seconds + chain_ms * self.slot_milliseconds / SLOT_MS / 1000

    def scaled(self, seconds: float) -> int:
        """Milliseconds of chain time that pass in `seconds`, at least 1, rounded up."""
        return max(1, -int(-seconds * 1000 * SLOT_MS // self.slot_milliseconds))


@dataclass(frozen=True)
class Chain:
    """A chain, and its time: slot s begins at `genesis_seconds` (Unix time) + s *
    `slot_milliseconds` / 1000. `setup.keys` are without secrets. `genesis_root`: of the first
    block, which depends on the contracts of the release that made the chain as well.
    `certificates`: of finality, None where it has none."""

    name: str
    genesis_seconds: float
    slot_milliseconds: int
    setup: ChainSetup
    genesis_root: bytes
    certificates: ChainCertificates | None = None

    @property
    def clock(self) -> ChainClock:
        """Its time by the wall clock."""
        return ChainClock(self.genesis_seconds, self.slot_milliseconds)

    def require(self, follower: Follower) -> None:
        """`ProofmillError` where this release makes another first block of the description."""
        if follower.genesis_root != self.genesis_root:
            raise ProofmillError(
                f"the chain {self.name!r} begins with block 0x{self.genesis_root.hex()[:16]}…, and "
                f"this release makes 0x{follower.genesis_root.hex()[:16]}… of its description; use "
                "the release that made it, or begin a new chain with `proofmill node init`")

    def with_keys(self, own: Sequence[ValidatorKey]) -> tuple[ChainSetup, tuple[int, ...]]:
        """The setup for a node that has the secret keys `own`; their validators' numbers,
        ascending. ProofmillError for a key that is no validator's."""
        numbers = {key.public: index for index, key in enumerate(self.setup.keys)}
        keys = list(self.setup.keys)
        for key in own:
            if key.public not in numbers:
                raise ProofmillError(f"the key 0x{key.public.hex()[:16]}… is no validator's of the "
                                     f"chain {self.name!r}; take its keystore away, or give "
                                     "node.chain the description it belongs to")
            keys[numbers[key.public]] = key
        return (replace(self.setup, keys=tuple(keys)),
                tuple(sorted({numbers[key.public] for key in own})))


def new_chain(
    name: str, genesis_seconds: float, slot_milliseconds: int, seed: int, size: RollupSize,
    keys: Sequence[ValidatorKey], provers: Sequence[ProverAccount], bond: Wei,
    verification_key: VerificationKey, rich: Sequence[bytes], founder: Founder | None = None,
    certificates: ChainCertificates | None = None,
) -> Chain:
    """A chain of its own. `keys`: with secrets, which sign the registrations and stay here;
    `rich`: accounts that begin with a million ether, the provers' owners among them; `founder`: as
    of `open_chain`; `certificates`: of finality, which the chain's contracts pay."""
    parameters = devnet_parameters()
    minimum = minimum_bond_wei(len(keys), parameters)
    public = tuple(replace(key, secret=0) for key in keys)
    engines = open_chain(
        EvmEngines(verification_key, parameters, minimum, tuple(sorted(set(rich))),
                   certificates=None if certificates is None else certificates.terms(public)),
        seed, size, keys, provers, bond, founder)
    setup = ChainSetup(public, engines, seed, size, verification_key, parameters, minimum, bond,
                       tuple(provers))
    return Chain(name, genesis_seconds, slot_milliseconds, setup, Follower(setup).genesis_root,
                 certificates)


def chain_text(chain: Chain) -> bytes:
    """The file's content."""
    setup, engines = chain.setup, chain.setup.engines
    assert isinstance(engines, GenesisEngines)
    return msgspec.json.format(msgspec.json.encode(_File(
        kind=KIND, version=VERSION, name=chain.name,
        genesis_unix_seconds=chain.genesis_seconds, slot_milliseconds=chain.slot_milliseconds,
        seed=setup.seed, ledger_depth=setup.size.depth, batch_transfers=setup.size.transfers,
        bond_wei=str(setup.bond), rich=[to_hex(each) for each in engines.base.rich],
        validators=[ValidatorEntry(to_hex(key.public), to_hex(key.address)) for key in setup.keys],
        provers=[ProverEntry(each.identity, to_hex(each.owner), to_hex(each.reward_address),
                             to_hex(raw))
                 for each, raw in zip(setup.provers, engines.opening, strict=True)],
        verification_key=setup.verification_key.to_json(),
        genesis_root=to_hex(chain.genesis_root),
        founding=[to_hex(raw) for raw in engines.founding],
        certificates=None if chain.certificates is None else chain.certificates.entry)),
                              indent=1) + b"\n"


def read_chain(path: str | os.PathLike[str]) -> Chain:
    """The chain that a file describes; `ProofmillError` where it does not."""
    where = os.fspath(path)
    try:
        with Path(path).open("rb") as stream:
            document = parse_json(stream.read(MOST_BYTES).decode())
    except OSError as error:
        raise not_read(f"node.chain {where}", error) from error
    except ValueError as error:
        raise ProofmillError(f"{where}: not JSON: {error}; name the chain.json that `proofmill "
                             "node init` has made") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ProofmillError(f"{where}: no description of a chain; name the chain.json that "
                             "`proofmill node init` has made")
    if document.get("version") != VERSION:
        raise ProofmillError(f"{where}: of version {document.get('version')!r}, this release reads "
                             f"{VERSION}; use the release that wrote it")
    return _chain(typed(document, _File, where), where)


def _chain(file: _File, where: str) -> Chain:
    parameters = devnet_parameters()
    minimum = minimum_bond_wei(len(file.validators), parameters)
    key = verification_key_from_json(file.verification_key, f"{where}: verification_key")
    provers = tuple(ProverAccount(each.identity, from_hex(each.owner),
                                  from_hex(each.reward_address))
                    for each in file.provers)
    identities = [each.identity for each in provers]
    if identities != sorted(set(identities)) or any(
            each >= len(file.validators) for each in identities):
        raise ProofmillError(f"{where}: provers are validators' numbers below "
                             f"{len(file.validators)}, ascending; they are {identities}")
    keys = tuple(ValidatorKey(0, from_hex(each.public), from_hex(each.address))
                 for each in file.validators)
    certificates = terms = None
    if file.certificates is not None:
        certificates = ChainCertificates.read(file.certificates, where)
    try:
        if certificates is not None:
            terms = certificates.terms(keys)
    except ProofmillError as error:
        raise ProofmillError(f"{where}: certificates: {error}; copy the file again from another "
                             "node of the chain") from error
    engines = GenesisEngines(
        EvmEngines(key, parameters, minimum, tuple(from_hex(each) for each in file.rich),
                   certificates=terms),
        tuple(from_hex(each.registration) for each in file.provers),
        tuple(from_hex(raw) for raw in file.founding))
    setup = ChainSetup(
        keys, engines, file.seed, RollupSize(file.ledger_depth, file.batch_transfers), key,
        parameters, minimum, Wei(int(file.bond_wei)), provers)
    return Chain(file.name, file.genesis_unix_seconds, file.slot_milliseconds, setup,
                 from_hex(file.genesis_root), certificates)

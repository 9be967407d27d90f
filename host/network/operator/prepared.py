"""From the settings to what a node needs to run: files read, keys decrypted, all of it checked."""

import os
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.ground.errors import ProofmillError, how_to_install, not_read
from proofmill.host.ground.log_fields import LogTo
from proofmill.host.network.consensus.keys import ValidatorKey
from proofmill.host.network.node.certificates import CertificateSetup
from proofmill.host.network.node.era_maker import POWERS
from proofmill.host.network.node.identity import Identity, peer_name
from proofmill.host.network.node.node import NodeSetup, Opened
from proofmill.host.network.operator.chain_certificates import ChainCertificates
from proofmill.host.network.operator.chain_file import Chain, ChainClock, read_chain
from proofmill.host.network.operator.dialer import PeerAddress
from proofmill.host.network.operator.keystores import (
    read_keystore,
    read_keystores,
    read_password,
)
from proofmill.host.network.operator.settings import (
    WORKERS,
    CertificatesTable,
    PeerTable,
    Settings,
    stand_ins,
)
from proofmill.host.network.operator.tls import Tls, read_tls
from proofmill.host.network.operator.workers import Workers
from proofmill.host.prover.aggregation.aggregate import rounds_of
from proofmill.host.prover.aggregation.setup import read_pair
from proofmill.host.prover.devices.device import Device
from proofmill.host.prover.groth16.prove import ProofResult
from proofmill.host.prover.groth16.zkey import read_zkey

if TYPE_CHECKING:  # it needs the extra for AI
    from proofmill.host.network.node.market_part import MarketSetup

FOR_EVER = 2**63
"""The last slot in which a node's buyer posts."""
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class RealDevices:
    """The devices of the settings, in real time: a proof took what the wall clock says."""

    names: tuple[str, ...]
    stand_ins: tuple[str, ...]
    threads: int
    first_proof_seconds: float
    clock: ChainClock
    workers: Workers

    @property
    def first_ms(self) -> int:
        """As `ProvingDevices.first_ms`."""
        return self.clock.scaled(self.first_proof_seconds)

    def milliseconds(self, result: ProofResult) -> int:
        """As `ProvingDevices.milliseconds`."""
        return self.clock.scaled(result.seconds)

    def open(self, folder: Path, faulty: bool, weight_words: int = 0) -> Opened:
        """As `ProvingDevices.open`; all but the processor in processes of their own."""
        assert not faulty, "faults are played by devnets alone"
        return Opened(tuple(self._open(self.names, folder, weight_words)),
                      tuple(self._open(self.stand_ins, folder, 0)))

    def _open(self, names: Sequence[str], folder: Path, weight_words: int) -> Iterator[Device]:
        from proofmill.host.prover.devices.apart import ApartDevice
        from proofmill.host.prover.devices.cpu import CpuDevice

        for name in names:
            if name == WORKERS:
                yield from self.workers.open(folder)
            else:
                yield CpuDevice(threads=self.threads) if name == "cpu" else ApartDevice(
                    name, weight_words=weight_words)


@dataclass(frozen=True)
class Prepared:
    """A node that can begin."""

    settings: Settings
    chain: Chain
    setup: NodeSetup
    peers: tuple[PeerAddress, ...]
    tokens: Mapping[str, str]
    """What requests have to show, by the table of the settings; empty for nothing."""
    tls: Tls | None
    """What listeners beyond loopback speak; None for no TLS."""
    workers: Workers
    version: str
    """Of this program."""


def prepared(
    settings: Settings, base: Path, version: str, log_to: LogTo | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """All that `settings` name, read and checked; `base`: what their paths are relative to.

    `version`: of this program. `progress`: of decrypting keystores. ProofmillError names the key
    of the settings and the file.
    """
    node = settings.node
    chain = read_chain(base / node.chain)
    password = read_password(base / settings.keys.password_file, "keys.password_file")
    own: Sequence[ValidatorKey] = ()
    if "validator" in node.roles:
        own = read_keystores(base / settings.keys.validators, password, progress)
        if not own:
            raise ProofmillError(f"keys.validators {base / settings.keys.validators}: there is no "
                                 "keystore in it; put some there, or take \"validator\" out of "
                                 "node.roles")
    setup, numbers = chain.with_keys(own)
    prover, prover_key = None, None
    if "prover" in node.roles:
        prover_key = read_keystore(base / settings.keys.prover, password)
        prover = chain.with_keys([prover_key])[1][0]
        if prover not in (known := [each.identity for each in setup.provers]):
            raise ProofmillError(
                f"keys.prover {base / settings.keys.prover}: is validator {prover}, which has no "
                f"bond as a prover; the chain's provers are {', '.join(map(str, known)) or 'none'}")
        if not os.access(base / settings.prover.key, os.R_OK):
            raise ProofmillError(f"prover.key {base / settings.prover.key}: cannot be read; name "
                                 "the proving key that `proofmill node init` has made")
    identity = read_identity(base / settings.network.identity)
    workers = Workers(settings, base, identity, version)
    certificates = {peer.name: _read_certificate(base / peer.certificate, f"peers: {peer.name}")
                    for peer in settings.peers}
    return Prepared(
        settings, chain,
        NodeSetup(
            name=node.name, folder=base / node.folder, identity=identity, peers=certificates,
            chain=setup, own=numbers, prover=prover, prover_key=prover_key,
            device=RealDevices(
                tuple(settings.prover.devices), stand_ins(settings), settings.prover.threads,
                settings.prover.first_proof_milliseconds / 1000, chain.clock, workers),
            zkey=base / settings.prover.key, sign_transfers=settings.transfers.sign,
            log_to=log_to, certificates=_certificates(settings, base, chain),
            market=_market(settings, base, prover_key, setup.keys, numbers)),
        peer_addresses(settings.peers, identity, certificates),
        read_tokens(settings, base), read_tls(settings, base),
        workers, version)


def _certificates(settings: Settings, base: Path, chain: Chain) -> CertificateSetup | None:
    """The node's part in certificates of finality, None on a chain that has none."""
    table, known = settings.certificates, chain.certificates
    if known is None:
        if table.make:
            raise ProofmillError(f"certificates.make: the chain {chain.name!r} has no certificates "
                                 "of finality, which `proofmill node init --certificates` gives a "
                                 "new one; set it to false")
        return None
    block_key = chain.setup.verification_key
    if not table.make:
        return known.setup(table.sign, None, block_key)
    path = base / table.key
    try:
        key = read_zkey(path)
    except ProofmillError as error:
        raise ProofmillError(f"certificates.key {error}; name the proving key that `proofmill node "
                             "init --certificates` has made") from error
    if key.verification_key.to_json() != known.key.to_json():
        raise ProofmillError(f"certificates.key {path}: is of another circuit or ceremony than the "
                             "chain's certificates; name the one that was made with chain.json")
    return replace(known.setup(table.sign, path, block_key, _powers(table, base, known)),
                   device=table.device)


def _powers(table: CertificatesTable, base: Path, known: ChainCertificates
            ) -> tuple[Path, Path] | None:
    """The files with which the node makes eras, None where it does not."""
    if not table.powers:
        return None
    if known.eras is None:
        raise ProofmillError("certificates.powers: the chain has no eras of proven blocks, which "
                             "`proofmill node init --certificates` gives a new one; leave it empty")
    first, second = (base / table.powers / name for name in POWERS)
    try:
        heads = read_pair(first, second, rounds_of(known.eras.blocks)).heads
    except ProofmillError as error:
        raise ProofmillError(f"certificates.powers {error}; name the folder of the chain that "
                             "`proofmill node init` has made") from error
    if heads.to_bytes() != known.eras.heads.to_bytes():
        raise ProofmillError(f"certificates.powers {base / table.powers}: are of other ceremonies "
                             "than the chain's eras; name the folder that was made with chain.json")
    return first, second


def _market(settings: Settings, base: Path, prover_key: ValidatorKey | None,
            keys: Sequence[ValidatorKey], numbers: Sequence[int]) -> "MarketSetup | None":
    """The node's part in the market that the settings name, None for none. `numbers`: of its own
    validators, ascending; the account of the last of them buys."""
    table = settings.market
    if not (table.sell or table.buy):
        return None
    try:
        from proofmill.host.network.node.buyer import BuyerTerms
        from proofmill.host.network.node.market_part import MarketSetup
        from proofmill.host.network.node.seller import SellerTerms
        from proofmill.host.network.operator.market_file import market_key, read_market_file
    except ImportError as error:
        raise ProofmillError("market.sell, market.buy: need the extra ai: "
                             f"{how_to_install('ai')}") from error

    place, files = read_market_file(base / table.place)
    inputs = base / table.inputs if table.inputs else None
    seller = buyer = None
    if table.sell:
        assert prover_key is not None, "settings are checked"
        seller = SellerTerms(market_key(prover_key, "seller"), table.capital_gwei,
                             table.cost_gwei_per_second, inputs, table.most_jobs)
    if table.buy:
        if not numbers or inputs is None:
            raise ProofmillError("market.buy: needs a validator of this node, whose account buys, "
                                 "and market.inputs, where the inputs of its jobs go")
        buyer = BuyerTerms(market_key(keys[numbers[-1]], "buyer"), inputs, numbers[-1], FOR_EVER)
    return MarketSetup(place, files, seller, buyer)


def peer_addresses(
    peers: Sequence[PeerTable], identity: Identity, certificates: Mapping[str, str]
) -> tuple[PeerAddress, ...]:
    """Where to call those that have an address; certificates by their names."""
    return tuple(PeerAddress(peer.name, peer.address.rpartition(":")[0],
                             int(peer.address.rpartition(":")[2]),
                             identity.name < _name(certificates[peer.name]))
                 for peer in peers if peer.address)


def read_tokens(settings: Settings, base: Path) -> dict[str, str]:
    """`Prepared.tokens`, from the files that the settings name."""
    return {name: read_password(base / table.token_file, f"{name}.token_file")
            if table.token_file else ""
            for name, table in settings.guarded.items()}


def read_identity(path: Path) -> Identity:
    """Key and certificate of a node, from one file; `ProofmillError` where it is none."""
    text = _text(path, "network.identity")
    certificate = _certificate(text, path, "network.identity")
    key = text.replace(certificate, "")
    if "PRIVATE KEY-----" not in key:
        raise ProofmillError(f"network.identity {path}: has no private key; `proofmill node init` "
                             "makes one")
    return Identity(certificate, key)


def _read_certificate(path: Path, named: str) -> str:
    return _certificate(_text(path, named), path, named)


def _certificate(text: str, path: Path, named: str) -> str:
    """The certificate in the `text` of a file."""
    start, end = text.find(BEGIN), text.find(END)
    certificate = f"{text[start:end]}{END}\n"
    try:
        if start < 0 or end < 0:
            raise ValueError("there is none")
        _name(certificate)
    except ValueError as error:
        raise ProofmillError(f"{named} {path}: not a certificate in PEM: {error}; name the "
                             "certificate.pem of that node") from error
    return certificate


def _name(certificate: str) -> str:
    return peer_name(ssl.PEM_cert_to_DER_cert(certificate))


def _text(path: Path, named: str) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise not_read(f"{named} {path}", error) from error

"""New chains with their nodes: a folder each, with settings, keys and the chain's description."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.ground.errors import ProofmillError, not_read, not_written, way_out
from proofmill.host.ground.output import make_folder, write_atomically
from proofmill.host.ground.secret import write_secret
from proofmill.host.network.consensus.genesis import genesis_validators_root
from proofmill.host.network.consensus.keys import ValidatorKey, random_key
from proofmill.host.network.evm.account import Account, address_of
from proofmill.host.network.evm.client import Address
from proofmill.host.network.node import companion_bonds
from proofmill.host.network.node.contract_state import ProverAccount
from proofmill.host.network.node.era_maker import make_powers
from proofmill.host.network.node.identity import new_identity
from proofmill.host.network.node.opening import BOND_WEI, Founder, GenesisEngines, both
from proofmill.host.network.operator.chain_certificates import ChainCertificates, ChainEras
from proofmill.host.network.operator.chain_file import chain_text, new_chain
from proofmill.host.network.operator.keystores import (
    ROUNDS,
    ROUNDS_OF_RANDOM,
    new_password,
    write_keystore,
)
from proofmill.host.network.operator.settings import (
    ApiTable,
    CertificatesTable,
    KeysTable,
    MarketTable,
    MetricsTable,
    MinerTable,
    NetworkTable,
    NodeTable,
    PeerTable,
    ProverTable,
    Role,
    Settings,
    TransfersTable,
    toml_text,
)
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.zkey import write_zkey

if TYPE_CHECKING:  # it needs the extra for AI
    from proofmill.host.network.node.market_place import GoodsFiles

METRICS_PORT, MINER_PORT, API_PORT = MetricsTable().port, MinerTable().port, ApiTable().port
"""Of node 0; the others have the next ones, so that all can run on one machine."""
CHAIN, ZKEY, SETTINGS = "chain.json", "block.zkey", "node.toml"
CERTIFICATE_ZKEY = "certificate.zkey"
MARKET = "market"
"""The folder of a chain's market, for all of its nodes."""


@dataclass(frozen=True)
class NewChain:
    """What is asked for. The first `provers` of the `nodes` prove, on `devices` in turn; validators
    are shared out among all. `first_port`: of node 0, the others have the next ones."""

    name: str
    nodes: int
    provers: int
    validators: int
    genesis_seconds: float
    slot_milliseconds: int
    seed: int
    size: RollupSize
    devices: Sequence[str]
    first_port: int
    sign_transfers: bool
    password: str | None = None
    market: "GoodsFiles | None" = None
    """What is traded on its market, in the folder `MARKET` of the chain's; None for no market."""
    certificates: tuple[CertificateSize, ProvingKey] | None = None
    """The circuit of certificates of finality, and its key; None for a chain without."""
    era_blocks: int = 0
    """Of an era of proven history, on a chain with certificates; 0 for none."""


def make_chain(
    folder: Path, wanted: NewChain, key: ProvingKey,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the chain and its nodes into `folder`, which is empty or not there; their node.toml.

    `key`: the block circuit's. All keys are random; each node's folder has those of its own
    validators, encrypted with `wanted.password`, or with one of its own that is random. A node's
    folder refers to nothing above it, but for the proving key of who proves.
    """
    keys = [random_key() for _ in range(wanted.validators)]
    provers = tuple(ProverAccount(index, keys[index].address, keys[index].address)
                    for index in range(wanted.provers))
    shares = [range(node, wanted.validators, wanted.nodes) for node in range(wanted.nodes)]
    founder: Founder | None = None
    traders: list[Address] = []
    if wanted.market is not None:
        founder, traders = _founded(wanted, keys, [share[-1] for share in shares])
    if wanted.certificates is not None:
        founder = both(companion_bonds.founder(keys, genesis_validators_root(keys), [
            companion_bonds.Bonding(share[0], share[-1]) for share in shares]), founder)
    make_folder(folder)
    check_empty(folder, "" if wanted.market is None else MARKET)
    eras = _eras(folder, wanted) if wanted.certificates and wanted.era_blocks else None
    chain = new_chain(
        wanted.name, wanted.genesis_seconds, wanted.slot_milliseconds, wanted.seed, wanted.size,
        keys, provers, BOND_WEI, key.verification_key,
        [*(each.owner for each in provers), *(keys[share[-1]].address for share in shares),
         *traders], founder,
        None if wanted.certificates is None else ChainCertificates.of(
            keys, wanted.certificates[0], wanted.certificates[1].verification_key, eras))
    assert isinstance(chain.setup.engines, GenesisEngines)
    place = chain.setup.engines.place
    if chain.certificates is not None:
        bonded, place = place
        chain = replace(chain, certificates=replace(chain.certificates, bonds=bonded))
    identities = [new_identity() for _ in range(wanted.nodes)]
    try:
        write_zkey(folder / ZKEY, key)
        if wanted.certificates is not None:
            write_zkey(folder / CERTIFICATE_ZKEY, wanted.certificates[1])
        write_atomically(folder / CHAIN, [chain_text(chain)])
        if wanted.market is not None:
            from proofmill.host.network.operator.market_file import FILE, write_market

            write_market(folder / MARKET / FILE, place, wanted.market)
        made, done = [], 0
        for node in range(wanted.nodes):
            home = folder / f"node-{node}"
            home.mkdir()
            shutil.copyfile(folder / CHAIN, home / CHAIN)
            write_secret(home / "identity.pem",
                         identities[node].key + identities[node].certificate)
            (home / "certificate.pem").write_text(identities[node].certificate)
            for other in range(wanted.nodes):
                if other != node:
                    (home / "peers").mkdir(exist_ok=True)
                    (home / "peers" / f"node-{other}.pem").write_text(
                        identities[other].certificate)
            for _ in _written_keys(home, shares[node], keys, wanted.password):
                done += 1
                if progress is not None:
                    progress(done, len(keys))
            path = home / SETTINGS
            path.write_text(toml_text(_settings(wanted, node)), "utf-8")
            made.append(path)
    except OSError as error:
        if error.filename is None:
            raise not_written(folder, error) from error
        raise ProofmillError(f"{error.filename}: cannot be written: {error.strerror}; "
                             f"{way_out(error)}") from error
    return made


def _eras(folder: Path, wanted: NewChain) -> ChainEras:
    """Development powers for eras, in the chain's folder: they prove nothing to anybody else."""
    seed = wanted.seed.to_bytes(32, "little", signed=True)
    return ChainEras(wanted.era_blocks, make_powers(folder, wanted.era_blocks, seed))


def check_empty(folder: Path, but: str = "") -> None:
    """See that a chain's folder has nothing in it, `but` for what is made before the chain."""
    try:
        filled = next((each for each in folder.iterdir() if each.name != but), None)
    except OSError as error:
        raise not_read(folder, error) from error
    if filled is not None:
        raise ProofmillError(f"{folder}: is not empty ({filled.name}); a chain's nodes have new "
                             "keys, so give it a folder of its own")


def _founded(wanted: NewChain, keys: Sequence[ValidatorKey], buyers: Sequence[int]
             ) -> tuple[Founder, list[Address]]:
    """(what creates the market, accounts that trade there and need ether)."""
    from proofmill.host.network.node.market_place import open_market
    from proofmill.host.network.operator.market_file import market_key

    files, founding = wanted.market, random_key().account
    assert files is not None, "there is no market to found"
    traders = [address_of(founding)]
    traders += [address_of(market_key(keys[index], "seller")) for index in range(wanted.provers)]
    traders += [address_of(market_key(keys[index], "buyer")) for index in buyers]
    return (lambda evm, parameters: open_market(Account(evm, founding), evm, parameters, files),
            traders)


def _written_keys(
    home: Path, share: range, keys: Sequence[ValidatorKey], password: str | None
) -> Iterator[int]:
    """Write the password's file and the keystores of one node; each validator's number."""
    rounds = ROUNDS if password is not None else ROUNDS_OF_RANDOM
    password = new_password() if password is None else password
    write_secret(home / "password.txt", password + "\n")
    (home / "keys").mkdir()
    for index in share:
        write_keystore(_keystore(home, index), keys[index], password, rounds)
        yield index


def _keystore(home: Path, index: int) -> Path:
    return home / "keys" / f"validator-{index:05}.json"


def _settings(wanted: NewChain, node: int) -> Settings:
    proves = node < wanted.provers
    roles: list[Role] = ["validator", "prover"] if proves else ["validator"]
    device = wanted.devices[node % len(wanted.devices)]
    return Settings(
        node=NodeTable(name=f"node-{node}", roles=roles),
        keys=KeysTable(prover=str(_keystore(Path(), node))) if proves else KeysTable(),
        network=NetworkTable(port=wanted.first_port + node),
        prover=ProverTable(devices=[device], stand_in="" if device == "cpu" else "cpu",
                           key=f"../{ZKEY}"),
        market=_market(wanted, node), certificates=CertificatesTable(
            # One is enough: others' would come to the same.
            make=wanted.certificates is not None and proves and node == 0,
            key=f"../{CERTIFICATE_ZKEY}",
            powers=".." if wanted.certificates and wanted.era_blocks and proves and node == 0
            else ""),
        transfers=TransfersTable(sign=wanted.sign_transfers),
        metrics=MetricsTable(port=METRICS_PORT + node),
        api=ApiTable(port=API_PORT + node),
        miner=MinerTable(port=MINER_PORT + node),
        peers=[PeerTable(name=f"node-{other}", certificate=f"peers/node-{other}.pem",
                         address=f"127.0.0.1:{wanted.first_port + other}")
               for other in range(wanted.nodes) if other != node])


def _market(wanted: NewChain, node: int) -> MarketTable:
    """Every prover sells, and the last node buys."""
    if wanted.market is None:
        return MarketTable()
    from proofmill.host.network.operator.market_file import FILE

    return MarketTable(sell=node < wanted.provers, buy=node == wanted.nodes - 1,
                       place=f"../{MARKET}/{FILE}", inputs=f"../{MARKET}/inputs")

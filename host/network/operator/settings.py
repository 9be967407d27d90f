"""What an operator sets: the tables of ``node.toml``, each key with its unit, default and limits.

The annotations below are the only place where a key is described. The file that `proofmill node
init` writes, the check of a file that is read, the names of environment variables and the table in
docs/node.md all follow from them.
"""

import ipaddress
import os
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.nearest import did_you_mean
from proofmill.host.ground.toml_text import parse_toml
from proofmill.host.ground.typed import limits_of, typed
from proofmill.host.network.workers.access import PORT, Name

ENVIRONMENT = "PROOFMILL_"
"""What the name of an environment variable that sets a key begins with."""

RELOADED: dict[str, object] = {"reload": True}
"""What is said of a key that a running node takes over when it is told to read them again."""
LOOPBACK = "127.0.0.1"
WORKERS = "workers"
"""The device of `ProverTable.devices` that is other machines."""
Host = Annotated[str, Meta(min_length=1, max_length=253)]
Place = Annotated[str, Meta(min_length=1, max_length=4096)]
Port = Annotated[int, Meta(ge=0, le=65_535)]
Role = Literal["validator", "prover"]
Listens = Annotated[bool, Meta(description="whether it listens", extra=RELOADED)]
ListeningPort = Annotated[Port, Meta(description="port to listen on", extra=RELOADED)]
GuardedHost = Annotated[Host, Meta(description=(
    "address to listen on; one that is not loopback needs token_file or tls.client_certificates"),
    extra=RELOADED)]
TokenFile = Annotated[str, Meta(max_length=4096, description=(
    "file whose first line requests must show, as bearer token or password; empty: none"),
    extra=RELOADED)]


class NodeTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the node is, and where it keeps what it must not forget."""

    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9._-]{0,59}$", description=(
        "what peers and logs call it: letters, digits, dots, dashes and underscores"))] = "node-0"
    roles: Annotated[list[Role], Meta(min_length=1, max_length=2, description=(
        "what it does: \"validator\", \"prover\" or both"))] = field(
        default_factory=lambda: ["validator", "prover"])
    folder: Annotated[Place, Meta(description=(
        "folder of its chain, job log, signing history and log"))] = "data"
    chain: Annotated[Place, Meta(description=(
        "the description of the chain, the same file for all its nodes"))] = "chain.json"
    log_megabytes: Annotated[int, Meta(ge=0, le=100_000, description=(
        "size at which node.log is renamed and another begun, three old ones are kept; 0 for no "
        "limit"), extra={"unit": "megabytes"})] = 100


class KeysTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys that sign, in encrypted files (EIP-2335)."""

    validators: Annotated[Place, Meta(description=(
        "folder of its validators' keystores, *.json"))] = "keys"
    prover: Annotated[Place, Meta(description=(
        "keystore of the validator as which it proves"))] = "prover.json"
    password_file: Annotated[Place, Meta(description=(
        "file whose first line is the keystores' password"))] = "password.txt"


class NetworkTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where peers reach it. Only peers that are listed, and show their pinned key, get in."""

    host: Annotated[Host, Meta(description="address to listen on for peers")] = LOOPBACK
    port: Annotated[Port, Meta(description=(
        "port to listen on for peers; 0 for any free one"))] = 9_000
    identity: Annotated[Place, Meta(description=(
        "its private key and certificate for TLS, in PEM"))] = "identity.pem"


class PeerTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another node of the chain."""

    name: Annotated[str, Meta(min_length=1, max_length=60, description="what it is called")]
    certificate: Annotated[Place, Meta(description="its certificate, in PEM")]
    address: Annotated[str, Meta(pattern=r"^$|^.+:\d{1,5}$", description=(
        "where it listens, HOST:PORT; empty if only it calls"), extra=RELOADED)] = ""


class ProverTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it proves on."""

    devices: Annotated[list[str], Meta(min_length=1, max_length=16, description=(
        "devices that share the work; a job goes to the first one that is idle: cpu, model, rtl, "
        "serial:PORT, serial:PORT@BAUD, workers"))] = field(default_factory=lambda: ["cpu"])
    stand_in: Annotated[str, Meta(max_length=4096, description=(
        "a device that works only while all of devices are put aside; empty: none"))] = ""
    key: Annotated[Place, Meta(description=(
        "the block circuit's proving key, .zkey"))] = "block.zkey"
    threads: Annotated[int, Meta(ge=1, le=1_024, description=(
        "threads of a proof on the device cpu"), extra={"unit": "threads"})] = 1
    first_proof_milliseconds: Annotated[int, Meta(ge=1, le=3_600_000, description=(
        "what a proof is taken to last before one has been measured"),
        extra={"unit": "milliseconds"})] = 1_000


class WorkersTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other machines that prove for this node, where prover.devices names "workers"."""

    work: Annotated[Literal["sums", "proofs"], Meta(description=(
        "what each is given: \"sums\", pieces of one proof's sums, so that a proof takes less "
        "time, or \"proofs\", each by one worker"))] = "sums"
    names: Annotated[list[Name], Meta(min_length=1, max_length=256, description=(
        "the workers of its own server; each has an access file, NAME.json, in the folder workers "
        "of node.folder"))] = field(default_factory=lambda: ["worker-1"])
    host: Annotated[Host, Meta(description=(
        "address to listen on for workers; beyond loopback with TLS, by network.identity"))] = (
            LOOPBACK)
    port: Annotated[Port, Meta(description="port to listen on for workers")] = PORT
    access: Annotated[str, Meta(max_length=4096, description=(
        "access file of a NATS server that is there already, with JetStream; empty: the node "
        "starts its own"))] = ""
    lease_seconds: Annotated[int, Meta(ge=1, le=3_600, description=(
        "after which a task goes to another worker, when its own is not heard of"),
        extra={"unit": "seconds"})] = 10
    points: Annotated[int, Meta(ge=256, le=1 << 20, description=(
        "of a piece of a sum, at most"), extra={"unit": "points"})] = 16_384
    store_megabytes: Annotated[int, Meta(ge=16, le=1_000_000, description=(
        "that its own server's store may take, keys included"), extra={"unit": "megabytes"})] = (
            4_096)


class MarketTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Jobs of the market, done on the array between block proofs (extra ai), and their limits."""

    sell: Annotated[bool, Meta(description=(
        "take jobs for proofs and results; the node has to be a prover"))] = False
    buy: Annotated[bool, Meta(description=(
        "post jobs, as the buyer of a chain for trying out does"))] = False
    place: Annotated[Place, Meta(description=(
        "the chain's market, as `proofmill node init mill --market` describes it"))] = "market.json"
    capital_gwei: Annotated[int, Meta(ge=0, le=10**15, description=(
        "what collaterals of jobs that are taken may come to together"),
        extra={"unit": "gwei"})] = 1_000_000_000
    cost_gwei_per_second: Annotated[int, Meta(ge=0, le=10**12, description=(
        "what a second of the array costs; a job that pays less is given up"),
        extra={"unit": "gwei a second"})] = 2_800
    most_jobs: Annotated[int, Meta(ge=1, le=64, description=(
        "jobs that are under way at one time"), extra={"unit": "jobs"})] = 8
    inputs: Annotated[str, Meta(max_length=4096, description=(
        "folder below which inputs are read where a job says file:; empty: data: URLs alone"))] = ""


class CertificatesTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Certificates of finality, on a chain that has them (`proofmill node init --certificates`)."""

    sign: Annotated[bool, Meta(description=(
        "sign votes with the companion keys of this node's validators, which follow from the keys "
        "in their keystores"))] = True
    make: Annotated[bool, Meta(description=(
        "make certificates of all nodes' votes; the node has to be a prover"))] = False
    device: Annotated[str, Meta(description=(
        "what proves them: cpu, model, rtl or serial:PORT; none of prover.devices at the same "
        "port"))] = "cpu"
    key: Annotated[Place, Meta(description=(
        "the proving key of certificates, .zkey"))] = "certificate.zkey"
    powers: Annotated[str, Meta(description=(
        "folder with first.ptau and second.ptau, with which the node that makes certificates makes "
        "eras of proven blocks too; empty: none"))] = ""


class TransfersTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Transfers of the ledger."""

    sign: Annotated[bool, Meta(description=(
        "sign transfers from the development accounts of this node's validators, so that blocks "
        "of a chain for trying out are not empty"), extra=RELOADED)] = False


class MetricsTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures over HTTP: for Prometheus on /metrics, for people on /."""

    enabled: Listens = True
    host: GuardedHost = LOOPBACK
    port: ListeningPort = 9_464
    token_file: TokenFile = ""


class MinerTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same figures for miners' monitors, by cgminer's API (commands that read, no others)."""

    enabled: Listens = True
    host: Annotated[Host, Meta(description=(
        "address to listen on; the API knows no password, so one that is not loopback needs "
        "tls.client_certificates"), extra=RELOADED)] = LOOPBACK
    port: ListeningPort = 4_028


class ApiTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """HTTP for other programs: the Beacon API (/eth/...) and EIP-8025's proof engine (/v1/...)."""

    enabled: Listens = True
    host: GuardedHost = LOOPBACK
    port: ListeningPort = 5_052
    token_file: TokenFile = ""


class TlsTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS of metrics, miner and api, where they listen beyond loopback."""

    client_certificates: Annotated[str, Meta(max_length=4096, description=(
        "file with the certificates, in PEM, of the clients that get in, or of who signs theirs; "
        "everybody else is refused; empty: no TLS"), extra=RELOADED)] = ""
    certificate: Annotated[str, Meta(max_length=4096, description=(
        "its private key and certificate there, in PEM; empty: those of network.identity"),
        extra=RELOADED)] = ""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of ``node.toml``."""

    node: NodeTable = NodeTable()
    keys: KeysTable = KeysTable()
    network: NetworkTable = NetworkTable()
    prover: ProverTable = ProverTable()
    workers: WorkersTable = WorkersTable()
    market: MarketTable = MarketTable()
    certificates: CertificatesTable = CertificatesTable()
    transfers: TransfersTable = TransfersTable()
    metrics: MetricsTable = MetricsTable()
    miner: MinerTable = MinerTable()
    api: ApiTable = ApiTable()
    tls: TlsTable = TlsTable()
    peers: Annotated[list[PeerTable], Meta(max_length=64)] = []

    @property
    def guarded(self) -> dict[str, MetricsTable | ApiTable]:
        """The tables of what may ask for a token, by name."""
        return {"metrics": self.metrics, "api": self.api}

    def encrypted(self, host: str) -> bool:
        """Whether what listens there speaks TLS, to clients with a certificate alone."""
        return bool(self.tls.client_certificates) and not is_loopback(host)


@dataclass(frozen=True)
class Key:
    """A key of a table, as it is told to people. `default`: as TOML, None where one has to be
    given; `limits`: in words, empty for none; `variable`: that sets it, empty for none; `reload`:
    whether a node takes it over while it runs."""

    table: str
    name: str
    what: str
    default: str | None
    limits: str
    unit: str
    variable: str
    reload: bool


def keys() -> Iterator[Key]:
    """Every key, in the order of the file."""
    for table in msgspec.structs.fields(Settings):
        kind, several = table.type, False
        if table.name == "peers":
            kind, several = PeerTable, True
        hints = typing.get_type_hints(kind, include_extras=True)
        for each in msgspec.structs.fields(kind):
            metas = [meta for meta in hints[each.name].__metadata__ if isinstance(meta, Meta)]
            default = each.default
            if each.default_factory is not msgspec.NODEFAULT:
                default = each.default_factory()
            yield Key(
                table.name, each.name,
                next(meta.description for meta in metas if meta.description),
                None if default is msgspec.NODEFAULT else toml_value(default),
                limits_of(hints[each.name]),
                next((meta.extra["unit"] for meta in metas
                      if meta.extra and "unit" in meta.extra), ""),
                "" if several else f"{ENVIRONMENT}{table.name}_{each.name}".upper(),
                any(meta.extra is not None and "reload" in meta.extra for meta in metas))


def toml_value(value: object) -> str:
    """A value as TOML has it: text, a whole number, true or false, or a list of these."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return f"{value:_}"
        case list():
            return f"[{', '.join(map(toml_value, value))}]"
    # TOML's basic strings escape as JSON's do.
    return msgspec.json.encode(str(value)).decode()


def toml_text(settings: Settings) -> str:
    """The file that says `settings`: every key, with what it is, its unit, limits and default."""
    lines = ["# The settings of a Proofmill node. Paths are relative to this file. Environment",
             "# variables such as PROOFMILL_NETWORK_PORT take the place of values in it."]
    table = ""
    for key in keys():
        if key.table == "peers":
            continue
        if key.table != table:
            table = key.table
            kind = type(getattr(settings, table))
            lines += ["", f"# {kind.__doc__}", f"[{table}]"]
        more = "; ".join(part for part in (
            f"unit: {key.unit}" if key.unit else "", key.limits, f"default: {key.default}",
            "taken over on reload" if key.reload else "")
            if part)
        value = toml_value(getattr(getattr(settings, table), key.name))
        lines += [*_comment(f"{key.what} ({more})"), f"{key.name} = {value}"]
    lines += ["", "# Other nodes of the chain, a table each:"]
    for key in keys():
        if key.table == "peers":
            lines += _comment(f"{key.name}: {key.what}")
    for peer in settings.peers:
        lines += ["[[peers]]"] + [f"{name} = {toml_value(getattr(peer, name))}"
                                  for name in ("name", "certificate", "address")] + [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _comment(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 98, initial_indent="# ", subsequent_indent="#   ",
                         break_long_words=False, break_on_hyphens=False)


def read_settings(path: str | os.PathLike[str], environment: Mapping[str, str]) -> Settings:
    """The settings of a file, with those of `environment` in their place.

    ProofmillError names file and line, or the variable, the key, what it must be and the nearest
    name there is.
    """
    where = os.fspath(path)
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise ProofmillError(f"{where}: {error.strerror}; `proofmill node init` makes one"
                             ) from error
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{where}: not UTF-8 text; settings are a TOML file") from error
    source = parse_toml(text, where)
    variables = _overridden(source.document, environment)

    def locate(key: str) -> str:
        name = variables.get(key) or variables.get(key.partition("[")[0])
        if name is not None:
            return f"environment variable {name}"
        return source.place(key)

    settings = typed(source.document, Settings, locate)
    _check_devices(settings, locate)
    _check_peers(settings, locate)
    if settings.market.sell and "prover" not in settings.node.roles:
        raise ProofmillError(f"{locate('market.sell')}: the node is no prover, and has no array to "
                             "sell; put \"prover\" into node.roles, or set it to false")
    if settings.certificates.make and "prover" not in settings.node.roles:
        raise ProofmillError(f"{locate('certificates.make')}: the node is no prover, and a "
                             "certificate pays one; put \"prover\" into node.roles, or set it to "
                             "false")
    if not (is_loopback(settings.miner.host) or settings.encrypted(settings.miner.host)):
        raise ProofmillError(f"{locate('miner.host')}: {settings.miner.host} is not loopback, and "
                             "this API knows no password; set tls.client_certificates as well, or "
                             "127.0.0.1")
    for name, table in settings.guarded.items():
        if not (is_loopback(table.host) or table.token_file or settings.encrypted(table.host)):
            raise ProofmillError(f"{locate(f'{name}.host')}: {table.host} is not loopback; set "
                                 f"{name}.token_file or tls.client_certificates as well, or "
                                 "127.0.0.1")
    if settings.tls.certificate and not settings.tls.client_certificates:
        raise ProofmillError(f"{locate('tls.certificate')}: nothing speaks TLS without "
                             "tls.client_certificates; set that as well")
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _overridden(document: dict[str, Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Put what the environment says into `document`; the variables, by key."""
    known = {key.variable: key for key in keys() if key.variable}
    tables = {key.table for key in known.values()}
    kinds = {each.name: each.type for each in msgspec.structs.fields(Settings)}
    found = {}
    for name, value in environment.items():
        table = name.removeprefix(ENVIRONMENT).partition("_")[0].lower()
        if not name.startswith(ENVIRONMENT) or table not in tables:
            continue
        if name not in known:
            raise ProofmillError(f"environment variable {name}: sets no key"
                                 f"{did_you_mean(name, list(known))}; docs/node.md lists them")
        key = known[name]
        kind = typing.get_type_hints(kinds[key.table])[key.name]
        target = document.setdefault(key.table, {})
        if isinstance(target, dict):  # if not, that is the mistake to be told
            target[key.name] = _value(value, kind)
        found[f"{key.table}.{key.name}"] = name
    return found


def _value(text: str, kind: Any) -> object:
    """What a variable says, as TOML would have it; what does not fit stays text, and is told."""
    if kind is int and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    if kind is bool and text in ("true", "false"):
        return text == "true"
    if typing.get_origin(kind) is list:
        return [part.strip() for part in text.split(",")]
    return text


def stand_ins(settings: Settings) -> tuple[str, ...]:
    """The names of the devices that stand in: one or none."""
    return (settings.prover.stand_in,) if settings.prover.stand_in else ()


def _check_devices(settings: Settings, locate: typing.Callable[[str], str]) -> None:
    from proofmill.host.prover.devices.catalogue import DEVICES
    from proofmill.host.prover.devices.port_name import port_and_rate

    names = [*(name for name in DEVICES if name != "serial:PORT"), WORKERS]
    stand_in = settings.prover.stand_in
    for key, of_key in (("prover.devices", settings.prover.devices),
                        ("prover.stand_in", stand_ins(settings)),
                        ("certificates.device", (settings.certificates.device,))):
        where = locate(key)
        for place, name in enumerate(of_key):
            if name.startswith("serial:"):
                try:
                    port_and_rate(name.removeprefix("serial:"))
                except ValueError as error:
                    raise ProofmillError(
                        f"{where}: {name!r} is no serial port; write serial:/dev/ttyUSB0 or "
                        "serial:/dev/ttyUSB0@3000000") from error
            elif name not in names or (name == WORKERS and key == "certificates.device"):
                there = [*DEVICES, *([] if key == "certificates.device" else [WORKERS])]
                raise ProofmillError(
                    f"{where}: there is no device {name!r}{did_you_mean(name, there)}; the "
                    f"devices are {', '.join(there)}")
            if key == "certificates.device" and name.startswith("serial:") and name in (
                    *settings.prover.devices, stand_in):
                raise ProofmillError(f"{where}: {name!r} makes block proofs; name another board, "
                                     "or cpu")
            if name in of_key[:place] or (key == "prover.devices" and name == stand_in):
                raise ProofmillError(f"{where}: {name!r} is named twice; a device makes one proof "
                                     "at a time, so name each once")


def _check_peers(settings: Settings, locate: typing.Callable[[str], str]) -> None:
    names = [settings.node.name]
    for index, peer in enumerate(settings.peers):
        if peer.name in names:
            raise ProofmillError(f"{locate(f'peers[{index}].name')}: {peer.name!r} is the name of "
                                 "another node already; give each its own")
        names.append(peer.name)
        port = peer.address.rpartition(":")[2]
        if peer.address and not 1 <= int(port) <= 65_535:
            raise ProofmillError(f"{locate(f'peers[{index}].address')}: port {port} is not 1 to "
                                 "65,535")


def markdown() -> str:
    """The table of docs/node.md."""
    lines = ["| key | what | default | allowed | environment variable | on reload |",
             "|---|---|---|---|---|---|"]
    for key in keys():
        allowed = f"{key.limits} {key.unit}".strip() or "-"
        default = "-" if key.default is None else f"`{key.default}`"
        name = f"`{key.table}.{key.name}`" if key.variable else f"`[[{key.table}]] {key.name}`"
        lines.append(f"| {name} | {key.what} | {default} | {allowed} | "
                     + (f"`{key.variable}` |" if key.variable else "- |")
                     + (" taken over |" if key.reload else " stays |"))
    return "\n".join(lines) + "\n"

"""What keeps a node from working, looked for before it runs or beside it.

Each check has a name and gives findings: what was found, whether it is right, and what to do. A
check that needs what an earlier one has found wrong is left out. Nothing is changed.
"""

import ctypes
import os
import resource
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from proofmill.host.ground.cores import cores
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.owner import Owner
from proofmill.host.network.node.archive import BLOCKS, Archive
from proofmill.host.network.node.beginning import FinalStates
from proofmill.host.network.node.final_store import FINAL
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.prover import missing_funds
from proofmill.host.network.operator.conditions import CONDITIONS, WELL
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.settings import (
    WORKERS,
    Settings,
    read_settings,
    stand_ins,
)
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.selftest import self_test

GIB = 1 << 30
LEAST_DISK, FAIR_DISK = GIB // 4, 5 * GIB
FAIR_MEMORY = 2 * GIB
FAIR_FILES = 256
FAIR_LOAD = 1.5
"""Of a core, before anything of the node runs."""
UNSYNCHRONISED = 0x40  # STA_UNSYNC of <sys/timex.h>
STATUS_AT, TIMEX_BYTES = 40, 512
ANSWER_SECONDS = 10.0

Step = Callable[[str], None]
"""Hears of what is looked at, for a bar."""


class Verdict(Enum):
    """Of a finding."""

    RIGHT = "right"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """What a check has found. `way_out`: what to do, empty where it is right."""

    check: str
    verdict: Verdict
    sentence: str
    way_out: str = ""


def examine(
    config: Path, environment: Mapping[str, str], version: str, step: Step = lambda text: None
) -> Iterator[Finding]:
    """The findings about the node of a settings file, as they come."""
    try:
        settings = read_settings(config, environment)
    except ProofmillError as error:
        yield _wrong("settings", error)
        return
    yield Finding("settings", Verdict.RIGHT, f"{config} is right")
    base = config.absolute().parent
    yield from _machine(base / settings.node.folder)
    yield from _permissions(settings, base)
    step("decrypting keys")
    try:
        ready = prepared(settings, base, version)
    except ProofmillError as error:
        yield _clock(None)
        yield _wrong("keys", error)
        return
    yield _clock(ready)
    setup = ready.setup
    proves = (f"it proves as validator {setup.prover}, which has a bond" if setup.prover is not None
              else "it does not prove")
    yield Finding("keys", Verdict.RIGHT,
                  f"{len(setup.own)} validators' keys are right for the chain "
                  f"{ready.chain.name!r}; {proves}")
    if not setup.folder.exists():
        yield from _alone(ready, step)
        return
    try:
        owner = Owner(setup.folder, "proofmill doctor")
    except ProofmillError as error:
        yield from _beside(settings, str(error))
        return
    with owner:
        yield from _alone(ready, step)


def _alone(ready: Prepared, step: Step) -> Iterator[Finding]:
    """What can be looked at while the node does not run."""
    yield from _ports(ready.settings)
    yield from _devices(ready, step)
    yield _funds(ready, step)


def _wrong(check: str, error: ProofmillError) -> Finding:
    sentence, _, way_out = str(error).rpartition("; ")
    return Finding(check, Verdict.WRONG, sentence or way_out,
                   way_out if sentence else "change what is named")


def _machine(folder: Path) -> Iterator[Finding]:
    """Memory, disk, load and open files."""
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    verdict = (Verdict.WRONG if free < LEAST_DISK else
               Verdict.WARNING if free < FAIR_DISK else Verdict.RIGHT)
    yield Finding("disk", verdict, f"{free / GIB:.1f} GiB are free for {folder}",
                  "" if verdict is Verdict.RIGHT else "make room there, or set node.folder")
    memory = available_memory()
    if memory is not None:
        little = memory < FAIR_MEMORY
        yield Finding("memory", Verdict.WARNING if little else Verdict.RIGHT,
                      f"{memory / GIB:.1f} GiB are available",
                      "end what takes it; a node of a small ledger takes half a GiB, and more "
                      "with longer transforms" if little else "")
    load, count = os.getloadavg()[0], cores()
    busy = load > FAIR_LOAD * count
    yield Finding("load", Verdict.WARNING if busy else Verdict.RIGHT,
                  f"{count} cores, {load:.1f} processes want them",
                  "end other work, or its steps will be late" if busy else "")
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    few = 0 <= files < FAIR_FILES
    yield Finding("open files", Verdict.WARNING if few else Verdict.RIGHT,
                  f"{files} may be open at once", f"ulimit -n {FAIR_FILES}" if few else "")


def available_memory() -> int | None:
    """Bytes that a new process could have, None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return None


def _permissions(settings: Settings, base: Path) -> Iterator[Finding]:
    """Whether files with secrets are their owner's alone."""
    names = [settings.keys.password_file, settings.network.identity]
    names += [table.token_file for table in settings.guarded.values() if table.token_file]
    names += [settings.tls.certificate] if settings.tls.certificate else []
    open_to = [name for name in names
               if (base / name).exists() and (base / name).stat().st_mode & 0o077]
    if open_to:
        files = ", ".join(str(base / name) for name in open_to)
        yield Finding("secrets", Verdict.WRONG, f"others may read {files}",
                      f"chmod 600 {files}")
    else:
        yield Finding("secrets", Verdict.RIGHT, "files with secrets are their owner's alone")


def _clock(ready: Prepared | None) -> Finding:
    """Whether the kernel says that a time server sets the clock, and what slot it is."""
    now = ""
    if ready is not None:
        slot = ready.chain.clock.chain_ms(time.time()) // SLOT_MS
        now = f"; it is slot {slot}" if slot >= 0 else f"; the chain begins in {-slot} slots"
    synchronised = clock_is_set()
    if synchronised is None:
        return Finding("clock", Verdict.WARNING, f"whether it is set by a time server is not known "
                                                 f"here{now}", "see to it that it is")
    if not synchronised:
        return Finding("clock", Verdict.WARNING, f"no time server sets it, says the kernel{now}",
                       "run chrony or systemd-timesyncd; in a container, the host's counts")
    return Finding("clock", Verdict.RIGHT, f"a time server sets it, says the kernel{now}")


def clock_is_set() -> bool | None:
    """Whether the kernel takes the clock for synchronised (adjtimex, STA_UNSYNC); None where it
    does not say."""
    if sys.platform != "linux":
        return None
    timex = ctypes.create_string_buffer(TIMEX_BYTES)  # modes 0: only read
    try:
        if ctypes.CDLL(None, use_errno=True).ntp_adjtime(timex) < 0:
            return None
    except (OSError, AttributeError):
        return None
    status = int.from_bytes(timex.raw[STATUS_AT:STATUS_AT + 4], sys.byteorder)
    return not status & UNSYNCHRONISED


def _workers(ready: Prepared) -> Finding:
    """Whether they can be asked; their own devices are tried with the first proofs."""
    try:
        said = ready.workers.examine(ready.setup.folder)
    except ProofmillError as error:
        return _wrong(f"device {WORKERS}", error)
    return Finding(f"device {WORKERS}", Verdict.RIGHT, said)


def _listeners(settings: Settings) -> list[tuple[str, str, int]]:
    found = [("network", settings.network.host, settings.network.port)]
    if settings.metrics.enabled:
        found.append(("metrics", settings.metrics.host, settings.metrics.port))
    if settings.api.enabled:
        found.append(("api", settings.api.host, settings.api.port))
    if settings.miner.enabled:
        found.append(("miner", settings.miner.host, settings.miner.port))
    if WORKERS in settings.prover.devices and not settings.workers.access:
        found.append(("workers", settings.workers.host, settings.workers.port))
    return found


def _ports(settings: Settings) -> Iterator[Finding]:
    """Whether what has to be listened on can be."""
    free = []
    for table, host, port in _listeners(settings):
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                free.append(f"{host}:{port}")
        except OSError as error:
            yield Finding("ports", Verdict.WRONG,
                          f"{table}.port {port} of {host} cannot be listened on: "
                          f"{error.strerror or error}",
                          f"end what listens there, or set {table}.port")
    if free:
        yield Finding("ports", Verdict.RIGHT, f"{', '.join(free)} can be listened on")


def _devices(ready: Prepared, step: Step) -> Iterator[Finding]:
    """Known answers on every device of the settings."""
    if ready.setup.prover is None:
        return
    for name in (*ready.settings.prover.devices, *stand_ins(ready.settings)):
        step(f"known answers on {name}")
        if name == WORKERS:
            yield _workers(ready)
            continue
        try:
            with closing(open_device(name, threads=ready.settings.prover.threads)) as device:
                outcome = self_test(device)
        except ProofmillError as error:
            yield _wrong(f"device {name}", error)
            continue
        if outcome.wrong:
            yield Finding(f"device {name}", Verdict.WRONG, "; ".join(outcome.wrong),
                          "do not prove on it: look at its cables, clock and memory")
        else:
            yield Finding(f"device {name}", Verdict.RIGHT,
                          f"{outcome.cases} known answers right in {outcome.seconds:.2f} s")


def _funds(ready: Prepared, step: Step) -> Finding:
    """Bond and account of the prover at the head of the chain that is kept here."""
    setup = ready.setup
    if setup.prover is None or setup.prover_key is None:
        return Finding("funds", Verdict.RIGHT, "it does not prove and needs none")
    step("reading the chain that is kept")
    with TemporaryDirectory(prefix="proofmill-doctor-") as place:
        # A copy, since what does not verify is forgotten while it is read.
        for name in (BLOCKS, f"{BLOCKS}-wal", FINAL, f"{FINAL}-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(setup.folder / name, Path(place) / name)
        with ExitStack() as files:
            follower = FinalStates(Path(place), setup.chain, files).begin(
                files.enter_context(Archive(Path(place) / BLOCKS)))
            try:
                ready.chain.require(follower)
            except ProofmillError as error:
                return _wrong("chain", error)
            follower.tick(max(0, ready.chain.clock.chain_ms(time.time()) // SLOT_MS), 0)
            follower.load()
            slot = int(follower.store.blocks[follower.head().root].slot)
            missing = missing_funds(follower, setup.prover, setup.prover_key.address)
    at = f"at the head of the chain that is kept here, slot {slot}" if slot else "at genesis"
    if missing:
        return Finding("funds", Verdict.WRONG, f"{missing}, {at}", CONDITIONS["out of funds"])
    return Finding("funds", Verdict.RIGHT, f"bond and account suffice, {at}")


def _beside(settings: Settings, said: str) -> Iterator[Finding]:
    """What a node that runs says of itself."""
    yield Finding("node", Verdict.RIGHT, f"it runs: {said.partition(' already ')[0]}")
    if not settings.miner.enabled:
        yield Finding("state", Verdict.WARNING, "it cannot be asked", "set miner.enabled")
        return
    if settings.encrypted(settings.miner.host):
        yield Finding("state", Verdict.WARNING, "it cannot be asked: the miner API speaks TLS, to "
                      "clients with a certificate alone", "ask it with one, or set miner.host to "
                      "127.0.0.1")
        return
    try:
        found = _asked(settings)
    except (OSError, ValueError, KeyError, IndexError) as error:
        yield Finding("state", Verdict.WRONG, f"miner.port {settings.miner.port} does not answer: "
                                              f"{error}", "see its node.log")
        return
    name, reason = str(found["Condition"]), str(found["Reason"])
    verdict = Verdict.RIGHT if name in WELL else Verdict.WARNING
    yield Finding("state", verdict, f"{name}: {reason}",
                  "" if verdict is Verdict.RIGHT else str(found["Way Out"]))


def _asked(settings: Settings) -> JsonObject:
    """The node's row of the miner API's ``stats``."""
    address = settings.miner.host, settings.miner.port
    with socket.create_connection(address, ANSWER_SECONDS) as line:
        line.sendall(b'{"command": "stats"}')
        answer = b""
        while piece := line.recv(1 << 16):
            answer += piece
    row: JsonObject = parse_json(answer.rstrip(b"\0").decode())["STATS"][0]
    return row

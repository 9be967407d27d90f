"""A node by the wall clock: blocks in their slots, an end when it is told to, and a next life."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.network.node.follower import SLOT_MS
from proofmill.host.network.node.states import State
from proofmill.host.network.operator import running
from proofmill.host.network.operator.conditions import CONDITIONS
from proofmill.host.network.operator.doctor import examine
from proofmill.host.network.operator.event_log import EventLog, EventReader
from proofmill.host.network.operator.figures import Snapshot
from proofmill.host.network.operator.prepared import Prepared, prepared
from proofmill.host.network.operator.running import RunningNode, WallTime
from proofmill.host.network.operator.settings import read_settings
from tests.host.network.operator.everywhere import command, samples
from tests.host.network.operator.service import Service, folders, free_ports
from tests.host.network.operator.watched import get


def ready(home: Path) -> Prepared:
    return prepared(read_settings(home / "node.toml", {}), home, "1.2.3")


def same_figures(home: Path) -> None:
    """The same counts and rate of work over HTTP and by the miner API, of one snapshot."""
    settings = read_settings(home / "node.toml", {})
    for _ in range(100):
        shown = samples(get(settings.metrics.port)[1])
        stats = command(settings.miner.port, "stats")["STATS"]
        if shown["proofmill_uptime_seconds", ""] == pytest.approx(
                stats[0]["uptime_seconds"], abs=1e-5) and shown["proofmill_proofs_made_total",
                                                                "cpu"]:
            break
        time.sleep(0.2)
    else:
        raise AssertionError("no snapshot with a proof was seen twice")
    devices = next(each for each in stats if each["ID"] == "device cpu")
    assert devices["proofs_made"] == shown["proofmill_proofs_made_total", "cpu"] >= 1
    assert devices["constraints_per_second"] == pytest.approx(
        shown["proofmill_constraints_per_second", "cpu"], abs=1e-5) != 0
    for name in ("proofs_accepted", "proofs_rejected", "blocks_proposed", "jobs_seen"):
        assert stats[0][name] == shown[f"proofmill_{name}_total", ""]


def other_programs(home: Path) -> None:
    """The chain as the Beacon API and the proof engine have it, of a node that runs."""
    port = read_settings(home / "node.toml", {}).api.port
    head = json.loads(get(port, "/eth/v1/beacon/headers/head")[1])["data"]
    slot = int(head["header"]["message"]["slot"])
    assert head["canonical"] and slot >= 1
    syncing = json.loads(get(port, "/eth/v1/node/syncing")[1])["data"]
    assert int(syncing["head_slot"]) >= slot and not syncing["is_syncing"]
    assert get(port, "/health") == (200, "OK\n") and get(port, "/metrics")[0] == 200
    paths = json.loads(get(port, "/openapi.json")[1])["paths"]
    assert {"/metrics", "/", "/eth/v1/events", "/v1/proof_types"} <= paths.keys()


def reload(node: Service) -> None:
    """SIGHUP: another port with a token for the page, nothing of a file that does not fit."""
    path = node.home / "node.toml"
    text, (port,) = path.read_text(), free_ports(1)
    before = read_settings(path, {}).metrics.port
    (node.home / "token.txt").write_text("a token\n")
    path.write_text(text.replace(f"port = {before:_}", f"port = {port}").replace(
        f"port = {before}", f"port = {port}").replace(
        'token_file = ""', 'token_file = "token.txt"').replace(
        'name = "node-0"', 'name = "another"'))
    node.process.send_signal(signal.SIGHUP)
    node.until("operator.running", "the settings are read again: metrics.port, metrics.token_file")
    assert get(port)[0] == 401 and get(port, more="Authorization: Bearer a token\r\n")[0] == 200
    with pytest.raises(ConnectionRefusedError):
        get(before)
    path.write_text(text.replace("[metrics]", "[metricks]"))
    node.process.send_signal(signal.SIGHUP)
    node.until("operator.running", "the settings are not taken over, .*node.toml.*metricks")
    assert get(port)[0] == 401
    path.write_text(text)


def test_slots_pass_by_the_clock_and_a_restart_goes_on(tmp_path: Path) -> None:
    """Blocks are proven and paid; a signal ends the node; its second life has what it had. Slots
    that the clock jumps over are left out."""
    home = folders(tmp_path, genesis_in=-1.0, slot_milliseconds=1000)[0]
    ahead = [0.0]
    steps: list[tuple[int, int]] = []

    def now() -> float:
        return time.time() + ahead[0]

    def step(node: RunningNode) -> None:
        assert node.node is not None
        follower = node.node.follower
        steps.append((follower.slot, follower.milliseconds))
        proven = any(job.state is State.INCLUDED for job in node.node.jobs.jobs())
        if proven and not ahead[0]:
            ahead[0] = 10.0  # the clock is set
        elif ahead[0] and follower.slot >= steps[0][0] + 11:
            os.kill(os.getpid(), signal.SIGTERM)

    handler = signal.getsignal(signal.SIGTERM)
    first = RunningNode(ready(home), on_step=step, time_of=WallTime(now))
    asyncio.run(asyncio.wait_for(first.run(), 300))
    assert signal.getsignal(signal.SIGTERM) is handler
    assert steps == sorted(set(steps)) and first.watch.latest.of("skipped_steps") >= 36
    assert {milliseconds for _, milliseconds in steps} <= {0, 1500, 3000, 4500}
    head, blocks = first.node.follower.head().root, len(first.node.follower.branch())
    assert blocks >= 2

    kept = []
    second = RunningNode(
        ready(home), on_ready=lambda node, port: (
            kept.extend([node.node.follower.head().root, len(node.node.follower.branch())]),
            os.kill(os.getpid(), signal.SIGINT)), time_of=WallTime(now))
    asyncio.run(asyncio.wait_for(second.run(), 300))
    assert kept == [head, blocks]
    # Nothing was signed twice: the history of the second life follows the first one's.
    assert not second.node.validators.refused


def test_a_step_is_not_before_its_time(tmp_path: Path) -> None:
    home = folders(tmp_path, genesis_in=0.6, slot_milliseconds=600)[0]
    seen: list[tuple[int, int]] = []

    def step(node: RunningNode) -> None:
        at = node.node.follower.slot * SLOT_MS + node.node.follower.milliseconds
        seen.append((at, node.chain_ms))
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    asyncio.run(asyncio.wait_for(RunningNode(ready(home), on_step=step).run(), 300))
    assert all(at <= clock for at, clock in seen) and len(seen) >= 3


def test_figures_are_taken_while_the_chain_has_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LONGEST_WAIT_SECONDS", 0.05)
    home = folders(tmp_path, genesis_in=100.0)[0]
    seen: list[Snapshot] = []

    def now() -> float:
        if node.watch is not None and (not seen or seen[-1] is not node.watch.latest):
            seen.append(node.watch.latest)
            if len(seen) == 5:
                os.kill(os.getpid(), signal.SIGTERM)
        return time.time()

    node = RunningNode(ready(home), time_of=WallTime(now))
    asyncio.run(asyncio.wait_for(node.run(), 300))
    assert seen[-1].of("uptime_seconds") > seen[-2].of("uptime_seconds")
    assert seen[-1].conditions[0].reason == f"the chain begins in {-node.slot} slots"


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = folders(tmp_path)[0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        os.environ["PROOFMILL_NETWORK_PORT"] = str(port)
        try:
            assert main(["node", "run", "--config", str(home / "node.toml")]) == 2
        finally:
            del os.environ["PROOFMILL_NETWORK_PORT"]
    said = capsys.readouterr().err
    assert f"network.port {port}: cannot be listened on" in said and "set another port" in said


def test_a_wrong_file_ends_it_before_the_chain_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = folders(tmp_path)[0]
    path = home / "node.toml"
    path.write_text(path.read_text().replace("[prover]", "[provers]"))
    assert main(["node", "run", "--config", str(path)]) == 2
    assert "there is no key provers (did you mean prover?)" in capsys.readouterr().err
    assert main(["node", "init", str(home)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_process_in_the_background_ends_by_either_signal_with_nothing_lost(
    tmp_path: Path
) -> None:
    """SIGINT is ignored when it starts, as for what a shell runs with an ampersand."""
    home = folders(tmp_path)[0]
    with Service(home) as node:
        node.until("node.prover", "proof made")
        same_figures(home)
        beside = list(examine(home / "node.toml", {}, "1.2.3"))
        assert [each.check for each in beside[-2:]] == ["node", "state"]
        assert "it runs: " in beside[-2].sentence and "node-0 (process " in beside[-2].sentence
        assert beside[-1].sentence.partition(":")[0] in CONDITIONS
        other_programs(home)
        reload(node)
        status, out, err = node.end(signal.SIGINT)
    assert status == 0 and "node-0 has ended" in out and "Traceback" not in err
    assert "metrics.port, metrics.token_file, api.token_file changed; node.name: as before" in out
    with EventLog(home / "data" / "events.sqlite") as events:
        kinds = [each.kind for each in events.latest(1000)]
        assert kinds[0] == "start" and kinds[-1] == "end"
        assert {"job", "proof", "block", "reload"} <= set(kinds)
    assert node.log()[-1]["message"] == "stopped"
    with sqlite3.connect(home / "data" / "blocks.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    password = (home / "password.txt").read_text().strip()
    assert password not in out + err + (home / "data" / "node.log").read_text()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(120)
        with Service(home, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="500000") as again:
            heard = [line.recv(1000).decode() for _ in range(3)]
            assert again.end(signal.SIGTERM)[0] == 0
        line.settimeout(1)
        with suppress(TimeoutError):
            while True:
                heard.append(line.recv(1000).decode())
    assert any(each.startswith("READY=1") for each in heard) and "WATCHDOG=1" in heard
    assert heard[-1] == "STOPPING=1"


@pytest.mark.slow  # half a minute of slots
def test_two_nodes_find_each_other_agree_and_catch_up(tmp_path: Path) -> None:
    first, second = folders(tmp_path, nodes=2, genesis_in=6.0, slot_milliseconds=4000)
    # The first one's preferred device is not there.
    with Service(first, PROOFMILL_PROVER_DEVICES="serial:/dev/none",
                 PROOFMILL_PROVER_STAND_IN="cpu") as one, \
            Service(second) as two:
        one.until("gossip", "connected")
        two.until("gossip", "connected")
        one.until("node.store", r"job of slot \d+: INCLUDED", 300)
        assert two.end(signal.SIGTERM)[0] == 0
        with Service(second) as back:
            at = one.until("validators", "proposing as validator")["slot"]
            back.until("operator.running", r"node-1 runs: [1-9]\d* kept blocks")
            back.until("follower", f"the proof of slot {at + 3}|the proof of slot {at + 4}", 300)
            assert back.end(signal.SIGINT)[0] == 0
        status, _, err = one.end(signal.SIGINT)
        assert status == 0 and "Traceback" not in err
    faults = [each for each in EventReader(first / "data" / "events.sqlite").latest(10_000)
              if each.kind == "fault"]
    assert faults and all("/dev/none cannot be opened" in str(each.fields["reason"])
                          for each in faults)
    with Service(second) as early:
        time.sleep(0.5)  # while it starts
        assert early.end(signal.SIGTERM)[0] == 0
    roots = []
    for home in (first, second):
        with sqlite3.connect(home / "data" / "blocks.sqlite") as database:
            roots.append({row[0] for row in database.execute("SELECT DISTINCT root FROM messages")})
    # One chain: what the second has, the first has; it may have been ended before the latest block.
    assert len(roots[1] & roots[0]) >= 3 and len(roots[1] - roots[0]) <= 1

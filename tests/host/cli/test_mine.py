import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import pytest

from proofmill.host.cli import mine as mine_command
from proofmill.host.cli import mining_devices
from proofmill.host.cli.main import main, parser
from proofmill.host.cli.records import FIELDS
from proofmill.host.ground import cache
from proofmill.host.ground.closing import Closing
from proofmill.host.ground.owner import Owner
from proofmill.host.network.certificates.light import LightNode
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.network.evm import states
from proofmill.host.network.evm.account import address_of
from proofmill.host.network.evm.states import StateFile
from proofmill.host.prover.circuits.finality.vote import Checkpoint
from proofmill.host.prover.devices import ahead
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.device import DeviceError
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.verification_key import read_verification_key
from tests.host.network.evm.rpc_server import Node, serving

ROOT = Path(__file__).parents[3]
KEYS = ["blocks_asked", "blocks", "slots", "finalized_epoch", "proofs_made", "proofs_included",
        "proofs_rejected", "device", "fallbacks", "device_failures", "device_reopened",
        "device_cycles", "device_sum_cycles", "device_evaluation_cycles",
        "device_transform_cycles", "device_check_cycles", "msm_calls_on_device",
        "msm_calls_total", "layer1_gwei",
        "layer2_gwei_matured", "layer2_gwei_pending", "layer2_gwei_includer", "execution",
        "contracts", "proof_system", "verifier_number", "ledger", "reward_address",
        "balances_wei", "interrupted", "seconds"]
CONTRACTS = ["consensus", "bonds", "assignment", "tags", "rewards", "verifier", "registry",
             "ledger"]


SMALLEST = ("--accounts", "2", "--transfers", "1", "--no-certificates")


def mine(capsys, *arguments):
    status = main(["mine", "--json", *SMALLEST, *arguments])
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1  # one object on stdout, nothing else
    return status, json.loads(captured.out), captured.err


def test_mining_on_the_rtl(capsys):
    """Everything of a proof, unless another device is asked for."""
    status, record, err = mine(capsys, "--blocks", "2")
    assert status == 0 and list(record) == KEYS
    assert record["blocks"] == record["proofs_made"] == record["proofs_included"] == 2
    assert record["blocks_asked"] == 2 and record["fallbacks"] == record["device_failures"] == 0
    assert record["proofs_rejected"] == 0 and record["device"] == "rtl+bc"
    # By one command C's and H's points are summed together.
    assert record["msm_calls_on_device"] == record["msm_calls_total"] == 8
    parts = [record[f"device_{what}_cycles"] for what in (
        "sum", "evaluation", "transform", "check")]
    assert record["device_cycles"] == sum(parts) > 10_000_000
    assert all(parts) and max(parts) == parts[0]
    assert record["finalized_epoch"] >= 3
    assert record["layer1_gwei"] > 0 and record["layer2_gwei_matured"] > 0
    assert record["layer2_gwei_pending"] == 0
    assert list(record["contracts"]) == CONTRACTS
    assert len(set(record["contracts"].values())) == len(CONTRACTS)
    # The contract of coins took both blocks by their proofs, and holds what it should.
    ledger = record["ledger"]
    assert ledger["proven_slot"] == 18 and ledger["units"] == sum(
        ledger[name] for name in ("in_tree", "waiting", "owed")) > 0
    balances = {name: int(value) for name, value in record["balances_wei"].items()}
    # The contract's books; the miner is paid as an includer too, where it proposes such a block.
    assert balances["reward"] // 10**9 == (
        record["layer2_gwei_matured"] + record["layer2_gwei_includer"])
    assert balances["bond"] == 10**18  # nothing was missed, nothing was taken
    slots = [line for line in err.splitlines() if line.strip()[:2].isdigit()]
    assert len(slots) == record["slots"]
    proven = [line for line in slots if "accepted" in line]
    assert len(proven) == 2
    assert all(re.search(r" \d\d/\d\d/[1-9] % ", line) for line in proven)


@pytest.mark.slow
@pytest.mark.parametrize("system", ["plonk", "fflonk"])
def test_mining_by_gates(capsys, system):
    """The chain, its contracts and the contract of coins take proofs of either system."""
    status, record, err = mine(capsys, "--blocks", "1", "--device", "cpu", "--system", system)
    assert status == 0 and " gates, development key" in err
    assert record["proofs_made"] == record["proofs_included"] == 1
    assert record["proofs_rejected"] == 0 and record["layer2_gwei_matured"] > 0
    assert record["msm_calls_on_device"] == record["msm_calls_total"] == {
        "plonk": 9, "fflonk": 4}[system]
    assert (record["proof_system"], record["verifier_number"]) == (system, 0)
    contracts = record["contracts"]
    assert (f"{contracts['verifier']} takes {system} proofs: number 0 of the registry "
            f"{contracts['registry']}") in err
    assert record["ledger"]["proven_slot"] == 17


class Late(Closing):
    """What builds the device while so many blocks are proven, and then has built it."""

    last = ("compiling", 3, 10)

    def __init__(self, blocks):
        self._left = blocks

    @property
    def building(self):
        self._left -= 1
        return self._left >= 0

    def wait(self, progress):
        progress(*self.last)

    def close(self):
        pass


@pytest.mark.parametrize(("late", "on_cpu"), [(2, 2), (5, 3)])
def test_blocks_are_proven_while_the_device_is_built(capsys, monkeypatch, late, on_cpu):
    """On the processor, as their rows say, no more than a screenful; then those that were asked
    for on the device, and each is counted as what it was."""
    monkeypatch.setattr(ahead, "ahead_of", lambda name: Late(late))
    monkeypatch.setattr(mining_devices, "SCREENFUL", 3)
    assert main(["mine", *SMALLEST, "--blocks", "1", "--device", "rtl"]) == 0
    shown = capsys.readouterr().out
    devices = [row[3] for row in slots_of(shown)]
    assert devices[:on_cpu + 2] == ["cpu"] * on_cpu + ["rtl", "-"]
    assert "device: rtl, which is being built: until then the processor proves" in shown
    assert f"blocks      {on_cpu + 1} proven" in shown
    assert f"meanwhile   {on_cpu} of {on_cpu + 1} proofs on cpu, while rtl was being built" in shown
    assert re.search(rf"^rtl +5 of {5 * (on_cpu + 1)} multi-scalar multiplications", shown, re.M)
    # Who counts, or wants no other device, has to wait.
    for words in (["--json"], ["--no-fallback"]):
        options = parser("mine").parse_args(["mine", *words])
        assert not mine_command._may_be_late(options)


TIMED = re.compile(r" +[\d,]+(?= +\d+/\d+/\d+ %)| +\d+\.\d\d(?=  (?:accepted|rejected))"
                   r"|[\d,]+(?= cycles)|(?<=sums |heck )[\d,]+(?=, |\))|^time .*", re.M)
"""What a clock decides of what `mine` shows, seconds of a proof and of everything, and what a
proof's own random numbers do: cycles of its sums."""


@pytest.mark.slow
def test_the_readmes_sample_is_what_it_shows(capsys):
    """Line by line, but for times and cycles; `...` stands for lines that the README leaves out."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sample = readme[readme.index("chain: 64 validators"):].split("```")[0]
    open_device("rtl+bc").close()  # it is there
    assert main(["mine"]) == 0
    captured = capsys.readouterr()
    shown = iter(TIMED.sub("", captured.err + captured.out).splitlines())
    for line in TIMED.sub("", sample).splitlines():
        assert line.strip() == "..." or line in shown, line


def test_a_seed_decides_everything_but_the_time(capsys, tmp_path, monkeypatch):
    """What is final is on the disk meanwhile, and gone at the end."""
    kept, scratch, right = tmp_path / "kept", tmp_path / "scratch", StateFile.move
    scratch.mkdir()
    moved = set()

    def move(self, roots, source):
        assert self.path.exists()
        moved.add(self.path)
        return right(self, roots, source)

    monkeypatch.setattr(states, "LEAST_SWEPT", 1)
    monkeypatch.setattr(StateFile, "move", move)
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    runs = [mine(capsys, "--blocks", "1", "--device", "cpu", "--seed", "7", *more)[1:]
            for more in ((), ("--proofs", str(kept)))]
    assert [path.name for path in moved] == ["states.sqlite"] * 2
    assert all(path.parent.parent == scratch for path in moved)
    assert not [path for path in scratch.iterdir() if path.name.startswith("proofmill-mine-")]
    for record, _ in runs:
        record.pop("seconds")
        # A proof's own randomness is in its bytes, and what these cost as data differs.
        del record["balances_wei"]["account"]
    (first, first_text), (second, second_text) = runs
    assert first == second
    assert first["msm_calls_total"] == first["msm_calls_on_device"] == 5
    # Slot by slot: proposers, transfers, finality, rewards.
    assert len(slots_of(first_text)) == first["slots"]
    assert slots_of(first_text) == slots_of(second_text)
    what_was_kept_is_what_a_light_node_takes(capsys, tmp_path, kept, first["ledger"])


def what_was_kept_is_what_a_light_node_takes(capsys, folder, kept, coins):
    """From the proofs of a real chain to a light node's ledger, by the commands."""
    powers = [str(folder / name) for name in ("first.ptau", "second.ptau")]
    for path in powers:
        development_powers(path, 2, path.encode())
    key, vk, light = str(folder / "key.json"), str(kept / "verification_key.json"), folder / "light"
    trust = json.loads((kept / "trust.json").read_text())
    assert main(["history", "key", *powers, key]) == 0
    assert main(["history", "aggregate", vk, *powers, str(kept), str(kept / "0.era")]) == 0
    # The checkpoint is trusted here: no certificate leads to it, so any key of those will do.
    LightNode.start(light, read_verification_key(vk),
                    Checkpoint(trust["epoch"], bytes.fromhex(trust["root"])), 1)
    assert main(["light", "ledger", str(light), "--key", vk, "--history-key", key, "--ledger-root",
                 trust["ledger_root"], "--block", f"0x{trust['block_hash']}"]) == 0
    assert main(["light", "follow", str(light), "--peer", str(kept)]) == 0
    capsys.readouterr()
    balances = 0
    for number in ("0", "1"):
        assert main(["light", "balance", str(light), number, "--peer", str(kept), "--json"]) == 0
        balances += json.loads(capsys.readouterr().out)["balance"]
    assert 0 < balances <= coins["in_tree"]
    (block,) = trust["blocks"]
    assert main(["light", "proven", str(light), f"0x{block}", "--peer", str(kept)]) == 0
    assert main(["light", "proven", str(light), f"0x{trust['block_hash']}", "--peer", str(kept)]
                ) == 1


def slots_of(text):
    """The rows of the slots, without the seconds that a proof took."""
    rows = [line.split() for line in text.replace(" %", "").splitlines()
            if line.strip()[:2].isdigit()]
    return [row[:6] + row[7:] for row in rows]


@pytest.mark.parametrize(("arguments", "said"), [
    (("--accounts", "100"), "--accounts 100: is no power of two; 2^6 (64) or 2^7 (128) would fit"),
    (("--accounts", "1"), "--accounts 1: a ledger has 2 to 2^32 places"),
    (("--accounts", "2^33"), "--accounts 2^33: a ledger has 2 to 2^32 places"),
    (("--accounts", "many"), "--accounts many: is no number of accounts; give a power of two"),
    (("--transfers", "65"), "--transfers 65: a batch has 1 to 64 transfers"),
    (("--transfers", "0"), "--transfers 0: a batch has 1 to 64 transfers"),
])
@pytest.mark.parametrize("command", ["mine", "devnet"])
def test_a_size_that_cannot_be_is_named(capsys, command, arguments, said):
    assert main([command, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_proofs_of_gates_are_not_kept(capsys, tmp_path):
    assert main(["mine", "--system", "plonk", "--proofs", str(tmp_path / "p")]) == 2
    assert "is for proofs of groth16" in capsys.readouterr().err


def test_a_wrong_number_of_blocks_is_named(capsys):
    assert main(["mine", "--blocks", "0", "--device", "cpu"]) == 2
    assert "--blocks 0" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals as on POSIX")
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_interrupted_it_ends_with_the_summary_so_far(name, status):
    """In the background too, where shells have SIGINT ignored."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m",
         "proofmill.host.cli.main", "mine", "--json", *SMALLEST, "--device", "cpu", "--blocks",
         "500"], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "accepted" in line:
            break
    time.sleep(0.3)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    record = json.loads(out)
    said = "stopped; so far" if name == "SIGINT" else "stopped by SIGTERM; so far"
    assert process.returncode == status and said in err and "Traceback" not in err
    assert 1 <= record["proofs_made"] < 500 and record["proofs_rejected"] == 0
    assert record["interrupted"] and record["blocks"] == record["proofs_made"]
    assert f"{record['blocks']} of 500 proven" in err
    # Every row has a verdict: those of the summary, and the one that was stopped, if one was.
    rows = [line for line in err.splitlines() if line.strip()[:2].isdigit()]
    assert sum("accepted" in row for row in rows) == record["proofs_made"] - 1  # before and after
    assert all("accepted" in row or "stopped" in row for row in rows)


class Broken:
    """A device that fails at once."""

    name = "rtl"

    def load(self, group, points):
        raise DeviceError("no answer within 10 s")

    def run(self, jobs, progress=None):
        raise AssertionError("nothing was loaded")

    def close(self):
        pass


def only_broken(monkeypatch):
    """It is what is opened, and nothing is built for it."""
    monkeypatch.setattr(ahead, "ahead_of", lambda name: None)
    monkeypatch.setattr(mining_devices, "open_device", lambda name, **more: Broken())


def test_a_dead_device_is_reported_as_dead(capsys, monkeypatch):
    """Row by row, in the summary, and in JSON, a line for what happens as it happens."""
    only_broken(monkeypatch)
    assert main(["mine", "--json-lines", *SMALLEST, "--device", "rtl", "--blocks", "2"]) == 0
    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    device, *others = [event for event in events if event["event"] == "device"]
    assert device["slot"] == 17 and not [event for event in others if event["slot"] == 17]
    assert device["text"] == "rtl failed: no answer within 10 s; it is put aside for 5 s"
    assert device["text"] in err.splitlines()
    slots = [event for event in events if event["event"] == "slot"]
    assert [slot["slot"] for slot in slots] == list(range(17, 17 + len(slots)))
    for slot in slots[:2]:
        assert slot["device"] == "cpu" and slot["fallback"] and slot["cycles"] == 0
        assert slot["verdict"] == "accepted" and slot["reward_gwei"] > 0 and slot["seconds"] > 0
    assert all(slot["device"] is slot["verdict"] is None for slot in slots[2:])
    rows = [line for line in err.splitlines() if "accepted" in line]
    assert len(rows) == 2 and all("cpu (fallback)" in row for row in rows)
    assert [event["status"] for event in events if event["event"] == "reward"] == [
        "pending", "pending", "matured", "matured"]
    summary = events[-1]
    assert summary.pop("event") == "summary" and list(summary) == KEYS
    assert summary["fallbacks"] == summary["proofs_made"] == 2
    assert summary["device_failures"] >= 1 and summary["msm_calls_on_device"] == 0
    assert "2 of 2 proofs on cpu: rtl failed " in err and "a proof on one board" not in err


def test_without_a_fallback_a_dead_device_ends_it(capsys, monkeypatch):
    only_broken(monkeypatch)
    assert main(["mine", "--json", *SMALLEST, "--device", "rtl", "--no-fallback"]) == 2
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert record["proofs_made"] == 0 and record["blocks_asked"] == 2
    assert record["device_failures"] == 1 and record["failure"] == (
        "rtl failed: no answer within 10 s; no other device was given")
    assert "0 of 2 proven" in err and err.splitlines()[-1] == f"proofmill: {record['failure']}"


def test_mining_on_a_node_elsewhere(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "cache_folder", folder_of(tmp_path))
    seed = 7
    key = derive_keys(seed, 6)[5]
    oracle = address_of(sha256(b"proofmill oracle %d" % seed).digest())
    rich = dict.fromkeys((oracle, key.address), 10**20)
    with serving(Node(31337, rich, timestamp=1_800_000_000)) as node:
        arguments = ("--blocks", "1", "--device", "cpu", "--seed", "7", "--execution", node.url)
        status, record, err = mine(capsys, *arguments)
        assert status == 0 and list(record) == KEYS and record["execution"] == node.url
        assert record["proofs_included"] == 1 and record["layer2_gwei_matured"] > 0
        assert f"contracts: at {node.url}, chain 31337" in err
        assert node.evm.code(bytes.fromhex(record["contracts"]["rewards"][2:]))
        # A second miner with the same account would use its nonces twice.
        (folder,) = (tmp_path / "execution").iterdir()
        with Owner(folder, "another"):
            assert main(["mine", *arguments]) == 2
        assert "already signs and submits from this folder" in capsys.readouterr().err
        assert main(["mine", *arguments, "--chain-id", "5"]) == 2
        assert f"the node at {node.url} is of chain 31337, not 5" in capsys.readouterr().err
        # The node goes away in the middle: said, with its address, and no traceback.
        node.requests = 80
        assert main(["mine", *arguments]) == 2
        assert f"the node at {node.url} does not answer" in capsys.readouterr().err


@pytest.mark.slow
def test_mining_on_a_node_that_believes_nobody(capsys, monkeypatch, tmp_path):
    """Real certificates, and headers from the checkpoints that they make final, prove the reports;
    nothing is paid before."""
    monkeypatch.setattr(cache, "cache_folder", folder_of(tmp_path))
    seed = 7
    accounts = [derive_keys(seed, 6)[5].address, *(
        address_of(sha256(b"proofmill %s %d" % (name, seed)).digest())
        for name in (b"oracle", b"reporter"))]
    with serving(Node(31337, dict.fromkeys(accounts, 10**20), timestamp=1_800_000_000)) as node:
        status, record, err = mine(capsys, "--blocks", "1", "--device", "cpu", "--seed", "7",
                                   "--execution", node.url, "--certificates")
    assert status == 0 and record["execution"] == node.url
    assert record["proofs_included"] == 1 and record["layer2_gwei_matured"] > 0
    assert "is paid when certificates and headers have proven it" in err
    certificates = record["certificates"]
    assert certificates["made"] == len(certificates["epochs"]) >= 3
    assert certificates["final_epoch"] >= 3 and certificates["gwei_matured"] > 0
    assert {"finality", "certificate_rewards", "reports"} < set(record["contracts"])


def folder_of(path):
    """The cache, with what concerns nodes under `path`."""
    original = cache.cache_folder

    def folder(*parts):
        if parts[:1] != ("execution",):
            return original(*parts)
        found = path.joinpath(*parts)
        found.mkdir(parents=True, exist_ok=True)
        return found

    return folder


@pytest.mark.parametrize(("arguments", "message"), [
    (["--execution", "127.0.0.1:8545"], "'127.0.0.1:8545' is not the address of a node"),
    (["--execution", "http://127.0.0.1:9"], "http://127.0.0.1:9 does not answer eth_chainId"),
    (["--slot-seconds", "0"], "--slot-seconds 0"),
    (["--delay", "9", "--execution", "http://127.0.0.1:9"], "--delay 9: is for contracts in the"),
    (["--witnesses", "--execution", "http://127.0.0.1:9"], "--witnesses: is for contracts in the"),
])
def test_a_wrong_node_is_named(capsys, arguments, message):
    assert main(["mine", "--device", "cpu", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_extra_is_told_before_the_chain_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def started(screen: object) -> None:
        raise AssertionError("the chain is loaded")

    monkeypatch.setattr("proofmill.host.cli.mine.load_chain", started)
    monkeypatch.delitem(sys.modules, "proofmill.host.prover.inference.digits", raising=False)
    for name in [each for each in sys.modules if each.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert main(["mine", "--ai", "--device", "cpu"]) == 2
    assert "pip install -e '.[ai]'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "chiavdf", None)
    monkeypatch.setattr("proofmill.host.cli.devnet.load_chain", started)
    for command in ("mine", "devnet"):
        assert main([command, "--delay", "--device", "cpu"]) == 2
        assert "the delay function needs chiavdf: pip install -e '.[delay]'" in (
            capsys.readouterr().err)


@pytest.mark.slow
def test_mining_with_a_delay_function(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("chiavdf")
    assert main(["mine", "--device", "cpu", "--blocks", "1", "--accounts", "2", "--transfers", "1",
                 "--delay", "400", "--json"]) == 0
    shown = capsys.readouterr()
    record = json.loads(shown.out)
    assert record["proofs_included"] == 1 and record["layer2_gwei_matured"] > 0
    delay = record["delay"]
    assert set(delay) == set(FIELDS["mine: delay"])
    # A payload built here is checked when it is built, and again when it comes.
    assert delay["squarings"] == 400 and delay["checked"] == 2 * delay["evaluated"] >= 6
    assert "400 squarings on each mix that draws" in shown.err


@pytest.mark.slow
def test_mining_where_witnesses_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mine", *SMALLEST, "--device", "cpu", "--blocks", "2", "--witnesses",
                 "--json"]) == 0
    shown = capsys.readouterr()
    record = json.loads(shown.out)
    assert record["proofs_included"] == 2 and record["layer2_gwei_matured"] > 0
    witnesses = record["witnesses"]
    assert set(witnesses) == set(FIELDS["mine: witnesses"])
    assert witnesses["votes_told"] == 2 and witnesses["votes_checked"] == 4
    assert "2 votes of more than half of a slot's validators told" in shown.err


@pytest.mark.slow
def test_certificates_are_made_and_paid(capsys: pytest.CaptureFixture[str]) -> None:
    """Real votes, circuit, proofs and contracts, unless it is told not to: the certificate of an
    epoch with proven blocks is in a block four slots after the epoch was justified, and its reward
    matures when that block is final. The contracts are compared with the mechanism at every slot,
    which ends the run where they differ."""
    assert main(["mine", *SMALLEST[:-1], "--device", "cpu", "--blocks", "8",
                 "--json-lines"]) == 0
    shown = capsys.readouterr()
    events = [json.loads(line) for line in shown.out.splitlines()]
    record = events[-1]
    certificates = record["certificates"]
    assert set(certificates) == set(FIELDS["mine: certificates"])
    assert all(set(each) == set(FIELDS["mine: epochs"]) for each in certificates["epochs"])
    rewards = [each for each in events if each["event"] == "certificate" and each["epoch"] == 2]
    assert [each["status"] for each in rewards] == ["waiting", "pending", "matured"]
    # Blocks 17 to 24 are proven, of two epochs: none of a later one.
    assert [(each["epoch"], each["status"]) for each in certificates["epochs"]] == [
        (2, "matured"), (3, "matured")]
    assert certificates["made"] == 2
    # The first is from genesis, over two epochs; the next one's source is final by it.
    assert (certificates["justified_epoch"], certificates["final_epoch"]) == (3, 2)
    assert sum(each["gwei"] for each in certificates["epochs"]) == certificates["gwei_matured"] > 0
    balances = {name: int(value) for name, value in record["balances_wei"].items()}
    assert balances["reward"] // 10**9 == (
        record["layer2_gwei_matured"] + certificates["gwei_matured"]
        + record["layer2_gwei_includer"])
    assert list(record["contracts"]) == [*CONTRACTS, "finality", "certificate_rewards"]
    assert "certificate of epoch 2 made" in shown.err
    assert "includes the certificate of epoch 2" in shown.err
    assert "reward of the certificate of epoch 2 matured" in shown.err
    assert f"{certificates['gwei_matured']:,} gwei matured" in shown.err

"""Coins into the ledger, from wallet to wallet, and out again: by commands, at nodes that run."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.node.devnet import Devnet, DevnetSetup, NodePlan, plan_nodes
from proofmill.host.network.node.node import DeviceSpeed
from proofmill.host.network.transfers import keystore
from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.groth16.setup import development_setup
from tests.host.network.transfers.passwords import quickly

SEED = 6
SIZE = RollupSize(depth=2, transfers=1)
"""The least in which there is a place for an account that the first ledger has not."""
PATIENCE = 12
"""Slots for what takes two or three where nothing else wants the place, and its proof two more."""
FEE = 50
"""More than the users who are played pay."""


class Wallets:
    """A devnet, and commands at the first node's endpoint."""

    def __init__(self, net: Devnet, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.net, self.folder, self._capsys = net, folder, capsys
        (folder / "password").write_text("a password\n")

    def file(self, name: str) -> str:
        return str(self.folder / f"{name}.json")

    def run(self, way: str, name: str, *arguments: object, status: int = 0) -> Any:
        """What a command prints, or says where it is refused."""
        words = ["wallet", way, self.file(name), *map(str, arguments)]
        if way != "balance":
            words += ["--password-file", str(self.folder / "password")]
        if way != "new":
            words += ["--node", str(self.folder / "run" / "node-0"), "--json"]
        assert main(words) == status
        told = self._capsys.readouterr()
        return told.err if status or way == "new" else json.loads(told.out)

    def rebuilt(self, contract: str) -> Any:
        """The ledger from the events of its contract, as the node has them."""
        assert main(["ledger", "rebuild", f"0x{contract}", "--node",
                     str(self.folder / "run" / "node-0"), "--json"]) == 0
        return json.loads(self._capsys.readouterr().out)

    def until(self, name: str, holds: Callable[[JsonObject], Any]) -> JsonObject:
        """Let slots pass until the balance of a wallet is so."""
        for _ in range(PATIENCE):
            self.net.next_slot()
            found: JsonObject = self.run("balance", name)
            if holds(found):
                return found
        raise AssertionError(f"in {PATIENCE} slots it does not hold of {found}")


def played(folder: Path, plans: Sequence[NodePlan], capsys: pytest.CaptureFixture[str]
           ) -> Iterator[Wallets]:
    zkey = folder / "block.zkey"
    key = development_setup(RollupCircuit(SIZE).r1cs, zkey, b"tests of wallets".ljust(32))
    with Devnet(DevnetSetup(plans, folder / "run", SEED, SIZE,
                            key.verification_key, zkey)) as net:
        yield Wallets(net, folder, capsys)
        reports = net.reports()
        assert not net.dead and len(reports) == len(plans)
        assert len({report.history[-1].head_root for report in reports.values()}) == 1


def one(found: JsonObject) -> JsonObject:
    (account,) = found["accounts"]
    return dict(account)


def coins_go_round(wallets: Wallets) -> None:
    """Deposit, send, prove, withdraw; `ada` and `bob` have new keys, `rich` coins on the chain."""
    wallets.run("new", "rich", "--development", 0, "--seed", SEED)
    for name in ("ada", "bob"):
        wallets.run("new", name)
    wallets.net.next_slot()
    rich = ("--payer", wallets.file("rich"))
    # Who has nothing is told what is wanted.
    said = wallets.run("deposit", "ada", "--amount", 500, status=2)
    assert "has 0 units on the chain, and" in said and "pay with --payer" in said
    said = wallets.run("send", "ada", "--to", 1, "--amount", 1, status=2)
    assert "deposit to it first" in said
    said = wallets.run("deposit", "rich", "--amount", 5, "--account", 3, status=2)
    assert "--account 3: not this key's; the key has the accounts 0" in said
    assert wallets.run("deposit", "ada", "--amount", 500, *rich)["account"] is None
    assert wallets.run("deposit", "bob", "--amount", 20, *rich)["account"] is None
    ada = one(wallets.until("ada", lambda found: found["accounts"]))
    bob = one(wallets.until("bob", lambda found: found["accounts"]))
    assert (ada["account"], bob["account"]) == (2, 3) and ada["balance"] >= 500
    said = wallets.run("deposit", "rich", "--amount", 5, "--new", status=2)
    assert "the ledger's contract would not take it: all numbers of accounts are given" in said
    wallets.run("send", "ada", "--to", 3, "--amount", 70, "--fee", FEE)
    bob = one(wallets.until("bob", lambda found: one(found)["balance"] >= 90))
    assert one(wallets.run("balance", "ada"))["nonce"] == 1
    left = wallets.run("withdraw", "bob", "--amount", 80, "--fee", 10)
    assert left["step"] == "exit" and left["receiver"].startswith("0x")
    said = wallets.run("withdraw", "bob", "--claim", *rich, status=2)
    assert "nothing can be claimed" in said
    proven = wallets.until("bob", lambda found: found["coins"]["payable"])["coins"]
    assert [each["amount"] for each in proven["payable"]] == [80] and proven["wei"] == "0"
    said = wallets.run("withdraw", "bob", "--claim", status=2)
    assert "has 0 units on the chain" in said    # not even the gas to take it
    assert wallets.run("withdraw", "bob", "--claim", *rich)["amount"] == 80
    paid = wallets.until("bob", lambda found: found["coins"]["wei"] != "0")["coins"]
    assert int(paid["wei"]) == 80 * 10**9 and not paid["payable"] and not paid["leaving"]
    said = wallets.run("withdraw", "bob", "--claim", *rich, status=2)
    assert "nothing has left the ledger to it that is not paid" in said
    rebuilt = wallets.rebuilt(proven["contract"])
    assert {account["number"] for account in rebuilt["accounts"]} >= {0, 1, 2, 3}
    assert rebuilt["batches"] > 0 and not rebuilt["exits"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "create_keyfile_json", quickly)


def test_coins_go_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At a node that has all validators and proves: the least there is."""
    plan = NodePlan("node 0", tuple(range(64)), 0, DeviceSpeed("cpu", "cpu", 500))
    for wallets in played(tmp_path, [plan], capsys):
        coins_go_round(wallets)


@pytest.mark.slow
def test_coins_go_round_on_the_rtl(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two nodes, of which the other only stakes, and proofs from the accelerator's RTL."""
    open_device("rtl", lanes=1).close()     # built here, as the command does, and not by the node
    for wallets in played(tmp_path, plan_nodes(64, [DeviceSpeed("rtl", "rtl", None)]), capsys):
        coins_go_round(wallets)

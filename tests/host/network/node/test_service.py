"""A wallet's commands, and the node that answers them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import StorageError
from proofmill.host.network.contracts.ledger import UNIT
from proofmill.host.network.evm.transaction import decode_transaction
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.service import WalletService
from proofmill.host.network.node.wire import Topic
from proofmill.host.network.transfers import keystore
from proofmill.host.network.transfers.waiting import Waiting
from tests.host.network.node.chains import SEED, follower
from tests.host.network.transfers.passwords import quickly


@pytest.fixture(scope="module")
def node() -> Follower:
    return follower()


@pytest.fixture(scope="module")
def quick() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory, quick: pytest.MonkeyPatch) -> Path:
    """A folder with a password, the key of account 0, and a stranger's."""
    folder = tmp_path_factory.mktemp("keys")
    quick.setattr(keystore, "create_keyfile_json", quickly)
    (folder / "password").write_text("a password\n")
    password = ("--password-file", str(folder / "password"))
    assert main(["wallet", "new", str(folder / "own.json"), "--development", "0", "--seed",
                 str(SEED), *password]) == 0
    assert main(["wallet", "new", str(folder / "strange.json"), *password]) == 0
    return folder


def raised(error: BaseException) -> None:
    raise error


def served(node: Follower, folder: Path, work: Callable[[], int]) -> tuple[int, list[bytes]]:
    """What `work` gives beside a node that answers wallets; and what it passed on."""
    sent: list[bytes] = []

    def take(topic: Topic, raw: bytes) -> tuple[Reception, str]:
        answer = node.take(topic, raw, "a wallet")
        if answer[0] is Reception.ACCEPT:
            sent.append(raw)
        return answer

    async def serve() -> int:
        service = WalletService(folder, node, take, raised)
        await service.start()
        try:
            return await asyncio.to_thread(work)
        finally:
            await service.close()

    return asyncio.run(serve()), sent


def test_a_transfer_goes_out_and_waits(
    node: Follower, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    balance = node.ledger().accounts[0].balance

    def work() -> int:
        own, password = str(keys / "own.json"), ("--password-file", str(keys / "password"))
        send = ["wallet", "send", own, "--node", str(tmp_path), "--to", "1", *password]
        assert main([*send, "--amount", "5", "--fee", "10"]) == 0
        assert main([*send, "--amount", "7", "--json"]) == 0
        # In the place of the first, for 10 % more and no less.
        assert main([*send, "--amount", "6", "--nonce", "0", "--fee", "10"]) == 2
        assert main([*send, "--amount", "6", "--nonce", "0", "--fee", "11"]) == 0
        assert main([*send, "--amount", str(balance)]) == 2
        assert main([*send, "--amount", "1", "--account", "1"]) == 2
        return main(["wallet", "balance", own, "--node", str(tmp_path), "--json"])

    status, sent = served(node, tmp_path, work)
    out, err = capsys.readouterr()
    assert status == 0
    passed = [Waiting.from_bytes(raw) for raw in sent]
    assert [(each.nonce, each.cost) for each in passed] == [(0, 15), (1, 7), (0, 17)]
    second, state = (json.loads(line) for line in out.splitlines() if line.startswith("{"))
    assert second == {"transfer": passed[1].hash.hex(), "account": 0, "nonce": 1}
    assert state["accounts"] == [{
        "account": 0, "balance": balance, "nonce": 0, "next_nonce": 2,
        "spendable": balance - 24}]
    assert "the node refuses: nonce 0 of account 0 is taken" in err
    assert f"does not cover {balance} beside the 2" in err
    assert "--account 1: not this key's; the key has the accounts 0" in err
    batch = node.transfers.batch(node.ledger(), 1)
    assert [each.to_bytes() for each in batch.transfers] == [passed[2].signed.to_bytes()]


def test_who_has_no_account_is_told(
    node: Follower, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        strange = str(keys / "strange.json")
        assert main(["wallet", "balance", strange, "--node", str(tmp_path)]) == 0
        return main(["wallet", "send", strange, "--node", str(tmp_path), "--to", "1", "--amount",
                     "1", "--password-file", str(keys / "password")])

    status, sent = served(node, tmp_path, work)
    out, err = capsys.readouterr()
    assert status == 2 and not sent
    assert "no account has this key in slot 0" in out + err
    assert "deposit to it first" in err


@pytest.mark.parametrize(("line", "code"), [
    (b"\n", -32700), (b"[1]\n", -32700), (b"[" * 4000 + b"\n", -32700), (b"\xff\n", -32700),
    (b"{}\n", -32601), (b'{"method": 3}\n', -32601),
    (b'{"method": "proofmill_account"}\n', -32602),
    (b'{"method": "proofmill_account", "params": [1]}\n', -32602),
    (b'{"method": "proofmill_sendTransfer", "params": ["xy"]}\n', -32602),
    (b'{"method": "proofmill_sendTransfer", "params": ["00"]}\n', -32000),
])
def test_nonsense_is_answered(node: Follower, tmp_path: Path, line: bytes, code: int) -> None:
    service = WalletService(
        tmp_path, node, lambda topic, raw: node.take(topic, raw, "a wallet"), raised)
    assert service.answer(line)["error"]["code"] == code


def test_coins_are_taken_in_and_let_out_by_the_queue(
    node: Follower, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the node passes on is what the contract wants; its refusals come before gas is spent."""
    def work() -> int:
        own, password = str(keys / "own.json"), ("--password-file", str(keys / "password"))
        strange = str(keys / "strange.json")
        at, payer = ("--node", str(tmp_path), *password), ("--payer", own)
        withdraw = ["wallet", "withdraw"]
        # Both accounts that the smallest ledger has are there: no other can be opened.
        assert main(["wallet", "deposit", strange, "--amount", "1", *payer, *at]) == 2
        assert main(["wallet", "deposit", own, "--amount", "7", *at, "--json"]) == 0
        assert main([*withdraw, own, "--force", *at, "--json"]) == 0
        assert main([*withdraw, own, "--amount", "3", *at, "--json"]) == 0
        for refused in (
                ["wallet", "deposit", own, "--amount", str(2**63), *at],
                ["wallet", "deposit", own, "--amount", "1", "--new", "--account", "0", *at],
                [*withdraw, own, "--amount", str(2**40), *at],
                [*withdraw, own, "--amount", "1", *payer, *at],
                [*withdraw, own, "--claim", *at],
                [*withdraw, own, "--claim", "--fee", "1", *at],
                [*withdraw, own, "--force", "--to", "0x" + "11" * 20, *at],
                [*withdraw, strange, "--force", *payer, *at],
                [*withdraw, own, *at],
                [*withdraw, own, "--amount", "1", "--to", "0x11", *at]):
            assert main(refused) == 2
        return main(["wallet", "balance", own, "--node", str(tmp_path), "--json"])

    (status, sent), bank = served(node, tmp_path, work), node.execution_layer.bank
    out, err = capsys.readouterr()
    assert status == 0
    told = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    assert [each.get("step") for each in told] == [None, "force", "exit", None]
    credit, force = (decode_transaction(raw) for raw in sent[:2])
    assert (credit.to, credit.value, credit.data) == (
        bank.address, 7 * UNIT, bank.encode("credit", 0))
    assert (force.to, force.value, force.data) == (bank.address, 0, bank.encode("force", 0))
    assert force.nonce == credit.nonce + 1 and Waiting.from_bytes(sent[2]).cost == 3
    assert told[-1]["coins"]["contract"] == bank.address.hex() and told[-1]["coins"]["owned"] == [0]
    for said in (
            "refuses: the ledger's contract would not take it: all numbers of accounts are given",
            "units on the chain, and 9,223,372,036,", "--new opens an account whose number",
            "which does not cover 1099511627776", "--payer: an exit is signed by the ledger's key",
            "nothing can be claimed for 0x", "--claim: an exit is paid as it was signed",
            "--force pays the account's owner", "no account has this key",
            "one of the arguments --amount --force --claim is required", "is no address: 0x and"):
        assert said in err, said


def test_a_disk_that_fails_is_the_nodes_trouble(
    node: Follower, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The wallet hears nothing that is not so, and the node does not go on as if it were kept."""
    troubles: list[BaseException] = []

    def take(topic: Topic, raw: bytes) -> tuple[Reception, str]:
        raise StorageError("the disk is full")

    async def serve() -> int:
        service = WalletService(tmp_path, node, take, troubles.append)
        await service.start()
        try:
            return await asyncio.to_thread(main, [
                "wallet", "send", str(keys / "own.json"), "--node", str(tmp_path), "--to", "1",
                "--amount", "1", "--password-file", str(keys / "password")])
        finally:
            await service.close()

    assert asyncio.run(serve()) == 2
    assert [str(each) for each in troubles] == ["the disk is full"]
    assert "the node does not answer" in capsys.readouterr().err


def test_a_node_that_is_not_there_is_named(
    keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    balance = ["wallet", "balance", str(keys / "own.json"), "--node", str(tmp_path)]
    assert main(balance) == 2
    assert "no node of this release has run here" in capsys.readouterr().err
    (tmp_path / "wallets.json").write_text('{"port": 1}')
    assert main(balance) == 2
    assert "the node does not answer on port 1" in capsys.readouterr().err


def test_mistakes_with_passwords_are_said(
    keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = ["wallet", "new", str(tmp_path / "new.json")]
    (tmp_path / "empty").write_text("\n")
    assert main([*new, "--password-file", str(tmp_path / "empty")]) == 2
    assert "its first line is empty" in capsys.readouterr().err
    assert main(new) == 2
    assert "give --password-file FILE" in capsys.readouterr().err
    assert main(["wallet", "new", str(keys / "own.json")]) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["wallet", "new", str(tmp_path / "absent" / "new.json")]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert not (tmp_path / "new.json").exists()

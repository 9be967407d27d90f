"""A ledger from chain data alone, and the data themselves."""

import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.ledger import UNIT, Queued
from proofmill.host.network.contracts.ledger_rebuild import Rebuilding, rebuild
from proofmill.host.network.evm.client import Log
from proofmill.host.network.evm.rpc import JsonRpcEvm
from proofmill.host.prover.circuits.rollup.data import decode, encode
from proofmill.host.prover.circuits.rollup.requests import Credit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Signable, Transfer
from tests.host.network.contracts.bank import CHAIN, TERMS, Bank, leave, transfer
from tests.host.network.contracts.conftest import addresses
from tests.host.network.contracts.world import ETHER, GENESIS_TIME
from tests.host.network.evm.rpc_server import Node, serving

SIZE = RollupSize(depth=2, transfers=3)
ALICE, BOB, THIEF = "owner 0", "owner 1", "thief"
HOME = b"\x51" * 20


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Node, Bank]]:
    """A node whose chain has five batches of a ledger: an exit is paid out, another is not."""
    node = Node(CHAIN, dict.fromkeys(addresses(), 1_000 * ETHER), timestamp=GENESIS_TIME - 1_000)
    bank = Bank(node.evm, SIZE)
    bank.open(ALICE, 100)
    bank.open(BOB, 50)
    bank.prove(transfer(0, 1, 30, 2), collector=1)
    bank.prove(leave(1, HOME, 20, 1), leave(0, HOME, 5))
    bank.send(BOB, "force", 1)
    bank.send(ALICE, "credit", 1, value=9 * UNIT)
    bank.prove(transfer(0, 1, 1), requests=1)
    bank.prove(requests=0)
    bank.send(THIEF, "withdraw", *bank.withdrawal(1, 0))
    with serving(node):
        yield node, bank


def test_the_ledger_is_rebuilt(played: tuple[Node, Bank], capsys: pytest.CaptureFixture[str]
                               ) -> None:
    node, bank = played
    contract = f"0x{bank.contract.address.hex()}"
    node.log_blocks = 2     # more blocks than the node gives events of at once
    assert main(["ledger", "rebuild", contract, "--execution", node.url]) == 0
    told = capsys.readouterr().out
    assert f"0x{bank.ledger.root:064x}, as proven after each of 4 batches" in told
    assert "2 of 4, with 64 units together" in told
    assert "1 requests in the queue, 2 exits not paid out" in told
    assert main(["ledger", "rebuild", contract, "--execution", node.url, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(each["number"], each["balance"]) for each in found["accounts"]] == [(0, 63), (1, 1)]
    # What it tells is all that a withdrawal and an escape need.
    fork = bank.evm.snapshot()
    for each in found["exits"]:
        bank.send(THIEF, "withdraw", each["batch"], each["place"],
                  bytes.fromhex(each["receiver"][2:]), each["amount"],
                  [bytes.fromhex(sibling[2:]) for sibling in each["branch"]])
    bank.pass_time(TERMS.stop + 10)
    bank.send(THIEF, "freeze")
    for each in found["accounts"]:
        bank.send(THIEF, "escape", each["number"], int(each["x"]), int(each["y"]),
                  each["balance"], each["nonce"], [int(sibling) for sibling in each["branch"]])
    for each in found["waiting"]:
        bank.send(THIEF, "reclaim", each["place"], (
            each["kind"], each["number"], each["amount"], int(each["x"]), int(each["y"]),
            bytes.fromhex(each["who"][2:])))
    assert bank.evm.balance(bank.contract.address) == 0
    bank.evm.revert(fork)
    bank.queue[:] = bank.queue[:1]


def test_the_embedded_chain_is_read_as_well(played: tuple[Node, Bank]) -> None:
    _, bank = played
    found = rebuild(bank.evm, bank.contract.address)
    assert found.ledger == bank.ledger
    assert found.exits == tuple(bank.exits) and found.paid == {(1, 0)}
    assert [each.request for each in found.waiting] == [Credit(1, 9)]
    assert [each.amount for _, _, each in found.unpaid] == [5, 61]


def test_a_node_that_leaves_something_out(
    played: tuple[Node, Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    node, bank = played
    evm = JsonRpcEvm(node.url)
    whole = evm.logs(bank.contract.address)
    names = [event.name for event in bank.contract.decoded(whole)]
    for place, name in enumerate(names):
        if name in ("Requested", "Proven") and place != len(names) - 1:
            monkeypatch.setattr(JsonRpcEvm, "logs", lambda *_, at=place: (
                whole[:at] + whole[at + 1:]))
            if place == names.index("Requested", 4) + 1:
                continue    # the credit that no batch has taken: nothing shows that it is there
            with pytest.raises(ProofmillError, match="gave all events"):
                rebuild(evm, bank.contract.address)
    # An amount, where it stands in the event of the first batch.
    first = names.index("Proven")
    data = bank.contract.decoded(whole)[first].values["data"]
    assert data == encode(SIZE, 1, [Transfer(0, 1, 30, 2)])
    log = whole[first]
    forged = Log(log.address, log.topics, log.data.replace(data, data[:-2] + bytes([31, 2])))
    monkeypatch.setattr(JsonRpcEvm, "logs", lambda *_: [*whole[:first], forged,
                                                         *whole[first + 1:]])
    with pytest.raises(ProofmillError, match="batch 0: the ledger rebuilt has the root"):
        rebuild(evm, bank.contract.address)


@pytest.mark.parametrize(("change", "complaint"), [
    (["0x12"], "is no address"), (["12" * 20], "is no address"), (["0x" + "z" * 40], "no address"),
    (["0x" + " 12" * 20], "no address"),
    (["0x" + "12" * 20], "there is no contract at 0x1212"),
    (["--execution", "http://127.0.0.1:1"], "does not answer"),
    (["--from-block", "-1"], "must be 0 or more"),
    (["--from-block", "9"], "gave all events"),
])
def test_mistakes(played: tuple[Node, Bank], change: list[str], complaint: str,
                  capsys: pytest.CaptureFixture[str]) -> None:
    node, bank = played
    contract = [f"0x{bank.contract.address.hex()}"] if change[0].startswith("--") else []
    assert main(["ledger", "rebuild", *contract, "--execution", node.url, *change]) == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_more_requests_than_there_are() -> None:
    state = Rebuilding(SIZE)
    state.queue.append(Queued(Credit(0, 1), HOME))
    with pytest.raises(ProofmillError, match="takes 2 requests where 1 wait"):
        state._batch(2, b"\0")


@pytest.mark.parametrize("depth", [1, 8, 9, 20, 32])
def test_data(depth: int) -> None:
    random = Random(depth)
    size = replace(SIZE, depth=depth)
    numbers = (0, size.accounts - 1)
    operations: list[Signable] = []
    for bits in (1, 8, 9, 63, 64):
        amount, fee = random.getrandbits(bits) | 1 << bits - 1, random.getrandbits(min(bits, 32))
        operations.append(Transfer(*numbers, amount, fee))
        operations.append(Exit(numbers[1], random.randbytes(20), amount, fee))
    data = encode(size, numbers[1], operations)
    assert decode(size, data) == (numbers[1], operations)
    assert decode(size, encode(size, 0, [])) == (0, [])
    for length in range(len(data)):
        try:
            collector, some = decode(size, data[:length])
        except ProofmillError:
            continue
        assert collector == numbers[1] and some == operations[:len(some)]
    for wrong in (b"\x48", b"\x05"):     # an amount of 9 bytes, a fee of 5
        with pytest.raises(ProofmillError, match="an amount of . bytes or a fee of"):
            decode(size, encode(size, 0, []) + wrong + bytes(40))


def test_bytes_a_transfer() -> None:
    """Of a ledger of 2^20 accounts: a coin and a usual fee, and the most there can be."""
    size = RollupSize()
    for amount, fee, length in ((10**9, 20_000, 13), (1, 0, 8), ((1 << 64) - 1, (1 << 32) - 1, 19)):
        data = encode(size, 0, [Transfer(1, 2, amount, fee)])
        assert len(data) - len(encode(size, 0, [])) == length
    assert len(encode(size, 0, [Exit(1, HOME, 10**9, 20_000)])) - 3 == 30

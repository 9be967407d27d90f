"""A node's chain over its wallets' line, read as any other node's: equal to the machine itself."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.ledger_rebuild import rebuild
from proofmill.host.network.contracts.node_evm import NodeEvm
from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.rpc import RpcError
from proofmill.host.network.node import ethereum_view
from proofmill.host.network.node.follower import Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.service import WalletService
from tests.host.network.node.chains import KEYS, PROVER, follower

Found = TypeVar("Found")


@pytest.fixture(scope="module")
def node() -> Follower:
    return follower()


def service(node: Follower, folder: Path) -> WalletService:
    def fail(error: BaseException) -> None:
        raise error

    return WalletService(folder, node, lambda topic, raw: (Reception.IGNORE, ""), fail)


def beside(node: Follower, folder: Path, work: Callable[[NodeEvm], Found]) -> Found:
    """What `work` finds at a node that answers."""
    async def serve() -> Found:
        answers = service(node, folder)
        await answers.start()
        try:
            return await asyncio.to_thread(lambda: work(NodeEvm(folder)))
        finally:
            await answers.close()

    return asyncio.run(serve())


def test_the_chain_is_the_machine_s(node: Follower, tmp_path: Path) -> None:
    evm, bank = node.execution_layer.evm, node.execution_layer.bank

    def work(seen: NodeEvm) -> None:
        assert seen.chain_id == evm.chain_id and seen.block() == evm.block()
        assert seen.block(0) == evm.block(0)
        assert seen.code(bank.address) == evm.code(bank.address) != b""
        assert seen.balance(bank.address) == evm.balance(bank.address) > 0
        assert seen.nonce(KEYS[PROVER].address) == evm.nonce(KEYS[PROVER].address) > 0
        assert seen.logs(bank.address) == evm.logs(bank.address) != []
        with pytest.raises(ProofmillError, match="there is no block 99"):
            seen.block(99)
        data = bank.encode("owner", 10**6)
        with pytest.raises(RevertedError):
            seen.call(bank.address, data[:4])

    beside(node, tmp_path, work)


def test_a_ledger_is_rebuilt_from_a_node(
    node: Follower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = node.execution_layer.bank.address
    whole = beside(node, tmp_path, lambda seen: rebuild(seen, address))
    assert whole.ledger.root == node.ledger().root
    # A node that gives few events at once is asked for fewer blocks.
    monkeypatch.setattr(ethereum_view, "MOST_EVENT_BYTES", 64)
    assert beside(node, tmp_path, lambda seen: rebuild(seen, address)).ledger == whole.ledger


@pytest.mark.parametrize("method, parameters, said", [
    ("eth_call", [], "takes 2 parameters, not 0"),
    ("eth_call", [{"to": "0x12"}, "latest"], "'0x12' is no address"),
    ("eth_call", [{"to": 5}, "latest"], "its parameters are not Ethereum's"),
    ("eth_call", [{}, "0x1"], "the latest block's state alone"),
    ("eth_getLogs", [{"address": "0x" + "00" * 20}], "its parameters are not Ethereum's"),
    ("eth_getBlockByNumber", ["latest", True], "transactions are not given"),
    ("eth_getBlockByNumber", ["7", False], "is no number with 0x"),
    ("eth_getBlockByNumber", [None, False], "its parameters are not Ethereum's"),
    ("eth_chainId", {}, "give a list"),
    ("eth_sendRawTransaction", ["0x"], "there are proofmill_account"),
])
def test_what_is_no_question_is_answered_so(
    node: Follower, tmp_path: Path, method: str, parameters: object, said: str
) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    answer = service(node, tmp_path).answer(line.encode())
    assert said in answer["error"]["message"], answer


def test_who_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProofmillError, match="no node of this release has run here"):
        NodeEvm(tmp_path)
    assert issubclass(RpcError, ProofmillError)

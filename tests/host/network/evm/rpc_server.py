"""py-evm behind JSON-RPC in this process: a node without npm, which can be made to misbehave."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from eth_abi.abi import encode

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.client import Address, Block, Log, Receipt, RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm


class Node:
    """`development`: whether its clock can be set and its accounts filled; else time is real.

    `log_blocks`: of how many blocks it gives events at once. `requests`: how many it still answers,
    None for all; then it hangs up on everybody.
    """

    def __init__(self, chain_id: int, balances: Mapping[Address, int], *, timestamp: int,
                 development: bool = True) -> None:
        self.evm = EmbeddedEvm(chain_id, balances, timestamp)
        self.development = development
        self.requests: int | None = None
        self.log_blocks = 1 << 13
        self.sent: list[bytes] = []
        self.url = ""
        self._lock = Lock()

    def answer(self, method: str, parameters: list[Any]) -> Any:
        evm = self.evm
        match method, parameters:
            case "eth_chainId", []:
                return hex(evm.chain_id)
            case "eth_getBlockByNumber", [name, _]:
                try:
                    return _block(evm.block(None if name == "latest" else int(name, 16)))
                except ProofmillError:
                    return None
            case "eth_call", [message, "latest"]:
                return _hex(evm.call(
                    _bytes(message["to"]), _bytes(message["data"]), _bytes(message["from"]),
                    int(message["value"], 16), int(message["gas"], 16)))
            case "eth_sendRawTransaction", [raw]:
                if not self.development:
                    evm.next_block(max(int(time.time()), evm.block().timestamp + 1))
                self.sent.append(_bytes(raw))
                return _hex(evm.send(_bytes(raw)))
            case "eth_getTransactionReceipt", [transaction_hash]:
                receipt = evm.receipt(_bytes(transaction_hash))
                return None if receipt is None else _receipt(receipt)
            case "eth_getTransactionCount", [address, _]:
                return hex(evm.nonce(_bytes(address)))
            case "eth_getBalance", [address, _]:
                return hex(evm.balance(_bytes(address)))
            case "eth_getCode", [address, _]:
                return _hex(evm.code(_bytes(address)))
            case "eth_getLogs", [wanted]:
                return self._logs(_bytes(wanted["address"]), int(wanted["fromBlock"], 16),
                                  int(wanted["toBlock"], 16))
            case "evm_setNextBlockTimestamp", [timestamp] if self.development:
                evm.next_block(timestamp)
                return None
            case "anvil_setCoinbase", [address] if self.development:
                evm._coinbase = _bytes(address)
                return None
        raise LookupError(method)

    def _logs(self, address: Address, first: int, last: int) -> list[dict[str, Any]]:
        if last - first >= self.log_blocks:
            raise ProofmillError(f"more than {self.log_blocks} blocks")
        return [_log(log) for number in range(first, last + 1)
                for receipt in self.evm.executed(self.evm.block(number).hash).receipts
                for log in receipt.logs if log.address == address]

    def handle(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        with self._lock:
            if self.requests is not None:
                if self.requests == 0:
                    return None
                self.requests -= 1
            reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
            try:
                reply["result"] = self.answer(request["method"], list(request["params"]))
            except LookupError:
                reply["error"] = {"code": -32601, "message": "there is no such method"}
            except RevertedError as error:
                reason = bytes.fromhex("08c379a0") + encode(["string"], [error.reason])
                reply["error"] = {"code": 3, "message": "reverted", "data": _hex(reason)}
            except ProofmillError as error:
                reply["error"] = {"code": -32000, "message": str(error)}
            return reply


@contextmanager
def serving(node: Node) -> Iterator[Node]:
    """The node on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            reply = node.handle(request)
            if reply is None:
                self.close_connection = True
                return
            body = json.dumps(reply).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        node.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield node
        finally:
            server.shutdown()
            thread.join()


def _block(block: Block) -> dict[str, str]:
    return {
        "number": hex(block.number), "hash": _hex(block.hash),
        "parentHash": _hex(block.parent_hash), "stateRoot": _hex(block.state_root),
        "timestamp": hex(block.timestamp), "mixHash": _hex(block.mix),
        "miner": _hex(block.coinbase), "baseFeePerGas": hex(block.base_fee),
        "gasUsed": hex(block.gas_used)}


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "transactionHash": _hex(receipt.transaction_hash), "status": hex(receipt.succeeded),
        "gasUsed": hex(receipt.gas_used), "blockNumber": hex(receipt.block_number),
        "blockHash": _hex(receipt.block_hash),
        "contractAddress": _hex(receipt.contract) if receipt.contract else None,
        "logs": [_log(log) for log in receipt.logs]}


def _log(log: Log) -> dict[str, Any]:
    return {"address": _hex(log.address), "topics": [_hex(each) for each in log.topics],
            "data": _hex(log.data)}


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))

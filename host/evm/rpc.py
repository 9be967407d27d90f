"""Any node behind Ethereum's JSON-RPC."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from host.errors import ProofmillError
from host.evm.client import (
    CALL_GAS,
    ZERO_ADDRESS,
    Address,
    Block,
    Evm,
    Log,
    Receipt,
    RevertedError,
    revert_reason,
)
from host.json_text import parse_json

TIMEOUT_SECONDS = 30.0


class RpcError(ProofmillError):
    """The node answered with an error: `data` is what a contract gave as its reason."""

    def __init__(self, message: str, data: bytes) -> None:
        super().__init__(message)
        self.data = data


class JsonRpcEvm(Evm):
    """A node at an address such as ``http://127.0.0.1:8545``."""

    def __init__(self, url: str) -> None:
        """Asks the node for its chain; raises `ProofmillError` where it does not answer."""
        if not url.startswith(("http://", "https://")):
            raise ProofmillError(f"{url!r} is not the address of a node; "
                                 "give one such as http://127.0.0.1:8545")
        self.url = url
        self._identifier = 0
        self.chain_id = int(self.ask("eth_chainId"), 16)

    def ask(self, method: str, *parameters: Any) -> Any:
        """The result of a method. Raises `RpcError`, and `ProofmillError` for no answer."""
        self._identifier += 1
        request = {"jsonrpc": "2.0", "id": self._identifier, "method": method,
                   "params": parameters}
        try:
            with urlopen(Request(self.url, json.dumps(request).encode(),
                                 {"Content-Type": "application/json"}),
                         timeout=TIMEOUT_SECONDS) as response:
                answer = parse_json(response.read().decode())
        except (URLError, OSError, ValueError) as error:
            raise ProofmillError(f"the node at {self.url} does not answer {method}: {error}; "
                                 "see whether it runs and speaks JSON-RPC there") from error
        if not isinstance(answer, dict) or ("error" not in answer and "result" not in answer):
            raise ProofmillError(f"the node at {self.url} does not speak JSON-RPC 2.0: "
                                 f"{method} brought neither a result nor an error")
        if "error" in answer:
            problem = answer["error"]
            raise RpcError(f"the node at {self.url} refused {method}: {problem.get('message')}",
                           _error_data(problem))
        return answer["result"]

    def block(self, number: int | None = None) -> Block:
        found = self.ask("eth_getBlockByNumber", "latest" if number is None else hex(number), False)
        if found is None:
            raise ProofmillError(f"there is no block {number} at {self.url} yet")
        return Block(
            number=int(found["number"], 16), hash=_bytes(found["hash"]),
            parent_hash=_bytes(found["parentHash"]), state_root=_bytes(found["stateRoot"]),
            timestamp=int(found["timestamp"], 16), mix=_bytes(found["mixHash"]),
            coinbase=_bytes(found["miner"]), base_fee=int(found.get("baseFeePerGas") or "0x0", 16),
            gas_used=int(found["gasUsed"], 16))

    def call(self, to: Address, data: bytes, sender: Address = ZERO_ADDRESS, value: int = 0,
             gas: int = CALL_GAS) -> bytes:
        message = {"from": _hex(sender), "to": _hex(to), "data": _hex(data), "value": hex(value),
                   "gas": hex(gas)}
        try:
            return _bytes(self.ask("eth_call", message, "latest"))
        except RpcError as error:
            raise RevertedError("a call", revert_reason(error.data) or str(error)) from error

    def send(self, raw_transaction: bytes) -> bytes:
        return _bytes(self.ask("eth_sendRawTransaction", _hex(raw_transaction)))

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        found = self.ask("eth_getTransactionReceipt", _hex(transaction_hash))
        return None if found is None else _receipt(found)

    def nonce(self, address: Address) -> int:
        return int(self.ask("eth_getTransactionCount", _hex(address), "latest"), 16)

    def balance(self, address: Address) -> int:
        return int(self.ask("eth_getBalance", _hex(address), "latest"), 16)

    def code(self, address: Address) -> bytes:
        return _bytes(self.ask("eth_getCode", _hex(address), "latest"))


def _receipt(found: Mapping[str, Any]) -> Receipt:
    return Receipt(
        transaction_hash=_bytes(found["transactionHash"]),
        succeeded=int(found["status"], 16) == 1, gas_used=int(found["gasUsed"], 16),
        block_number=int(found["blockNumber"], 16), block_hash=_bytes(found["blockHash"]),
        contract=_bytes(found["contractAddress"]) if found.get("contractAddress") else None,
        logs=tuple(Log(_bytes(log["address"]), tuple(map(_bytes, log["topics"])),
                       _bytes(log["data"])) for log in found["logs"]))


def _error_data(error: Mapping[str, Any]) -> bytes:
    """Nodes put the reason into ``data``, or into ``data.data``."""
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    try:
        return _bytes(data) if isinstance(data, str) else b""
    except ValueError:
        return b""


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))

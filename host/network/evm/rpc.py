"""Any node behind Ethereum's JSON-RPC."""

import json
from collections.abc import Callable
from http.client import HTTPException
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.units import Wei
from proofmill.host.network.evm.client import (
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
from proofmill.host.network.evm.hexadecimal import from_hex, to_hex

TIMEOUT_SECONDS = 30.0
LOG_BLOCKS = 1 << 13
"""The most blocks whose events are asked for at once; fewer where a node refuses."""
Value = TypeVar("Value")


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
        self._meet(url)

    def _meet(self, url: str) -> None:
        """Ask the node at `url`, which is what errors call it, for its chain."""
        self.url = url
        self._identifier = 0
        self.chain_id = self._read(_number, "eth_chainId")

    def ask(self, method: str, *parameters: object) -> Any:
        """The result of a method. Raises `RpcError`, and `ProofmillError` for no answer."""
        self._identifier += 1
        request = {"jsonrpc": "2.0", "id": self._identifier, "method": method,
                   "params": parameters}
        try:
            with urlopen(Request(self.url, json.dumps(request).encode(),
                                 {"Content-Type": "application/json"}),
                         timeout=TIMEOUT_SECONDS) as response:
                answer = parse_json(response.read().decode())
        except (URLError, OSError, HTTPException, ValueError) as error:
            raise ProofmillError(f"the node at {self.url} does not answer {method}: {error}; "
                                 "see whether it runs and speaks JSON-RPC there") from error
        if not isinstance(answer, dict) or ("error" not in answer and "result" not in answer):
            raise ProofmillError(f"the node at {self.url} does not speak JSON-RPC 2.0: "
                                 f"{method} brought neither a result nor an error")
        if "error" in answer:
            problem = answer["error"] if isinstance(answer["error"], dict) else {}
            raise RpcError(f"the node at {self.url} refused {method}: {problem.get('message')}",
                           _error_data(problem))
        return answer["result"]

    def _read(self, read: Callable[[Any], Value], method: str, *parameters: object) -> Value:
        """What `read` makes of the result. Raises `ProofmillError` where it is something else."""
        result = self.ask(method, *parameters)
        try:
            return read(result)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ProofmillError(
                f"the node at {self.url} answered {method} with {str(result)[:60]!r}, which is not "
                "what Ethereum's nodes say; see whether it is one") from error

    def block(self, number: int | None = None) -> Block:
        name = "latest" if number is None else hex(number)
        found = self._read(_block_or_none, "eth_getBlockByNumber", name, False)
        if found is None:
            raise ProofmillError(f"there is no block {number} at {self.url} yet")
        return found

    def call(self, to: Address, data: bytes, sender: Address = ZERO_ADDRESS, value: int = 0,
             gas: int = CALL_GAS) -> bytes:
        message = {"from": to_hex(sender), "to": to_hex(to), "data": to_hex(data),
                   "value": hex(value), "gas": hex(gas)}
        try:
            return self._read(from_hex, "eth_call", message, "latest")
        except RpcError as error:
            raise RevertedError("a call", revert_reason(error.data) or str(error)) from error

    def send(self, raw_transaction: bytes) -> bytes:
        return self._read(from_hex, "eth_sendRawTransaction", to_hex(raw_transaction))

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        return self._read(
            _receipt_or_none, "eth_getTransactionReceipt", to_hex(transaction_hash))

    def nonce(self, address: Address) -> int:
        return self._read(_number, "eth_getTransactionCount", to_hex(address), "latest")

    def balance(self, address: Address) -> Wei:
        return Wei(self._read(_number, "eth_getBalance", to_hex(address), "latest"))

    def code(self, address: Address) -> bytes:
        return self._read(from_hex, "eth_getCode", to_hex(address), "latest")

    def logs(self, address: Address, first: int = 0) -> list[Log]:
        """In ranges of blocks as large as the node gives at once."""
        found: list[Log] = []
        latest, count = self.block().number, LOG_BLOCKS
        while first <= latest:
            last = min(latest, first + count - 1)
            try:
                found += self._read(_logs, "eth_getLogs", {
                    "address": to_hex(address), "fromBlock": hex(first), "toBlock": hex(last)})
            except RpcError:
                if count == 1:
                    raise
                count //= 2
                continue
            first = last + 1
        return found


def _block_or_none(found: JsonObject | None) -> Block | None:
    if found is None:
        return None
    return Block(
        number=_number(found["number"]), hash=from_hex(found["hash"]),
        parent_hash=from_hex(found["parentHash"]), state_root=from_hex(found["stateRoot"]),
        timestamp=_number(found["timestamp"]), mix=from_hex(found["mixHash"]),
        coinbase=from_hex(found["miner"]), base_fee=_number(found.get("baseFeePerGas") or "0x0"),
        gas_used=_number(found["gasUsed"]))


def _receipt_or_none(found: JsonObject | None) -> Receipt | None:
    if found is None:
        return None
    return Receipt(
        transaction_hash=from_hex(found["transactionHash"]),
        succeeded=_number(found["status"]) == 1, gas_used=_number(found["gasUsed"]),
        block_number=_number(found["blockNumber"]), block_hash=from_hex(found["blockHash"]),
        contract=from_hex(found["contractAddress"]) if found.get("contractAddress") else None,
        logs=tuple(_logs(found["logs"])))


def _logs(found: list[JsonObject]) -> list[Log]:
    return [Log(from_hex(log["address"]), tuple(map(from_hex, log["topics"])),
                from_hex(log["data"]))
            for log in found]


def _error_data(error: JsonObject) -> bytes:
    """Nodes put the reason into ``data``, or into ``data.data``."""
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("data")
    try:
        return from_hex(data) if isinstance(data, str) else b""
    except ValueError:
        return b""


def _number(text: str) -> int:
    return int(text, 16)

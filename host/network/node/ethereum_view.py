"""What a node's chain says of itself in Ethereum's JSON-RPC, as of the node's head: read, not sent.

Enough for whoever rebuilds a contract's state from chain data: blocks, events, calls, accounts.
Source: github.com/ethereum/execution-apis. Numbers and bytes are hexadecimal with 0x.
"""

from collections.abc import Callable, Sequence
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.network.evm.client import ZERO_ADDRESS, Address, Block
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.evm.hexadecimal import from_hex, to_hex

MOST_EVENT_BYTES = 1 << 18
"""Of topics and data in one answer; who asks for more asks for fewer blocks."""
MOST_CALL_GAS = 30_000_000


def _chain_id(evm: EmbeddedEvm) -> str:
    return hex(evm.chain_id)


def _block_number(evm: EmbeddedEvm) -> str:
    return hex(evm.block().number)


def _block(evm: EmbeddedEvm, name: str, whole: bool) -> JsonObject | None:
    number = None if name == "latest" else _number(name)
    if whole:
        raise ValueError("transactions are not given; ask with false")
    if number is not None and number > evm.block().number:
        return None
    return _told(evm.block(number))


def _call(evm: EmbeddedEvm, message: JsonObject, name: str) -> str:
    _require_latest(name)
    gas = min(_number(message.get("gas", hex(MOST_CALL_GAS))), MOST_CALL_GAS)
    return to_hex(evm.call(_address(message["to"]), from_hex(message.get("data", "0x")),
                           _address(message.get("from", to_hex(ZERO_ADDRESS))),
                           _number(message.get("value", "0x0")), gas))


def _logs(evm: EmbeddedEvm, wanted: JsonObject) -> list[JsonObject]:
    first, last = _number(wanted["fromBlock"]), wanted["toBlock"]
    until = evm.block().number if last == "latest" else _number(last)
    found = evm.logs(_address(wanted["address"]), first, until)
    size = sum(len(log.data) + 32 * len(log.topics) for log in found)
    if size > MOST_EVENT_BYTES and first < until:
        raise ProofmillError(f"events of blocks {first} to {until} are {size:,} bytes; ask for "
                             "fewer blocks")
    return [{"address": to_hex(log.address), "topics": [to_hex(topic) for topic in log.topics],
             "data": to_hex(log.data)} for log in found]


def _code(evm: EmbeddedEvm, address: str, name: str) -> str:
    _require_latest(name)
    return to_hex(evm.code(_address(address)))


def _balance(evm: EmbeddedEvm, address: str, name: str) -> str:
    _require_latest(name)
    return hex(evm.balance(_address(address)))


def _nonce(evm: EmbeddedEvm, address: str, name: str) -> str:
    _require_latest(name)
    return hex(evm.nonce(_address(address)))


METHODS: dict[str, tuple[int, Callable[..., object]]] = {
    "eth_chainId": (0, _chain_id), "eth_blockNumber": (0, _block_number),
    "eth_getBlockByNumber": (2, _block), "eth_call": (2, _call), "eth_getLogs": (1, _logs),
    "eth_getCode": (2, _code), "eth_getBalance": (2, _balance),
    "eth_getTransactionCount": (2, _nonce)}
"""Each method's name, how many parameters it takes, and what answers it."""


def view(evm: EmbeddedEvm, method: str, parameters: Sequence[Any]) -> object:
    """The result of one of `METHODS`. ValueError for parameters that are none; `ProofmillError`
    with the reason where there is no answer."""
    count, answer = METHODS[method]
    if len(parameters) != count:
        raise ValueError(f"{method} takes {count} parameters, not {len(parameters)}")
    try:
        return answer(evm, *parameters)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{method}: its parameters are not Ethereum's: {error}") from error


def _told(block: Block) -> JsonObject:
    return {"number": hex(block.number), "hash": to_hex(block.hash),
            "parentHash": to_hex(block.parent_hash), "stateRoot": to_hex(block.state_root),
            "timestamp": hex(block.timestamp), "mixHash": to_hex(block.mix),
            "miner": to_hex(block.coinbase), "baseFeePerGas": hex(block.base_fee),
            "gasUsed": hex(block.gas_used)}


def _require_latest(name: str) -> None:
    if name != "latest":
        raise ValueError(f"there is the latest block's state alone, not that of {name!r}")


def _number(text: str) -> int:
    if not text.startswith("0x"):
        raise ValueError(f"{text!r} is no number with 0x")
    return int(text, 16)


def _address(text: str) -> Address:
    if len(address := from_hex(text)) != len(ZERO_ADDRESS):
        raise ValueError(f"{text!r} is no address")
    return address

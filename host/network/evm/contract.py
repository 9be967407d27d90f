"""A deployed contract, called by the names in its interface."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.account import TRANSACTION_GAS, Account
from proofmill.host.network.evm.client import (
    CALL_GAS,
    ZERO_ADDRESS,
    Address,
    Evm,
    Log,
    Receipt,
    RevertedError,
)

Interface = Mapping[str, Any]
"""An entry of a contract's ABI, or a parameter of one, as the compiler writes it."""


@dataclass(frozen=True)
class Artifact:
    """A compiled contract: `code` creates it, `abi` is its interface."""

    name: str
    abi: Sequence[Interface]
    code: bytes

    def encode(self, function: str, *arguments: object) -> bytes:
        """The data of a message that calls `function` of such a contract, wherever it is."""
        return encode_call(next(each for each in self.abi if each.get("name") == function
                                and each["type"] == "function"), *arguments)


@dataclass(frozen=True)
class Event:
    """An event, decoded."""

    name: str
    values: Mapping[str, Any]


class Contract:
    """The functions and events of one contract at one address."""

    def __init__(self, evm: Evm, artifact: Artifact, address: Address) -> None:
        self.evm = evm
        self.artifact = artifact
        self.address = address
        self._functions = {each["name"]: each for each in artifact.abi
                           if each["type"] == "function"}
        self._events = {keccak(_signature(each).encode()): each for each in artifact.abi
                        if each["type"] == "event"}

    @classmethod
    def deploy(
        cls, account: Account, evm: Evm, artifact: Artifact, *arguments: object,
        value: int = 0, gas: int = TRANSACTION_GAS
    ) -> "Contract":
        """Create the contract. Raises `RevertedError` where its constructor refuses."""
        constructor = next((each for each in artifact.abi if each["type"] == "constructor"), None)
        data = artifact.code
        if constructor is not None:
            data += encode(_types(constructor["inputs"]), arguments)
        receipt = account.send(None, data, value, gas)
        if not receipt.succeeded or receipt.contract is None:
            raise RevertedError(f"the creation of {artifact.name}", _why(
                evm, ZERO_ADDRESS, data, account.address, value, gas))
        return cls(evm, artifact, receipt.contract)

    def encode(self, function: str, *arguments: object) -> bytes:
        """The data of a message that calls `function`."""
        return encode_call(self._functions[function], *arguments)

    def decode_call(self, function: str, data: bytes) -> tuple[Any, ...]:
        """The arguments of a message that calls `function`: the inverse of `encode`."""
        inputs = self._functions[function]["inputs"]
        return tuple(_plain(value, each) for value, each in zip(
            decode(_types(inputs), data[4:]), inputs, strict=True))

    def call(self, function: str, *arguments: object, sender: Address = ZERO_ADDRESS,
             value: int = 0, gas: int = CALL_GAS) -> Any:
        """What `function` returns, changing nothing; a tuple where it returns several values.

        Addresses come back as 20 bytes. Raises `RevertedError` where the contract refuses.
        """
        try:
            data = self.evm.call(
                self.address, self.encode(function, *arguments), sender, value, gas)
        except RevertedError as error:
            raise RevertedError(f"{self.artifact.name}.{function}", error.reason) from None
        outputs = self._functions[function]["outputs"]
        if outputs and not data:
            raise ProofmillError(
                f"{self.artifact.name}.{function} at 0x{self.address.hex()} returned nothing; "
                "see whether a contract of this kind is at this address")
        values = tuple(_plain(value, each) for value, each in zip(
            decode(_types(outputs), data), outputs, strict=True))
        return values[0] if len(values) == 1 else values

    def send(self, account: Account, function: str, *arguments: object, value: int = 0,
             gas: int = TRANSACTION_GAS) -> Receipt:
        """Call `function` in a transaction. Raises `RevertedError` where the contract refuses."""
        data = self.encode(function, *arguments)
        receipt = account.send(self.address, data, value, gas)
        if not receipt.succeeded:
            raise RevertedError(f"{self.artifact.name}.{function}", _why(
                self.evm, self.address, data, account.address, value, gas))
        return receipt

    def events(self, receipt: Receipt) -> list[Event]:
        """The contract's own events in a receipt, in order."""
        return self.decoded(receipt.logs)

    def decoded(self, logs: Iterable[Log]) -> list[Event]:
        """The contract's own events among these, in order."""
        events = []
        for log in logs:
            interface = self._events.get(log.topics[0]) if log.topics else None
            if log.address != self.address or interface is None:
                continue
            indexed = [each for each in interface["inputs"] if each["indexed"]]
            others = [each for each in interface["inputs"] if not each["indexed"]]
            values = {each["name"]: _plain(decode([each["type"]], topic)[0], each)
                      for each, topic in zip(indexed, log.topics[1:], strict=True)}
            values |= {each["name"]: _plain(value, each) for each, value in zip(
                others, decode(_types(others), log.data), strict=True)}
            events.append(Event(interface["name"], values))
        return events


def encode_call(function: Interface, *arguments: object) -> bytes:
    """The first four bytes of the Keccak-256 of the signature, and the arguments behind them."""
    return bytes(keccak(_signature(function).encode())[:4]
                 + encode(_types(function["inputs"]), arguments))


def _why(evm: Evm, to: Address, data: bytes, sender: Address, value: int, gas: int) -> str:
    """Ask again without a transaction: receipts do not say why."""
    if to == ZERO_ADDRESS:
        return "its constructor failed, or there was not enough gas"
    try:
        evm.call(to, data, sender, value, gas)
    except RevertedError as error:
        return error.reason
    return "it would go through now: it ran out of gas, or something else came first"


def _types(parameters: Sequence[Interface]) -> list[str]:
    return [_type(each) for each in parameters]


def _type(parameter: Interface) -> str:
    kind: str = parameter["type"]
    if kind.startswith("tuple"):
        return f"({','.join(_types(parameter['components']))}){kind[len('tuple'):]}"
    return kind


def _signature(interface: Interface) -> str:
    return f"{interface['name']}({','.join(_types(interface['inputs']))})"


def _plain(value: Any, parameter: Interface) -> Any:
    """Addresses as bytes instead of text, structures as dictionaries."""
    kind: str = parameter["type"]
    if kind.endswith("]"):
        inner = {**parameter, "type": kind[: kind.rindex("[")]}
        return tuple(_plain(each, inner) for each in value)
    if kind == "address":
        return bytes.fromhex(value[2:])
    if kind == "tuple":
        return {each["name"]: _plain(part, each)
                for part, each in zip(value, parameter["components"], strict=True)}
    return value

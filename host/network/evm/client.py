"""What this project asks of a chain with Ethereum's virtual machine, whoever runs it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import Wei

Address = bytes
"""20 bytes."""

ZERO_ADDRESS: Address = bytes(20)

CALL_GAS = 30_000_000
"""What a call may use where the caller names no limit; calls are not paid for."""


class RevertedError(ProofmillError):
    """A call or a transaction was refused by the contract: `reason` in the contract's words."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} was refused by the contract: {reason or 'no reason given'}")
        self.reason = reason


@dataclass(frozen=True)
class Block:
    """The header's fields that contracts can see; `mix` is what `block.prevrandao` gives."""

    number: int
    hash: bytes
    parent_hash: bytes
    state_root: bytes
    timestamp: int
    mix: bytes
    coinbase: Address
    base_fee: int
    gas_used: int


@dataclass(frozen=True)
class Log:
    """An event as the machine writes it."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction; `contract`: the address it created, or None."""

    transaction_hash: bytes
    succeeded: bool
    gas_used: int
    block_number: int
    block_hash: bytes
    contract: Address | None
    logs: tuple[Log, ...]


class Evm(ABC):
    """A node: the embedded one, or one behind JSON-RPC. All amounts are in wei.

    Gas limits are always the caller's: estimating means running a transaction many times, which
    takes ten seconds for a pairing on the embedded machine.
    """

    chain_id: int

    @abstractmethod
    def block(self, number: int | None = None) -> Block:
        """A block of the branch the node follows, the latest by default.

        Raises `ProofmillError` for a number that is not on it.
        """

    @abstractmethod
    def call(
        self,
        to: Address,
        data: bytes,
        sender: Address = ZERO_ADDRESS,
        value: int = 0,
        gas: int = CALL_GAS,
    ) -> bytes:
        """What a message to a contract returns, on top of the latest block, changing nothing.

        Raises `RevertedError` where the contract refuses.
        """

    @abstractmethod
    def send(self, raw_transaction: bytes) -> bytes:
        """Hand in a signed transaction; its hash. Raises `ProofmillError` where it is invalid."""

    @abstractmethod
    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """The receipt on the branch the node follows, None while no block there has it."""

    @abstractmethod
    def nonce(self, address: Address) -> int:
        """How many transactions an account has sent on the branch the node follows."""

    @abstractmethod
    def balance(self, address: Address) -> Wei:
        """An account's balance in wei."""

    @abstractmethod
    def code(self, address: Address) -> bytes:
        """A contract's code, empty where there is none."""

    @abstractmethod
    def logs(self, address: Address, first: int = 0) -> list[Log]:
        """All events of a contract from block `first` on, of the branch the node follows, in their
        order. Raises `ProofmillError` where the node does not give them."""


class DevelopmentEvm(Evm):
    """A node whose clock and blocks are ours, so that a test can play a slot second by second.

    Every transaction gets a block of its own, one second after the one before unless
    `next_block` says otherwise.
    """

    @abstractmethod
    def next_block(self, timestamp: int, coinbase: Address | None = None) -> None:
        """Give the next block this time, and from then on this fee recipient.

        Raises `ProofmillError` where the time is not after the latest block's.
        """

    @abstractmethod
    def system_call(self, to: Address, data: bytes) -> None:
        """Call a contract as the protocol does, from `SYSTEM_ADDRESS`, in a block of its own.

        Raises `RevertedError` where the contract refuses.
        """

    @abstractmethod
    def snapshot(self) -> object:
        """Remember this block; see `revert`."""

    @abstractmethod
    def revert(self, snapshot: object) -> None:
        """Leave the branch since `snapshot`: what follows is built on the block remembered."""


def was_refused(evm: Evm, transaction_hash: bytes) -> bool:
    """Whether a block of the branch has a transaction and its contract refused it; one that is in
    no block is on its way."""
    receipt = evm.receipt(transaction_hash)
    return receipt is not None and not receipt.succeeded


SYSTEM_ADDRESS: Address = bytes.fromhex("fffffffffffffffffffffffffffffffffffffffe")
"""Who calls contracts in the name of the protocol, as in EIP-4788; nobody has its key."""


def revert_reason(data: bytes) -> str:
    """The text of ``Error(string)``, the number of ``Panic(uint256)``, or the bytes as they are."""
    if data[:4] == bytes.fromhex("08c379a0") and len(data) >= 68:
        length = int.from_bytes(data[36:68], "big")
        return data[68 : 68 + length].decode(errors="replace")
    if data[:4] == bytes.fromhex("4e487b71"):
        return f"panic {int.from_bytes(data[4:36], 'big'):#x}"
    return f"0x{data.hex()}" if data else ""

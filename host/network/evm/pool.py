"""The embedded machine under a consensus layer: transactions wait for a proposer."""

from collections.abc import Mapping

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.client import Address
from proofmill.host.network.evm.embedded import EmbeddedEvm

MAXIMUM_WAITING = 256


class PooledEvm(EmbeddedEvm):
    """`EmbeddedEvm` whose `send` queues: blocks are made by whoever calls `execute`."""

    def __init__(self, chain_id: int, balances: Mapping[Address, int], timestamp: int = 0,
                 gas_limit: int = 30_000_000) -> None:
        super().__init__(chain_id, balances, timestamp, gas_limit)
        self.pooling = False
        """Whether `send` queues; until then it makes blocks, as a chain before its launch."""
        self._waiting: dict[bytes, bytes] = {}

    def send(self, raw_transaction: bytes) -> bytes:
        if not self.pooling:
            return super().send(raw_transaction)
        builder = self._machine(self._known(self.head).header).get_transaction_builder()
        try:
            decoded = builder.decode(raw_transaction)
            decoded.check_signature_validity()
            sender, nonce = bytes(decoded.sender), decoded.nonce
        except Exception as error:  # py-evm has no one class for what may be wrong with bytes
            raise ProofmillError(f"this is no signed transaction: {error}") from error
        if nonce < self.nonce(sender):
            raise ProofmillError(f"nonce {nonce} of 0x{sender.hex()} is used already; "
                                 "read the account's nonce again")
        if self.balance(sender) < decoded.gas * decoded.max_fee_per_gas + decoded.value:
            raise ProofmillError(f"0x{sender.hex()} cannot pay for this transaction; "
                                 "send ether there first, or lower its gas limit")
        if len(self.waiting()) >= MAXIMUM_WAITING:
            raise ProofmillError(f"{MAXIMUM_WAITING} transactions are waiting already; try later")
        self._waiting[bytes(decoded.hash)] = raw_transaction
        return bytes(decoded.hash)

    def waiting(self) -> list[bytes]:
        """Raw transactions in no block of the head's branch, in the order they came.

        One that a block had comes back if that block is left with its branch.
        """
        return [raw for transaction_hash, raw in self._waiting.items()
                if self.receipt(transaction_hash) is None]

    def settle(self, final_number: int) -> None:
        """Forget transactions of blocks up to this number, which is final, of the head's branch."""
        for transaction_hash in list(self._waiting):
            receipt = self.receipt(transaction_hash)
            if receipt is not None and receipt.block_number <= final_number:
                del self._waiting[transaction_hash]

    def drop(self, raw_transaction: bytes) -> None:
        """Take out a transaction that no block can contain."""
        self._waiting.pop(bytes(keccak(raw_transaction)), None)


def header_hash(fields: list[object]) -> bytes:
    """The Keccak-256 of a header's RLP, 32 bytes: a block's hash."""
    return bytes(keccak(rlp.encode(fields)))

"""A machine whose latest block stays open: what is sent goes into it until the next one begins."""

from eth.abc import ReceiptAPI, SignedTransactionAPI
from eth_hash.auto import keccak

from proofmill.host.network.evm.embedded import EmbeddedEvm

SECONDS = 12
"""Between two blocks."""


class OpenBlockEvm(EmbeddedEvm):
    """Every transaction is applied to the open block at once: so several share a block, and each
    has its receipt before the next is sent."""

    _sent: list[SignedTransactionAPI] | None = None
    """In the open block; None before `begin`: each transaction has a block of its own."""
    _received: list[ReceiptAPI]

    def begin(self, number: int, luck: int = 0) -> None:
        """Open block `number` on the latest one, after empty blocks; `luck` changes its mix."""
        latest = self.block()
        assert number > latest.number, f"block {number} is past, the latest is {latest.number}"
        for one in range(latest.number + 1, number + 1):
            mix = bytes(keccak(self.head + bytes([luck])))
            moment = latest.timestamp + SECONDS * (one - latest.number)
            self.head = self.execute(self.head, [], moment, mix).block.hash
        self._sent, self._received = [], []

    def send(self, raw_transaction: bytes) -> bytes:
        if self._sent is None:
            return super().send(raw_transaction)
        header = self.executed(self.head).header
        machine = self._machine(header)
        (transaction,) = self._decoded(machine, [raw_transaction])
        receipt, _ = machine.apply_transaction(header, transaction)
        header = machine.add_receipt_to_header(header, receipt)
        machine.state.persist()
        self._sent.append(transaction)
        self._received.append(receipt)
        header = header.copy(state_root=machine.state.state_root)
        self.head = self._keep(header, self._sent, self._received).block.hash
        return bytes(transaction.hash)

    def revert(self, snapshot: object) -> None:
        super().revert(snapshot)
        self._sent = None

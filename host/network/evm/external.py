"""A node that somebody else runs, behind its JSON-RPC, and when transactions reach it.

The consensus chain's time is virtual: a slot passes when its duties are done. A development node
(Anvil, Hardhat) is told the time of its next block and keeps pace with that. Any other node has its
own time, and then the slots wait for it.
"""

import logging
import time
from contextlib import suppress
from pathlib import Path

from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.evm.account import RECEIPT_SECONDS
from proofmill.host.network.evm.client import Address, Receipt
from proofmill.host.network.evm.journal import Journal
from proofmill.host.network.evm.rpc import JsonRpcEvm, RpcError

log = logging.getLogger(__name__)

DEVELOPMENT_CHAIN = 31337
"""The chain id that development nodes have unless they are told another."""
VIRTUAL_SLOT_SECONDS = 60
"""A slot on a development node: one block a transaction, a second each."""


class ExternalEvm(JsonRpcEvm):
    """`JsonRpcEvm`, where a transaction is on disk before it is sent, and may wait for its slot.

    While `waiting_for_slot` is set, `send` keeps transactions for `flush`.
    """

    def __init__(self, url: str, chain_id: int = DEVELOPMENT_CHAIN) -> None:
        """Raises `ProofmillError` where no node answers, or one of another chain does."""
        super().__init__(url)
        if self.chain_id != chain_id:
            raise ProofmillError(
                f"the node at {url} is of chain {self.chain_id}, not {chain_id}: keys that follow "
                "from --seed are no secret, and proofs under a development key can be forged; "
                f"start a development node, or say --chain-id {self.chain_id} if that is a chain "
                "of your own")
        self.genesis_hash = self.block(0).hash
        self.journal: Journal | None = None
        self.waiting_for_slot = False
        self._held: list[bytes] = []
        self._unsettled: set[bytes] = set()
        self._virtual: bool | None = None
        self._next_time = 0

    @property
    def development(self) -> bool:
        """Whether the node's clock can be set."""
        if self._virtual is None:
            self._virtual = self._can("evm_setNextBlockTimestamp", self.block().timestamp + 1)
        return self._virtual

    def keep_in(self, folder: Path) -> None:
        """Keep transactions in this folder from now on, after sending what was left there.

        Raises `ProofmillError` as `send` does.
        """
        self.journal = Journal(folder / "transactions.sqlite")
        unsettled = self.journal.unsettled()
        self._unsettled = {bytes(keccak(raw)) for raw in unsettled}
        for raw in unsettled:
            if self.receipt(keccak(raw)) is None:
                try:
                    super().send(raw)
                except RpcError:  # its nonce is used, or it can no longer pay: it is void
                    self._settle(keccak(raw))
                    continue
            self.settled(keccak(raw))

    def close(self) -> None:
        """Give back the journal."""
        if self.journal is not None:
            self.journal.close()

    def send(self, raw_transaction: bytes) -> bytes:
        if self.journal is not None:
            self.journal.write(raw_transaction)
            self._unsettled.add(bytes(keccak(raw_transaction)))
        if self.waiting_for_slot:
            self._held.append(raw_transaction)
            return bytes(keccak(raw_transaction))
        if self.development:
            self._next_time = max(self._next_time, self.block().timestamp) + 1
            self.ask("evm_setNextBlockTimestamp", self._next_time)
        try:
            return super().send(raw_transaction)
        except RpcError:
            self._settle(keccak(raw_transaction))
            raise

    def flush(self) -> list[Receipt]:
        """Send what has waited for a slot, and wait for the blocks."""
        held, self._held = self._held, []
        self.waiting_for_slot = False
        try:
            return [self.settled(each) for each in [self.send(raw) for raw in held]]
        finally:
            self.waiting_for_slot = True

    def settled(self, transaction_hash: bytes) -> Receipt:
        """The receipt, as soon as a block has the transaction; ProofmillError after a minute."""
        deadline = time.monotonic() + RECEIPT_SECONDS
        while (receipt := self.receipt(transaction_hash)) is None:
            if time.monotonic() > deadline:
                raise ProofmillError(
                    f"no block at {self.url} has transaction 0x{transaction_hash.hex()} after "
                    f"{RECEIPT_SECONDS:.0f} s; see whether the node makes blocks")
            time.sleep(0.02)
        return receipt

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        receipt = super().receipt(transaction_hash)
        if receipt is not None:
            self._settle(transaction_hash)
        return receipt

    def wait_until(self, timestamp: int) -> None:
        """Let the next block's time be `timestamp` or later: set the clock, or wait for it."""
        if self.development:
            self._next_time = timestamp - 1
        else:
            time.sleep(max(0.0, timestamp - time.time()))

    def pay_to(self, address: Address) -> None:
        """Let the next blocks' fees go there, where the node lets itself be told."""
        self._can("anvil_setCoinbase", "0x" + address.hex())

    def fund(self, address: Address, wei: int) -> None:
        """See that an account has this much: given by a development node, else it has to be there.

        Raises `ProofmillError` where it is not.
        """
        if self.balance(address) >= wei:
            return
        for method in ("anvil_setBalance", "hardhat_setBalance"):
            if self._can(method, "0x" + address.hex(), hex(2 * wei)):
                return
        raise ProofmillError(
            f"account 0x{address.hex()} has {self.balance(address)} wei at {self.url}, and mining "
            f"there takes {wei}; send it the rest")

    def _settle(self, transaction_hash: bytes) -> None:
        log.debug("transaction 0x%s is settled", transaction_hash.hex())
        if self.journal is not None and transaction_hash in self._unsettled:
            self.journal.settle(transaction_hash)
            self._unsettled.discard(transaction_hash)

    def _can(self, method: str, *parameters: object) -> bool:
        with suppress(RpcError):
            self.ask(method, *parameters)
            return True
        return False

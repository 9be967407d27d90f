"""Transfers, and the batch of them a block carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.block_size import BALANCE_BITS, BlockSize
from proofmill.host.prover.circuits.poseidon import poseidon

_ACCOUNT_BYTES = 4
_AMOUNT_BYTES = BALANCE_BITS // 8
TRANSFER_BYTES = 2 * _ACCOUNT_BYTES + _AMOUNT_BYTES


@dataclass(frozen=True)
class Transfer:
    """`amount` from account `sender` to account `receiver`, numbered over the whole ledger."""

    sender: int
    receiver: int
    amount: int

    def to_bytes(self) -> bytes:
        """Sender (4 bytes), receiver (4), amount (8), big-endian."""
        return (self.sender.to_bytes(_ACCOUNT_BYTES, "big")
                + self.receiver.to_bytes(_ACCOUNT_BYTES, "big")
                + self.amount.to_bytes(_AMOUNT_BYTES, "big"))

    @classmethod
    def from_bytes(cls, encoded: bytes) -> "Transfer":
        """The inverse; raises `ProofmillError` where the length is not `TRANSFER_BYTES`."""
        if len(encoded) != TRANSFER_BYTES:
            raise ProofmillError(f"a transfer takes {TRANSFER_BYTES} bytes, not {len(encoded)}")
        sender, receiver = encoded[:_ACCOUNT_BYTES], encoded[_ACCOUNT_BYTES:2 * _ACCOUNT_BYTES]
        return cls(int.from_bytes(sender, "big"), int.from_bytes(receiver, "big"),
                   int.from_bytes(encoded[2 * _ACCOUNT_BYTES:], "big"))


@dataclass(frozen=True)
class Batch:
    """Transfers within one page of a ledger, in the order in which they happen.

    The page follows from the transfers (page 0 where there are none) and no transfer is of nothing,
    so that a batch has one encoding and one commitment. A transfer to oneself is allowed: it
    changes nothing, but the balance has to cover it.

    Raises `ProofmillError` for too many transfers, an account that does not exist, two pages, or
    an amount outside of 1..2^64-1.
    """

    size: BlockSize
    transfers: tuple[Transfer, ...] = ()

    def __post_init__(self) -> None:
        if len(self.transfers) > self.size.transfers:
            raise ProofmillError(f"a block has up to {self.size.transfers} transfers, "
                                 f"not {len(self.transfers)}")
        for number, transfer in enumerate(self.transfers):
            for account in (transfer.sender, transfer.receiver):
                if not 0 <= account < self.size.accounts:
                    raise ProofmillError(
                        f"transfer {number}: there is no account {account}, accounts are "
                        f"0 to {self.size.accounts - 1}")
                if account // self.size.page != self.page:
                    raise ProofmillError(
                        f"transfer {number}: account {account} is on page "
                        f"{account // self.size.page}, but the batch works on page {self.page}")
            if not 0 < transfer.amount < 1 << BALANCE_BITS:
                raise ProofmillError(f"transfer {number}: the amount must be 1 to "
                                     f"{(1 << BALANCE_BITS) - 1}, not {transfer.amount}")

    @property
    def page(self) -> int:
        """The page of the ledger that the batch works on."""
        return self.transfers[0].sender // self.size.page if self.transfers else 0

    @property
    def places(self) -> tuple[tuple[int, int, int], ...]:
        """(sender's place in the page, receiver's place, amount) of each of the block's slots;
        unused ones move nothing from place 0 to itself."""
        used = tuple((transfer.sender % self.size.page, transfer.receiver % self.size.page,
                      transfer.amount) for transfer in self.transfers)
        return used + ((0, 0, 0),) * (self.size.transfers - len(used))

    @cached_property
    def commitment(self) -> int:
        """Poseidon over the packed batch, `BlockSize.words` field elements.

        A packed transfer is ``amount + 2^64 * (sender's place + page size * receiver's place)``;
        a word has `BlockSize.transfers_per_word` of them, the first lowest, and the first word
        above them the page's number. Every part keeps to its bits and a word to 253: packing is
        injective, the hash binding.
        """
        return poseidon(self._words)

    @property
    def _words(self) -> list[int]:
        bits, per_word = self.size.transfer_bits, self.size.transfers_per_word
        words = [0] * self.size.words
        words[0] = self.page << bits * per_word
        for number, (sender, receiver, amount) in enumerate(self.places):
            packed = amount | (sender | receiver << self.size.place_bits) << BALANCE_BITS
            words[number // per_word] |= packed << bits * (number % per_word)
        return words

    def to_bytes(self) -> list[bytes]:
        """One `Transfer.to_bytes` a transfer: the transactions of a payload."""
        return [transfer.to_bytes() for transfer in self.transfers]

    @classmethod
    def from_bytes(cls, size: BlockSize, transactions: Sequence[bytes]) -> "Batch":
        """The inverse; raises `ProofmillError` where the bytes are no batch of this size."""
        return cls(size, tuple(Transfer.from_bytes(bytes(encoded)) for encoded in transactions))

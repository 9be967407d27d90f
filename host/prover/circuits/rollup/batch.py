"""The signed transfers of a block, and who takes their fees."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.poseidon import MAXIMUM_INPUTS, poseidon
from proofmill.host.prover.circuits.rollup.size import INDEX_BITS, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer

BATCH_DOMAIN = int.from_bytes(b"proofmill.batch.1", "big")
"""Keeps commitments apart from every other use of Poseidon."""
_WORDS_A_HASH = MAXIMUM_INPUTS - 1


@dataclass(frozen=True)
class Batch:
    """Transfers in the order in which they happen, and `collector`, the account of their fees.

    Raises `ProofmillError` for too many transfers, or an account without a place.
    """

    size: RollupSize
    chain_id: int
    collector: int
    transfers: tuple[SignedTransfer, ...] = ()

    def __post_init__(self) -> None:
        if len(self.transfers) > self.size.transfers:
            raise ProofmillError(f"a batch has up to {self.size.transfers} transfers, "
                                 f"not {len(self.transfers)}")
        numbers = [("the collector", self.collector)]
        for place, signed in enumerate(self.transfers):
            numbers += [(f"transfer {place}", signed.transfer.sender),
                        (f"transfer {place}", signed.transfer.receiver)]
        for where, number in numbers:
            if not 0 <= number < self.size.accounts:
                raise ProofmillError(f"{where}: there is no account {number}, accounts are 0 to "
                                     f"{self.size.accounts - 1}")

    @property
    def fees(self) -> int:
        """What the collector gets."""
        return sum(signed.transfer.fee for signed in self.transfers)

    @property
    def words(self) -> tuple[int, ...]:
        """`Transfer.packed` of every place; 0 where it is not used, as no transfer is."""
        used = tuple(signed.transfer.packed for signed in self.transfers)
        return used + (0,) * (self.size.transfers - len(used))

    @cached_property
    def commitment(self) -> int:
        """A chain of hashes over the words, 15 at a time, that begins with chain and collector::

            c = poseidon((domain, chain id, collector)),    c = poseidon((c, words...)) for each 15
        """
        return commitment(self.chain_id, self.collector, self.words)

    def to_bytes(self) -> list[bytes]:
        """The transactions of a payload: the collector (4 bytes), then a signed transfer each."""
        return [self.collector.to_bytes(INDEX_BITS // 8, "big"),
                *(signed.to_bytes() for signed in self.transfers)]

    @classmethod
    def from_bytes(cls, size: RollupSize, chain_id: int, transactions: Sequence[bytes]) -> "Batch":
        """The inverse; raises `ProofmillError` where the bytes are no batch of this size."""
        if not transactions or len(transactions[0]) != INDEX_BITS // 8:
            raise ProofmillError("a batch begins with the four bytes of the account that takes its "
                                 "fees")
        return cls(size, chain_id, int.from_bytes(bytes(transactions[0]), "big"),
                   tuple(SignedTransfer.from_bytes(bytes(each)) for each in transactions[1:]))


def commitment(chain_id: int, collector: int, words: Sequence[int]) -> int:
    """See `Batch.commitment`."""
    total = poseidon((BATCH_DOMAIN, chain_id, collector))
    for start in range(0, len(words), _WORDS_A_HASH):
        total = poseidon((total, *words[start:start + _WORDS_A_HASH]))
    return total

"""How large a ledger and its blocks are."""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.poseidon import MAXIMUM_INPUTS

BALANCE_BITS = 64
"""Balances and amounts are below 2^64; so is the sum of all balances."""

WORD_BITS = MODULUS.bit_length() - 1
"""Bits that always fit into a field element."""

MAXIMUM_DEPTH = 20


@dataclass(frozen=True)
class BlockSize:
    """A ledger of ``2^depth`` pages of `page` balances; a block has up to `transfers` transfers,
    all of them within one page.

    Raises `ProofmillError` for a size that cannot be.
    """

    page: int = 8
    depth: int = 2
    transfers: int = 4

    def __post_init__(self) -> None:
        if self.page not in (2, 4, 8, 16):
            raise ProofmillError(f"a page has 2, 4, 8 or 16 balances, not {self.page}")
        if not 0 <= self.depth <= MAXIMUM_DEPTH:
            raise ProofmillError(
                f"the ledger's tree has 0 to {MAXIMUM_DEPTH} levels, not {self.depth}")
        most = self.transfers_per_word * MAXIMUM_INPUTS
        if not 1 <= self.transfers <= most:
            raise ProofmillError(f"a block of pages of {self.page} has 1 to {most} transfers, "
                                 f"not {self.transfers}")

    @property
    def pages(self) -> int:
        """Leaves of the tree."""
        return 1 << self.depth

    @property
    def accounts(self) -> int:
        """All accounts; they are numbered from 0, page by page."""
        return self.page << self.depth

    @property
    def place_bits(self) -> int:
        """Bits of a place within a page."""
        return self.page.bit_length() - 1

    @property
    def transfer_bits(self) -> int:
        """Bits of a packed transfer: amount, sender's place, receiver's place."""
        return BALANCE_BITS + 2 * self.place_bits

    @property
    def transfers_per_word(self) -> int:
        """Packed transfers in a field element, beside the page's number."""
        return (WORD_BITS - self.depth) // self.transfer_bits

    @property
    def words(self) -> int:
        """Field elements a packed batch takes."""
        return -(-self.transfers // self.transfers_per_word)


COMPACT = BlockSize(page=8, depth=1, transfers=3)
"""16 accounts and 3 transfers: fits a domain of 2,048, where the default takes one of 4,096, so
that a proof is about a third less work."""

"""How large a rollup's ledger and its batches are."""

from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError

BALANCE_BITS = 64
"""Balances and amounts are below 2^64; so is the sum of all balances."""
FEE_BITS = 32
NONCE_BITS = 32
INDEX_BITS = 32
"""An account's number takes four bytes in a message and in a payload, whatever the depth."""
MAXIMUM_DEPTH = INDEX_BITS
MAXIMUM_TRANSFERS = 64


@dataclass(frozen=True)
class RollupSize:
    """``2^depth`` accounts, numbered from 0; a batch has places for `transfers` transfers between
    any, exits or requests.

    Raises `ProofmillError` for a size that cannot be.
    """

    depth: int = 20
    transfers: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= MAXIMUM_DEPTH:
            raise ProofmillError(f"a ledger of accounts has a depth of 1 to {MAXIMUM_DEPTH}, "
                                 f"not {self.depth}")
        if not 1 <= self.transfers <= MAXIMUM_TRANSFERS:
            raise ProofmillError(f"a batch has 1 to {MAXIMUM_TRANSFERS} transfers, "
                                 f"not {self.transfers}")

    @property
    def accounts(self) -> int:
        """Places for accounts."""
        return 1 << self.depth


SMALLEST = RollupSize(depth=1, transfers=1)
"""The least there is: two accounts, of which one pays the other. What a test proves that is not
about sizes, and what is measured where the size does not matter."""

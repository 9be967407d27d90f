"""The balances a chain of blocks works on."""

from dataclasses import dataclass
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.batch import Batch
from proofmill.host.prover.circuits.block_size import BALANCE_BITS, BlockSize
from proofmill.host.prover.circuits.merkle import MerkleTree
from proofmill.host.prover.circuits.poseidon import poseidon


@dataclass(frozen=True)
class Ledger:
    """A balance for every account, and the Poseidon tree over them.

    A leaf of the tree is ``poseidon(page)``, an inner node ``poseidon((left, right))``. No balance
    is negative and their sum is below 2^64; transfers keep both. Raises `ProofmillError` where
    either is not so, or the number of balances is not ``size.accounts``.
    """

    size: BlockSize
    balances: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.balances) != self.size.accounts:
            raise ProofmillError(f"a ledger of this size has {self.size.accounts} balances, "
                                 f"not {len(self.balances)}")
        for account, balance in enumerate(self.balances):
            if balance < 0:
                raise ProofmillError(f"account {account}: a balance cannot be {balance}")
        if self.supply >> BALANCE_BITS:
            raise ProofmillError(f"all balances together are {self.supply}; "
                                 f"they must stay below 2^{BALANCE_BITS}")

    @cached_property
    def supply(self) -> int:
        """The sum of all balances."""
        return sum(self.balances)

    @cached_property
    def tree(self) -> MerkleTree:
        """The tree over the pages."""
        return MerkleTree.of([poseidon(self.page(number)) for number in range(self.size.pages)])

    @property
    def root(self) -> int:
        """The field element that stands for the ledger."""
        return self.tree.root

    def page(self, number: int) -> tuple[int, ...]:
        """The balances of one page."""
        return self.balances[number * self.size.page:(number + 1) * self.size.page]

    def apply(self, batch: Batch) -> "Ledger":
        """The ledger after the batch's transfers, one after the other.

        Raises `ProofmillError` where a balance does not cover its transfer, even if money that
        comes later in the batch would, or where the batch is for another size.
        """
        if batch.size != self.size:
            raise ProofmillError(f"the batch is for {batch.size}, the ledger is {self.size}")
        balances = list(self.balances)
        for number, transfer in enumerate(batch.transfers):
            if balances[transfer.sender] < transfer.amount:
                raise ProofmillError(
                    f"transfer {number}: account {transfer.sender} has "
                    f"{balances[transfer.sender]}, which does not cover {transfer.amount}")
            balances[transfer.sender] -= transfer.amount
            balances[transfer.receiver] += transfer.amount
        after = Ledger(self.size, tuple(balances))
        # One page changed: hash that and its path instead of the whole tree.
        after.__dict__["tree"] = self.tree.replace(batch.page, poseidon(after.page(batch.page)))
        return after

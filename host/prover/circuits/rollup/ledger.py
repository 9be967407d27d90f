"""Accounts, and what a batch of signed transfers makes of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.eddsa import refusal
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, NONCE_BITS, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer
from proofmill.host.prover.circuits.rollup.tree import SparseTree


@dataclass(frozen=True)
class Account:
    """Who may spend a balance. `nonce`: transfers made so far."""

    key: Point
    balance: int = 0
    nonce: int = 0

    @property
    def leaf(self) -> int:
        """``poseidon((x, y, balance, nonce))``: what stands for the account in the tree."""
        return poseidon((*self.key, self.balance, self.nonce))


@dataclass(frozen=True)
class Ledger:
    """Accounts by their numbers, and the tree over them.

    Raises `ProofmillError` for a number without a place, a balance or nonce out of range, or
    balances that reach 2^64 together.
    """

    size: RollupSize
    accounts: Mapping[int, Account]

    def __post_init__(self) -> None:
        for number, account in self.accounts.items():
            if not 0 <= number < self.size.accounts:
                raise ProofmillError(f"there is no account {number}, accounts are 0 to "
                                     f"{self.size.accounts - 1}")
            if account.balance < 0 or not 0 <= account.nonce < 1 << NONCE_BITS:
                raise ProofmillError(f"account {number}: a balance of {account.balance} or a nonce "
                                     f"of {account.nonce} cannot be")
            if account.key.x == 0:
                raise ProofmillError(f"account {number}: its key has a small order, so anybody "
                                     "could sign for it")
        if self.supply >> BALANCE_BITS:
            raise ProofmillError(f"all balances together are {self.supply}; they must stay below "
                                 f"2^{BALANCE_BITS}")

    @cached_property
    def supply(self) -> int:
        """The sum of all balances."""
        return sum(account.balance for account in self.accounts.values())

    @cached_property
    def tree(self) -> SparseTree:
        """The tree over the accounts' leaves."""
        tree = SparseTree(self.size.depth)
        for number, account in sorted(self.accounts.items()):
            tree = tree.replace(number, account.leaf)
        return tree

    @property
    def root(self) -> int:
        """The field element that stands for the ledger."""
        return self.tree.root

    def with_account(self, number: int, account: Account) -> "Ledger":
        """The ledger with `account` for what was there."""
        changed = Ledger(self.size, {**self.accounts, number: account})
        # One leaf changed: hash its path instead of the whole tree.
        changed.__dict__["tree"] = self.tree.replace(number, account.leaf)
        return changed

    def refusal(self, signed: SignedTransfer, chain_id: int) -> str:
        """Why the next transfer cannot be `signed`, or nothing."""
        transfer = signed.transfer
        sender, receiver = (self.accounts.get(number)
                            for number in (transfer.sender, transfer.receiver))
        if sender is None:
            return f"there is no account {transfer.sender}"
        if receiver is None:
            return f"there is no account {transfer.receiver}"
        if sender.balance < transfer.amount + transfer.fee:
            return (f"account {transfer.sender} has {sender.balance}, which does not cover "
                    f"{transfer.amount} and a fee of {transfer.fee}")
        if sender.nonce + 1 >= 1 << NONCE_BITS:
            return f"account {transfer.sender} has used all its nonces"
        wrong = refusal(sender.key, transfer.message(chain_id, sender.nonce), signed.signature)
        return wrong and f"account {transfer.sender} did not sign it: {wrong}"

    def transferred(self, signed: SignedTransfer) -> "Ledger":
        """After a transfer that `refusal` has nothing against; its fee is taken, not yet given."""
        transfer = signed.transfer
        sender = self.accounts[transfer.sender]
        after = self.with_account(transfer.sender, replace(
            sender, balance=sender.balance - transfer.amount - transfer.fee,
            nonce=sender.nonce + 1))
        receiver = after.accounts[transfer.receiver]
        return after.with_account(transfer.receiver, replace(
            receiver, balance=receiver.balance + transfer.amount))

    def apply(self, batch: Batch) -> "Ledger":
        """The ledger after the batch: its transfers one after the other, then its fees.

        Raises `ProofmillError` for the first transfer that cannot be, with its reason.
        """
        if batch.size != self.size:
            raise ProofmillError(f"the batch is for {batch.size}, the ledger is {self.size}")
        ledger = self
        for number, signed in enumerate(batch.transfers):
            if wrong := ledger.refusal(signed, batch.chain_id):
                raise ProofmillError(f"transfer {number}: {wrong}")
            ledger = ledger.transferred(signed)
        collector = ledger.accounts.get(batch.collector)
        if collector is None:
            raise ProofmillError(f"there is no account {batch.collector} to take the fees")
        return ledger.with_account(batch.collector, replace(
            collector, balance=collector.balance + batch.fees))

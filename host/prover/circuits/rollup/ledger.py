"""Accounts, and what a batch makes of them: requests, then transfers and exits, then fees."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import Point, is_on_curve
from proofmill.host.prover.circuits.eddsa import refusal
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit, Open, Request
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, NONCE_BITS, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Signable, SignedTransfer, Transfer
from proofmill.host.prover.circuits.rollup.tree import SparseTree


@dataclass(frozen=True)
class Account:
    """Who may spend a balance. `nonce`: transfers and exits made so far."""

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
        self._check(self.accounts)

    def _check(self, accounts: Mapping[int, Account]) -> None:
        """Raise where one of `accounts`, or the sum of all, cannot be."""
        for number, account in accounts.items():
            if not 0 <= number < self.size.accounts:
                raise ProofmillError(f"there is no account {number}, accounts are 0 to "
                                     f"{self.size.accounts - 1}")
            if account.balance < 0 or not 0 <= account.nonce < 1 << NONCE_BITS:
                raise ProofmillError(f"account {number}: a balance of {account.balance} or a nonce "
                                     f"of {account.nonce} cannot be")
            if wrong := key_refusal(account.key):
                raise ProofmillError(f"account {number}: {wrong}")
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
        return SparseTree(self.size.depth).with_leaves(
            {number: account.leaf for number, account in self.accounts.items()})

    @property
    def root(self) -> int:
        """The field element that stands for the ledger."""
        return self.tree.root

    def with_account(self, number: int, account: Account) -> "Ledger":
        """The ledger with `account` for what was there; raises as the ledger itself does."""
        # One account changed: no other is tested again, and its path is hashed, not the whole tree.
        changed, before = copy(self), self.accounts.get(number)
        changed.__dict__.update(
            accounts={**self.accounts, number: account},
            supply=self.supply + account.balance - (before.balance if before else 0))
        changed._check({number: account})
        changed.__dict__["tree"] = self.tree.replace(number, account.leaf)
        return changed

    def refusal(self, signed: SignedTransfer, chain_id: int) -> str:
        """Why the next transfer or exit cannot be `signed`, or nothing."""
        transfer = signed.transfer
        sender = self.accounts.get(transfer.sender)
        if sender is None:
            return f"there is no account {transfer.sender}"
        if isinstance(transfer, Transfer) and transfer.receiver not in self.accounts:
            return f"there is no account {transfer.receiver}"
        if sender.balance < transfer.amount + transfer.fee:
            return (f"account {transfer.sender} has {sender.balance}, which does not cover "
                    f"{transfer.amount} and a fee of {transfer.fee}")
        if sender.nonce + 1 >= 1 << NONCE_BITS:
            return f"account {transfer.sender} has used all its nonces"
        wrong = refusal(sender.key, transfer.message(chain_id, sender.nonce), signed.signature)
        return wrong and f"account {transfer.sender} did not sign it: {wrong}"

    def transferred(self, signed: SignedTransfer) -> "Ledger":
        """After what `refusal` has nothing against; its fee is taken, not yet given."""
        return self.carried_out(signed.transfer)

    def carried_out(self, transfer: Signable) -> "Ledger":
        """After a transfer or an exit, whoever signed it; its fee is taken, not yet given."""
        after = self.without(transfer.sender, transfer.amount + transfer.fee, 1)
        if isinstance(transfer, Transfer):
            return after.credited(transfer.receiver, transfer.amount)
        return after

    def without(self, number: int, amount: int, used: int) -> "Ledger":
        """With so much less in an account, which has `used` so many nonces more."""
        account = self.accounts[number]
        return self.with_account(number, replace(
            account, balance=account.balance - amount, nonce=account.nonce + used))

    def credited(self, number: int, amount: int) -> "Ledger":
        """With so much more in an account."""
        account = self.accounts[number]
        return self.with_account(number, replace(account, balance=account.balance + amount))

    def request_refusal(self, request: Request) -> str:
        """Why the next request cannot be this one, or nothing."""
        account = self.accounts.get(request.number)
        if isinstance(request, Open) != (account is None):
            return f"there is {'no' if account is None else 'an'} account {request.number}"
        if isinstance(request, Open) and (wrong := key_refusal(request.key)):
            return f"account {request.number}: {wrong}"
        if isinstance(request, ForcedExit):
            assert account is not None
            return "" if request.amount == account.balance else (
                f"account {request.number} is to be emptied of {request.amount}, "
                f"it has {account.balance}")
        if not 1 <= request.amount < 1 << BALANCE_BITS or self.supply + request.amount >> (
                BALANCE_BITS):
            return (f"a deposit of {request.amount} where there are {self.supply}; it is 1 at "
                    f"least, and all together stay below 2^{BALANCE_BITS}")
        return ""

    def requested(self, request: Request) -> "Ledger":
        """After a request that `request_refusal` has nothing against."""
        match request:
            case Open(number, amount, key):
                return self.with_account(number, Account(key, amount))
            case Credit(number, amount):
                return self.credited(number, amount)
            case ForcedExit(number, amount, _):
                return self.without(number, amount, 0)

    def apply(self, batch: Batch) -> "Ledger":
        """The ledger after the batch: its requests, its transfers and exits, then its fees.

        Raises `ProofmillError` for the first of them that cannot be, with its reason.
        """
        if batch.size != self.size:
            raise ProofmillError(f"the batch is for {batch.size}, the ledger is {self.size}")
        ledger = self
        for number, request in enumerate(batch.requests):
            if wrong := ledger.request_refusal(request):
                raise ProofmillError(f"request {number}: {wrong}")
            ledger = ledger.requested(request)
        for number, signed in enumerate(batch.transfers):
            if wrong := ledger.refusal(signed, batch.chain_id):
                raise ProofmillError(f"transfer {number}: {wrong}")
            ledger = ledger.transferred(signed)
        if batch.collector not in ledger.accounts:
            raise ProofmillError(f"there is no account {batch.collector} to take the fees")
        return ledger.credited(batch.collector, batch.fees)


def key_refusal(key: Point) -> str:
    """Why an account cannot have this key, or nothing."""
    if not is_on_curve(key):
        return "its key is no point of the curve in canonical coordinates"
    if key.x == 0:
        return "its key has a small order, so anybody could sign for it"
    return ""

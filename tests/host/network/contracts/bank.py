"""A ledger's contract with the plain ledger beside it, whose batches are proven or said to be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eth_hash.auto import keccak

from proofmill.host.network.contracts.compiler import compile_source
from proofmill.host.network.contracts.exits import ExitTree
from proofmill.host.network.contracts.ledger import (
    UNIT,
    Queued,
    Terms,
    deploy_ledger,
    prove_arguments,
    taken_in_turn,
)
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import Address, DevelopmentEvm, Receipt
from proofmill.host.network.evm.contract import Contract
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit, Signable, Transfer
from tests.host.network.contracts.world import private_key

CHAIN = 77
TERMS = Terms(due=1_000, stop=5_000, least=2)
TAG = 12345
Proofs = Callable[[Ledger, Batch], Sequence[int]]
"""The eight numbers that prove a batch on a ledger."""


def key_of(name: str) -> bytes:
    """The key of a person's account in the ledger."""
    return bytes(keccak(b"ledger key of " + name.encode()))


def point_of(name: str) -> Point:
    return public_key(key_of(name))


def said_to_be(ledger: Ledger, batch: Batch) -> Sequence[int]:
    """What the verifier of tests takes for a proof: the public signals themselves."""
    return [ledger.root, ledger.apply(batch).root, batch.commitment, TAG, 0, 0, 0, 0]


def verifier_of_tests(account: Account, evm: DevelopmentEvm) -> Address:
    source = (Path(__file__).parent / "any_proof.vy").read_text()
    return Contract.deploy(account, evm, compile_source("any_proof", source)).address


@dataclass
class Bank:
    """`ledger` and `queue` are what the contract stands for: the proven ledger, what waits."""

    evm: DevelopmentEvm
    size: RollupSize
    verifier: Address | None = None
    proofs: Proofs = said_to_be
    contract: Contract | None = None
    names: dict[int, str] = field(default_factory=dict)
    """Whose keys the accounts have."""
    queue: list[Queued] = field(default_factory=list)
    exits: list[ExitTree] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.size, {})
        self.accounts: dict[str, Account] = {}
        if self.contract is None:
            deployer = self.account("deployer")
            verifier = self.verifier or verifier_of_tests(deployer, self.evm)
            self.contract = deploy_ledger(deployer, self.evm, verifier, self.size, CHAIN, TERMS)

    def account(self, name: str) -> Account:
        if name not in self.accounts:
            self.accounts[name] = Account(self.evm, private_key(name))
        return self.accounts[name]

    def send(self, who: str, function: str, *arguments: object, value: int = 0) -> Receipt:
        """Any call; what it queued is queued here."""
        receipt = self.contract.send(self.account(who), function, *arguments, value=value)
        for event in self.contract.events(receipt):
            if event.name == "Requested":
                self.queue.append(Queued.of(event.values["request"]))
        return receipt

    def open(self, who: str, units: int, key: str | None = None) -> int:
        """A new account, of this number, that `who` owns."""
        number = self.contract.call("accounts")
        self.names[number] = key or who
        self.send(who, "open", *point_of(key or who), self.account(who).address,
                  value=units * UNIT)
        return int(number)

    def batch(self, *operations: Signable, requests: int | None = None,
              collector: int = 0) -> tuple[Batch, list[Queued]]:
        """The next batch: so many requests, as many as there are by default, and these, signed."""
        count = len(self.queue) if requests is None else requests
        taken, state = taken_in_turn(self.ledger, self.queue[:count])
        signed = []
        for each in operations:
            signed.append(each.signed(key_of(self.names[each.sender]), CHAIN,
                                      state.accounts[each.sender].nonce))
            state = state.carried_out(each)
        return Batch(self.size, CHAIN, collector, tuple(signed),
                     tuple(each.request for each in taken)), list(taken)

    def arguments(self, batch: Batch, taken: Sequence[Queued]) -> tuple[object, ...]:
        return prove_arguments(batch, taken, self.ledger.apply(batch).root, TAG,
                               self.proofs(self.ledger, batch))

    def prove(self, *operations: Signable, requests: int | None = None, collector: int = 0,
              who: str = "carrier") -> Receipt:
        """Make the next batch and hand it in."""
        batch, taken = self.batch(*operations, requests=requests, collector=collector)
        receipt = self.send(who, "prove", *self.arguments(batch, taken))
        self.follow(batch)
        return receipt

    def follow(self, batch: Batch) -> None:
        """The contract has taken this batch."""
        self.ledger = self.ledger.apply(batch)
        del self.queue[:len(batch.requests)]
        self.exits.append(ExitTree.of(batch))

    def withdrawal(self, batch: int, place: int) -> tuple[object, ...]:
        """The arguments of ``withdraw``."""
        leaving = self.exits[batch].exits[place]
        return batch, place, leaving.receiver, leaving.amount, self.exits[batch].branch(place)

    def escape(self, number: int) -> tuple[object, ...]:
        """The arguments of ``escape``."""
        account = self.ledger.accounts[number]
        return (number, *account.key, account.balance, account.nonce,
                list(self.ledger.tree.path(number)))

    def pass_time(self, seconds: int) -> None:
        self.evm.next_block(self.evm.block().timestamp + seconds)

    def check(self) -> None:
        """The contract knows the ledger's root, and has what the ledger, the queue and its exits
        have together."""
        assert self.contract.call("invariants")
        assert self.contract.call("root") == self.ledger.root
        assert self.contract.call("batches") == len(self.exits)
        waiting = sum(each.request.amount for each in self.queue)
        owed = sum(
            leaving.amount for batch, tree in enumerate(self.exits)
            for place, leaving in enumerate(tree.exits)
            if not self.contract.call("paid", batch) >> place & 1)
        assert [self.contract.call(name) for name in ("in_tree", "waiting", "owed")] == [
            self.ledger.supply, waiting, owed]
        assert self.evm.balance(self.contract.address) == UNIT * (
            self.ledger.supply + waiting + owed)


def transfer(sender: int, receiver: int, amount: int, fee: int = 0) -> Transfer:
    return Transfer(sender, receiver, amount, fee)


def leave(sender: int, address: Address, amount: int, fee: int = 0) -> Exit:
    return Exit(sender, address, amount, fee)

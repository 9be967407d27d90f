"""The contract that holds a ledger's coins, created and used from Python."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.block_verifiers import GROTH16_NUMBERS, for_proofs_of
from proofmill.host.network.contracts.compiler import compile_source, compiled, contract_source
from proofmill.host.network.contracts.poseidon import hash_artifact, hash_source
from proofmill.host.network.contracts.verifier import verifier_artifact
from proofmill.host.network.evm.account import Account
from proofmill.host.network.evm.client import ZERO_ADDRESS, Address, Evm
from proofmill.host.network.evm.contract import Artifact, Contract
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.data import encode
from proofmill.host.prover.circuits.rollup.kinds import Kind
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.requests import Credit, ForcedExit, Open, Request
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.groth16.verification_key import VerificationKey

UNIT = 10**9
"""Wei of one unit of a ledger."""
_HASHES = 2, 4
"""Inputs of the contracts that it hashes with."""
_SLOTS = "SLOTS: public(constant(uint256)) = "


@dataclass(frozen=True)
class Terms:
    """Seconds until a request is `due`, seconds until it may `stop` the ledger, and units of the
    `least` deposit."""

    due: int = 86_400
    stop: int = 7 * 86_400
    least: int = 1


@dataclass(frozen=True)
class Queued:
    """A request as the queue has it: `who` paid a deposit in, or is paid by a forced exit."""

    request: Request
    who: Address

    @property
    def fields(self) -> tuple[int, int, int, int, int, Address]:
        """The structure ``Request`` of Ledger.vy."""
        match self.request:
            case Open(number, amount, key):
                return Kind.OPEN, number, amount, key.x, key.y, self.who
            case Credit(number, amount):
                return Kind.CREDIT, number, amount, 0, 0, self.who
            case ForcedExit(number, amount, address):
                return Kind.FORCED, number, amount, 0, 0, address

    @classmethod
    def of(cls, fields: dict[str, Any]) -> "Queued":
        """From the structure, decoded."""
        number, amount, who = fields["number"], fields["amount"], fields["who"]
        match fields["kind"]:
            case Kind.OPEN:
                return cls(Open(number, amount, Point(fields["x"], fields["y"])), who)
            case Kind.CREDIT:
                return cls(Credit(number, amount), who)
            case Kind.FORCED:
                return cls(ForcedExit(number, amount, who), who)
        raise ProofmillError(f"the queue of the ledger's contract has a request of kind "
                             f"{fields['kind']}; see whether the contract is one of this version")

    def taken_from(self, ledger: Ledger) -> "Queued":
        """As a batch takes it: a forced exit takes all that its account has then."""
        if isinstance(self.request, ForcedExit):
            return replace(self, request=replace(
                self.request, amount=ledger.accounts[self.request.number].balance))
        return self


def taken_in_turn(ledger: Ledger, queued: Sequence[Queued]) -> tuple[tuple[Queued, ...], Ledger]:
    """Requests as a batch on `ledger` takes them, one after another, and the ledger after them."""
    taken: list[Queued] = []
    for each in queued:
        taken.append(each.taken_from(ledger))
        ledger = ledger.requested(taken[-1].request)
    return tuple(taken), ledger


def ledger_sources(size: RollupSize, numbers: int = GROTH16_NUMBERS) -> dict[str, str]:
    """The contract for batches of this size and proofs of so many numbers, and what it hashes with,
    by their names."""
    source = for_proofs_of(contract_source("Ledger"), numbers)
    standard = f"{_SLOTS}64"
    assert standard in source
    return {"Ledger": source.replace(standard, f"{_SLOTS}{size.transfers}"),
            **{f"Poseidon of {inputs}": hash_source(inputs) for inputs in _HASHES}}


@cache
def ledger_artifact(size: RollupSize, numbers: int = GROTH16_NUMBERS) -> Artifact:
    """The contract as `ledger_sources` has it, compiled; some seconds, once."""
    return compile_source("Ledger", ledger_sources(size, numbers)["Ledger"])


@dataclass(frozen=True)
class Opening:
    """A `ledger` that there is from the beginning, accounts 0 to n - 1, the owner of each; the
    batches are those of the blocks that the contract at `blocks` knows (``Consensus.vy``)."""

    ledger: Ledger
    owners: Sequence[Address]
    blocks: Address

    @property
    def first(self) -> list[tuple[int, int, int, Address]]:
        """The accounts as the structure ``First`` of Ledger.vy."""
        return [(*account.key, account.balance, owner) for (_, account), owner in zip(
            sorted(self.ledger.accounts.items()), self.owners, strict=True)]


def deploy_ledger(account: Account, evm: Evm, verifier: Address, size: RollupSize, chain_id: int,
                  terms: Terms, opening: Opening | None = None,
                  numbers: int = GROTH16_NUMBERS) -> Contract:
    """Create the contract, and what it hashes with: three transactions.

    `verifier`: of the key of the circuit of this `size`, for proofs of so many `numbers`.
    `chain_id`: what signatures name; another for every ledger. `account` pays for what the accounts
    of `opening` have. Raises `RevertedError` where the constructor refuses a term.
    """
    hashes = [Contract.deploy(account, evm, hash_artifact(inputs)) for inputs in _HASHES]
    begin: tuple[object, ...] = (ZERO_ADDRESS, 0, [])
    coins = 0
    if opening is not None:
        begin = opening.blocks, opening.ledger.root, opening.first
        coins = opening.ledger.supply * UNIT
    return Contract.deploy(
        account, evm, ledger_artifact(size, numbers), verifier, *(each.address for each in hashes),
        chain_id, size.depth, terms.due, terms.stop, terms.least, *begin, value=coins)


def deploy_ledger_and_verifier(account: Account, evm: Evm, key: VerificationKey, size: RollupSize,
                               chain_id: int, terms: Terms) -> Contract:
    """`deploy_ledger` with the verifier of `key`, created before it."""
    verifier = Contract.deploy(account, evm, verifier_artifact(key))
    return deploy_ledger(account, evm, verifier.address, size, chain_id, terms)


def ledger_at(evm: Evm, address: Address) -> Contract:
    """A ledger's contract that there is, for batches of whatever size; `prove` works for any."""
    if address == ZERO_ADDRESS or not evm.code(address):
        raise ProofmillError(f"there is no contract at 0x{address.hex()}; give the address of a "
                             "ledger's contract on the chain that the node follows")
    return Contract(evm, compiled("Ledger"), address)


def prove_arguments(batch: Batch, queued: Sequence[Queued], new_root: int, tag: int,
                    proof: Sequence[int]) -> tuple[object, ...]:
    """The arguments of ``prove``. `queued`: what the batch takes, as it takes it."""
    return (batch.chained, [each.fields for each in queued],
            encode(batch.size, batch.collector, [each.transfer for each in batch.transfers]),
            new_root, tag, list(proof))

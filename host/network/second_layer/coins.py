"""What a branch of the chain says of the contract that holds the ledger's coins (``Ledger.vy``).

The chain's blocks have the batches, the contract has the coins, and proofs join them: a block's
batch takes the requests that wait in the contract on that branch, and the contract takes a block's
batch with the proof of that block, one after another. So three things are led along every branch,
from the events in its blocks alone: what waits in the queue and is in no batch, the batches that
the contract does not have yet, and what has left the ledger and is not paid out. A branch that is
left has its own, and nothing of it is in another's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.deployment import Layer
from proofmill.host.network.contracts.exits import ExitTree, Leaving
from proofmill.host.network.contracts.ledger import (
    UNIT,
    Queued,
    prove_arguments,
    taken_in_turn,
)
from proofmill.host.network.evm.contract import Contract, Event
from proofmill.host.network.evm.embedded import ExecutedBlock
from proofmill.host.network.mechanism.invariants import require
from proofmill.host.prover.circuits.rollup.batch import Batch
from proofmill.host.prover.circuits.rollup.ledger import Ledger
from proofmill.host.prover.circuits.rollup.requests import ForcedExit, Request

COINS_INVARIANT = 9
"""Its number beside those of `host.network.mechanism.invariants`."""


@dataclass(frozen=True)
class FoundProof:
    """A proof that the chain has taken in: of the block of `slot`, by bonded `prover`."""

    slot: int
    prover: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Unproven:
    """The batch of the block of `slot`, on the ledger `before` it, which the contract has not.

    `taken`: its requests as the queue has them, with what each forced exit takes.
    """

    slot: int
    before: Ledger
    after: Ledger
    batch: Batch
    taken: tuple[Queued, ...]
    proof: FoundProof | None = None

    @property
    def tree(self) -> ExitTree:
        """What leaves in it."""
        return ExitTree.of(self.batch)

    def arguments(self, tag: int, numbers: Sequence[int]) -> tuple[object, ...]:
        """Of ``prove``, with a proof whose tag is `tag`."""
        return prove_arguments(self.batch, self.taken, self.after.root, tag, numbers)


@dataclass(frozen=True)
class Payable:
    """What ``withdraw`` pays: the exit at `place` of the contract's batch `batch`."""

    batch: int
    place: int
    tree: ExitTree

    @property
    def leaving(self) -> Leaving:
        """What leaves, and to whom."""
        return self.tree.exits[self.place]

    @property
    def branch(self) -> list[bytes]:
        """From it to the root that the contract has."""
        return self.tree.branch(self.place)


@dataclass(frozen=True)
class Coins:
    """The contract's state after a block, as the branch's events have it.

    `waiting`: in the queue and in no block's batch. `unproven`: the oldest first. `payable`: proven
    and not paid out. `proven_slot`: of the last block whose batch the contract has. `ended`: it is
    frozen; then `escaped` and `reclaimed` units were paid out of tree and queue.
    """

    waiting: tuple[Queued, ...] = ()
    unproven: tuple[Unproven, ...] = ()
    payable: Mapping[tuple[int, int], Payable] = field(default_factory=dict)
    proven_slot: int = 0
    ended: bool = False
    escaped: int = 0
    reclaimed: int = 0

    def next_requests(self, ledger: Ledger, places: int) -> tuple[Request, ...]:
        """What the next block's batch on `ledger` takes: the first that wait, as many as there are
        places, each with what it takes then."""
        taken, _ = taken_in_turn(ledger, () if self.ended else self.waiting[:places])
        return tuple(each.request for each in taken)

    def taken(self, batch: Batch) -> tuple[Queued, ...]:
        """The requests of a block's batch, which are the first that wait, as it takes them."""
        return tuple(replace(queued, request=request)
                     for queued, request in zip(self.waiting, batch.requests, strict=False))

    @property
    def queue(self) -> list[Request]:
        """What a batch may take, in its order."""
        return [] if self.ended else [each.request for each in self.waiting]

    def require_all_taken(self, batch: Batch) -> None:
        """`ProofmillError` where a block's batch passes by a request that it has a place for, or
        does anything after the ledger's end."""
        wanted, taken = min(len(self.queue), batch.size.transfers), len(batch.requests)
        if taken < wanted:
            raise ProofmillError(f"the batch takes {taken} of the {len(self.queue)} requests that "
                                 f"wait in the ledger's contract, it has to take {wanted}")
        if self.ended and batch.transfers:
            raise ProofmillError("the ledger has ended: its contract is frozen, and a batch holds "
                                 "nothing any more")

    def after(self, block: Unproven, events: Sequence[Event], proofs: Sequence[FoundProof]
              ) -> "Coins":
        """After a block with this batch, the contract's `events` in it, and the `proofs` that its
        transactions handed in."""
        waiting, unproven = list(self.waiting[len(block.taken):]), list(self.unproven)
        if block.taken or block.batch.transfers:
            unproven.append(block)
        payable, after = dict(self.payable), self
        for event in events:
            values = event.values
            match event.name:
                case "Requested":
                    waiting.append(Queued.of(values["request"]))
                case "Proven" if unproven and values["root"] == unproven[0].after.root \
                        and values["requests"] == len(unproven[0].taken):
                    done = unproven.pop(0)
                    after = replace(after, proven_slot=done.slot)
                    payable |= _payable(values["batch"], done.tree)
                case "Paid":
                    del payable[values["batch"], values["place"]]
                case "Frozen":
                    after = replace(after, ended=True)
                case "Escaped":
                    after = replace(after, escaped=after.escaped + values["amount"])
                case "Reclaimed":
                    after = replace(after, reclaimed=after.reclaimed + values["amount"])
        of_slot = {proof.slot: proof for proof in reversed(proofs)}
        return replace(
            after, waiting=tuple(waiting), payable=payable, unproven=tuple(
                replace(each, proof=of_slot[each.slot])
                if each.proof is None and each.slot in of_slot else each for each in unproven))

    def check(self, contract: Contract, head: Ledger) -> None:
        """`BrokenInvariant` unless the contract at the head has what the branch says.

        `head`: the ledger after the head's block. The contract's root is that of the ledger as
        far as it is proven; tree, queue and what is owed are what that ledger, the requests and the
        exits come to; and its coins cover the three together. More than that may be there: what
        somebody has sent past its functions is nobody's.
        """
        proven = self.unproven[0].before if self.unproven else head
        deposits = [*(each for block in self.unproven for each in block.taken), *self.waiting]
        expected = {
            "root": proven.root,
            "in_tree": proven.supply - self.escaped,
            "waiting": sum(each.request.amount for each in deposits
                           if not isinstance(each.request, ForcedExit)) - self.reclaimed,
            "owed": sum(each.leaving.amount for each in self.payable.values()),
        }
        for name, ours in expected.items():
            theirs = contract.call(name)
            require(theirs == ours, COINS_INVARIANT,
                    f"Ledger.{name} is {theirs}, the chain's blocks say {ours}")
        owed = sum(expected[name] for name in ("in_tree", "waiting", "owed")) * UNIT
        held = contract.evm.balance(contract.address)
        require(held >= owed, COINS_INVARIANT,
                f"the ledger's contract 0x{contract.address.hex()} holds {held} wei, and owes "
                f"{owed} to its tree, its queue and those who withdraw")


def proofs_in(layer: Layer, executed: ExecutedBlock) -> list[FoundProof]:
    """The valid proofs that a block's transactions handed in for a reward, in their order."""
    rewards, found = layer.rewards, []
    for transaction, receipt in zip(executed.transactions, executed.receipts, strict=True):
        if bytes(transaction.to) == rewards.address and any(
                event.name == "ProofIncluded" for event in rewards.events(receipt)):
            slot, prover, numbers = rewards.decode_call("submit", bytes(transaction.data))
            found.append(FoundProof(slot, prover, numbers))
    return found


def _payable(number: int, tree: ExitTree) -> dict[tuple[int, int], Payable]:
    return {(number, place): Payable(number, place, tree) for place in range(len(tree.exits))}

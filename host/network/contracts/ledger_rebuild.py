"""A ledger from the events of its contract alone, held against every root that was proven."""

from collections.abc import Callable
from dataclasses import dataclass

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.contracts.exits import ExitTree, Leaving
from proofmill.host.network.contracts.ledger import Queued, ledger_at, taken_in_turn
from proofmill.host.network.evm.client import Address, Evm
from proofmill.host.network.evm.contract import Contract, Event
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.rollup.data import decode
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.requests import ForcedExit
from proofmill.host.prover.circuits.rollup.size import RollupSize
from proofmill.host.prover.circuits.rollup.transfer import Exit

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Rebuilt:
    """What the events say: the `ledger`, what left in every batch, and the requests that wait."""

    contract: Contract
    chain_id: int
    ledger: Ledger
    exits: tuple[ExitTree, ...]
    paid: frozenset[tuple[int, int]]
    """Batch and place of what was paid out."""
    taken: int
    """Requests that are in batches; the first that waits has this place."""
    waiting: tuple[Queued, ...]
    operations: int
    """Transfers and exits."""
    data_bytes: int
    """What these and the collectors' numbers took."""

    @property
    def batches(self) -> int:
        """How many were proven."""
        return len(self.exits)

    @property
    def unpaid(self) -> list[tuple[int, int, Leaving]]:
        """Batch, place, and what has left the ledger and not the contract."""
        return [(batch, place, leaving) for batch, tree in enumerate(self.exits)
                for place, leaving in enumerate(tree.exits) if (batch, place) not in self.paid]


class Rebuilding:
    """The ledger as far as the events were read.

    `taken`: requests in batches so far, `queue`: all of them.
    """

    def __init__(self, size: RollupSize) -> None:
        self.ledger = Ledger(size, {})
        self.queue: list[Queued] = []
        self.taken = 0
        self.exits: list[ExitTree] = []
        self.paid: set[tuple[int, int]] = set()
        self.operations = self.data_bytes = 0

    def read(self, event: Event) -> None:
        """Carry out an event. Raises `ProofmillError` where its root is not the ledger's."""
        if event.name == "Began":
            account = event.values["account"]
            self.ledger = self.ledger.with_account(event.values["number"], Account(
                Point(account["x"], account["y"]), account["balance"]))
        elif event.name == "Requested":
            self.queue.append(Queued.of(event.values["request"]))
        elif event.name == "Paid":
            self.paid.add((event.values["batch"], event.values["place"]))
        elif event.name == "Proven":
            self._batch(event.values["requests"], event.values["data"])
            root = event.values["root"]
            if root != self.ledger.root:
                raise ProofmillError(
                    f"batch {event.values['batch']}: the ledger rebuilt has the root "
                    f"{self.ledger.root}, the contract {root}; see whether the node gave all "
                    "events from the contract's creation on")

    def _batch(self, requests: int, data: bytes) -> None:
        collector, operations = decode(self.ledger.size, data)
        if self.taken + requests > len(self.queue):
            raise ProofmillError(
                f"batch {len(self.exits)} takes {requests} requests where "
                f"{len(self.queue) - self.taken} wait; see whether the node gave all events from "
                "the contract's creation on")
        taken, self.ledger = taken_in_turn(
            self.ledger, self.queue[self.taken:self.taken + requests])
        leaving = [Leaving(each.request.address, each.request.amount) for each in taken
                   if isinstance(each.request, ForcedExit)]
        for each in operations:
            if isinstance(each, Exit):
                leaving.append(Leaving(each.address, each.amount))
            self.ledger = self.ledger.carried_out(each)
        self.ledger = self.ledger.credited(collector, sum(each.fee for each in operations))
        self.taken += requests
        self.exits.append(ExitTree(tuple(leaving)))
        self.operations += len(operations)
        self.data_bytes += len(data)


def rebuild(evm: Evm, address: Address, first_block: int = 0, told: Told | None = None) -> Rebuilt:
    """The ledger of the contract at `address`, from its events in block `first_block` and after.

    `told`: how many events are read, of how many. Raises `ProofmillError` where a root differs, or
    the contract's own in the end.
    """
    contract = ledger_at(evm, address)
    size = RollupSize(contract.call("DEPTH"), contract.call("SLOTS"))
    state = Rebuilding(size)
    events = contract.decoded(evm.logs(address, first_block))
    for place, event in enumerate(events):
        if told is not None:
            told(place, len(events))
        try:
            state.read(event)
        except KeyError as error:
            raise ProofmillError(
                f"a batch names account {error}, which nobody has opened; see whether the node "
                "gave all events from the contract's creation on") from error
    root, batches = contract.call("root"), contract.call("batches")
    if (root, batches) != (state.ledger.root, len(state.exits)):
        raise ProofmillError(
            f"the ledger rebuilt has the root {state.ledger.root} after {len(state.exits)} "
            f"batches, the contract {root} after {batches}; see whether the node gave all events "
            "from the contract's creation on")
    return Rebuilt(
        contract, contract.call("CHAIN_ID"), state.ledger, tuple(state.exits),
        frozenset(state.paid), state.taken, tuple(state.queue[state.taken:]), state.operations,
        state.data_bytes)

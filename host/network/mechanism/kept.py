"""A ledger of rewards as plain records, from which another one goes on as it would have.

What the parameters and the minimum bond give is not in them: whoever makes a ledger of them has
both from the chain.
"""

from collections import deque
from dataclasses import dataclass, fields

from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import Tickets
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.penalties import Settlement
from proofmill.host.network.mechanism.records import (
    BondedProver,
    Penalty,
    SlotRecord,
    Totals,
    Win,
)


@dataclass(frozen=True)
class KeptTickets:
    """`Tickets`: identities, ascending, and their weights."""

    provers: list[int]
    weights: list[int]

    @classmethod
    def of(cls, tickets: Tickets) -> "KeptTickets":
        """Of those tickets."""
        return cls(tickets.provers, tickets.weights)

    @property
    def tickets(self) -> Tickets:
        """Tickets as they were; ValueError where they are none."""
        return Tickets(self.provers, self.weights)


@dataclass(frozen=True)
class KeptProver:
    """`BondedProver`, field by field."""

    identity: int
    bond: int
    delegated: int
    calibration_proofs: int
    reliability: int
    leaving_since: int | None
    duties: dict[int, int]
    delivered: bool

    @classmethod
    def of(cls, prover: BondedProver) -> "KeptProver":
        """Of that account."""
        return cls(*(getattr(prover, field.name) for field in fields(cls)))

    def join(self, ledger: RewardLedger) -> None:
        """Be one of the ledger's provers, as it was."""
        prover = BondedProver(self.identity, self.bond, self.delegated, self.calibration_proofs,
                              self.reliability, ledger.standing)
        prover.leaving_since = self.leaving_since
        prover.duties, prover.delivered = dict(self.duties), self.delivered
        ledger.provers[self.identity] = prover


@dataclass(frozen=True)
class KeptLedger:
    """`RewardLedger`, field by field; those that begin with an underscore there are here without.
    """

    provers: tuple[KeptProver, ...]
    rho: int
    totals: Totals
    open: dict[int, SlotRecord]
    blocks: int
    earned: dict[int, int]
    included: dict[int, int]
    pending: tuple[Win, ...]
    escrow: tuple[Penalty, ...]
    settled: tuple[tuple[Penalty, Settlement, int | None], ...]
    settled_epochs: int
    finalised_slot: int
    divided: frozenset[int]
    missed: dict[int, int]
    may_settle: int
    frozen: dict[int, Tickets]
    paid: frozenset[bytes]
    closed_slot: int

    @classmethod
    def of(cls, ledger: RewardLedger) -> "KeptLedger":
        """Of that ledger; it may not change before this is written down."""
        values = {field.name: getattr(ledger, _attribute(ledger, field.name))
                  for field in fields(cls)}
        values["provers"] = tuple(map(KeptProver.of, ledger.provers.values()))
        return cls(**values)

    def ledger(self, parameters: Parameters, minimum_bond: int) -> RewardLedger:
        """A ledger that goes on from here; `minimum_bond`: gwei."""
        made = RewardLedger(parameters, minimum_bond)
        for prover in self.provers:
            prover.join(made)
        for field in fields(self):
            name, value = _attribute(made, field.name), getattr(self, field.name)
            there = getattr(made, name)
            if field.name == "provers":
                continue
            if isinstance(there, dict | set):
                there.update(value)
            elif isinstance(there, list | deque):
                there.extend(value)
            else:
                setattr(made, name, value)
        return made


def _attribute(ledger: RewardLedger, name: str) -> str:
    return name if hasattr(ledger, name) else f"_{name}"

"""The ledger as it is defined: every draw walks the provers, every question asks each of them.

`RewardLedger` keeps running sums of the weights and who is short of a bond, so that thousands of
provers cost little. This one keeps nothing that it could look up. It is what tests hold the other
against, amount by amount, and what `proofmill bench simulate` times it beside.
"""

from collections.abc import Collection

from proofmill.host.network.mechanism import bonds
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import Tickets, draw_number
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import Standing


class WalkedTickets(Tickets):
    """Tickets whose sums are added up when they are asked for."""

    def weight_of(self, prover: int) -> int:
        return sum(ticket.weight for ticket in self if ticket.prover == prover)

    def holds(self, prover: int) -> bool:
        return any(ticket.prover == prover for ticket in self)

    def draw(self, seed: bytes, draw: int, without: Collection[int] = ()) -> int | None:
        """The first prover, by ascending identity, whose running sum exceeds the number."""
        within = [ticket for ticket in self if ticket.prover not in without]
        total = sum(ticket.weight for ticket in within)
        if total == 0:
            return None
        number, running = draw_number(seed, draw, total), 0
        for ticket in within:
            running += ticket.weight
            if number < running:
                return ticket.prover
        raise AssertionError("a number is below the sum that it was drawn for")


class AskedStanding(Standing):
    """Who is bonded, found by looking."""

    def __init__(self, ledger: RewardLedger) -> None:
        super().__init__(ledger.minimum_bond)
        self._ledger = ledger

    def __contains__(self, identity: object) -> bool:
        one = self._ledger.provers[identity]  # type: ignore[index]
        return one.bond >= self.minimum_bond and one.leaving_since is None


class DefinedLedger(RewardLedger):
    """The same ledger, which asks everybody every time."""

    def __init__(self, parameters: Parameters, minimum_bond: int) -> None:
        super().__init__(parameters, minimum_bond)
        self.standing = AskedStanding(self)

    def bonded(self) -> set[int]:
        return {one for one in self.provers if one in self.standing}

    def tickets(self) -> Tickets:
        provers = [self.provers[identity] for identity in sorted(self.provers)
                   if identity in self.standing and self.provers[identity].reliability]
        return WalkedTickets([one.identity for one in provers], self.weights_of(provers))

    def _passed_over(self, tickets: Tickets, penalty: int) -> tuple[int, ...]:
        return tuple(ticket.prover for ticket in tickets if not bonds.covers(
            self.parameters, self.provers[ticket.prover].bond,
            tuple(self.provers[ticket.prover].duties.values()), penalty))

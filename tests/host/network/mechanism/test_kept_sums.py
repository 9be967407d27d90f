"""What the ledger keeps, so that thousands of provers cost little, beside what it stands for."""

from collections.abc import Collection, Sequence
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from proofmill.host.network.mechanism import invariants
from proofmill.host.network.mechanism.definition import DefinedLedger
from proofmill.host.network.mechanism.hashing import keccak_words
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.lottery import (
    Assignment,
    Ticket,
    Tickets,
    assign,
    draw_number,
)
from proofmill.host.network.mechanism.parameters import Parameters
from proofmill.host.network.mechanism.records import SlotRecord, Submission

MINIMUM = 3_000_000
BASE = 4_000_000
"""Of which a whole epoch of penalties is more than the minimum bond."""

WEIGHTS = st.lists(st.integers(0, 5) | st.integers(0, 10**30), max_size=12)


def walked(seed: bytes, draw: int, tickets: Sequence[Ticket],
           without: Collection[int]) -> int | None:
    """The definition: the first prover whose running sum exceeds the number."""
    within = [ticket for ticket in sorted(tickets) if ticket.prover not in without]
    total = sum(ticket.weight for ticket in within)
    if not total:
        return None
    number = draw_number(seed, draw, total)
    for ticket in within:
        if number < ticket.weight:
            return ticket.prover
        number -= ticket.weight
    raise AssertionError("beyond the sum")


@given(WEIGHTS, st.sets(st.integers(0, 40)), st.integers(0, 2**64))
def test_a_draw_by_running_sums_is_the_walk(
        weights: list[int], without: set[int], seed: int) -> None:
    tickets = [Ticket(3 * place, weight) for place, weight in enumerate(weights)]
    for draw in range(4):
        assert Tickets.of(tickets[::-1]).draw(keccak_words(seed), draw, without) == walked(
            keccak_words(seed), draw, tickets, without)


def facts(ledger: RewardLedger) -> object:
    """All that a ledger says, but for how it keeps it."""
    return (
        [(one.identity, one.bond, one.reliability, one.duties, one.leaving_since, one.delivered)
         for one in ledger.provers.values()], ledger.totals, ledger.rho, ledger.open,
        ledger.earned, ledger.included, ledger.pending, ledger.escrow, ledger.settled,
        ledger.bonded(), list(ledger.tickets()))


class History:
    """One random history on both ledgers."""

    def __init__(self, seed: int, provers: int) -> None:
        self.chance = Random(seed)
        parameters = Parameters()
        self.ledgers = [RewardLedger(parameters, MINIMUM), DefinedLedger(parameters, MINIMUM)]
        for identity in range(provers):
            bond = MINIMUM + self.chance.choice((0, 1, 10**6, 10**8))
            delegated = self.chance.choice((0, 5))
            for ledger in self.ledgers:
                ledger.join(identity, bond, delegated, reliability_bps=10_000)

    def both(self, call: str, *arguments: object) -> object:
        """The same call on both; the same answer, or the same refusal."""
        said = []
        for ledger in self.ledgers:
            try:
                said.append(getattr(ledger, call)(*arguments))
            except ValueError as error:
                said.append(str(error))
        assert said[0] == said[1]
        return said[0]

    def slot(self, slot: int) -> None:
        """A slot: perhaps empty; proofs good, late, forged; bonds that change; who leaves."""
        chance, (kept, _) = self.chance, self.ledgers
        if chance.random() < 0.85:
            self.both("open_slot", slot, keccak_words(slot), keccak_words(slot // 8), BASE)
            for proven in list(kept.open.values()):
                for prover in chance.sample(sorted(kept.provers), 2) + self._drawn(proven):
                    if chance.random() < 0.3:
                        self.both("include", slot, chance.randrange(9), proven.slot, Submission(
                            proven.key, prover, b"", prover, sound=chance.random() < 0.7))
        self.both("close_slot", slot, keccak_words(slot, 1))
        who = chance.choice(sorted(kept.provers))
        if chance.random() < 0.3:
            self.both(*chance.choice((
                ("leave", who, slot), ("deposit", who, chance.randrange(10**6)),
                ("withdraw", who, slot))))
        self.both("finalise", slot - 16)
        for ledger in self.ledgers:
            invariants.check_slot(ledger)
        assert facts(self.ledgers[0]) == facts(self.ledgers[1]), slot

    @staticmethod
    def _drawn(record: SlotRecord) -> list[int]:
        drawn: Assignment = record.assignment
        return [] if drawn.primary is None else [drawn.primary, *drawn.committee]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40))
def test_what_is_kept_is_what_everybody_would_say(seed: int, provers: int) -> None:
    history = History(seed, provers)
    for slot in range(60):
        history.slot(slot)
    fork = history.ledgers[0].fork()
    assert facts(fork) == facts(history.ledgers[0])


def test_the_history_passes_provers_over() -> None:
    """Otherwise the comparison above says nothing of them."""
    history, passed, gone = History(5, 12), 0, 0
    for slot in range(60):
        history.slot(slot)
        record = history.ledgers[0].open.get(slot)
        passed += len(record.passed_over) if record is not None else 0
        gone = max(gone, len(history.ledgers[0].standing.leaving))
    assert passed and gone and history.ledgers[0].standing.short


def test_who_is_passed_over_is_in_no_draw() -> None:
    seed = keccak_words(1)
    assert assign(seed, [Ticket(1, 5), Ticket(2, 5)], 1, passed_over=(1,)) == Assignment(2, ())

"""Who is drawn: seeds, weights, one primary and a committee without replacement.

    seed of slot s     H(DOMAIN, mix, s)          mix: RANDAO's final mix of epoch(s) - 2
    weight             w = (bond + delegated) * q q in basis points
    ticket of draw j   H(seed, j) mod (sum of the weights still in)

Draw 0 is the primary, draws 1 to k the committee. A ticket goes to the first prover, in ascending
identity, whose running sum of weights exceeds it. Sums stay far below 2^128, so the bias of the
modulo is below 2^-128. Only a mix older than the payload enters, so no proposer of the slot can
grind it, and weights are those at the start of the epoch whose final mix is used: from before that
mix was known.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import ge, mul
from typing import overload

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.hashing import domain, keccak_words

SLOT_DOMAIN = domain("proofmill.lottery.slot.1")
"""Of the seed that draws primary and committee."""
BATCH_DOMAIN = domain("proofmill.lottery.batch.1")
"""Of the seed that picks among proofs included in one slot."""
MIX_DELAY_EPOCHS = 2
PRIMARY_DRAW = 0


@dataclass(frozen=True, order=True)
class Ticket:
    """One prover in a draw: its identity and its weight, both `uint256`."""

    prover: int
    weight: int


@dataclass(frozen=True)
class Assignment:
    """Who is drawn for a slot: a primary, None if nobody has weight, and a committee, in order."""

    primary: int | None
    committee: tuple[int, ...]

    @property
    def drawn(self) -> tuple[int, ...]:
        """Everybody who is drawn, in order, the primary first; nobody where nobody has weight."""
        return () if self.primary is None else (self.primary, *self.committee)


def mix_epoch(epoch: int) -> int | None:
    """The epoch whose final RANDAO mix seeds `epoch`; None means the mix of genesis.

    In an execution block, that mix is `block.prevrandao` of the first block of the epoch after it.
    """
    return epoch - MIX_DELAY_EPOCHS if epoch >= MIX_DELAY_EPOCHS else None


def weight_epoch(epoch: int) -> int:
    """The epoch at whose start the weights for `epoch` are frozen: bonds of later do not count."""
    return max(0, epoch - MIX_DELAY_EPOCHS)


def slot_seed(mix: bytes, slot: int) -> bytes:
    """``keccak256(abi_encode(SLOT_DOMAIN, mix, slot))``; `mix` has 32 bytes."""
    return keccak_words(SLOT_DOMAIN, mix, slot)


def batch_seed(mix: bytes, payload_root: bytes, proof_type: int) -> bytes:
    """``keccak256(abi_encode(BATCH_DOMAIN, mix, payload_root, proof_type))``.

    `mix`: `prevrandao` of the first block after the one whose slot the proofs share, which its
    proposer could not know.
    """
    return keccak_words(BATCH_DOMAIN, mix, payload_root, proof_type)


def weights(stakes: Sequence[int], reliabilities: Sequence[int]) -> list[int]:
    """``stake * q`` of each: linear in stake, so that splitting or merging gains nothing.

    ValueError for a reliability that is none.
    """
    if reliabilities and not (0 <= min(reliabilities) and max(reliabilities) <= BPS):
        wrong = next(q for q in reliabilities if not 0 <= q <= BPS)
        raise ValueError(f"a reliability is 0 to {BPS:,} basis points, not {wrong}")
    return list(map(mul, stakes, reliabilities))


def draw_number(seed: bytes, draw: int, total: int) -> int:
    """``uint256(keccak256(abi_encode(seed, draw))) % total``; `total` above 0."""
    return int.from_bytes(keccak_words(seed, draw), "big") % total


class Tickets(Sequence[Ticket]):
    """The tickets of a draw, in ascending identity: a draw takes time logarithmic in their number.

    `provers`, `weights`: a list each, the same length; ValueError unless the provers ascend.
    `total`: the sum of the weights.
    """

    def __init__(self, provers: list[int], weights: list[int]) -> None:
        if any(map(ge, provers, provers[1:])):
            raise ValueError("the provers of a draw must ascend, each once")
        self.provers, self.weights = provers, weights
        self._ends = list(accumulate(weights))
        self.total = self._ends[-1] if weights else 0

    @classmethod
    def of(cls, tickets: Iterable[Ticket]) -> "Tickets":
        """`tickets` in any order."""
        if isinstance(tickets, cls):
            return tickets
        ordered = sorted(tickets)
        return cls([t.prover for t in ordered], [t.weight for t in ordered])

    def __len__(self) -> int:
        return len(self.provers)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tickets) and (
            self.provers, self.weights) == (other.provers, other.weights)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, place: int) -> Ticket: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Ticket]: ...
    def __getitem__(self, place: int | slice) -> Ticket | Sequence[Ticket]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return Ticket(self.provers[place], self.weights[place])

    def holds(self, prover: int) -> bool:
        """Whether the prover has a ticket, be it of weight 0."""
        return self._place(prover) is not None

    def weight_of(self, prover: int) -> int:
        """The prover's weight; 0 for one that has no ticket."""
        place = self._place(prover)
        return 0 if place is None else self.weights[place]

    def part_of(self, prover: int) -> tuple[int, int]:
        """The numbers that fall on the prover: from the first on, below the second."""
        place = self._place(prover)
        if place is None:
            return self.total, self.total
        return self._ends[place] - self.weights[place], self._ends[place]

    def total_without(self, without: Collection[int]) -> int:
        """The sum of the weights of all but `without`, each named once."""
        return self.total - sum(map(self.weight_of, without))

    def but(self, without: Collection[int]) -> "Tickets":
        """The tickets of all but `without`."""
        return Tickets.of(t for t in self if t.prover not in without) if without else self

    def draw(self, seed: bytes, draw: int, without: Collection[int] = ()) -> int | None:
        """The prover of that draw, leaving out `without`; None where nobody else has weight.

        The running sums are those of everybody: a number that is drawn among the others goes up by
        the weight of each prover left out that lies before it.
        """
        total = self.total_without(without)
        if total == 0:
            return None
        number = draw_number(seed, draw, total)
        for place in sorted(place for place in map(self._place, without) if place is not None):
            if number < self._ends[place] - self.weights[place]:
                break
            number += self.weights[place]
        return self.provers[bisect_right(self._ends, number)]

    def _place(self, prover: int) -> int | None:
        place = bisect_left(self.provers, prover)
        found = place < len(self.provers) and self.provers[place] == prover
        return place if found else None


def assign(
    seed: bytes, tickets: Iterable[Ticket], committee_size: int, proposer: int | None = None,
    passed_over: Collection[int] = ()
) -> Assignment:
    """The draw of a slot. `proposer`: the proven slot's, if it is a prover; it may be primary but
    never in the committee. `passed_over`: provers that are left out of it. Fewer members than
    `committee_size` if fewer have weight."""
    within = Tickets.of(tickets)
    out = set(passed_over)
    primary = within.draw(seed, PRIMARY_DRAW, out)
    if primary is None:
        return Assignment(None, ())
    out |= {primary} if proposer is None else {primary, proposer}
    committee: list[int] = []
    for draw in range(1, committee_size + 1):
        member = within.draw(seed, draw, out)
        if member is None:
            break
        committee.append(member)
        out.add(member)
    return Assignment(primary, tuple(committee))


def pick_from_batch(
    seed: bytes, tickets: Sequence[Ticket], primary: int | None = None
) -> int:
    """The winner among provers whose valid proofs share an inclusion slot.

    The slot's primary wins if it is among them: its proof may be late because a proposer kept it
    out, and nobody shall gain by that. Otherwise a draw by weight decides; if all weights are zero,
    each counts as 1. ValueError for no tickets.
    """
    if not tickets:
        raise ValueError("a batch without a proof has no winner")
    if primary is not None and any(ticket.prover == primary for ticket in tickets):
        return primary
    batch = Tickets.of(tickets)
    if batch.total == 0:
        batch = Tickets(batch.provers, [1] * len(batch))
    winner = batch.draw(seed, PRIMARY_DRAW)
    assert winner is not None
    return winner


def committee_size(failure_bps: int, proof_cost: int, unproven_cost: int, most: int = 32) -> int:
    """k that minimises ``k * c + f^k * C`` exactly, at most `most`; the smallest if several do.

    `failure_bps`: f; `proof_cost`: c; `unproven_cost`: C, in any one unit. It is found offline and
    goes into the parameters.
    """
    def cost(k: int) -> int:
        scaled = k * proof_cost * pow(BPS, most)
        return int(scaled + pow(failure_bps, k) * unproven_cost * pow(BPS, most - k))

    return min((cost(k), k) for k in range(1, most + 1))[1]

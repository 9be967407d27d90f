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

from collections.abc import Collection, Sequence
from dataclasses import dataclass

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


def weight(bond: int, delegated: int, reliability_bps: int) -> int:
    """``(bond + delegated) * q``: linear in stake, so that splitting or merging gains nothing."""
    if not 0 <= reliability_bps <= BPS:
        raise ValueError(f"a reliability is 0 to {BPS:,} basis points, not {reliability_bps}")
    return (bond + delegated) * reliability_bps


def total_weight(tickets: Sequence[Ticket], without: Collection[int] = ()) -> int:
    """The sum of the weights of all but `without`."""
    return sum(ticket.weight for ticket in tickets if ticket.prover not in without)


def draw_number(seed: bytes, draw: int, total: int) -> int:
    """``uint256(keccak256(abi_encode(seed, draw))) % total``; `total` above 0."""
    return int.from_bytes(keccak_words(seed, draw), "big") % total


def draw_one(
    seed: bytes, draw: int, tickets: Sequence[Ticket], without: Collection[int] = ()
) -> int | None:
    """The prover of that draw among `tickets` (ascending identities), leaving out `without`.

    None where nobody has weight.
    """
    total = total_weight(tickets, without)
    if total == 0:
        return None
    number = draw_number(seed, draw, total)
    for ticket in tickets:
        if ticket.prover in without:
            continue
        if number < ticket.weight:
            return ticket.prover
        number -= ticket.weight
    raise AssertionError("a ticket number beyond the sum of the weights")


def assign(
    seed: bytes, tickets: Sequence[Ticket], committee_size: int, proposer: int | None = None
) -> Assignment:
    """The draw of a slot. `proposer`: the proven slot's, if it is a prover; it may be primary but
    never in the committee. Fewer members than `committee_size` if fewer have weight."""
    ordered = sorted(tickets)
    primary = draw_one(seed, PRIMARY_DRAW, ordered)
    if primary is None:
        return Assignment(None, ())
    out = {primary} if proposer is None else {primary, proposer}
    committee: list[int] = []
    for draw in range(1, committee_size + 1):
        member = draw_one(seed, draw, ordered, out)
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
    ordered = sorted(tickets)
    if total_weight(ordered) == 0:
        ordered = [Ticket(ticket.prover, 1) for ticket in ordered]
    winner = draw_one(seed, PRIMARY_DRAW, ordered)
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

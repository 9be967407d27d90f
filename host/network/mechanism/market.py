"""The market for third-party jobs: price, collateral, subsidy, commit and reveal.

    price       rises from `lowest` to `highest` over the ramp, then stays
    burned      5 % of the fee
    subsidy     at most phi * burned, phi = 0.8: trading with oneself loses
    commitment  H(DOMAIN, job, prover, keccak256(proof), salt), with a deposit

A commitment is revealed 1 to K blocks after its own block. The earliest commitment with a valid
reveal wins; of several of one block one is drawn by deposit, so that more identities with the same
money win no more. What is not revealed in time loses its deposit, and no commitment ever keeps
anybody else from proving.

A lock that fails (declined, or missed) costs a part of its collateral, or all. It does not let the
price rise nor the job's time run out: both stand still. After `failed_locks` of them the job has no
more: it goes on with commitments. What failed locks cost is divided when the job is

    solved    a bounty for who solved it, of at most half and at most the fee burned less the
              subsidy; the rest is burned. So requester and solver get no more than they pay in.
    unsolved  nothing shows that it can be solved: all goes back to who locked it, and the
              requester, who alone could know, pays the fee of its highest price.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.hashing import domain, keccak_words
from proofmill.host.network.mechanism.lottery import Ticket
from proofmill.host.network.mechanism.parameters import Parameters

COMMIT_DOMAIN = domain("proofmill.market.commit.1")
TIE_DOMAIN = domain("proofmill.market.tie.1")
MOST_TIES = 16
"""How many commitments of one block could win with that defence off."""


@dataclass(frozen=True)
class Offer:
    """A job's price: from `lowest` at block `start` to `highest` after `ramp` blocks, in gwei."""

    lowest: int
    highest: int
    start: int
    ramp: int

    def __post_init__(self) -> None:
        if not (0 <= self.lowest <= self.highest and self.ramp >= 0 and self.start >= 0):
            raise ValueError(
                f"an offer from {self.lowest} to {self.highest} over {self.ramp} blocks: prices "
                "and blocks are 0 or more, and the highest price not below the lowest")


@dataclass(frozen=True)
class Fee:
    """Where a job's fee goes: to the prover, burned, and what is minted on top."""

    prover: int
    burned: int
    subsidy: int


def price(offer: Offer, block: int, stood_still: int = 0) -> int:
    """What a prover that locks the job in `block` is paid, rounded down; ValueError before it.

    `stood_still`: blocks that failed locks took.
    """
    if block < offer.start + stood_still:
        raise ValueError(f"the job opens in block {offer.start}, after {block}")
    passed = block - offer.start - stood_still
    if passed >= offer.ramp:
        return offer.highest
    return offer.lowest + (offer.highest - offer.lowest) * passed // offer.ramp


def collateral(parameters: Parameters, locked_price: int, least: int = 0) -> int:
    """What a lock adds to the prover's liabilities: ``m * price``; `least`: the least deposit."""
    return max(parameters.penalty_multiple * locked_price, least)


def decline_cost(parameters: Parameters, locked: int) -> int:
    """What declining costs of the collateral `locked`."""
    if not parameters.defences.lock_costs:
        return 0
    return locked * parameters.decline_cost_bps // BPS


def stands_still(lock_block: int, lasts: int, ended: int) -> int:
    """By how many blocks a lock of `lasts` that failed in `ended` moves price and deadline."""
    return min(ended - lock_block, lasts + 1)


def may_be_locked(parameters: Parameters, failed: int) -> bool:
    """Whether a job with so many failed locks has another; else it goes on with commitments."""
    return not parameters.defences.jobs_pass_on or failed < parameters.failed_locks


def bounty(parameters: Parameters, cost: int, divided: Fee) -> int:
    """Of what failed locks cost, what the solver has; the rest is burned."""
    half = cost - cost * parameters.burn_bps // BPS
    if not parameters.defences.bounty_below_fee:
        return half
    return min(half, divided.burned - divided.subsidy)


def unsolved(parameters: Parameters, offer: Offer, cost: int) -> tuple[int, int]:
    """Of a job that nobody solved and whose failed locks cost so much: (burned, given back)."""
    if not parameters.defences.unsolved_refunded:
        return cost, 0
    return (offer.highest * parameters.fee_burn_bps // BPS if cost else 0), cost


def fee(parameters: Parameters, paid: int, work_subsidy: int = 0) -> Fee:
    """Divide a paid fee. `work_subsidy`: what subsidy the job's size would ask for.

    With the defence on, the subsidy is ``min(work_subsidy, phi * burned)``.
    """
    burned = paid * parameters.fee_burn_bps // BPS
    subsidy = work_subsidy
    if parameters.defences.subsidy_below_burn:
        subsidy = min(subsidy, burned * parameters.subsidy_bps // BPS)
    return Fee(paid - burned, burned, subsidy)


def commitment(job: bytes, prover: int, proof: bytes, salt: bytes) -> bytes:
    """``keccak256(abi_encode(COMMIT_DOMAIN, job, prover, keccak256(proof), salt))``."""
    return keccak_words(COMMIT_DOMAIN, job, prover, bytes(keccak(proof)), salt)


def in_reveal_window(parameters: Parameters, commit_block: int, reveal_block: int) -> bool:
    """Whether a reveal comes 1 to K blocks after its commitment."""
    return 1 <= reveal_block - commit_block <= parameters.reveal_blocks


@dataclass(frozen=True)
class Commitment:
    """A commitment to a job and what became of it; `reveal_block` None: never revealed.

    `valid`: the reveal matched the commitment and its proof verified. `deposit`: 1 or more.
    """

    prover: int
    block: int
    reveal_block: int | None
    valid: bool
    deposit: int = 1


def earliest(parameters: Parameters, commitments: Sequence[Commitment]) -> tuple[Ticket, ...]:
    """The valid reveals that share the earliest commit block, in their order; see `draw_tied`."""
    counted = [
        c for c in commitments
        if c.valid and c.reveal_block is not None
        and in_reveal_window(parameters, c.block, c.reveal_block)
    ]
    first = min((c.block for c in counted), default=None)
    by_deposit, every = parameters.defences.draw_by_deposit, parameters.defences.every_tie
    tied = [Ticket(c.prover, c.deposit if by_deposit else 1) for c in counted if c.block == first]
    return tuple(tied if every else tied[:MOST_TIES])


def tie_seed(mix: bytes, job: bytes) -> bytes:
    """``keccak256(abi_encode(TIE_DOMAIN, mix, job))``; `mix`: of the block that decides."""
    return keccak_words(TIE_DOMAIN, mix, job)


def draw_tied(seed: bytes, tickets: Sequence[Ticket]) -> int:
    """The prover of the first ticket, in the order of the reveals, where the running sum of
    weights exceeds `seed` modulo all of them. ValueError for no weight."""
    total = sum(ticket.weight for ticket in tickets)
    if total == 0:
        raise ValueError("nobody to draw: the tickets weigh nothing")
    drawn = int.from_bytes(seed, "big") % total
    for ticket in tickets:
        if drawn < ticket.weight:
            return ticket.prover
        drawn -= ticket.weight
    raise AssertionError("a ticket beyond the weights")


def forfeits(parameters: Parameters, made: Commitment) -> bool:
    """Whether the deposit is burned: no valid reveal within the window."""
    if not parameters.defences.commit_deposit:
        return False
    revealed = made.reveal_block is not None and in_reveal_window(
        parameters, made.block, made.reveal_block)
    return not (revealed and made.valid)

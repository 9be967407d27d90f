"""Two more ways to give out a job: by sealed bids, and back, by declining it.

**Sealed bids, second price.** For large jobs, where waiting for a price to rise costs more than a
round of bids:

    bid          H(DOMAIN, job, prover, price, salt), with a deposit, in the first `bid_blocks`
    reveal       in the `reveal_blocks` after them
    counted      revealed bids of at most the highest price
    award        anybody asks for it in the `reveal_blocks` after those, or the job is not awarded
    winner       the lowest; several of the same price: drawn by the mix of the block that awards
    paid         the second lowest counted price, the highest price if there is only one
    deposit      m * the highest price, so that it covers the winner's collateral; lost where a bid
                 is not revealed

A price decides only whether one wins, never what one is paid: to bid one's cost is the best there
is, whatever others do. The deposit makes bids that are committed to be revealed only if that helps
cost more than they could bring: at most the highest price.

**Declining.** A prover may give back a job it has locked, in the first eighth of its time and a few
times an epoch, for a part of its collateral (`market.decline_cost`): a lock that costs nothing
would keep everybody else from the job. The job's price goes on from where it was. Its reliability
falls a little, too, so that a prover which drains its queue honestly fares better than one that
lets jobs lapse, and worse than one that takes what it can prove.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.hashing import domain, keccak_words
from proofmill.host.network.mechanism.lottery import Ticket
from proofmill.host.network.mechanism.market import Offer, collateral, draw_tied
from proofmill.host.network.mechanism.parameters import Parameters

BID_DOMAIN = domain("proofmill.market.bid.1")


def sealed_bid(job: bytes, prover: int, price: int, salt: bytes) -> bytes:
    """``keccak256(abi_encode(BID_DOMAIN, job, prover, price, salt))``; 32 bytes each."""
    return keccak_words(BID_DOMAIN, job, prover, price, salt)


@dataclass(frozen=True)
class Bid:
    """A sealed bid and what became of it; blocks count from the job's first.

    Bids are listed in the order in which they are revealed.

    `reveal_block` None: never revealed. `matches`: the reveal is the commitment's.
    """

    prover: int
    price: int
    bid_block: int
    reveal_block: int | None
    matches: bool = True


@dataclass(frozen=True)
class Award:
    """Who is to prove a job, and for how much. `forfeited`: deposits lost, by prover."""

    winner: int | None
    paid: int
    collateral: int
    forfeited: dict[int, int]


def deposit(parameters: Parameters, offer: Offer) -> int:
    """What comes with every bid: the collateral of the highest price."""
    return collateral(parameters, offer.highest)


def may_award(parameters: Parameters, block: int) -> bool:
    """Whether bids that are revealed can be awarded in `block`, from the job's first."""
    first = parameters.bid_blocks + parameters.reveal_blocks
    return first <= block and (
        not parameters.defences.award_ends or block < first + parameters.reveal_blocks)


def award(parameters: Parameters, offer: Offer, bids: Sequence[Bid], seed: bytes) -> Award:
    """The outcome in a block in which it `may_award`. `seed`: of the draw among equal bids
    (`market.tie_seed`). A prover may bid once; ValueError if not."""
    provers = [bid.prover for bid in bids]
    if len(set(provers)) != len(provers):
        raise ValueError("a prover has two bids for one job")
    forfeited = {bid.prover: deposit(parameters, offer) for bid in bids
                 if not _revealed(parameters, bid)}
    counted = sorted(
        (bid.price, bid.prover) for bid in bids
        if _revealed(parameters, bid) and bid.price <= offer.highest)
    if not counted:
        return Award(None, 0, 0, forfeited)
    lowest = counted[0][0]
    tied = [Ticket(bid.prover, 1) for bid in bids
            if bid.price == lowest and _revealed(parameters, bid)]
    paid = counted[1][0] if len(counted) > 1 else offer.highest
    return Award(draw_tied(seed, tied), paid, collateral(parameters, paid), forfeited)


def _revealed(parameters: Parameters, bid: Bid) -> bool:
    first = parameters.bid_blocks
    return (0 <= bid.bid_block < first and bid.matches and bid.reveal_block is not None
            and first <= bid.reveal_block < first + parameters.reveal_blocks)


@dataclass(frozen=True)
class Lock:
    """A job that a prover has taken on: in which block, and by which it has to be proven."""

    prover: int
    block: int
    deadline: int


def refusal_to_decline(
    parameters: Parameters, lock: Lock, block: int, declined_this_epoch: int
) -> str:
    """Why a lock cannot be given back in `block`, or nothing."""
    free = (lock.deadline - lock.block) // parameters.decline_divisor
    if block - lock.block > free:
        return f"a job is declined within {free} blocks after it is taken, or not at all"
    if declined_this_epoch >= parameters.declines_per_epoch:
        return f"a prover declines {parameters.declines_per_epoch} jobs an epoch at most"
    return ""


def declined(parameters: Parameters, reliability: int) -> int:
    """Reliability after a job was declined, in bps; never below the least by that."""
    lower = reliability * parameters.reliability_decline_bps // BPS
    return max(lower, min(reliability, parameters.reliability_min_bps))

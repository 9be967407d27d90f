"""The market for third-party jobs: price, collateral, subsidy, commit and reveal.

    price       rises from `lowest` to `highest` over the ramp, then stays
    burned      5 % of the fee
    subsidy     at most phi * burned, phi = 0.8: trading with oneself loses
    commitment  H(DOMAIN, job, prover, keccak256(proof), salt), with a deposit

A commitment is revealed 1 to K slots after its own block. The earliest commitment with a valid
reveal wins, several of one slot by lottery; what is not revealed in time loses its deposit, and no
commitment ever keeps anybody else from proving.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from proofmill.host.ground.units import BPS
from proofmill.host.network.mechanism.hashing import domain, keccak_words
from proofmill.host.network.mechanism.parameters import Parameters

COMMIT_DOMAIN = domain("proofmill.market.commit.1")


@dataclass(frozen=True)
class Offer:
    """A job's price: from `lowest` at slot `start` to `highest` after `ramp` slots, in gwei."""

    lowest: int
    highest: int
    start: int
    ramp: int

    def __post_init__(self) -> None:
        if not (0 <= self.lowest <= self.highest and self.ramp >= 0 and self.start >= 0):
            raise ValueError(
                f"an offer from {self.lowest} to {self.highest} over {self.ramp} slots: prices and "
                "slots are 0 or more, and the highest price not below the lowest")


@dataclass(frozen=True)
class Fee:
    """Where a job's fee goes: to the prover, burned, and what is minted on top."""

    prover: int
    burned: int
    subsidy: int


def price(offer: Offer, slot: int) -> int:
    """What a prover that locks the job in `slot` is paid, rounded down; ValueError before it."""
    if slot < offer.start:
        raise ValueError(f"the job opens in slot {offer.start}, after {slot}")
    passed = slot - offer.start
    if passed >= offer.ramp:
        return offer.highest
    return offer.lowest + (offer.highest - offer.lowest) * passed // offer.ramp


def collateral(parameters: Parameters, locked_price: int) -> int:
    """What a lock adds to the prover's liabilities: ``m * price``."""
    return parameters.penalty_multiple * locked_price


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


def in_reveal_window(parameters: Parameters, commit_slot: int, reveal_slot: int) -> bool:
    """Whether a reveal comes 1 to K slots after its commitment."""
    return 1 <= reveal_slot - commit_slot <= parameters.reveal_slots


@dataclass(frozen=True)
class Commitment:
    """A commitment to a job and what became of it; `reveal_slot` None: never revealed.

    `valid`: the reveal matched the commitment and its proof verified.
    """

    prover: int
    slot: int
    reveal_slot: int | None
    valid: bool


def earliest(parameters: Parameters, commitments: Sequence[Commitment]) -> tuple[int, ...]:
    """The provers whose valid reveals share the earliest commit slot; `pick_from_batch` decides."""
    counted = [
        c for c in commitments
        if c.valid and c.reveal_slot is not None
        and in_reveal_window(parameters, c.slot, c.reveal_slot)
    ]
    first = min((c.slot for c in counted), default=None)
    return tuple(sorted(c.prover for c in counted if c.slot == first))


def forfeits(parameters: Parameters, made: Commitment) -> bool:
    """Whether the deposit is burned: no valid reveal within the window."""
    if not parameters.defences.commit_deposit:
        return False
    revealed = made.reveal_slot is not None and in_reveal_window(
        parameters, made.slot, made.reveal_slot)
    return not (revealed and made.valid)

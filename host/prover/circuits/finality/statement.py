"""What a certificate states, and the definition of when it holds, in plain integers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.eddsa import Signature, refusal, sign
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote, joined


class CertificateInputs(NamedTuple):
    """The public inputs, in the order of the circuit; a whole certificate has no `signers`."""

    registry: int
    next_registry: int
    source_epoch: int
    source_high: int
    source_low: int
    target_epoch: int
    target_high: int
    target_low: int
    weight: int
    prover_tag: int
    signers: int | None = None

    @property
    def numbers(self) -> list[int]:
        """Those that there are."""
        return [each for each in self if each is not None]

    @property
    def source(self) -> Checkpoint:
        """Where the votes are from."""
        return Checkpoint(self.source_epoch, joined(self.source_high, self.source_low))

    @property
    def target(self) -> Checkpoint:
        """What they are for."""
        return Checkpoint(self.target_epoch, joined(self.target_high, self.target_low))

    @classmethod
    def of(cls, registry: int, next_registry: int, source: Checkpoint, target: Checkpoint,
           weight: int, prover_tag: int, signers: int | None = None) -> "CertificateInputs":
        """Of a statement; the roots are cut into words here, so these are canonical."""
        return cls(registry, next_registry, *source.numbers, *target.numbers, weight, prover_tag,
                   signers)


@dataclass(frozen=True)
class SignedVote:
    """A validator's vote with the signature of its companion key."""

    validator: int
    vote: Vote
    signature: Signature


def sign_vote(secret: bytes, validator: int, vote: Vote) -> SignedVote:
    """The vote with the signature of a companion key."""
    return SignedVote(validator, vote, sign(secret, vote.message))


def is_enough(weight: int, total: int) -> bool:
    """``3 weight >= 2 total``, as the specification's `weigh_justification_and_finalization`."""
    return 3 * weight >= 2 * total


Refuse = Callable[[Registry, Link, "SignedVote"], str]
"""Why a vote does not count, or nothing."""


def state_votes(size: CertificateSize, registry: Registry, link: Link,
                votes: Sequence[SignedVote], prover_tag: int, refuse: Refuse | None = None
                ) -> CertificateInputs:
    """The statement that these votes prove: the definition, without a circuit.

    `refuse`: instead of `vote_refusal`.
    Raises `ProofmillError` where they prove none: too many, not of the registry, twice the same
    validator, one that is not active in the target's epoch, for another link, a signature that does
    not hold, too little for a whole certificate.
    """
    if registry.depth != size.depth or len(votes) > size.places:
        raise ProofmillError(
            f"{len(votes)} votes of a registry of depth {registry.depth} do not fit a certificate "
            f"with {size.places} places and a depth of {size.depth}")
    if link.fork_domain != registry.fork_domain:
        raise ProofmillError("the votes are for another fork than the registry")
    if not 0 <= prover_tag < MODULUS:
        raise ProofmillError(f"the prover's tag must be below r, not {prover_tag}")
    voted: dict[int, SignedVote] = {}
    for each in votes:
        if each.validator in voted:
            raise ProofmillError(f"validator {each.validator} stands twice among the votes")
        if reason := (refuse or vote_refusal)(registry, link, each):
            raise ProofmillError(f"the vote of validator {each.validator}: {reason}")
        voted[each.validator] = each
    weight = sum(registry.members[index].balance for index in voted)
    total = registry.total_for(link.target.epoch)
    if size.whole and not is_enough(weight, total):
        raise ProofmillError(f"{weight} of {total} gwei voted, less than two thirds: "
                             "there is no certificate for this epoch")
    return CertificateInputs.of(
        registry.commitment, link.next_registry, link.source, link.target, weight, prover_tag,
        None if size.whole else signers_mask(voted))


def vote_refusal(registry: Registry, link: Link, signed: SignedVote) -> str:
    """Why a vote does not count for `link`, or nothing."""
    return unsigned_refusal(registry, link, signed) or refusal(
        registry.members[signed.validator].key, signed.vote.message, signed.signature)


def unsigned_refusal(registry: Registry, link: Link, signed: SignedVote) -> str:
    """What `vote_refusal` says of all but the signature."""
    if signed.validator not in registry.members:
        return "the registry has no such validator"
    if not registry.has_voter(signed.validator, link.target.epoch):
        return f"by the registry it is not active in epoch {link.target.epoch}"
    return "" if signed.vote.link == link else "it is for another source, target, fork or registry"


def signers_mask(voted: Mapping[int, object]) -> int:
    """``sum(2^index)`` over the voters."""
    return sum(1 << index for index in voted)


def add_up(parts: Sequence[CertificateInputs], total: int) -> int:
    """The weight that parts of one epoch have together, at least two thirds of `total`.

    `total` is what the registry whose commitment the parts name has for their target's epoch
    (`Registry.total_for`), which is the caller's to know.
    Nobody counts twice, since the parts have no voter in common. Raises `ProofmillError` where
    parts are of different statements, share a voter, are whole, or do not reach two thirds.
    """
    if not parts:
        raise ProofmillError("there are no parts to add up")
    common = {each[:8] for each in parts}
    if len(common) > 1:
        raise ProofmillError("parts of different registries, sources or targets cannot be added")
    seen = weight = 0
    for each in parts:
        if each.signers is None:
            raise ProofmillError("a whole certificate does not say who voted: it cannot be added")
        if seen & each.signers:
            raise ProofmillError(f"validator {(seen & each.signers).bit_length() - 1} is in two "
                                 "of the parts")
        seen |= each.signers
        weight += each.weight
    if not is_enough(weight, total):
        raise ProofmillError(f"the parts have {weight} of {total} gwei, less than two thirds")
    return weight

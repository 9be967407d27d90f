"""Double signing with a companion key, shown by two signed votes.

The rule is the specification's `is_slashable_attestation_data` (phase 0, Casper FFG), on what
companion keys sign: two different votes for the same target epoch, or one from an earlier source to
a later target than the other, around it. A vote has two things beside AttestationData, the fork's
domain and the next registry, and both count: who signs the same data with two registries has signed
two votes.
"""

from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.eddsa import refusal
from proofmill.host.prover.circuits.finality.statement import SignedVote
from proofmill.host.prover.circuits.finality.vote import Vote


def are_slashable(first: Vote, second: Vote) -> bool:
    """Whether nobody may sign both: a double vote, or the first surrounds the second."""
    one, other = first.link, second.link
    double = first != second and one.target.epoch == other.target.epoch
    surrounds = (one.source.epoch < other.source.epoch
                 and other.target.epoch < one.target.epoch)
    return double or surrounds


def evidence_refusal(key: Point, first: SignedVote, second: SignedVote) -> str:
    """Why two signed votes are no offence of the validator with that companion key, or nothing.

    As of the specification's AttesterSlashing, the order matters: the first is the one around.
    """
    if first.validator != second.validator:
        return "the votes are of two validators"
    if not are_slashable(first.vote, second.vote):
        return "a validator may sign both votes"
    for name, each in (("first", first), ("second", second)):
        if reason := refusal(key, each.vote.message, each.signature):
            return f"the {name} vote: {reason}"
    return ""

"""From certificates to what is justified and final.

A certificate justifies its target, if its source is justified and its registry is the one that
justified the source. A certificate from s to the very next epoch makes s final: the first of Casper
FFG's rules (Buterin and Griffith, https://arxiv.org/abs/1710.09437, section 2).

The specification's `weigh_justification_and_finalization` has a second one: votes from s to the
epoch after the next, where the epoch between is justified too, on the same branch. Were it from s,
the first rule would have done; it is from an older source, where both were justified late.
Certificates show no branches, so two of these could lend each other their epochs, and the rule is
left out. So what is final here is final by the specification; in that one case it is final there
first, and here with the next epoch that is justified in time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import Checkpoint


class UnknownSourceError(ProofmillError):
    """A certificate begins where nothing is known to be justified: others before it may be
    missing."""


class ContradictionError(ProofmillError):
    """Two certificates for one epoch: if both proofs hold, a third of the stake has signed both."""


@dataclass(frozen=True)
class Finality:
    """What is known: the final checkpoint, and the justified ones from there on, itself too, each
    with the registry by which its own votes count."""

    finalized: Checkpoint
    justified: Mapping[Checkpoint, int]

    @classmethod
    def start(cls, checkpoint: Checkpoint, registry: int) -> "Finality":
        """With a checkpoint that is trusted, and the registry of its state."""
        return cls(checkpoint, {checkpoint: registry})

    @property
    def head(self) -> Checkpoint:
        """The justified checkpoint of the latest epoch."""
        return max(self.justified)

    def after(self, stated: CertificateInputs) -> "Finality":
        """What is known with one certificate more, whose proof has been verified.

        Raises `ProofmillError` where it does not follow from what is known, `UnknownSourceError`
        and `ContradictionError` among it.
        """
        source, target = stated.source, stated.target
        registry = self.justified.get(source)
        if registry is None:
            raise UnknownSourceError(
                f"the source, epoch {source.epoch}, 0x{source.root.hex()}, is not justified here: "
                "certificates before this one are missing")
        if stated.registry != registry:
            raise ProofmillError("the certificate counts by another registry than the one that was "
                                 f"signed with its source, epoch {source.epoch}")
        if target.epoch <= source.epoch:
            raise ProofmillError(f"from epoch {source.epoch} to {target.epoch} leads no vote")
        same = {each: known for each, known in self.justified.items()
                if each.epoch == target.epoch}
        if same not in ({}, {target: stated.next_registry}):
            raise ContradictionError(
                f"two certificates contradict each other in epoch {target.epoch}: a third of the "
                "stake has signed both, and can be slashed")
        justified = {**self.justified, target: stated.next_registry}
        if target.epoch != source.epoch + 1 or source.epoch <= self.finalized.epoch:
            return replace(self, justified=justified)
        return Finality(source, {each: known for each, known in justified.items()
                                 if each.epoch >= source.epoch})

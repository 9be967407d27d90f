"""From certificates to what is justified and final.

A certificate justifies its target, if its source is justified and its registry is the one that
justified the source. A certificate from s to the very next epoch makes s final: the first of Casper
FFG's rules (Buterin and Griffith, https://arxiv.org/abs/1710.09437, section 2).

The specification's `weigh_justification_and_finalization` has a second one: votes from s to the
epoch after the next, where the epoch between is justified too, on the same branch. Were it from s,
the first rule would have done; it is from an older source, where both were justified late.
A certificate shows no branch of the chain, and without one two of these could lend each other their
epochs. So such a certificate comes with a branch of SHA-256 that shows it (`between`). Without it,
s is final only with the next epoch that is justified in time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.between import is_between
from proofmill.host.prover.circuits.finality.statement import CertificateInputs
from proofmill.host.prover.circuits.finality.vote import ROOT_BYTES, Checkpoint

GENESIS = Checkpoint(0, bytes(ROOT_BYTES))
"""The source of the first epochs, as the specification has it."""


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

    def after(self, stated: CertificateInputs, branch: Sequence[bytes] = ()) -> "Finality":
        """What is known with one certificate more, whose proof has been verified. `branch`: from
        the checkpoint between source and target to the target, where there is one.

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
        if source.epoch <= self.finalized.epoch or not self._finalises(source, target, branch):
            return replace(self, justified=justified)
        return Finality(source, {each: known for each, known in justified.items()
                                 if each.epoch >= source.epoch})

    def _finalises(self, source: Checkpoint, target: Checkpoint, branch: Sequence[bytes]) -> bool:
        """Whether votes from one to the other make the first final."""
        if target.epoch == source.epoch + 1:
            return True
        between = (each for each in self.justified if each.epoch == source.epoch + 1)
        return target.epoch == source.epoch + 2 and any(
            is_between(each, target.root, branch) for each in between)

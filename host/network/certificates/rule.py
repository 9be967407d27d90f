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

An epoch may have no certificate although the specification justifies it: registries know who comes
and goes, not how effective balances change. Then later votes are from a source that no certificate
is for. A certificate of such votes counts by the registry of any checkpoint that is justified here,
and justifies its source too. That is safe while less than a third lies: among two thirds somebody
is honest, and votes from no source but one that the specification has justified. But a lie of two
thirds about the source leaves no evidence, which is why a source that has a registry is not passed
over (docs/protocol.md, section 13).
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
    """Two checkpoints of one epoch: if both proofs hold, a third of the stake has lied."""


_CONTRADICTION = ("two certificates contradict each other in epoch {}: a third of the stake has "
                  "signed what it must not")


@dataclass(frozen=True)
class Finality:
    """What is known: the final checkpoint, and the justified ones from there on, itself too, each
    with the registry by which its own votes count; 0 where that is not known."""

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

    def counting(self, source: Checkpoint, target_epoch: int) -> Checkpoint | None:
        """By whose registry votes from `source` to an epoch count: its own, or where that is not
        known, of the latest checkpoint before the target; None where there is no such."""
        if self.justified.get(source):
            return source
        return max((each for each, registry in self.justified.items()
                    if registry and each.epoch < target_epoch
                    and source.epoch >= self.finalized.epoch), default=None)

    def after(self, stated: CertificateInputs, branch: Sequence[bytes] = ()) -> "Finality":
        """What is known with one certificate more, whose proof has been verified. `branch`: from
        the checkpoint between source and target to the target, where there is one.

        Raises `ProofmillError` where it does not follow from what is known, `UnknownSourceError`
        and `ContradictionError` among it.
        """
        source, target = stated.source, stated.target
        if target.epoch <= source.epoch:
            raise ProofmillError(f"from epoch {source.epoch} to {target.epoch} leads no vote")
        if not stated.next_registry:
            raise ProofmillError("0 is no registry, by which votes from the target could count")
        registry = self.justified.get(source, 0)
        if not registry:
            self._check_other_registry(stated)
        elif stated.registry != registry:
            raise ProofmillError("the certificate counts by another registry than the one that was "
                                 f"signed with its source, epoch {source.epoch}")
        for known in (source, target):
            if any(each.epoch == known.epoch and each != known for each in self.justified):
                raise ContradictionError(_CONTRADICTION.format(known.epoch))
        if self.justified.get(target, 0) not in (0, stated.next_registry):
            raise ContradictionError(_CONTRADICTION.format(target.epoch))
        justified = {**self.justified, source: registry, target: stated.next_registry}
        if source.epoch <= self.finalized.epoch or not self._finalises(source, target, branch):
            return replace(self, justified=justified)
        return Finality(source, {each: known for each, known in justified.items()
                                 if each.epoch >= source.epoch})

    def _check_other_registry(self, stated: CertificateInputs) -> None:
        """Of a certificate whose source has no registry here: it counts by another one's."""
        source, target = stated.source, stated.target
        by = [each for each, registry in self.justified.items()
              if registry and registry == stated.registry]
        if not by or source.epoch < self.finalized.epoch:
            raise UnknownSourceError(
                f"the source, epoch {source.epoch}, 0x{source.root.hex()}, is not justified here, "
                "nor is the registry that its votes are counted by: certificates before this one "
                "are missing")
        if by[0].epoch >= target.epoch:
            raise ProofmillError(f"by the registry of epoch {by[0].epoch} count votes for later "
                                 f"epochs, not for {target.epoch}")

    def _finalises(self, source: Checkpoint, target: Checkpoint, branch: Sequence[bytes]) -> bool:
        """Whether votes from one to the other make the first final."""
        if target.epoch == source.epoch + 1:
            return True
        between = (each for each in self.justified if each.epoch == source.epoch + 1)
        return target.epoch == source.epoch + 2 and any(
            is_between(each, target.root, branch) for each in between)

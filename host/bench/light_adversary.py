"""Who tries to have a light node take what the chain has not, with a quarter of the stake.

It has the equivocating validators' keys, all votes that the others have signed, and every proof
that was made. Each attempt gives what a node would know after it, or raises what refuses it.
"""

from __future__ import annotations  # of the run, which is of a module that imports this one

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from proofmill.host.bench.troubled_chain import EQUIVOCATORS
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.certificate import Certificate
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.certificates.votes import checkpoint_of
from proofmill.host.prover.circuits.eddsa import Signature
from proofmill.host.prover.circuits.finality.registry import Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.statement import CertificateInputs, SignedVote
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link

if TYPE_CHECKING:
    from proofmill.host.bench.light import LightRun

Attempt = tuple[str, Callable[[], Finality]]
"""With its name."""

UNSIGNED = Signature((0, 1), 0)  # type: ignore[arg-type]
"""Stands for a signature where statements alone are compared."""
_ELSEWHERE, _NOWHERE = b"\xff" * 32, b"\xee" * 32
"""Roots of blocks that there are not."""


def altered(proven: Certificate) -> Iterator[tuple[str, Certificate]]:
    """Certificates that say something else with the same proof: what each says would be taken, if
    its proof held."""
    stated = proven.stated
    later = Checkpoint(stated.target.epoch + 1, _ELSEWHERE)
    further = Checkpoint(later.epoch + 1, _ELSEWHERE)
    for name, source, target, following in (
            ("a proof of another target", stated.source, later, stated.next_registry),
            ("a proof of another next registry", stated.source,
             replace(later, root=stated.target.root), stated.registry),
            ("a proof of another source", later, further, stated.next_registry)):
        yield name, replace(proven, stated=CertificateInputs.of(
            stated.registry, following, source, target, stated.weight, stated.prover_tag))


@dataclass(frozen=True)
class Adversary:
    """`chain_has`: the chain's own checkpoint of the epoch."""

    run: LightRun
    chain_has: Checkpoint

    @property
    def epoch(self) -> int:
        """In which it tries."""
        return self.chain_has.epoch

    def attempts(self) -> Iterator[Attempt]:
        """All of an epoch."""
        if self.run.proven is not None:
            for name, forged in altered(self.run.proven):
                yield name, partial(self._forged, forged)
        if self.epoch <= self.run.known.head.epoch:
            return
        for link, source in ((self._link, ""), (self._link_from_nowhere, ", from a false source")):
            yield f"own votes for a false checkpoint{source}", partial(self._alone, link)
            yield f"others' votes beside them{source}", partial(self._with_others, link)
            yield f"own votes counted three times{source}", partial(self._thrice, link)
            yield f"a registry of its own{source}", partial(self._own_registry, link)
            yield f"a registry that the others have left{source}", partial(self._left, link)
        for target in self._other_branches():
            yield "the other branch's checkpoint", partial(self._branch, target)

    @cached_property
    def _known(self) -> Registry:
        """Of the latest justified checkpoint that has one."""
        counting = self.run.known.counting(self.chain_has, self.epoch)
        assert counting is not None     # the chain's own checkpoint is later than what is final
        return self.run.registry_at(counting)

    @cached_property
    def _link(self) -> Link:
        """From what is justified to a block that there is not."""
        return Link(self._known.fork_domain, self.run.known.head,
                    Checkpoint(self.epoch, _ELSEWHERE), self._known.commitment)

    @cached_property
    def _link_from_nowhere(self) -> Link:
        """To the same, from a source that would be final by it."""
        return replace(self._link, source=Checkpoint(self.epoch - 1, _NOWHERE))

    def _own(self, link: Link) -> list[SignedVote]:
        ballot = next(iter(self.run.chain.ballots.get(self.epoch, ())), None)
        if ballot is None:
            return []
        vote = replace(self.run.signed(ballot, False).vote, link=link)
        return [SignedVote(index, vote, UNSIGNED) for index in range(EQUIVOCATORS)
                if self._known.has_voter(index, self.epoch)]

    def _take(self, registry: Registry, link: Link, votes: list[SignedVote]) -> Finality:
        return self.run.known.after(self.run.state(registry, link, votes, False))

    def _alone(self, link: Link) -> Finality:
        return self._take(self._known, link, self._own(link))

    def _with_others(self, link: Link) -> Finality:
        others = [self.run.signed(each, False)
                  for each in self.run.chain.ballots.get(self.epoch, ())
                  if each.validator >= EQUIVOCATORS]
        return self._take(self._known, link, [*self._own(link), *others][:self.run.places])

    def _thrice(self, link: Link) -> Finality:
        return self._take(self._known, link, 3 * self._own(link))

    def _own_registry(self, link: Link) -> Finality:
        return self._by({index: member for index, member in self._known.members.items()
                         if index < EQUIVOCATORS}, link)

    def _left(self, link: Link) -> Finality:
        """The right members, of whom the others are active no more."""
        return self._by({
            index: member if index < EQUIVOCATORS else replace(member, active=0)
            for index, member in self._known.members.items()}, link)

    def _by(self, members: Mapping[int, Member], link: Link) -> Finality:
        """Its own votes, counted by a registry of these members alone."""
        total = unchanging(sum(each.balance for each in members.values() if each.active))
        return self._take(replace(self._known, members=members, totals=total), link,
                          self._own(link))

    def _forged(self, certificate: Certificate) -> Finality:
        assert self.run.proofs is not None      # which has made what was altered
        if reason := self.run.proofs.refusal(certificate):
            raise ProofmillError(reason)
        return self.run.known.after(certificate.stated, certificate.branch)

    def _other_branches(self) -> set[Checkpoint]:
        """Checkpoints of this epoch that votes are for, and that the chain does not have."""
        return {checkpoint_of(each.data.target) for each in
                self.run.chain.ballots.get(self.epoch, ())} - {self.chain_has}

    def _branch(self, target: Checkpoint) -> Finality:
        for registry, link, ballots in self.run.votes_for(target):
            votes = [self.run.signed(each, False) for each in ballots
                     if registry.has_voter(each.validator, target.epoch)]
            return self._take(registry, link, votes[:self.run.places])
        raise ProofmillError("nobody voted for it from a source that is known")

"""A node's companion keys: what its validators sign beside their attestations, and whose votes it
has heard.

Votes are judged by this node's own chain: source and target have to be known here, since the
registry by which a vote counts is that of its source's state, and the vote names the one of its
target's (`certificates.votes`). Of each validator one vote for a target's epoch counts, the first
that was heard; another one that nobody may sign beside it is kept as evidence.
"""

import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Protocol

from proofmill.host.network.certificates.between import branch_between
from proofmill.host.network.certificates.companion import Registration, companions_of, registry_of
from proofmill.host.network.certificates.rule import GENESIS, Finality
from proofmill.host.network.certificates.slashing import are_slashable
from proofmill.host.network.certificates.votes import checkpoint_of, vote_of
from proofmill.host.network.consensus.refusal import Invalid, decoded, judged_by_specification
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certificate_messages import CompanionSignature, CompanionVotes
from proofmill.host.network.node.follower import EARLY, SLOTS_PER_EPOCH
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.proof_pool import Answer
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.eddsa import Signature
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.size import MAXIMUM_PLACES, CertificateSize
from proofmill.host.prover.circuits.finality.statement import (
    SignedVote,
    is_enough,
    sign_vote,
    vote_refusal,
)
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link

log = logging.getLogger(__name__)

MOST_EVIDENCE = 64

Due = tuple[Registry, Link, list[SignedVote]]
"""What a certificate is made of."""


class ChainSeen(Protocol):
    """A chain as far as companion votes are judged by it: a node's `Follower`, or an embedded one
    (`certified_chain`)."""

    @property
    def store(self) -> spec.Store:
        """The fork choice's."""
        ...

    @property
    def genesis_root(self) -> bytes:
        """Of the first block."""
        ...

    @property
    def slot(self) -> int:
        """Where its clock stands."""
        ...

    def head_state(self) -> spec.BeaconState:
        """The state after the head's block."""
        ...

    def is_early(self, slot: int) -> bool:
        """Whether a message of `slot` is to be looked at in the next one."""
        ...


class Companions:
    """The companion keys of a chain as one node sees them."""

    def __init__(self, follower: ChainSeen, registrations: Sequence[Registration],
                 secrets: Mapping[int, bytes], size: CertificateSize) -> None:
        """`secrets`: the private companion keys of the node's own validators. `size`: of the
        certificates. Raises `ProofmillError` for a registration that does not hold."""
        self._follower = follower
        self._registrations = registrations
        self._secrets = secrets
        self._size = size
        # A node that goes on from a final state has none of genesis, by which nobody votes then.
        state = follower.store.block_states.get(spec.Root(follower.genesis_root))
        self._registries = {} if state is None else {GENESIS: self._registry(state)}
        self._final = 0
        """The epoch up to which no vote is kept."""
        self._heard: dict[tuple[int, int], SignedVote] = {}
        """The vote that counts, by the target's epoch and the validator."""
        self._messages: dict[bytes, int] = {}
        """Those that brought votes, with their targets' epochs: others may have missed them."""
        self.evidence: list[tuple[SignedVote, SignedVote]] = []
        """Pairs of votes by one key of which it may have signed one; `slashing` has the rule."""

    def registry_at(self, checkpoint: Checkpoint) -> Registry:
        """The registry of a checkpoint's state. Raises `Invalid` where it is unknown here."""
        if checkpoint not in self._registries:
            self._registries[checkpoint] = self._registry(self._state_at(checkpoint))
        return self._registries[checkpoint]

    def know(self, registries: Mapping[Checkpoint, Registry]) -> None:
        """Count by these registries too, whose states may be unknown here."""
        self._registries |= registries

    def keys_of(self, validator: int) -> list[Point]:
        """The companion keys that a validator has registered, from whatever epoch on."""
        return [each.key for each in self._registrations if each.validator == validator]

    def sign(self, attestation: spec.Attestation, only: Container[int] | None = None
             ) -> Iterator[bytes]:
        """What the companion keys of an attestation's voters sign, as `CompanionVotes`; of those
        among `only`, where that is given.

        The attestation is one that this node has just signed, with the leave of its slashing
        protection, and taken in: so nothing is signed here that may not be.
        """
        data = attestation.data
        if data.target.epoch == data.source.epoch:
            return  # of the first epoch: it leads nowhere
        state = self._follower.store.checkpoint_states[data.target]
        vote = vote_of(data, self.registry_at)
        own = [int(index) for index in spec.get_attesting_indices(state, attestation)
               if int(index) in self._secrets and (only is None or int(index) in only)]
        if not own:
            return
        signed = [CompanionSignature(
            validator_index=index,
            signature=sign_vote(self._secrets[index], index, vote).signature.to_bytes())
            for index in own]
        for first in range(0, len(signed), MAXIMUM_PLACES):
            yield bytes(CompanionVotes(
                data=data, signatures=signed[first:first + MAXIMUM_PLACES]).encode_bytes())

    def take(self, raw: bytes) -> Answer:
        """Hear `CompanionVotes`; never raises for what is in them."""
        try:
            message = decoded(CompanionVotes, raw)
        except Invalid as error:
            return Reception.REJECT, str(error)
        data = message.data
        slot, epoch = int(data.slot), int(data.target.epoch)
        if self._follower.is_early(slot):
            return Reception.IGNORE, EARLY
        if epoch != slot // SLOTS_PER_EPOCH:
            return Reception.REJECT, "its target is not of its epoch"
        if slot > self._follower.slot or epoch <= self._final:
            return Reception.IGNORE, "it is from the future, or long past"
        try:
            state = self._state_at(checkpoint_of(data.target))
        except Invalid:
            return Reception.IGNORE, "its target is unknown"
        if data.source != state.current_justified_checkpoint:
            return Reception.REJECT, "its source is not what its target's state has justified"
        try:
            vote = vote_of(data, self.registry_at)
            registry = self.registry_at(vote.link.source)
        except Invalid:
            return Reception.IGNORE, "its source is no longer known"
        new = False
        for each in message.signatures:
            index = int(each.validator_index)
            before = self._heard.get((epoch, index))
            if before is not None and before.vote == vote:
                continue
            try:
                signed = SignedVote(index, vote, Signature.from_bytes(bytes(each.signature)))
            except ValueError as error:
                return Reception.REJECT, f"the vote of validator {index}: {error}"
            if reason := vote_refusal(registry, vote.link, signed):
                return Reception.REJECT, f"the vote of validator {index}: {reason}"
            self._judge(signed)
            new |= self._heard.setdefault((epoch, index), signed) is signed
        if not new:
            return Reception.KEEP, "it has no vote that counts and was unknown"
        self._messages[raw] = epoch
        return Reception.ACCEPT, ""

    def due(self, target: Checkpoint, known: Finality) -> Due | None:
        """The votes for a certificate of a checkpoint that the chain has justified, or of the
        nearest one before it that is missing; None where all is known, or votes are."""
        if target in known.justified or target.epoch <= known.finalized.epoch:
            return None
        by_link: dict[Link, list[SignedVote]] = {}
        for (epoch, _), signed in self._heard.items():
            if epoch == target.epoch and signed.vote.link.target == target:
                by_link.setdefault(signed.vote.link, []).append(signed)
        for link, votes in by_link.items():
            if known.justified.get(link.source) is None and (before := self.due(
                    link.source, known)):
                return before
            registry = self._counting(link, known)
            chosen = [] if registry is None else enough(registry, link, votes, self._size.places)
            if registry is None or not chosen:
                continue
            between = self._between(link)
            first = None if between is None else self.due(between, known)
            return first or (registry, link, chosen)
        return None

    def _counting(self, link: Link, known: Finality) -> Registry | None:
        """The registry by which a certificate of a link counts, where it is of the same fork."""
        counting = known.counting(link.source, link.target.epoch)
        try:
            registry = None if counting is None else self.registry_at(counting)
        except Invalid:
            log.warning("no certificate of epoch %d: the registry of epoch %d, by which it counts, "
                        "is known here no more", link.target.epoch, counting and counting.epoch)
            return None
        return registry if registry and registry.fork_domain == link.fork_domain else None

    def _between(self, link: Link) -> Checkpoint | None:
        """The checkpoint between source and target of a link that `_needs_between`, where the chain
        has justified it: by it the link makes its source final."""
        if not _needs_between(link):
            return None
        epoch, state = link.source.epoch + 1, self._follower.head_state()
        back = int(spec.get_current_epoch(state)) - 1 - epoch
        if not 0 <= back < len(state.justification_bits) or not state.justification_bits[back]:
            return None
        return Checkpoint(epoch, bytes(spec.get_block_root(self._state_at(link.target), epoch)))

    def branch_of(self, link: Link) -> tuple[bytes, ...]:
        """The branch of a link's certificate: from the checkpoint between, where it
        `_needs_between`; else nothing."""
        if not _needs_between(link):
            return ()
        store, root = self._follower.store, spec.Root(link.target.root)
        start = (link.target.epoch - 1) * SLOTS_PER_EPOCH
        if store.blocks[root].slot <= start:
            return ()   # the target's block is that of the checkpoint between
        return branch_between(store.blocks[root], store.block_states[root], link.target.epoch - 1)

    def kept(self) -> tuple[bytes, ...]:
        """Messages with votes after the last final checkpoint, for who may have missed them."""
        return tuple(self._messages)

    def forget(self, final: Checkpoint) -> None:
        """Forget the votes up to a checkpoint that certificates have made final."""
        if final.epoch == self._final:
            return
        self._final = final.epoch
        for checkpoint in [each for each in self._registries if each.epoch < final.epoch]:
            del self._registries[checkpoint]
        self._heard = {key: vote for key, vote in self._heard.items() if key[0] > final.epoch}
        self._messages = {raw: epoch for raw, epoch in self._messages.items()
                          if epoch > final.epoch}

    def _state_at(self, checkpoint: Checkpoint) -> spec.BeaconState:
        """A checkpoint's state. Raises `Invalid` where its block is unknown."""
        store = self._follower.store
        named = spec.Checkpoint(epoch=checkpoint.epoch, root=checkpoint.root)
        with judged_by_specification():
            spec.store_target_checkpoint_state(store, named)
            return store.checkpoint_states[named]

    def _registry(self, state: spec.BeaconState) -> Registry:
        return registry_of(state, companions_of(self._registrations, state), self._size.depth)

    def _judge(self, signed: SignedVote) -> None:
        """Keep as evidence what nobody may sign beside another vote that was heard."""
        for (_, index), other in self._heard.items():
            if index == signed.validator and len(self.evidence) < MOST_EVIDENCE:
                for pair in ((signed, other), (other, signed)):
                    if are_slashable(pair[0].vote, pair[1].vote):
                        log.warning("validator %d has signed two votes with its companion key of "
                                    "which it may sign one", index)
                        self.evidence.append(pair)
                        break


def _needs_between(link: Link) -> bool:
    """Whether a link makes its source final by the checkpoint between alone: it is over two epochs.
    Genesis is final from the start, so none is needed there; whether its link is proven before or
    after the first block of the epoch makes then no difference."""
    return (link.target.epoch == link.source.epoch + 2
            and link.source.epoch != spec.GENESIS_EPOCH)


def enough(registry: Registry, link: Link, votes: Sequence[SignedVote], places: int
           ) -> list[SignedVote]:
    """The fewest votes for `link` that have two thirds by a registry; none where they are more than
    `places`, or have less. Votes of others than the registry's voters are left out."""
    epoch = link.target.epoch
    heaviest = sorted((each for each in votes if registry.has_voter(each.validator, epoch)),
                      key=lambda each: (-registry.members[each.validator].balance, each.validator))
    weight = 0
    for count, each in enumerate(heaviest[:places], 1):
        weight += registry.members[each.validator].balance
        if is_enough(weight, registry.total_for(epoch)):
            return heaviest[:count]
    return []

"""On the specification's chain: companion votes make the same checkpoints final."""

from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.companion import (
    companion_secret,
    companions_of,
    register,
    registry_of,
)
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.certificates.votes import (
    checkpoint_of,
    one_link,
    vote_of,
    votes_on_branch,
)
from proofmill.host.network.consensus.chain import SLOTS_PER_EPOCH, EmbeddedChain
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.finality.registry import Registry
from proofmill.host.prover.circuits.finality.size import EPOCH
from proofmill.host.prover.circuits.finality.statement import SignedVote, sign_vote, state_votes
from proofmill.host.prover.circuits.finality.vote import Checkpoint

GENESIS = Checkpoint(0, bytes(32))
TAG = 5


class Follower:
    """A chain whose validators all sign with companion keys, and who knows certificates alone."""

    def __init__(self, seed: int) -> None:
        self.chain = EmbeddedChain(lambda public, proof: True, seed=seed)
        state = self.chain.head_state
        genesis = bytes(state.genesis_validators_root)
        self.secrets = [companion_secret(key) for key in self.chain.keys]
        self.companions = companions_of(
            [register(index, key, 0, genesis) for index, key in enumerate(self.chain.keys)], state)
        self.blocks: dict[bytes, spec.BeaconBlock] = {}
        self.states: dict[bytes, spec.BeaconState] = {
            GENESIS.root: state, bytes(self.chain.head.root): state}
        self.registry_at = cache(self._registry_at)
        self.known = Finality.start(GENESIS, self.registry_at(GENESIS).commitment)

    def _registry_at(self, checkpoint: Checkpoint) -> Registry:
        state = spec.copy(self.states[checkpoint.root])
        start = spec.compute_start_slot_at_epoch(checkpoint.epoch)
        if state.slot < start:
            spec.process_slots(state, start)
        return registry_of(state, self.companions, EPOCH.depth)

    def advance(self, attesting: bool = True, parent: bytes | None = None) -> bytes:
        report = self.chain.advance(parent=parent, attesting=attesting, users=False)
        store = self.chain.store
        self.blocks[report.block_root] = store.blocks[report.block_root]
        self.states[report.block_root] = store.block_states[report.block_root]
        return report.block_root

    def branch(self) -> list[spec.BeaconBlock]:
        found, root = [], bytes(self.chain.head.root)
        while root in self.blocks:
            found.append(self.blocks[root])
            root = bytes(found[-1].parent_root)
        return found[::-1]

    def votes(self, target: Checkpoint) -> list[SignedVote]:
        """What the voters on the branch have signed with their companion keys."""
        found = votes_on_branch(self.branch(), self.states, target)
        return [sign_vote(self.secrets[index], index, vote_of(data, self.registry_at))
                for index, data in sorted(found.items())]

    def certify(self, target: Checkpoint) -> bool:
        """Whether there is a certificate for it, taken in."""
        votes = self.votes(target)
        if not votes:
            return False
        link = one_link(each.vote for each in votes)
        try:
            stated = state_votes(EPOCH, self.registry_at(link.source), link, votes, TAG)
        except ProofmillError as error:
            assert "less than two thirds" in str(error)
            return False
        self.known = self.known.after(stated)
        return True

    def epoch(self, attesting: Sequence[int]) -> None:
        """Run an epoch to its end, in which the given slots vote, and certify."""
        while True:
            self.advance((self.chain.slot + 1) % SLOTS_PER_EPOCH in attesting)
            if (self.chain.slot + 1) % SLOTS_PER_EPOCH == 0:
                break
        self.settle()

    def settle(self) -> None:
        """Certify what the last two epochs' votes on the branch give, as the specification does
        at an epoch's end."""
        state = spec.copy(self.chain.head_state)
        epoch = int(spec.get_current_epoch(state))
        for each in (epoch - 1, epoch):
            # The specification weighs nothing in the first two epochs.
            if epoch > 1 and each > self.known.head.epoch:
                self.certify(Checkpoint(each, bytes(spec.get_block_root(state, each))))

    def specified(self) -> tuple[Checkpoint, Checkpoint]:
        """Justified and final, by the state at the beginning of the next epoch."""
        state = spec.copy(self.chain.head_state)
        spec.process_slots(state, spec.compute_start_slot_at_epoch(
            spec.get_current_epoch(state) + 1))
        return (checkpoint_of(state.current_justified_checkpoint),
                checkpoint_of(state.finalized_checkpoint))


def agreeing(follower: Follower, epochs: Sequence[Sequence[int]]) -> Iterator[tuple[int, int]]:
    """Justified and final epoch after each of `epochs`, by certificates and by the specification
    alike; of each the slots that vote."""
    for attesting in epochs:
        follower.epoch(attesting)
        known = follower.known
        assert (known.head, known.finalized) == follower.specified()
        yield known.head.epoch, known.finalized.epoch


ALL = tuple(range(SLOTS_PER_EPOCH))


def test_certificates_justify_what_the_specification_does() -> None:
    """All vote; what was signed in an epoch's last slot comes too late for its end."""
    assert list(agreeing(Follower(3), (ALL, ALL, ALL))) == [(0, 0), (0, 0), (2, 0)]


@pytest.mark.slow
def test_certificates_finalise_what_the_specification_does() -> None:
    """An epoch of which five slots of eight vote, 62.5 %, is not justified; six are enough."""
    found = list(agreeing(Follower(3), (ALL, ALL, ALL, ALL[:5], ALL[:6], ALL, ALL[1:])))
    assert found == [(0, 0), (0, 0), (2, 0), (2, 0), (4, 0), (5, 4), (6, 5)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", (1, 2))
def test_forks_and_missed_votes_make_no_difference(seed: int) -> None:
    """A slot in six has no votes, one in six a block beside the head. Nothing is final by
    certificates that is not by the specification; it may be so later, in the case that
    `host.network.certificates.rule` names."""
    draw, follower, lead, behind = Random(seed), Follower(seed), 0, 0
    for _ in range(10):
        while True:
            head = follower.blocks.get(bytes(follower.chain.head.root))
            beside = head is not None and draw.random() < 1 / 6
            follower.advance(draw.random() > 1 / 6, bytes(head.parent_root) if beside else None)
            if (follower.chain.slot + 1) % SLOTS_PER_EPOCH == 0:
                break
        follower.settle()
        justified, final = follower.specified()
        assert follower.known.head == justified
        assert follower.known.finalized == final or follower.known.finalized.epoch < final.epoch
        lead, behind = max(lead, final.epoch), behind + (follower.known.finalized != final)
    assert lead > 3 and behind <= 1

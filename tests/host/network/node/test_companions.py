"""What validators sign with companion keys, what a node hears of it, and what is due from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.companion import (
    Registration,
    companion_secret,
    registered,
)
from proofmill.host.network.certificates.rewards import CertificateTerms
from proofmill.host.network.certificates.rule import GENESIS, Finality
from proofmill.host.network.certificates.slashing import evidence_refusal
from proofmill.host.network.consensus.duties import attest
from proofmill.host.network.consensus.spec import spec
from proofmill.host.network.node.certificate_messages import CompanionVotes
from proofmill.host.network.node.certifier import places_for
from proofmill.host.network.node.companions import Companions, enough
from proofmill.host.network.node.follower import ATTEST_MS, EARLY, Follower
from proofmill.host.network.node.gossip import Reception
from proofmill.host.network.node.wire import LIMITS, Topic, frame
from proofmill.host.prover.circuits.finality.statement import is_enough, sign_vote, state_votes
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote
from tests.host.network.certificates.conftest import Made
from tests.host.network.certificates.conftest import made as made  # a fixture
from tests.host.network.node.chains import KEYS, follower

FIRST = 8
"""The first slot of epoch 1; that no slot has a block makes no difference."""
VOTED = 6
"""Slots whose voters together have two thirds."""


@dataclass
class World:
    """A chain, a node with all companion keys on it, and what they have signed, by slot."""

    follower: Follower
    registrations: list[Registration]
    signer: Companions
    attestations: dict[int, spec.Attestation]
    signed: dict[int, list[bytes]]

    def listener(self) -> Companions:
        """Somebody who has no keys."""
        return Companions(self.follower, self.registrations, {}, places_for(64))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    ours = follower()
    registrations = list(registered(KEYS))
    signer = Companions(ours, registrations, {
        index: companion_secret(key) for index, key in enumerate(KEYS)}, places_for(64))
    made = World(ours, registrations, signer, {}, {})
    for slot in range(FIRST, FIRST + VOTED):
        ours.tick(slot, ATTEST_MS)
        attestation = attest(dict(enumerate(KEYS)), ours.head_state(), ours.head(), slot)
        assert ours.take(Topic.ATTESTATION, bytes(attestation.encode_bytes()), "self")[0] is (
            Reception.ACCEPT)
        made.attestations[slot] = attestation
        made.signed[slot] = list(signer.sign(attestation))
    yield made


def test_votes_of_two_thirds_are_a_certificate(world: World) -> None:
    heard, known = world.listener(), Finality.start(
        GENESIS, world.signer.registry_at(GENESIS).commitment)
    target = Checkpoint(1, world.follower.genesis_root)
    for slot, messages in world.signed.items():
        assert heard.due(target, known) is None
        for raw in messages:
            assert len(frame(Topic.COMPANION_VOTES, raw)) < LIMITS[Topic.COMPANION_VOTES]
            assert heard.take(raw) == (Reception.ACCEPT, "")
            assert heard.take(raw)[0] is Reception.KEEP
        assert len(heard.kept()) == slot - FIRST + 1
    due = heard.due(target, known)
    assert due is not None
    registry, link, votes = due
    assert (link.source, link.target) == (GENESIS, target)
    assert len(votes) == 43     # of 64 with the same balance
    stated = state_votes(places_for(64), registry, link, votes, 1)
    assert known.after(stated).head == target
    assert heard.due(target, known.after(stated)) is None
    assert heard.due(Checkpoint(1, bytes(32)), known) is None
    # Who comes late hears it all from whoever has it.
    late = world.listener()
    for raw in heard.kept():
        assert late.take(raw)[0] is Reception.ACCEPT
    assert late.due(target, known) == due
    late.forget(GENESIS)
    assert late.kept() == heard.kept() and late.due(target, known) == due
    late.forget(target)
    assert late.kept() == () and late.take(world.signed[FIRST][0])[0] is Reception.IGNORE


def test_contracts_begin_where_nodes_do(world: World, made: Made) -> None:
    """What is deployed before the chain has a first block is the registry of its first state."""
    terms = CertificateTerms.at_genesis(made.key, places_for(64), KEYS, world.registrations)
    assert terms.checkpoint == GENESIS
    assert terms.registry == world.signer.registry_at(GENESIS).commitment
    with pytest.raises(ProofmillError, match="the registration of validator 0"):
        CertificateTerms.at_genesis(made.key, places_for(64), KEYS, [
            replace(world.registrations[0], validator=0, key=world.registrations[1].key)])


def test_as_few_votes_as_will_do(world: World) -> None:
    heard = world.listener()
    for messages in world.signed.values():
        for raw in messages:
            heard.take(raw)
    registry = heard.registry_at(GENESIS)
    votes = list(heard._heard.values())
    link = votes[0].vote.link
    chosen = enough(registry, link, votes, 46)
    weight = sum(registry.members[each.validator].balance for each in chosen)
    total = registry.total_for(1)
    assert is_enough(weight, total)
    assert not is_enough(weight - registry.members[chosen[-1].validator].balance, total)
    assert enough(registry, link, votes, 42) == [] and enough(registry, link, votes[:42], 46) == []


def test_what_a_light_node_can_go_on_from(world: World) -> None:
    """Of the source of all votes there is no certificate: they count by the registry of the latest
    checkpoint that is known, if it is of the same fork; as soon as the source is known, by its."""
    heard = world.listener()
    old, source, target = (Checkpoint(epoch, bytes([epoch]) * 32) for epoch in (3, 5, 6))
    first = heard.registry_at(GENESIS)
    of = {each: replace(first, epoch=each.epoch) for each in (old, source, target)}
    heard._registries.update(of)
    link = Link(first.fork_domain, source, target, of[target].commitment)
    heard._heard = {(6, index): sign_vote(
        companion_secret(key), index, Vote(link, 48, 0, target.root))
        for index, key in enumerate(KEYS)}
    known = Finality.start(old, of[old].commitment)
    due = heard.due(target, known)
    assert due is not None and due[0] == of[old] and due[1] == link
    after = known.after(state_votes(places_for(64), *due, 1))
    assert (after.finalized, after.head) == (source, target)
    known = Finality(old, {**known.justified, source: of[source].commitment})
    due = heard.due(target, known)
    assert due is not None and due[0] == of[source]
    heard._registries[old] = replace(of[old], fork_domain=b"\x01" * 32)
    assert heard.due(target, Finality.start(old, 7)) is None
    assert heard.due(target, Finality.start(target, of[target].commitment)) is None


def test_what_is_not_taken(world: World) -> None:
    raw = world.signed[FIRST][0]

    def changed(change) -> tuple[Reception, str]:
        message = CompanionVotes.decode_bytes(raw)
        change(message)
        return world.listener().take(bytes(message.encode_bytes()))

    def signature(message: CompanionVotes) -> None:
        message.signatures[1].signature = message.signatures[0].signature

    def head(message: CompanionVotes) -> None:
        message.data.beacon_block_root = bytes(32)

    def source(message: CompanionVotes) -> None:
        message.data.source.root = b"\x01" * 32

    def target(message: CompanionVotes) -> None:
        message.data.target.root = b"\x01" * 32

    def epoch(message: CompanionVotes) -> None:
        message.data.target.epoch = 0

    def early(message: CompanionVotes) -> None:
        message.data.slot = world.follower.slot + 1

    def stranger(message: CompanionVotes) -> None:
        message.signatures[0].validator_index = 64

    def point(message: CompanionVotes) -> None:
        message.signatures[0].signature = b"\xff" * 64

    voter = CompanionVotes.decode_bytes(raw).signatures
    for change, verdict, reason in (
            (signature, Reception.REJECT, f"validator {voter[1].validator_index}: S B is not"),
            (head, Reception.REJECT, f"validator {voter[0].validator_index}: S B is not"),
            (source, Reception.REJECT, "its source is not what its target's state has justified"),
            (target, Reception.IGNORE, "its target is unknown"),
            (epoch, Reception.REJECT, "its target is not of its epoch"),
            (early, Reception.IGNORE, EARLY),
            (stranger, Reception.REJECT, "validator 64: the registry has no such validator"),
            (point, Reception.REJECT, "no packed point")):
        got = changed(change)
        assert got[0] is verdict and reason in got[1], change.__name__
    assert world.listener().take(b"\xff")[0] is Reception.REJECT


def test_signing_twice_is_noticed(world: World) -> None:
    """The same voters for the same target, with another head: the first counts, and both are
    evidence against each of them."""
    heard = world.listener()
    assert heard.take(world.signed[FIRST][0])[0] is Reception.ACCEPT
    twice = spec.copy(world.attestations[FIRST])
    twice.data.beacon_block_root = b"\x07" * 32
    for raw in world.signer.sign(twice):
        assert heard.take(raw)[0] is Reception.KEEP
    assert len(heard.evidence) == len(
        CompanionVotes.decode_bytes(world.signed[FIRST][0]).signatures) > 0
    for first, second in heard.evidence:
        key = heard.registry_at(GENESIS).members[first.validator].key
        assert evidence_refusal(key, first, second) == ""
    assert all(vote.vote.head != b"\x07" * 32 for vote in heard._heard.values())


def test_nothing_is_signed_in_the_first_epoch(world: World) -> None:
    first = spec.copy(world.attestations[FIRST])
    first.data.target.epoch = 0
    assert list(world.signer.sign(first)) == []


def test_what_lies_between_is_certified_first(
        world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link over two epochs makes its source final by the checkpoint between, where the chain has
    justified that one. Genesis is final without."""
    heard, root, chain = world.listener(), world.follower.genesis_root, world.follower
    state = spec.copy(chain.head_state())
    for slot, bits in ((24, (0, 1, 0, 0)), (32, (0, 1, 1, 0)), (32, (0, 0, 1, 0))):
        state.slot = slot
        for place, bit in enumerate(bits):
            state.justification_bits[place] = bool(bit)
        monkeypatch.setattr(chain, "head_state", lambda: state)

        def between(source: int) -> Checkpoint | None:
            first = GENESIS if source == 0 else Checkpoint(source, root)
            return heard._between(Link(bytes(32), first, Checkpoint(source + 2, root), 1))

        assert between(0) is None
        assert between(1) == (Checkpoint(2, root) if slot == 32 and bits[1] else None)

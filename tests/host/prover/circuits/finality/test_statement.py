"""What votes prove, by the definition in plain integers."""

from dataclasses import replace

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.baby_jubjub import ZERO
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.finality.registry import AHEAD, Member, Registry, unchanging
from proofmill.host.prover.circuits.finality.size import EPOCH, SLOT, CertificateSize
from proofmill.host.prover.circuits.finality.statement import (
    CertificateInputs,
    SignedVote,
    add_up,
    is_enough,
    state_votes,
)
from proofmill.host.prover.circuits.finality.vote import (
    Checkpoint,
    Link,
    Vote,
    certificate_tag,
    words,
)
from tests.host.prover.circuits.finality.small import (
    FORK,
    LEFT,
    LINK,
    MEMBERS,
    PART,
    REGISTRY,
    TAG,
    TOTAL,
    WHOLE,
    voted,
)


def state(*votes: SignedVote, size: CertificateSize = WHOLE, registry: Registry = REGISTRY,
          link: Link = LINK) -> CertificateInputs:
    return state_votes(size, registry, link, votes, TAG)


def test_two_of_three_are_two_thirds() -> None:
    made = state(voted(3), voted(2))
    weight = MEMBERS[2].balance + MEMBERS[3].balance
    assert made == CertificateInputs(
        REGISTRY.commitment, 12345, 6, 0xaa * (2**128 // 255), 0xaa * (2**128 // 255),
        7, 2**128 - 1, 2**128 - 1, weight, TAG)
    assert len(made.numbers) == 10
    assert (made.source, made.target) == (LINK.source, LINK.target)
    with pytest.raises(ProofmillError, match="below 2\\^128"):
        assert made._replace(target_low=1 << 128).target
    assert state(voted(0), voted(3), size=PART).signers == 0b1001


@pytest.mark.parametrize("weight, enough", ((0, False), (6, False), (7, True), (10, True)))
def test_two_thirds_is_the_specifications(weight: int, enough: bool) -> None:
    assert is_enough(weight, 10) is enough
    assert is_enough(2, 3), "just two thirds"


def other(link: Link = LINK, **changes: object) -> Link:
    return replace(link, **changes)


@pytest.mark.parametrize("vote, reason", (
    (voted(0, key=bytes([9] * 32)), "another key"),
    (replace(voted(0), validator=2), "another key"),
    (voted(0, other(target=Checkpoint(7, b"\xfe" * 32))), "another source, target"),
    (voted(0, other(source=Checkpoint(5, b"\xaa" * 32))), "another source, target"),
    (voted(0, other(next_registry=12346)), "another source, target"),
    (voted(0, other(fork_domain=bytes(32))), "another source, target"),
    (replace(voted(0), vote=replace(voted(0).vote, slot=58)), "another key"),
    (replace(voted(0), vote=replace(voted(0).vote, index=1)), "another key"),
    (replace(voted(0), vote=replace(voted(0).vote, head=b"\x01" * 32)), "another key"),
    (replace(voted(0), validator=1), "no such validator"),
    (voted(3), "twice")))
def test_a_vote_that_does_not_count(vote: SignedVote, reason: str) -> None:
    with pytest.raises(ProofmillError, match=reason):
        state(voted(3), vote, size=PART)


def test_votes_that_prove_nothing() -> None:
    with pytest.raises(ProofmillError, match="less than two thirds"):
        state(voted(3))
    with pytest.raises(ProofmillError, match="do not fit"):
        state(voted(0), voted(2), voted(3))
    with pytest.raises(ProofmillError, match="do not fit"):
        state(voted(0), size=CertificateSize(3, 2, False))
    with pytest.raises(ProofmillError, match="another fork"):
        state(voted(0), registry=replace(REGISTRY, fork_domain=bytes(32)))
    with pytest.raises(ProofmillError, match="below r"):
        state_votes(PART, REGISTRY, LINK, (), MODULUS)


def test_every_field_of_a_registry_is_in_its_commitment() -> None:
    members = {**MEMBERS, 0: replace(MEMBERS[0], balance=MEMBERS[0].balance - 1)}
    others = (*(replace(REGISTRY, totals=tuple(TOTAL + (place == each) for place in range(AHEAD)))
                for each in range(AHEAD)),
              replace(REGISTRY, fork_domain=bytes(32)), replace(REGISTRY, epoch=7),
              replace(REGISTRY, members={**MEMBERS, 0: replace(MEMBERS[0], active=7)}),
              replace(REGISTRY, members=members),
              replace(REGISTRY, members={1: MEMBERS[0], 2: MEMBERS[2], 3: MEMBERS[3]}))
    assert len({REGISTRY.commitment, *(each.commitment for each in others)}) == 10


@pytest.mark.parametrize("changes, reason", (
    ({"totals": (TOTAL, TOTAL, TOTAL - 1, TOTAL)}, "more than the total.*3 epochs after epoch 6"),
    ({"totals": unchanging(1 << 64)}, "0 to 2\\^64 - 1"), ({"totals": (TOTAL,)}, "4 totals, not 1"),
    ({"epoch": -1}, "epoch of a registry"),
    ({"members": {0: replace(MEMBERS[0], active=16)}}, "bits 0 to 15, not 16"),
    ({"depth": 1}, "validator 2 has no place"), ({"depth": 0}, "depth of 1"),
    ({"members": {0: MEMBERS[0], 1: MEMBERS[0]}}, "stands twice"),
    ({"members": {0: Member(ZERO, 1)}}, "large order"),
    ({"members": {0: Member(MEMBERS[0].key, -1)}}, "balance of validator 0"),
    ({"fork_domain": bytes(31)}, "32 bytes, not 31")))
def test_a_registry_that_cannot_be(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ProofmillError, match=reason):
        assert replace(REGISTRY, **changes).commitment


def test_parts_are_added_up() -> None:
    first, second = (state(voted(number), size=PART) for number in (0, 2))
    assert add_up((first, second), TOTAL - 3) == first.weight + second.weight
    for parts, reason in (
            ((first, first), "validator 0 is in two"), ((), "no parts"),
            ((first,), "less than two thirds"),
            ((first, second._replace(target_low=0)), "cannot be added"),
            ((first, second._replace(registry=0)), "cannot be added"),
            ((first, second._replace(next_registry=0)), "cannot be added"),
            ((state(voted(2), voted(3)),), "does not say who")):
        with pytest.raises(ProofmillError, match=reason):
            add_up(parts, TOTAL)


def test_a_vote_counts_where_its_validator_is_active() -> None:
    """Validator 0 goes after epoch 7: in 7 it votes, and two thirds of what is left then are
    enough, as at the end of epoch 8."""
    later = other(target=replace(LINK.target, epoch=8))
    assert state(voted(0), voted(3), registry=LEFT).weight == 64 * 10**9 + 3
    with pytest.raises(ProofmillError, match="less than two thirds"):
        state(voted(0), voted(3))
    with pytest.raises(ProofmillError, match="validator 0: by the registry it is not active in "
                                             "epoch 8"):
        state(voted(0, later), registry=LEFT, link=later)
    assert {LEFT.total_for(epoch) for epoch in (7, 8, 9, 10, 99)} == {
        TOTAL - MEMBERS[0].balance}
    rising = replace(REGISTRY, totals=tuple(TOTAL + each for each in range(4)))
    assert [rising.total_for(epoch) - TOTAL for epoch in (7, 8, 9, 10, 99)] == [0, 1, 2, 3, 3]
    with pytest.raises(ProofmillError, match="for later epochs, not for 6"):
        REGISTRY.ahead(6)


def test_words_and_sizes() -> None:
    assert words(bytes(15) + b"\x01" + bytes(15) + b"\x02") == (1, 2)
    assert (SLOT.places, EPOCH.places, EPOCH.whole) == (8, 64, True)
    for depth, places, whole in ((8, 1, False), (0, 1, True), (41, 1, True), (3, 0, True),
                                 (3, 513, True)):
        with pytest.raises(ProofmillError, match="not"):
            CertificateSize(depth, places, whole)
    with pytest.raises(ProofmillError, match="slot of a vote"):
        Vote(LINK, -1, 0, FORK)
    with pytest.raises(ProofmillError, match="epoch of a checkpoint"):
        Checkpoint(1 << 64, FORK)


def test_a_tag_names_epoch_and_prover() -> None:
    tags = {certificate_tag(*each) for each in (
        (1, 2, 3, bytes(20)), (0, 2, 3, bytes(20)), (1, 0, 3, bytes(20)), (1, 2, 0, bytes(20)),
        (1, 2, 3, b"\x01" * 20))}
    assert len(tags) == 5
    with pytest.raises(ProofmillError, match="20 bytes"):
        certificate_tag(1, 2, 3, bytes(21))
    with pytest.raises(ProofmillError, match="prover must be"):
        certificate_tag(1, 2, -3, bytes(20))

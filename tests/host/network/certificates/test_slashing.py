"""Double signing with a companion key is judged as the specification judges attestations."""

from dataclasses import replace
from itertools import product

import pytest

from proofmill.host.network.certificates.slashing import are_slashable, evidence_refusal
from proofmill.host.network.consensus.spec import spec
from proofmill.host.prover.circuits.finality.vote import Checkpoint, Link, Vote
from tests.host.prover.circuits.finality.small import FORK, KEYS, LINK, MEMBERS, voted

ROOTS = (b"\x00" * 32, b"\x01" * 32)


def both(source: int, target: int, root: bytes, slot: int) -> tuple[Vote, spec.AttestationData]:
    """A vote, as a companion key and as the validator's key signs it."""
    link = Link(FORK, Checkpoint(source, ROOTS[0]), Checkpoint(target, root), 1)
    return Vote(link, slot, 0, ROOTS[0]), spec.AttestationData(
        slot=slot, source=spec.Checkpoint(epoch=source, root=ROOTS[0]),
        target=spec.Checkpoint(epoch=target, root=root), beacon_block_root=ROOTS[0])


def test_the_rule_is_the_specifications() -> None:
    votes = [both(source, target, root, slot) for source, target, root, slot
             in product(range(3), range(4), ROOTS, (8, 9)) if source < target]
    found = set()
    for (one, one_data), (other, other_data) in product(votes, votes):
        expected = bool(spec.is_slashable_attestation_data(one_data, other_data))
        assert are_slashable(one, other) is expected
        found.add(expected)
    assert found == {True, False}


@pytest.mark.parametrize("changes", ({"next_registry": 2}, {"fork_domain": bytes(32)}))
def test_what_attestations_do_not_have_counts_too(changes) -> None:
    vote = both(1, 2, ROOTS[0], 8)[0]
    assert are_slashable(vote, replace(vote, link=replace(vote.link, **changes)))


def test_evidence() -> None:
    key = MEMBERS[0].key
    other = replace(LINK, target=Checkpoint(LINK.target.epoch, b"\x01" * 32))
    first, second = voted(0), voted(0, other)
    assert evidence_refusal(key, first, second) == ""
    assert evidence_refusal(key, first, first) == "a validator may sign both votes"
    assert "two validators" in evidence_refusal(key, first, voted(2, other))
    assert evidence_refusal(key, voted(0, key=KEYS[2]), second).startswith("the first vote: S B")
    assert evidence_refusal(key, first, replace(second, signature=first.signature)).startswith(
        "the second vote: S B")


def test_a_surrounding_vote_comes_first() -> None:
    around = replace(LINK, source=Checkpoint(5, LINK.source.root),
                     target=Checkpoint(8, LINK.target.root))
    wide, narrow = voted(0, around), voted(0)
    assert evidence_refusal(MEMBERS[0].key, wide, narrow) == ""
    assert evidence_refusal(MEMBERS[0].key, narrow, wide) == "a validator may sign both votes"

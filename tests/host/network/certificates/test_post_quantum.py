"""Certificates with hash-based signatures, where the library is installed."""

from dataclasses import replace

import pytest

from proofmill.host.prover.circuits.finality.vote import Checkpoint

pytest.importorskip("py_lean_multisig")

from proofmill.host.network.certificates.post_quantum import (  # noqa: E402
    HashCertificate,
    Link,
    Vote,
    Voter,
    certify,
    keygen,
    refusal,
    registry_of,
)

DOMAIN = bytes(32)


@pytest.mark.slow  # to prepare the prover takes ten seconds and more
def test_a_certificate_holds_and_no_part_can_be_another_one() -> None:
    import py_lean_multisig as lean

    made = [keygen(bytes([index + 1]) * 32, 0, 31) for index in range(4)]
    voters = [Voter(key, 32) for key, _ in made]
    registry = registry_of(voters, DOMAIN).commitment
    link = Link(DOMAIN, registry, Checkpoint(6, b"\1" * 32), Checkpoint(7, b"\2" * 32))
    signatures = {index: made[index][1](link.message, 7) for index in (0, 1, 3)}
    found = certify(voters, link, signatures, lean.Prover(log_inv_rate=1))
    assert refusal(found, registry) == "" and found.size > len(found.signature) > 1000

    def refused(changed: HashCertificate, sentence: str) -> None:
        assert sentence in refusal(changed, registry)

    votes = found.votes
    refused(replace(found, votes=votes[:2]), "less than two thirds")
    refused(replace(found, votes=votes[::-1]), "the signature does not hold")
    refused(replace(found, votes=(*votes, votes[0])), "counted twice")
    refused(replace(found, votes=(*votes[:2], replace(votes[2], index=2))), "not in the registry")
    other = Vote(votes[2].index, Voter(votes[2].voter.key, 64), votes[2].branch)
    refused(replace(found, votes=(*votes[:2], other)), "not in the registry")
    refused(replace(found, registry=replace(found.registry, total=64)), "another registry")
    for changed in (replace(link, source=Checkpoint(5, b"\1" * 32)),
                    replace(link, target=Checkpoint(8, b"\2" * 32)),
                    replace(link, target=Checkpoint(7, b"\3" * 32)),
                    replace(link, next_registry=bytes(32))):
        refused(replace(found, link=changed), "the signature does not hold")
    refused(replace(found, link=replace(link, target=Checkpoint(6, b"\2" * 32))), "no vote leads")
    refused(replace(found, signature=found.signature[:-1]), "the signature does not hold")

"""Certificates with hash-based signatures, where the library is installed."""

from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.light import STATE, LightNode, open_any
from proofmill.host.prover.circuits.finality.vote import Checkpoint

pytest.importorskip("py_lean_multisig")

from proofmill.host.network.certificates.light_post_quantum import (  # noqa: E402
    HashLightNode,
)
from proofmill.host.network.certificates.post_quantum import (  # noqa: E402
    Committed,
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
    assert refusal(found, registry) == "" and len(found.signature) > 1000
    assert HashCertificate.from_bytes(found.to_bytes()) == found

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


ROOTS = [bytes([epoch]) * 32 for epoch in range(9)]


def number(commitment: bytes) -> int:
    return int.from_bytes(commitment, "big")


@pytest.mark.slow  # as above
def test_a_light_node_follows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three epochs from a peer that it does not trust, with voters that change; a liar beside it is
    not believed, and the last certificate alone stays on the disk."""
    import py_lean_multisig as lean

    made = [keygen(bytes([index + 1]) * 32, 0, 31) for index in range(5)]
    everybody = [Voter(key, 32) for key, _ in made]
    prover = lean.Prover(log_inv_rate=1)
    registries = {epoch: everybody[:4] if epoch < 6 else everybody[1:] for epoch in range(4, 8)}
    peer, liar = tmp_path / "peer", tmp_path / "liar"
    for folder in (peer, liar):
        folder.mkdir()
    for epoch in (5, 6, 7):
        voters = registries[epoch - 1]
        link = Link(DOMAIN, registry_of(registries[epoch], DOMAIN).commitment,
                    Checkpoint(epoch - 1, ROOTS[epoch - 1]), Checkpoint(epoch, ROOTS[epoch]))
        signatures = {index: made[everybody.index(voters[index])][1](link.message, epoch)
                      for index in (0, 1, 3)}
        found = certify(voters, link, signatures, prover)
        (peer / f"{epoch}.certificate").write_bytes(found.to_bytes())
        lie = replace(found, link=replace(link, target=Checkpoint(epoch, b"\xee" * 32)))
        (liar / f"{epoch}.certificate").write_bytes(lie.to_bytes())
    first = number(registry_of(registries[4], DOMAIN).commitment)
    words = ["--epoch", "4", "--root", f"0x{ROOTS[4].hex()}", "--registry", str(first),
             "--profile", "post-quantum"]
    folder = str(tmp_path / "node")
    assert main(["light", "start", folder, *words]) == 0
    assert main(["light", "follow", folder, "--peer", str(liar), "--peer", str(peer)]) == 1
    shown = capsys.readouterr().out
    assert shown.count("is refused: the signature does not hold") == 3
    assert "3 certificates taken: epoch 7 is justified, 6 is final" in shown
    node = open_any(folder)
    assert isinstance(node, HashLightNode) and node.known.finalized == Checkpoint(6, ROOTS[6])
    assert node.epochs == [7] and node.bytes > 100_000
    assert main(["why", "--epoch", "7", "--light", folder]) == 0
    assert "signed with their XMSS keys a vote for it from epoch 6" in capsys.readouterr().out
    # By another registry than the one that was signed with its source it follows nothing.
    other = HashLightNode.start(tmp_path / "other", Checkpoint(4, ROOTS[4]), first ^ 1)
    told: list[str] = []
    assert other.follow([str(peer)], told.append) == 0 and "another registry" in told[0]


def unproven() -> HashCertificate:
    """One whose signature is none."""
    voters = [Voter(bytes([index]) * 32, 32) for index in range(3)]
    committed = registry_of(voters, DOMAIN)
    link = Link(DOMAIN, b"\5" * 32, Checkpoint(6, ROOTS[6]), Checkpoint(7, ROOTS[7]))
    return HashCertificate(committed, link, tuple(
        Vote(index, voter, (b"\1" * 32, b"\2" * 32)) for index, voter in enumerate(voters)), b"sig")


def test_its_bytes_are_read_as_they_were_written(tmp_path: Path) -> None:
    certificate = unproven()
    data = certificate.to_bytes()
    assert len(data) == 196 + 3 * (4 + 32 + 8 + 64) + 3
    assert HashCertificate.from_bytes(data) == certificate
    stated = certificate.stated
    assert (stated.source, stated.target, stated.weight) == (
        certificate.link.source, certificate.link.target, 96)
    assert (stated.registry, stated.next_registry) == (
        number(certificate.registry.commitment), number(b"\5" * 32))
    none = replace(certificate, registry=Committed(bytes(32), 0, 0, DOMAIN))
    for noise in (b"", data[:195], data[:-3], none.to_bytes(), b"\xff" * 4096,
                  replace(certificate, votes=()).to_bytes()):
        with pytest.raises(ProofmillError, match="no certificate with hash-based signatures"):
            HashCertificate.from_bytes(noise)
    node = HashLightNode.start(tmp_path, certificate.link.source, stated.registry)
    with pytest.raises(ProofmillError, match="voter 0 is not in the registry"):
        node.take(certificate)
    assert node.epochs == [] and node.known.head == certificate.link.source


def test_folders_of_one_kind_are_none_of_the_other(tmp_path: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    words = ["light", "start", str(tmp_path / "node"), "--epoch", "0", "--registry"]
    more = ["--profile", "post-quantum"]
    assert main([*words, "5", *more, "--key", __file__]) == 2
    assert "have no circuit and no key; leave it out" in capsys.readouterr().err
    assert main([*words, str(1 << 256), *more]) == 2
    assert "a registry's commitment has 32 bytes" in capsys.readouterr().err
    assert main([*words, "5"]) == 2
    assert "--profile companion: needs --key" in capsys.readouterr().err
    assert main([*words, str((1 << 256) - 1), *more]) == 0
    assert main([*words, "5", *more]) == 2
    assert "is of a light node already" in capsys.readouterr().err
    with pytest.raises(ProofmillError, match="is of 'proofmill light node, post-quantum', version "
                                             "1, not of 'proofmill light node'"):
        LightNode.open(tmp_path / "node")
    assert main(["light", "show", str(tmp_path / "node"), "--json"]) == 0
    (tmp_path / "node" / STATE).write_text("[]")
    with pytest.raises(ProofmillError):
        open_any(tmp_path / "node")

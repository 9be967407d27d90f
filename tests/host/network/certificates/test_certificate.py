"""Certificates as bytes, and their proofs."""

from dataclasses import replace

import pytest

from proofmill.host.bench.light_adversary import altered
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.between import DEPTH
from proofmill.host.network.certificates.certificate import (
    CERTIFICATE_BYTES,
    MOST_BYTES,
    Certificate,
    proof_refusal,
)
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.prover.circuits.constraints import MODULUS
from tests.host.network.certificates.conftest import TAG, Made, checkpoint, registry


def test_certificates_make_an_epoch_final(made: Made) -> None:
    known = Finality.start(checkpoint(4), registry(4).commitment)
    for certificate in made.certificates.values():
        assert proof_refusal(made.key, certificate) == ""
        known = known.after(certificate.stated)
    assert (known.head, known.finalized) == (checkpoint(8), checkpoint(5))
    assert certificate.stated.prover_tag == TAG


def test_a_certificate_is_440_bytes(made: Made) -> None:
    certificate = made.certificates[4, 5]
    data = certificate.to_bytes()
    assert len(data) == CERTIFICATE_BYTES == 440
    assert Certificate.from_bytes(data) == certificate
    assert data[32:64] == registry(5).commitment.to_bytes(32, "big")
    assert data[64:104] == (4).to_bytes(8, "big") + checkpoint(4).root


def test_a_branch_comes_behind(made: Made) -> None:
    branch = tuple(bytes([place]) * 32 for place in range(DEPTH))
    certificate = replace(made.certificates[6, 8], branch=branch)
    data = certificate.to_bytes()
    assert len(data) == MOST_BYTES == 984 and data[:CERTIFICATE_BYTES] == (
        made.certificates[6, 8].to_bytes())
    assert Certificate.from_bytes(data) == certificate
    for wrong in (data[:-32], data[:-1], data + bytes(32)):
        with pytest.raises(ProofmillError, match=f"has 440 bytes, not {len(wrong)}; with a branch"):
            Certificate.from_bytes(wrong)


@pytest.mark.parametrize("place", (31, 63, 71, 72, 111, 112, 151, 183, 184, 439))
def test_every_byte_counts(made: Made, place: int) -> None:
    """One of each part: registries, source, target, weight, tag, proof."""
    data = bytearray(made.certificates[5, 6].to_bytes())
    data[place] ^= 1
    changed = Certificate.from_bytes(bytes(data))
    assert proof_refusal(made.key, changed) == "its proof does not verify under this key"


def test_a_proof_says_nothing_else(made: Made) -> None:
    """What the adversary of `bench light` tries with a proof that was made. Each statement would be
    taken, if its proof held."""
    known = Finality.start(checkpoint(4), registry(4).commitment)
    certificate = made.certificates[4, 5]
    known = known.after(certificate.stated)
    forged = dict(altered(certificate))
    assert len(forged) == 3
    for each in forged.values():
        assert known.after(each.stated) != known
        assert proof_refusal(made.key, each) == "its proof does not verify under this key"


@pytest.mark.parametrize("place, name", ((0, "registry"), (32, "next registry"),
                                         (152, "prover's tag")))
def test_a_number_has_one_form(made: Made, place: int, name: str) -> None:
    data = bytearray(made.certificates[4, 5].to_bytes())
    value = int.from_bytes(data[place:place + 32], "big") + MODULUS
    data[place:place + 32] = value.to_bytes(32, "big")
    with pytest.raises(ProofmillError, match=f"the {name} of a certificate must be below r"):
        Certificate.from_bytes(bytes(data))


def test_what_is_no_certificate(made: Made) -> None:
    with pytest.raises(ProofmillError, match="440 bytes, not 439"):
        Certificate.from_bytes(made.certificates[4, 5].to_bytes()[:-1])
    part = replace(made.certificates[4, 5],
                   stated=made.certificates[4, 5].stated._replace(signers=1))
    assert "10 public signals, not 11" in proof_refusal(made.key, part)

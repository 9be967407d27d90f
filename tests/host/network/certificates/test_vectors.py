"""tests/vectors/certificate: what it says is so, and its proofs hold for what they say alone."""

import json

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.certificate import Certificate, proof_refusal
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.prover.groth16.verification_key import read_verification_key
from tests.host.network.certificates.vectors import (
    FOLDER,
    LAST,
    MADE,
    at,
    document,
    numbers,
    registry,
)


def test_the_file_is_what_the_reference_makes() -> None:
    assert json.loads((FOLDER / "vectors.json").read_text()) == document()


def test_it_has_what_is_refused_as_well() -> None:
    made = document()
    taken = [step["taken"] for history in made["histories"] for step in history["steps"]]
    assert 10 < sum(taken) < len(taken) - 8
    assert {each["offence"] for each in made["slashable"]} == {True, False}
    assert sum(each["public"] is None for each in made["statements"]) == 2
    assert made["branch"]["holds"] is True


def test_the_certificates_hold_and_follow() -> None:
    key = read_verification_key(FOLDER / "verification_key.json")
    proven = json.loads((FOLDER / "certificates.json").read_text())
    known = Finality.start(at(4), registry(4).commitment)
    finals = []
    for each, (name, _, of, _, branch) in zip(proven, MADE, strict=True):
        certificate = Certificate.from_bytes(bytes.fromhex(each["bytes"]))
        assert each["name"] == name and each["public"] == numbers(certificate.stated)
        assert (certificate.stated.source, certificate.stated.target) == (of.source, of.target)
        assert certificate.branch == branch and proof_refusal(key, certificate) == ""
        known = known.after(certificate.stated, certificate.branch)
        finals.append(known.finalized.epoch)
    assert finals == [4, 5, 7, 7, 8] and known.head == LAST
    with pytest.raises(ProofmillError, match="another registry"):
        Finality.start(at(8), 1).after(certificate.stated)

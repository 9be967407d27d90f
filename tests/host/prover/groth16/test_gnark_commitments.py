"""Proofs of gnark's circuits with commitments to wires: gnark's own, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.gnark import Form, GnarkKey, GnarkProof, parse_key, parse_proof
from proofmill.host.prover.groth16.gnark_commitments import expand_message, verify_committed
from proofmill.host.prover.groth16.json_fields import NotValid
from tests.host.prover.groth16.conftest import Run
from tests.host.prover.groth16.files import VECTORS

FOLDER = VECTORS / "gnark"
FILES = FOLDER / "committed.vk", FOLDER / "committed.proof"
PUBLIC = [49]


@pytest.fixture
def key() -> GnarkKey:
    return parse_key(FILES[0].read_bytes(), "committed.vk")


@pytest.fixture
def proof() -> GnarkProof:
    return parse_proof(FILES[1].read_bytes())


@pytest.mark.parametrize(("message", "digest"), [
    (b"", "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
    (b"abc", "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
])
def test_messages_are_expanded_as_the_standard_says(message: bytes, digest: str) -> None:
    """RFC 9380, appendix K.1."""
    assert expand_message(message, b"QUUX-V01-CS02-with-expander-SHA256-128", 32).hex() == digest


def test_a_proof_with_two_commitments(key: GnarkKey, proof: GnarkProof) -> None:
    """One of them to the other's challenge. No part of the proof may be another."""
    assert [len(wires) for wires in key.committed] == [1, 2] and key.plain.public == 3
    assert verify_committed(key, PUBLIC, proof)
    assert not verify_committed(key, [48], proof)
    first, second = proof.commitments or ()
    a = proof.plain.a
    for wrong in ({"commitments": (second, first)}, {"commitments": (a, second)},
                  {"commitments": (first, a)}, {"knowledge": a}, {"knowledge": (0, 0)},
                  {"commitments": ((0, 0), (0, 0)), "knowledge": (0, 0)},
                  {"plain": replace(proof.plain, a=proof.plain.c)},
                  {"plain": replace(proof.plain, c=a)}):
        assert not verify_committed(key, PUBLIC, replace(proof, **wrong))
    assert not verify_committed(replace(key, commitment_keys=key.commitment_keys[::-1]), PUBLIC,
                                proof)
    assert not verify_committed(replace(key, committed=((), (1, 2))), PUBLIC, proof)


def test_what_does_not_fit_is_told(key: GnarkKey, proof: GnarkProof) -> None:
    with pytest.raises(ProofmillError, match="2 public signals were given, committed.vk wants 1"):
        verify_committed(key, [49, 1], proof)
    for commitments, count in ((None, 0), ((), 0), ((proof.plain.a,), 1)):
        with pytest.raises(NotValid, match=f"the proof has {count} commitments, .* has 2"):
            verify_committed(key, PUBLIC, replace(proof, commitments=commitments))
    with pytest.raises(ProofmillError, match="by gnark before 0.11, .* not sound with several"):
        verify_committed(replace(key, form=Form.ONE_KEY,
                                 commitment_keys=key.commitment_keys[:1]), PUBLIC, proof)
    with pytest.raises(ProofmillError, match=r"a commitment to wires \(2,\), but there are 1"):
        verify_committed(replace(key, committed=((2,), (1, 2))), PUBLIC, proof)
    (g, one), (_, other) = key.commitment_keys
    with pytest.raises(ProofmillError, match="have not one generator"):
        verify_committed(replace(key, commitment_keys=((g, one), (one, other))), PUBLIC, proof)


def test_the_command(tmp_path: Path, run: Run) -> None:
    public = tmp_path / "public.json"
    for signal, status, told in (("49", 0, "valid\n"), ("50", 1, "NOT valid for this key")):
        public.write_text(json.dumps([signal]))
        found = run("verify", FILES[0], public, FILES[1])
        assert found[0] == status and told in found[1]
    assert "is NOT valid: the proof has 0 commitments" in run(
        "verify", FILES[0], public, FOLDER / "mix.proof")[1]
    status, told = run("gnark", "key", FILES[0], tmp_path / "vk.json")
    assert status == 2 and "2 commitments, which keys in JSON, and devices that verify" in told

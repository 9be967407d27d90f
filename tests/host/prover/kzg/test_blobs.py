"""Commitments to blobs and their proofs, on polynomials that are known by their coefficients."""

import pytest
from py_ecc.optimized_bls12_381 import G1, multiply, normalize

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg import functions, trusted_setup
from proofmill.host.prover.native.bls12_381 import ORDER
from tests.host.prover.kzg.polynomials import ROOT, blob_with, setup_powers, value_of

INFINITY = bytes([0xc0, *bytes(47)])
COEFFICIENTS = (3, 0, ORDER - 1, 5)
ZERO = bytes(131072)


def number(value: int) -> bytes:
    return value.to_bytes(32, "big")


def test_commitments_to_polynomials_of_few_terms() -> None:
    """A constant is so many times G1, and X is the secret's own point in the setup."""
    powers = setup_powers()
    x, y = (int(each) for each in normalize(multiply(G1, ORDER - 2)))
    constant = functions.blob_to_kzg_commitment(number(ORDER - 2) * 4096)
    assert int.from_bytes(constant, "big") & (1 << 381) - 1 == x
    for exponent in (1, 3):
        blob = blob_with([0] * exponent + [1])
        assert functions.blob_to_kzg_commitment(blob) == powers[exponent]
    assert functions.blob_to_kzg_commitment(ZERO) == INFINITY


@pytest.mark.parametrize("at", [0, 1, 7, ORDER - 1, ROOT, pow(ROOT, 4095, ORDER)])
def test_a_value_is_proven_where_it_is_and_nowhere_else(at: int) -> None:
    blob = blob_with(COEFFICIENTS)
    commitment = functions.blob_to_kzg_commitment(blob)
    proof, value = functions.compute_kzg_proof(blob, number(at))
    assert int.from_bytes(value, "big") == value_of(COEFFICIENTS, at)
    assert functions.verify_kzg_proof(commitment, number(at), value, proof)
    other = number((value_of(COEFFICIENTS, at) + 1) % ORDER)
    for changed in ((commitment, number(at), other, proof),
                    (commitment, number((at + 1) % ORDER), value, proof),
                    (proof, number(at), value, proof),
                    (commitment, number(at), value, INFINITY)):
        assert not functions.verify_kzg_proof(*changed)


def test_blobs_are_verified_alone_and_together() -> None:
    blobs = [blob_with(COEFFICIENTS), ZERO, blob_with([1, 1])]
    commitments = [functions.blob_to_kzg_commitment(blob) for blob in blobs]
    proofs = [functions.compute_blob_kzg_proof(blob, commitment)
              for blob, commitment in zip(blobs, commitments, strict=True)]
    assert all(map(functions.verify_blob_kzg_proof, blobs, commitments, proofs))
    assert functions.verify_blob_kzg_proof_batch(blobs, commitments, proofs)
    assert functions.verify_blob_kzg_proof_batch([], [], [])
    for given in ((blobs, commitments, [proofs[2], proofs[1], proofs[0]]),
                  (blobs[::-1], commitments, proofs)):
        assert not functions.verify_blob_kzg_proof_batch(*given)
    assert not functions.verify_blob_kzg_proof(blobs[2], commitments[0], proofs[0])


GOOD = (ZERO, INFINITY, INFINITY)


@pytest.mark.parametrize("given, sentence", [
    ((ZERO[1:], INFINITY, INFINITY), r"^the blob: 131,071 bytes, a blob has 131,072; "),
    ((ZERO[32:] + number(ORDER), INFINITY, INFINITY),
     rf"^the blob: element 4095 \(byte 131040\) is {ORDER:#x}, which is not below "),
    ((ZERO, INFINITY[:-1], INFINITY), "^the commitment: 47 bytes, a compressed point of G1 has 48"),
    ((ZERO, INFINITY, bytes(48)), "^the proof: 0x00.* is no point of G1: its highest bit is 0"),
    ((ZERO, bytes([0xe0]) + bytes(47), INFINITY), "^the commitment: .*marked as infinity and says"),
    ((ZERO, b"\xbf" + b"\xff" * 47, INFINITY), "^the commitment: .*its x is not below"),
])
def test_what_the_specification_asserts_is_refused(
        given: tuple[bytes, bytes, bytes], sentence: str) -> None:
    assert functions.verify_blob_kzg_proof(*GOOD)
    with pytest.raises(ProofmillError, match=sentence):
        functions.verify_blob_kzg_proof(*given)


def test_values_and_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ProofmillError, match=f"^z: value is {ORDER:#x}, which is not below"):
        functions.compute_kzg_proof(ZERO, number(ORDER))
    with pytest.raises(ProofmillError, match="^y: 31 bytes, a field element has 32; give all"):
        functions.verify_kzg_proof(INFINITY, number(0), bytes(31), INFINITY)
    with pytest.raises(ProofmillError, match="^1 proofs do not belong to 2 blobs; give as many"):
        functions.verify_blob_kzg_proof_batch([ZERO] * 2, [INFINITY] * 2, [INFINITY])
    with pytest.raises(ProofmillError, match="^blob 1: 0 bytes, a blob has"):
        functions.verify_blob_kzg_proof_batch([ZERO, b""], [INFINITY] * 2, [INFINITY] * 2)
    with pytest.raises(ProofmillError, match="^the proof 1: 0x00"):
        functions.verify_blob_kzg_proof_batch([ZERO] * 2, [INFINITY] * 2, [INFINITY, bytes(48)])


def test_another_setup_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted_setup, "PLACE", "presets/mainnet/fulu.yaml")
    trusted_setup._file.cache_clear()
    with pytest.raises(ProofmillError, match="fulu.yaml: SHA-256 [0-9a-f]{64} is not the trusted"):
        trusted_setup._file()
    monkeypatch.setattr(trusted_setup, "PLACE", "nowhere.json")
    with pytest.raises(ProofmillError, match="nowhere.json.*cannot be read: .*pip install"):
        trusted_setup._file()

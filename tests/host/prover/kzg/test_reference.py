"""The same bytes as c-kzg-4844, the library of the clients, on random and extreme blobs."""

import random
from collections.abc import Callable

import ckzg
import pytest
from eth_consensus_specs.utils import kzg as specification

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg import functions
from proofmill.host.prover.native.bls12_381 import ORDER

RANDOM = random.Random(4844)
POINTS = [pow(7, (ORDER - 1) // 4096 * 5, ORDER), 0, 1, ORDER - 1, RANDOM.randrange(ORDER)]


def blob(element: Callable[[int], int]) -> bytes:
    return b"".join(element(i).to_bytes(32, "big") for i in range(4096))


BLOBS = {
    "random": blob(lambda i: RANDOM.randrange(ORDER)),
    "zero": bytes(131072),
    "largest": blob(lambda i: ORDER - 1),
    "one element": blob(lambda i: 5 if i == 7 else 0),
    "bytes": blob(lambda i: RANDOM.randrange(256)),
}


@pytest.fixture(scope="module")
def setup() -> object:
    return specification.load_trusted_setup()


@pytest.mark.parametrize("name", BLOBS)
def test_commitments_and_proofs(name: str, setup: object) -> None:
    data = BLOBS[name]
    commitment = functions.blob_to_kzg_commitment(data)
    assert commitment == ckzg.blob_to_kzg_commitment(data, setup)
    proof = functions.compute_blob_kzg_proof(data, commitment)
    assert proof == ckzg.compute_blob_kzg_proof(data, commitment, setup)
    assert ckzg.verify_blob_kzg_proof(data, commitment, proof, setup)
    assert functions.verify_blob_kzg_proof(data, commitment, proof)
    for at in POINTS:
        z = at.to_bytes(32, "big")
        found, value = functions.compute_kzg_proof(data, z)
        assert (found, value) == ckzg.compute_kzg_proof(data, z, setup)
        assert functions.verify_kzg_proof(commitment, z, value, found)


def test_the_same_is_refused(setup: object) -> None:
    infinity, zero = bytes([0xc0, *bytes(47)]), bytes(131072)
    bad_points = [bytes(48), infinity[:-1], bytes([0xe0, *bytes(47)]), b"\xbf" + b"\xff" * 47,
                  *((i | 1 << 383).to_bytes(48, "big") for i in range(8))]
    for point in bad_points:
        for given in ((zero, point, infinity), (zero, infinity, point)):
            with pytest.raises(ProofmillError):
                functions.verify_blob_kzg_proof(*given)
            with pytest.raises((RuntimeError, ValueError)):
                ckzg.verify_blob_kzg_proof(*given, setup)
    for data in (zero[1:], zero + b"\0", zero[32:] + ORDER.to_bytes(32, "big"), b"\xff" * 131072):
        with pytest.raises(ProofmillError):
            functions.blob_to_kzg_commitment(data)
        with pytest.raises((RuntimeError, ValueError)):
            ckzg.blob_to_kzg_commitment(data, setup)

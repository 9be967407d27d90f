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


@pytest.mark.parametrize("name", ["random", "zero", "largest"])
def test_cells_and_recovery(name: str, setup: object) -> None:
    data = BLOBS[name]
    cells, proofs = functions.compute_cells_and_kzg_proofs(data)
    assert functions.compute_cells(data) == cells == ckzg.compute_cells(data, setup)
    found = ckzg.compute_cells_and_kzg_proofs(data, setup)
    assert [list(each) for each in found] == [cells, proofs]
    commitments = [functions.blob_to_kzg_commitment(data)] * 128
    assert functions.verify_cell_kzg_proof_batch(commitments, list(range(128)), cells, proofs)
    assert ckzg.verify_cell_kzg_proof_batch(commitments, list(range(128)), cells, proofs, setup)
    kept = sorted(RANDOM.sample(range(128), 64))
    some = [cells[i] for i in kept]
    assert functions.recover_cells_and_kzg_proofs(kept, some) == (cells, proofs)
    found = ckzg.recover_cells_and_kzg_proofs(kept, some, setup)
    assert [list(each) for each in found] == [cells, proofs]


def test_the_same_cells_are_refused(setup: object) -> None:
    infinity, cell = bytes([0xc0, *bytes(47)]), bytes(2048)
    good = ([infinity], [0], [cell], [infinity])
    assert functions.verify_cell_kzg_proof_batch(*good)
    for field, wrong in ((0, []), (0, [infinity[1:]]), (1, [128]), (2, [cell[1:]]),
                         (2, [b"\xff" * 2048]), (3, [bytes(48)])):
        given = [*good[:field], wrong, *good[field + 1:]]
        with pytest.raises(ProofmillError):
            functions.verify_cell_kzg_proof_batch(*given)
        with pytest.raises((RuntimeError, ValueError)):
            ckzg.verify_cell_kzg_proof_batch(*given, setup)
    half, all_of_them = list(range(64)), [*range(128), 127]
    for indices in (half[1:], [0, *half[:-1]], [*half[1:], 0], [*half[1:], 128], all_of_them):
        with pytest.raises(ProofmillError):
            functions.recover_cells_and_kzg_proofs(indices, [cell] * len(indices))
        with pytest.raises((RuntimeError, ValueError)):
            ckzg.recover_cells_and_kzg_proofs(indices, [cell] * len(indices), setup)


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

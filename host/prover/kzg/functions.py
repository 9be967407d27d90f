"""The consensus specification's functions for blobs and cells, on bytes, under its names.

(`polynomial-commitments.md` of Deneb, `polynomial-commitments-sampling.md` of Fulu.) What the
specification asserts raises `ProofmillError`; whether something is valid is the answer.
"""

from collections.abc import Sequence

from proofmill.host.prover.kzg import blobs, cells
from proofmill.host.prover.kzg.inputs import (
    blob_of,
    cell_index_of,
    cell_of,
    element_of,
    point_of,
    points_of,
    same_length,
)
from proofmill.host.prover.kzg.parameters import ELEMENT_BYTES
from proofmill.host.prover.kzg.recover import recover
from proofmill.host.prover.kzg.verify import Opening, are_valid
from proofmill.host.prover.kzg.verify_cells import Cell, cells_are_valid


def blob_to_kzg_commitment(blob: bytes) -> bytes:
    """The commitment to a blob's polynomial, 48 bytes."""
    return blobs.commit(blob_of(blob)).compressed


def compute_kzg_proof(blob: bytes, z_bytes: bytes) -> tuple[bytes, bytes]:
    """A proof of the polynomial's value at z, and the value."""
    proof, value = blobs.prove(blob_of(blob), element_of(z_bytes, "z"))
    return proof.compressed, value.to_bytes(ELEMENT_BYTES, "big")


def compute_blob_kzg_proof(blob: bytes, commitment_bytes: bytes) -> bytes:
    """A proof of the polynomial's value where blob and commitment say."""
    elements, commitment = blob_of(blob), point_of(commitment_bytes, "the commitment")
    return blobs.prove(elements, blobs.challenge(elements, commitment))[0].compressed


def verify_kzg_proof(commitment_bytes: bytes, z_bytes: bytes, y_bytes: bytes, proof_bytes: bytes
                     ) -> bool:
    """Whether y is the value at z of the polynomial that is committed to."""
    return are_valid([Opening(
        point_of(commitment_bytes, "the commitment"), element_of(z_bytes, "z"),
        element_of(y_bytes, "y"), point_of(proof_bytes, "the proof"))])


def verify_blob_kzg_proof(blob: bytes, commitment_bytes: bytes, proof_bytes: bytes) -> bool:
    """Whether a commitment is to a blob, by its proof."""
    return verify_blob_kzg_proof_batch([blob], [commitment_bytes], [proof_bytes])


def verify_blob_kzg_proof_batch(blobs_bytes: Sequence[bytes], commitments_bytes: Sequence[bytes],
                                proofs_bytes: Sequence[bytes]) -> bool:
    """Whether all commitments are to their blobs, by their proofs; of none, True."""
    same_length(blobs=blobs_bytes, commitments=commitments_bytes, proofs=proofs_bytes)
    count = len(blobs_bytes)
    elements = [blob_of(each, "the blob" if count == 1 else f"blob {i}")
                for i, each in enumerate(blobs_bytes)]
    openings = []
    for blob, commitment, proof in zip(elements, points_of(commitments_bytes, "the commitment"),
                                       points_of(proofs_bytes, "the proof"), strict=True):
        at = blobs.challenge(blob, commitment)
        openings.append(Opening(commitment, at, blobs.evaluate(blob, at), proof))
    return are_valid(openings)


def compute_cells(blob: bytes) -> list[bytes]:
    """The 128 cells of a blob's polynomial."""
    return cells.cells_of(cells.coefficients_of(blob_of(blob)))


def compute_cells_and_kzg_proofs(blob: bytes) -> tuple[list[bytes], list[bytes]]:
    """The 128 cells of a blob's polynomial, and the proof of each."""
    coefficients = cells.coefficients_of(blob_of(blob))
    return cells.cells_of(coefficients), cells.proofs_of(coefficients)


def verify_cell_kzg_proof_batch(
        commitments_bytes: Sequence[bytes], cell_indices: Sequence[int],
        cells_bytes: Sequence[bytes], proofs_bytes: Sequence[bytes]) -> bool:
    """Whether all cells are of the polynomials that are committed to; of none, True."""
    same_length(cells=cells_bytes, commitments=commitments_bytes, indices=cell_indices,
                proofs=proofs_bytes)
    return cells_are_valid([
        Cell(commitment, cell_index_of(index, f"the cell index {i}"),
             cell_of(cell, f"cell {i}"), proof)
        for i, (commitment, index, cell, proof) in enumerate(zip(
            points_of(commitments_bytes, "the commitment"), cell_indices, cells_bytes,
            points_of(proofs_bytes, "the proof"), strict=True))])


def recover_cells_and_kzg_proofs(cell_indices: Sequence[int], cells_bytes: Sequence[bytes]
                                 ) -> tuple[list[bytes], list[bytes]]:
    """All cells and proofs, from 64 cells or more, in ascending order."""
    same_length(cells=cells_bytes, indices=cell_indices)
    coefficients = recover(
        [cell_index_of(index, f"the cell index {i}") for i, index in enumerate(cell_indices)],
        [cell_of(cell, f"cell {i}") for i, cell in enumerate(cells_bytes)])
    return cells.cells_of(coefficients), cells.proofs_of(coefficients)

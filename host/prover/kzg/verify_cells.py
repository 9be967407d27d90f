"""EIP-7594: whether cells are those of committed polynomials, many of them by two pairings.

A cell at index k, with ``a = h^64`` for its shift h, is right where ``f - I = (X^64 - a) Q``, I of
degree below 64 with the cell's values. All of them, times powers of a number that depends on all:
``e(sum(r Q), s^64 G2) = e(sum(r C) - sum(r I(s) G1) + sum(r a Q), G2)``
(verify_cell_kzg_proof_batch_impl of the specification).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from proofmill.host.prover.kzg.blobs import hash_to_scalar
from proofmill.host.prover.kzg.cells import interpolated
from proofmill.host.prover.kzg.inputs import Elements, Point
from proofmill.host.prover.kzg.pairing import product_is_one
from proofmill.host.prover.kzg.parameters import BLOB_ELEMENTS, CELL_ELEMENTS, coset_shift
from proofmill.host.prover.kzg.trusted_setup import cell_powers
from proofmill.host.prover.native.bls12_381 import ORDER, pack, powers_of, weighted_sum

CELL_BATCH_DOMAIN = b"RCKZGCBATCH__V1_"
"""RANDOM_CHALLENGE_KZG_CELL_BATCH_DOMAIN."""


@dataclass(frozen=True)
class Cell:
    """A cell, its place, the commitment to its blob, and its proof."""

    commitment: Point
    index: int
    elements: Elements
    proof: Point


def cells_are_valid(cells: Sequence[Cell]) -> bool:
    """verify_cell_kzg_proof_batch; of none, True."""
    if not cells:
        return True
    numbers: dict[bytes, int] = {}
    for cell in cells:
        numbers.setdefault(cell.commitment.compressed, len(numbers))
    weights = powers_of(_challenge(cells, numbers), len(cells))
    columns: dict[int, list[int]] = {}
    commitments: dict[bytes, int] = {}
    points, scalars = [], []
    for cell, weight in zip(cells, weights, strict=True):
        column = columns.setdefault(cell.index, [0] * CELL_ELEMENTS)
        for i, value in enumerate(cell.elements.values):
            column[i] = (column[i] + weight * value) % ORDER
        words = cell.commitment.words
        commitments[words] = (commitments.get(words, 0) + weight) % ORDER
        points.append(cell.proof.words)
        scalars.append(weight * pow(coset_shift(cell.index), CELL_ELEMENTS, ORDER) % ORDER)
    points += [*commitments, cell_powers()]
    scalars += commitments.values()
    scalars += [-coefficient % ORDER for coefficient in interpolated(columns)]
    right = weighted_sum(b"".join(points), pack([-scalar % ORDER for scalar in scalars]))
    left = weighted_sum(b"".join(cell.proof.words for cell in cells), pack(weights))
    return product_is_one([(Point.of_words(left), CELL_ELEMENTS), (Point.of_words(right), 0)])


def _challenge(cells: Sequence[Cell], numbers: dict[bytes, int]) -> int:
    """compute_verify_cell_kzg_proof_batch_challenge."""
    counts = (BLOB_ELEMENTS, CELL_ELEMENTS, len(numbers), len(cells))
    return hash_to_scalar(
        CELL_BATCH_DOMAIN + b"".join(count.to_bytes(8, "big") for count in counts)
        + b"".join(numbers)
        + b"".join(numbers[cell.commitment.compressed].to_bytes(8, "big")
                   + cell.index.to_bytes(8, "big") + cell.elements.data + cell.proof.compressed
                   for cell in cells))

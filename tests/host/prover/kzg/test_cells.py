"""Cells, their proofs and recovery, on polynomials that are known by their coefficients."""

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg import functions
from proofmill.host.prover.native.bls12_381 import (
    ORDER,
    compress,
    decompress,
    pack,
    weighted_sum,
)
from tests.host.prover.kzg.polynomials import blob_with, setup_powers, value_of

ROOT = pow(7, (ORDER - 1) >> 13, ORDER)
COEFFICIENTS = [9, 1] + [0] * 62 + [5] + [0] * 65 + [7]
"""7 X^130 + 5 X^64 + X + 9."""
EVERY = list(range(128))


def shift(cell: int) -> int:
    return pow(ROOT, int(f"{cell:07b}"[::-1], 2), ORDER)


@pytest.fixture(scope="module")
def blob() -> bytes:
    return blob_with(COEFFICIENTS)


@pytest.fixture(scope="module")
def made(blob: bytes) -> tuple[list[bytes], list[bytes]]:
    return functions.compute_cells_and_kzg_proofs(blob)


def test_cells_are_the_polynomials_values(
        blob: bytes, made: tuple[list[bytes], list[bytes]]) -> None:
    cells = made[0]
    assert cells == functions.compute_cells(blob) and b"".join(cells[:64]) == blob
    root = pow(ROOT, 128, ORDER)
    for cell in (0, 1, 64, 127):
        at = [shift(cell) * pow(root, int(f"{i:06b}"[::-1], 2), ORDER) for i in range(64)]
        assert cells[cell] == b"".join(
            value_of(COEFFICIENTS, each % ORDER).to_bytes(32, "big") for each in at)


def test_proofs_commit_to_the_quotients(made: tuple[list[bytes], list[bytes]]) -> None:
    """Divided by X^64 - a: 7 X^66 + 7 a X^2 + 5."""
    powers = setup_powers()
    points, _ = decompress(b"".join(powers[i] for i in (66, 2, 0)))
    for cell, proof in enumerate(made[1]):
        a = pow(shift(cell), 64, ORDER)
        assert proof == compress(weighted_sum(points, pack([7, 7 * a % ORDER, 5])))


def test_cells_are_verified_together_and_none_that_is_wrong(
        blob: bytes, made: tuple[list[bytes], list[bytes]]) -> None:
    cells, proofs = made
    other = blob_with([1, 2])
    commitments = [functions.blob_to_kzg_commitment(each) for each in (blob, other)]
    other_cells, other_proofs = functions.compute_cells_and_kzg_proofs(other)
    infinity = bytes([0xc0, *bytes(47)])
    assert other_proofs == [infinity] * 128  # of degree below 64, it is divided without a quotient
    indices = [3, 127, 3, 127, 0]
    given = [[commitments[i] for i in (0, 0, 1, 1, 0)], indices,
             [(cells, cells, other_cells, other_cells, cells)[k][i] for k, i in enumerate(indices)],
             [(proofs, proofs, other_proofs, other_proofs, proofs)[k][i]
              for k, i in enumerate(indices)]]
    assert functions.verify_cell_kzg_proof_batch(*given)
    assert functions.verify_cell_kzg_proof_batch(*([each[0]] for each in given))
    assert functions.verify_cell_kzg_proof_batch([], [], [], [])
    for field, wrong in ((0, commitments[1]), (1, 4), (2, cells[4]), (3, proofs[4])):
        changed = [list(each) for each in given]
        changed[field][0] = wrong
        assert not functions.verify_cell_kzg_proof_batch(*changed)


@pytest.mark.parametrize("kept", [EVERY[64:], EVERY[1::2], EVERY[:100], EVERY])
def test_a_blob_is_recovered_from_half(kept: list[int],
                                       made: tuple[list[bytes], list[bytes]]) -> None:
    assert functions.recover_cells_and_kzg_proofs(kept, [made[0][i] for i in kept]) == made


def test_what_cannot_be_recovered_from_is_refused(made: tuple[list[bytes], list[bytes]]) -> None:
    cells = made[0]

    def refused(indices: list[int], some: list[bytes], sentence: str) -> None:
        with pytest.raises(ProofmillError, match=sentence):
            functions.recover_cells_and_kzg_proofs(indices, some)

    refused(EVERY[:63], cells[:63], "^63 cells do not determine a blob; give 64 or more$")
    refused(EVERY[:64], cells[:63], "^64 indices do not belong to 63 cells; give as many of each$")
    refused([*EVERY[:64], 63], cells[:65], "^the cell index 63 comes after 63; give cells once")
    refused([1, 0, *EVERY[2:]], cells, "^the cell index 0 comes after 1; give cells once each, in")
    refused([*EVERY[:64], 128], cells[:65], "^the cell index 64: 128 is none of a blob's 128")
    refused(EVERY[:64], [*cells[:63], b""], "^cell 63: 0 bytes, a cell has 2,048; give all")
    refused(EVERY[:65], [*cells[:64], cells[0]], "^the 65 cells: no polynomial of degree below")

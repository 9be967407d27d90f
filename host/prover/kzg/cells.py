"""EIP-7594: a blob's polynomial at twice as many roots of unity, in 128 cells with a proof each.

(`polynomial-commitments-sampling.md` of the consensus specification, Fulu.)
"""

from collections.abc import Mapping, Sequence

from proofmill.host.prover.kzg.fk20 import cell_proofs, transformed_setup
from proofmill.host.prover.kzg.inputs import Elements
from proofmill.host.prover.kzg.parameters import (
    BLOB_POWER,
    CELL_BYTES,
    CELL_ELEMENTS,
    CELL_POWER,
    CELLS,
    EXTENDED_POWER,
    coset_shift,
    reversal,
)
from proofmill.host.prover.kzg.polynomials import scaled, to_coefficients, to_values
from proofmill.host.prover.kzg.sums import Sums
from proofmill.host.prover.native.bls12_381 import (
    COMPRESSED_BYTES,
    NUMBER_BYTES,
    ORDER,
    compress,
    pack,
    pieces,
    unpack,
)
from proofmill.host.prover.native.library import Progress


def coefficients_of(blob: Elements, threads: int | None = None) -> bytes:
    """The polynomial's 4,096 coefficients, packed: polynomial_eval_to_coeff."""
    ordered = pack([blob.values[i] for i in reversal(BLOB_POWER)])
    return to_coefficients(ordered, BLOB_POWER, threads)


def cells_of(coefficients: bytes, threads: int | None = None) -> list[bytes]:
    """compute_cells: the polynomial's values, 2,048 bytes a cell, big-endian."""
    values = to_values(coefficients + bytes(len(coefficients)), EXTENDED_POWER, threads)
    # Backwards, every number is big-endian.
    elements = pieces(values[::-1], NUMBER_BYTES)[::-1]
    return pieces(b"".join([elements[i] for i in reversal(EXTENDED_POWER)]), CELL_BYTES)


def proofs_of(coefficients: bytes, threads: int | None = None, progress: Progress | None = None,
              sums: Sums | None = None) -> list[bytes]:
    """The cells' proofs, compressed; see `cell_proofs`."""
    points = cell_proofs(coefficients, transformed_setup(), threads, progress, sums)
    return pieces(compress(b"".join(points)), COMPRESSED_BYTES)


def interpolated(sums: Mapping[int, Sequence[int]]) -> list[int]:
    """The coefficients of ``sum(I_k)``: I_k of degree below 64 has the values of cell k.

    `sums`: of each cell's index its 64 values, in the specification's order.
    """
    indices, total = list(sums), [0] * CELL_ELEMENTS
    order = reversal(CELL_POWER)
    columns = b"".join(pack([sums[k][i] for i in order]) for k in indices)
    found = unpack(to_coefficients(columns, CELL_POWER))
    for place, index in enumerate(indices):
        own = found[CELL_ELEMENTS * place:CELL_ELEMENTS * (place + 1)]
        for i, coefficient in enumerate(scaled(own, pow(coset_shift(index), -1, ORDER))):
            total[i] += coefficient
    return [each % ORDER for each in total]


def blob_from(coefficients: bytes, threads: int | None = None) -> bytes:
    """The blob whose polynomial has these coefficients: its first 64 cells."""
    return b"".join(cells_of(coefficients, threads)[:CELLS // 2])

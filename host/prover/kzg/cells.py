"""EIP-7594: a blob's polynomial at twice as many roots of unity, in 128 cells with a proof each.

(`polynomial-commitments-sampling.md` of the consensus specification, Fulu.)
"""

from collections.abc import Mapping, Sequence

from proofmill.host.prover.kzg.fk20 import cell_proofs, transformed_setup
from proofmill.host.prover.kzg.inputs import Elements
from proofmill.host.prover.kzg.parameters import (
    BLOB_ELEMENTS,
    BLOB_POWER,
    CELL_ELEMENTS,
    CELL_POWER,
    CELLS,
    EXTENDED_ELEMENTS,
    EXTENDED_POWER,
    coset_shift,
    reversal,
    root_of_unity,
)
from proofmill.host.prover.native.bls12_381 import (
    NUMBER_BYTES,
    ORDER,
    compress,
    pack,
    transform,
    unpack,
)
from proofmill.host.prover.native.library import Progress


def coefficients_of(blob: Elements, threads: int | None = None) -> bytes:
    """The polynomial's 4,096 coefficients, packed: polynomial_eval_to_coeff."""
    ordered = pack([blob.values[i] for i in reversal(BLOB_POWER)])
    return transform(ordered, BLOB_POWER, pow(root_of_unity(BLOB_POWER), -1, ORDER),
                     pow(BLOB_ELEMENTS, -1, ORDER), threads)


def cells_of(coefficients: bytes, threads: int | None = None) -> list[bytes]:
    """compute_cells: the polynomial's values, 2,048 bytes a cell, big-endian."""
    values = transform(coefficients + bytes(NUMBER_BYTES * BLOB_ELEMENTS), EXTENDED_POWER,
                       root_of_unity(EXTENDED_POWER), threads=threads)
    # Backwards, every number is big-endian.
    backwards, last = values[::-1], EXTENDED_ELEMENTS - 1
    elements = [backwards[NUMBER_BYTES * (last - i):NUMBER_BYTES * (last - i + 1)]
                for i in reversal(EXTENDED_POWER)]
    return [b"".join(elements[CELL_ELEMENTS * i:CELL_ELEMENTS * (i + 1)]) for i in range(CELLS)]


def proofs_of(coefficients: bytes, threads: int | None = None, progress: Progress | None = None
              ) -> list[bytes]:
    """The cells' proofs, compressed."""
    points = cell_proofs(coefficients, transformed_setup(), threads, progress)
    data = compress(b"".join(points))
    size = len(data) // CELLS
    return [data[size * i:size * (i + 1)] for i in range(CELLS)]


def scaled(coefficients: Sequence[int], by: int) -> list[int]:
    """Of f(by * X)."""
    factor, result = 1, []
    for coefficient in coefficients:
        result.append(coefficient * factor % ORDER)
        factor = factor * by % ORDER
    return result


def interpolated(sums: Mapping[int, Sequence[int]]) -> list[int]:
    """The coefficients of ``sum(I_k)``: I_k of degree below 64 has the values of cell k.

    `sums`: of each cell's index its 64 values, in the specification's order.
    """
    indices, total = list(sums), [0] * CELL_ELEMENTS
    order = reversal(CELL_POWER)
    columns = b"".join(pack([sums[k][i] for i in order]) for k in indices)
    found = unpack(transform(columns, CELL_POWER, pow(root_of_unity(CELL_POWER), -1, ORDER),
                             pow(CELL_ELEMENTS, -1, ORDER)))
    for place, index in enumerate(indices):
        factor, backwards = 1, pow(coset_shift(index), -1, ORDER)
        for i in range(CELL_ELEMENTS):
            total[i] += found[CELL_ELEMENTS * place + i] * factor
            factor = factor * backwards % ORDER
    return [each % ORDER for each in total]


def blob_from(coefficients: bytes, threads: int | None = None) -> bytes:
    """The blob whose polynomial has these coefficients: its first 64 cells."""
    return b"".join(cells_of(coefficients, threads)[:CELLS // 2])

"""EIP-7594: a blob from half of its cells.

(`polynomial-commitments-sampling.md` of the consensus specification, Fulu.)
"""

from collections.abc import Sequence

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.kzg.inputs import Elements
from proofmill.host.prover.kzg.parameters import (
    BLOB_ELEMENTS,
    CELL_ELEMENTS,
    CELLS,
    CELLS_POWER,
    EXTENDED_ELEMENTS,
    EXTENDED_POWER,
    GENERATOR,
    reversal,
    roots,
)
from proofmill.host.prover.kzg.polynomials import scaled, to_coefficients, to_values
from proofmill.host.prover.native.bls12_381 import ORDER, pack, unpack

LEAST_CELLS = CELLS // 2
"""Cells from which a blob can be recovered."""


def recover(indices: Sequence[int], cells: Sequence[Elements], threads: int | None = None) -> bytes:
    """The polynomial's coefficients, packed, from 64 or more of its cells: recover_polynomialcoeff.

    Z is 0 at the missing cells: a polynomial in X^64 of at most 64 factors. The values of f Z are
    known at all roots, and f is f Z divided by Z on a shifted domain, where Z is not 0. Raises
    `ProofmillError` where indices do not ascend, are too few, or no polynomial of degree below
    4,096 has these cells.
    """
    _check(indices)
    missing = sorted(set(range(CELLS)) - set(indices))
    cell_roots = roots(CELLS_POWER)
    short = [1]  # in Y = X^64, the lowest coefficient first
    for cell in missing:
        zero = cell_roots[reversal(CELLS_POWER)[cell]]
        short = [(above - zero * below) % ORDER
                 for above, below in zip([0, *short], [*short, 0], strict=True)]
    short += [0] * (CELLS - len(short))
    at_cells = unpack(to_values(pack(short), CELLS_POWER))
    products, places = [0] * EXTENDED_ELEMENTS, reversal(EXTENDED_POWER)
    for index, each in zip(indices, cells, strict=True):
        factor = at_cells[reversal(CELLS_POWER)[index]]
        for i, value in enumerate(each.values):
            products[places[CELL_ELEMENTS * index + i]] = value * factor % ORDER
    product = unpack(to_coefficients(pack(products), EXTENDED_POWER, threads))
    shifted = unpack(to_values(pack(scaled(product, GENERATOR)), EXTENDED_POWER, threads))
    shift = pow(GENERATOR, CELL_ELEMENTS, ORDER)
    there = unpack(to_values(pack(scaled(short, shift)), CELLS_POWER))
    inverses = [pow(value, -1, ORDER) for value in there]
    quotients = [value * inverses[i % CELLS] % ORDER for i, value in enumerate(shifted)]
    found = scaled(unpack(to_coefficients(pack(quotients), EXTENDED_POWER, threads)),
                   pow(GENERATOR, -1, ORDER))
    if any(found[BLOB_ELEMENTS:]):
        raise ProofmillError(
            f"the {len(indices)} cells: no polynomial of degree below {BLOB_ELEMENTS:,} has all of "
            "these values, so one of them is wrong; verify each by its proof and leave the wrong "
            "ones out")
    return pack(found[:BLOB_ELEMENTS])


def _check(indices: Sequence[int]) -> None:
    for before, after in zip(indices, indices[1:], strict=False):
        if before >= after:
            raise ProofmillError(f"the cell index {after} comes after {before}; give cells once "
                                 "each, in ascending order")
    if len(indices) < LEAST_CELLS:
        raise ProofmillError(f"{len(indices)} cells do not determine a blob; give {LEAST_CELLS} or "
                             "more")

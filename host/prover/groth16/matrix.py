"""Sparse matrices over the scalar field, as a constraint system is made of."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs
from proofmill.host.prover.curve.scalars import Vector

Indices: TypeAlias = NDArray[np.int32]


@dataclass(frozen=True)
class SparseMatrix:
    """A matrix with nnz entries that are not zero, in the order of their rows.

    `rows`, `columns`: shape (nnz,), int32, 0-based, `rows` not descending.
    `values`: shape (nnz, 4), plain integers below r in little-endian limbs, not in Montgomery form.
    Two entries may have the same place: they add up.
    """

    rows: Indices
    columns: Indices
    values: Limbs

    def __post_init__(self) -> None:
        count = len(self.rows)
        if self.columns.shape != (count,) or self.values.shape != (count, 4):
            raise ValueError(f"a matrix of {count} rows' indices does not fit columns of shape "
                             f"{self.columns.shape} and values of shape {self.values.shape}")
        if np.any(self.rows[1:] < self.rows[:-1]):
            raise ValueError("the entries of a matrix must be in the order of their rows")

    @cached_property
    def elements(self) -> Vector:
        """The values as scalar-field elements, shape (nnz,)."""
        return scalars.from_plain(self.values)

    def times(self, vector: Vector, rows: int) -> Vector:
        """The product with a column `vector`: shape (rows,)."""
        return sum_by(self.rows, self.elements * vector[self.columns], rows)

    def left_times(self, vector: Vector, columns: int) -> Vector:
        """The product with a row `vector` from the left: shape (columns,)."""
        order = np.argsort(self.columns, kind="stable")
        products = self.elements[order] * vector[self.rows[order]]
        return sum_by(self.columns[order], products, columns)


def sum_by(places: NDArray[np.integer], values: Vector, count: int) -> Vector:
    """``result[k]``: the sum of the `values` whose place is k; `places` must not descend."""
    result = scalars.zeros(count)
    if len(places):
        starts = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
        result[places[starts]] = np.add.reduceat(values, starts)
    return result

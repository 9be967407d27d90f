"""The proofs of all cells of a blob at once (FK20).

(D. Feist, D. Khovratovich, "Fast amortized KZG proofs", ePrint 2023/033.)

A cell is f at the 64 roots of ``X^64 - a``; its proof commits to the quotient of f by that, which
is ``sum(a^(j-1) * H_j)``, j from 1 on, with ``H_j = sum(f_(t + 64 j) X^t)``: every H_j once, and
all 128 sums over powers of a, the roots of unity of order 128, by one transform of points. For each
remainder v of exponents modulo 64, H_j is a correlation of the coefficients ``f_(64 m + v)`` with
the setup's points ``s^(64 u + v) G1``, u and m below 64; as transforms of 128 have room for both, a
correlation is a product of transforms. Those of the setup's points are made once.
"""

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.errors import ProofmillError, way_out
from proofmill.host.ground.kept import keep, kept
from proofmill.host.prover.kzg.parameters import (
    BLOB_ELEMENTS,
    CELL_ELEMENTS,
    CELLS,
    CELLS_POWER,
    reversal,
    root_of_unity,
)
from proofmill.host.prover.kzg.sums import ProcessorSums, Sums
from proofmill.host.prover.kzg.trusted_setup import SHA256, powers
from proofmill.host.prover.native.bls12_381 import (
    INFINITY,
    NUMBER_BYTES,
    ORDER,
    POINT_BYTES,
    pieces,
    transform,
    transform_points,
)
from proofmill.host.prover.native.library import Progress

ROWS = BLOB_ELEMENTS // CELL_ELEMENTS
"""Coefficients with one remainder."""

FORM = "kzg-cells-1"
"""The form of what is kept: affine coordinates times 2^384, 128 points for each remainder."""


_made: list[bytes] = []


def transformed_setup(progress: Progress | None = None) -> bytes:
    """For each remainder v the transform ``sum(s^(64 u + v) G1 * w^(-m u))``, 128 points m.

    Made once, in seconds, and kept in the cache folder (0.8 MB), since every use needs it.
    `progress` is told while it is made. Raises `ProofmillError` where it cannot be written.
    """
    if not _made:
        _made.append(_kept_or_new(progress))
    return _made[0]


def _kept_or_new(progress: Progress | None) -> bytes:
    name = f"{FORM}-{SHA256[:16]}"
    try:
        folder = cache_folder("kzg")
        path = kept(folder, name, ".points")
        if path is not None:
            return path.read_bytes()
        made = _transform_setup(progress)
        keep(folder, name, ".points", [made])
    except OSError as error:
        raise ProofmillError(f"{error.filename or 'the cache'}: {error.strerror or error}; "
                             f"{way_out(error)}, by PROOFMILL_CACHE") from error
    return made


def _transform_setup(progress: Progress | None) -> bytes:
    return transform_points(_columns(powers(), POINT_BYTES), CELLS_POWER,
                            pow(root_of_unity(CELLS_POWER), -1, ORDER), progress=progress)


def _columns(data: bytes, size: int) -> bytes:
    """Of each remainder the points or numbers there, `size` bytes each, and as many zeros."""
    items, zeros = pieces(data, size), bytes(size * (CELLS - ROWS))
    return b"".join([b"".join(items[remainder::CELL_ELEMENTS]) + zeros
                     for remainder in range(CELL_ELEMENTS)])


def cell_proofs(coefficients: bytes, setup: bytes, threads: int | None = None,
                progress: Progress | None = None, sums: Sums | None = None) -> list[bytes]:
    """The proofs of a polynomial's 128 cells in their order, 96 bytes each.

    `coefficients`: 4,096 numbers, packed; `setup`: of `transformed_setup`. 8,192 products of points
    by numbers in 128 sums, by `sums`, and two transforms of 128 points, by this machine's processor
    on so many `threads`.
    """
    root = root_of_unity(CELLS_POWER)
    # The inverse transform of points below divides by their number; here it costs nothing.
    scalars = pieces(transform(_columns(coefficients, NUMBER_BYTES), CELLS_POWER, root,
                               pow(CELLS, -1, ORDER), threads), NUMBER_BYTES)
    places = [CELLS * remainder + place for place in range(CELLS)
              for remainder in range(CELL_ELEMENTS)]
    products = (sums or ProcessorSums(threads)).sums_of_rows(
        setup, places, b"".join([scalars[i] for i in places]), CELL_ELEMENTS, progress)
    points = transform_points(products, CELLS_POWER, pow(root, -1, ORDER), threads)
    quotients = points[POINT_BYTES:POINT_BYTES * ROWS] + INFINITY * (CELLS - ROWS + 1)
    proofs = pieces(transform_points(quotients, CELLS_POWER, root, threads), POINT_BYTES)
    return [proofs[i] for i in reversal(CELLS_POWER)]

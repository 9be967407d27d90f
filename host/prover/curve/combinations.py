"""Many short sums of points, and the form in which a ceremony hashes points.

The native library computes them (`host.prover.native.points`); there is no other way, since a key
of a real circuit would take hours. Raises `host.prover.native.build.NoLibrary` without it.
"""

import numpy as np
from numpy.typing import NDArray

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import LIMBS, Limbs, to_limbs
from proofmill.host.prover.curve.points import width
from proofmill.host.prover.native import points as native
from proofmill.host.prover.native.library import G1, G2, Library, Progress

NUMBER = {Group.G1: G1, Group.G2: G2}
"""What the native library calls the groups."""


def combine(group: Group, points: Limbs, places: NDArray[np.uint32], scalars: Limbs,
            starts: NDArray[np.uint64], out: Limbs | None = None, progress: Progress | None = None,
            code: Library | None = None) -> Limbs:
    """``result[i] = sum(scalars[k] * points[places[k]] for k in range(starts[i], starts[i+1]))``.

    `points`: (n, 8) or (n, 16); `places`: (terms,), below n; `scalars`: (terms, 4), plain integers;
    `starts`: (rows + 1,), from 0 to terms. The result, shape (rows, 8) or (rows, 16), is written to
    `out` if that is given: contiguous, perhaps mapped to a file. Raises `ProofmillError` where a
    coordinate in use is not below p.
    """
    rows = len(starts) - 1
    if out is None:
        out = np.zeros((rows, width(group)), dtype=np.uint64)
    points, places, scalars, starts = (
        np.require(points, np.uint64, ("C",)), np.require(places, np.uint32, ("C", "A")),
        np.require(scalars, np.uint64, ("C", "A")), np.require(starts, np.uint64, ("C", "A")))
    terms = len(places)
    if (scalars.shape != (terms, LIMBS) or points.shape[1:] != (width(group),)
            or out.shape != (rows, width(group)) or not out.flags.c_contiguous
            or int(starts[0]) != 0 or int(starts[-1]) != terms or np.any(starts[1:] < starts[:-1])
            or (terms and int(places.max()) >= len(points))):
        raise ValueError(f"{group.value}: {len(points)} points, {terms} places, scalars "
                         f"{scalars.shape}, {rows} rows and a result {out.shape} do not fit")
    native.combinations(NUMBER[group], points.ctypes.data, len(points), places.ctypes.data,
                        scalars.ctypes.data, starts.ctypes.data, rows, out.ctypes.data,
                        progress=progress, code=code)
    return out


def multiply_each(group: Group, points: Limbs, scalars: Limbs, out: Limbs | None = None) -> Limbs:
    """``scalars[i] * points[i]`` for every i; shapes and `out` as in `combine`."""
    count = len(points)
    return combine(group, points, np.arange(count, dtype=np.uint32), scalars,
                   np.arange(count + 1, dtype=np.uint64), out)


def multiply_all(group: Group, points: Limbs, scalar: int, out: Limbs | None = None,
                 progress: Progress | None = None) -> Limbs:
    """``scalar * points[i]`` for every i, shape (n, 8) or (n, 16); `out` as in `combine`."""
    count = len(points)
    if out is None:
        out = np.zeros((count, width(group)), dtype=np.uint64)
    for start in range(0, count, PIECE):
        stop = min(count, start + PIECE)
        multiply_each(group, points[start:stop], np.tile(to_limbs([scalar]), (stop - start, 1)),
                      out[start:stop])
        if progress is not None:
            progress(stop, count)
    return out


PIECE = 1 << 16
"""Points that `multiply_all` takes at once, so that memory holds few scalars."""


def uncompressed(group: Group, points: Limbs) -> bytes:
    """The bytes that stand for points where snarkjs hashes them: x, y as plain numbers, big-endian,
    in G2 the imaginary part of each first; infinity is all zero."""
    points = np.require(points, np.uint64, ("C",)).reshape(-1, width(group))
    return native.uncompressed(NUMBER[group], points.ctypes.data, len(points))

"""Many short sums, tests and conversions of points by the native library.

Points and scalars are laid out as in `host.prover.native.sums`; points may begin at any byte. Where
an argument is an address, whoever passes it keeps what is there.
"""

import ctypes

from proofmill.host.ground.cores import cores
from proofmill.host.prover.native.calls import finish
from proofmill.host.prover.native.library import Library, Progress, library

Place = int
"""An address."""


def combinations(group: int, points: Place, count: int, places: Place, scalars: Place,
                 starts: Place, rows: int, result: Place, threads: int | None = None,
                 progress: Progress | None = None, code: Library | None = None) -> None:
    """``result[i] = sum(scalars[k] * points[places[k]])``, k from starts[i] to starts[i + 1] - 1.

    `points`: `count` of them; `places`: u32 a term; `scalars`: 32 bytes a term, any number below
    2^256; `starts`: rows + 1 numbers of 64 bits that do not descend. About 45 additions a term with
    a scalar of full length and 250 a row with one; one addition a term where scalars are 1 or -1.
    Raises `ProofmillError` where a coordinate in use is not below p, or memory is short.
    """
    code = code or library()
    finish(lambda control, fault: code.combinations(
        code.vector, group, points, count, places, scalars, starts, rows, control, result, fault),
        threads, progress)


def first_off_curve(group: int, points: Place, count: int, code: Library | None = None
                    ) -> int | None:
    """The index of the first point that is not on its curve, coordinates below p; None if all are.

    Whether a point of G2 has an order that divides r is not asked.
    """
    index = int((code or library()).first_off_curve(group, points, count, cores()))
    return None if index < 0 else index


def uncompressed(group: int, points: Place, count: int, code: Library | None = None) -> bytes:
    """Points as a ceremony hashes them: coordinates big-endian, in G2 the imaginary part first.

    Infinity is all zero.
    """
    size = count * (128 if group else 64)
    result = ctypes.create_string_buffer(max(1, size))
    (code or library()).uncompressed(group, points, count, cores(), result)
    return result.raw[:size]

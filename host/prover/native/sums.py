"""Multi-scalar multiplication and multiples of one point by the native library.

Points are affine as a ``.zkey`` stores them: each coordinate times 2^256 modulo p in 32 bytes,
little-endian; 64 bytes in G1, 128 in G2 (real part first); infinity is all zero. Scalars are
32 bytes, any number below 2^256, taken modulo r; points must have an order that divides r.
"""

import ctypes
from typing import TypeAlias

from proofmill.host.prover.native.calls import finish
from proofmill.host.prover.native.library import Library, Progress, library

SCALAR_BYTES = 32
POINT_BYTES = (64, 128)
"""Bytes of a point of G1 and of G2."""

Bytes: TypeAlias = bytes | bytearray | memoryview
Place: TypeAlias = int | bytes | ctypes.Array[ctypes.c_char]
"""An address, or what ctypes takes for one. Whoever passes it keeps what is there."""


def weighted_sum(group: int, points: Bytes, scalars: Bytes, threads: int | None = None,
                 progress: Progress | None = None, code: Library | None = None) -> bytes:
    """``sum(scalars[i] * points[i])`` as one point; `group` is `G1` or `G2` of `library`.

    Raises `ProofmillError` where a coordinate is not below p or memory is short.
    """
    count = len(scalars) // SCALAR_BYTES
    if len(points) != count * POINT_BYTES[group] or len(scalars) != count * SCALAR_BYTES:
        raise ValueError(f"{len(points)} bytes of points do not fit {len(scalars)} of scalars")
    return sum_in_place(group, _pinned(points), _pinned(scalars), count, threads, progress, code)


def sum_in_place(group: int, points: Place, scalars: Place, count: int,
                 threads: int | None = None, progress: Progress | None = None,
                 code: Library | None = None, converted: int = 0) -> bytes:
    """`weighted_sum` of `count` points and scalars where they lie.

    `converted`: not 0 where the points are those of `convert_in_place`, by the same `code`, with
    `converted` copies at most.
    """
    code = code or library()
    result = ctypes.create_string_buffer(POINT_BYTES[group])
    finish(lambda control, fault: code.sum(
        code.vector, group, points, converted, scalars, count, control, result, fault),
        threads, progress)
    return result.raw


def convert_in_place(group: int, points: Place, to: Place, count: int,
                     threads: int | None = None, code: Library | None = None,
                     most_copies: int = 1) -> None:
    """Write `count` points as the library's vector class takes them, as many bytes, for many sums.

    A sum takes 0.02 to 0.05 less time with them. With `most_copies` above 1, up to as many
    multiples of every point by powers of two lie beside it, and `to` has room for `most_copies`
    times as many bytes: then windows of the scalars share their buckets, and a sum of 2^16 takes
    0.76 of the additions. Raises `ProofmillError` where a coordinate is not below p.
    """
    code = code or library()
    finish(lambda control, fault: code.convert(
        code.vector, group, points, count, most_copies, control, to, fault), threads)


def multiples(group: int, point: Bytes, scalars: Bytes, threads: int | None = None,
              progress: Progress | None = None, code: Library | None = None) -> bytearray:
    """``scalars[i] * point`` for every i, one point after the other."""
    count = len(scalars) // SCALAR_BYTES
    if len(point) != POINT_BYTES[group] or len(scalars) != count * SCALAR_BYTES:
        raise ValueError(f"a point of {len(point)} bytes, {len(scalars)} bytes of scalars")
    result = bytearray(count * POINT_BYTES[group])
    multiples_in_place(group, point, _pinned(scalars), count, _pinned(result), threads, progress,
                       code)
    return result


def multiples_in_place(group: int, point: Bytes, scalars: Place, count: int, result: Place,
                       threads: int | None = None, progress: Progress | None = None,
                       code: Library | None = None) -> None:
    """`multiples` of `count` scalars where they lie, to where the points shall lie."""
    code = code or library()
    base = _pinned(point)
    finish(lambda control, fault: code.multiples(
        code.vector, group, base, scalars, count, control, result, fault), threads, progress)


def copies_in_place(group: int, points: Place, count: int, stride: int, copies: int, result: Place,
                    threads: int | None = None, code: Library | None = None) -> None:
    """``2 ** (stride * k) * points[i]`` for k below `copies`, one after the other, then of the next
    point: `count` points where they lie, and where the result is to lie.

    Coordinates are below p. A point whose y is 0 gives infinity, as it is of order two.
    """
    code = code or library()
    finish(lambda control, fault: code.copies(
        code.vector, group, points, count, stride, copies, control, result, fault), threads)


def _pinned(data: Bytes) -> Place:
    """`data` as ctypes takes it: in place where it may be written to, else as bytes."""
    if isinstance(data, memoryview) and data.readonly:
        data = bytes(data)
    if isinstance(data, bytes):
        return data
    return (ctypes.c_char * len(data)).from_buffer(data)

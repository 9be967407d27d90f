"""BLS12-381 by the native library: points of G1, and polynomials over the curve's scalars.

A point is 96 bytes: x and y, each times 2^384 modulo p, little-endian; infinity is all zero.
Numbers are 32 bytes, little-endian, plain and below r. Points come from `decompress`, so they are
on the curve; where that was asked for, in the group of order r.
"""

import ctypes
from collections.abc import Sequence

from proofmill.hdl.field import BLS12_381_SCALAR
from proofmill.host.ground.cores import cores
from proofmill.host.prover.native.calls import finish
from proofmill.host.prover.native.faults import to_error
from proofmill.host.prover.native.library import Fault, Progress, library

ORDER = BLS12_381_SCALAR.modulus
"""r: the order of the groups; scalars are numbers below it."""

POINT_BYTES = 96
COMPRESSED_BYTES = 48
NUMBER_BYTES = 32

INFINITY = bytes(POINT_BYTES)

PROBLEMS = (
    "",
    "its highest bit is 0, which is no compressed point",
    "it is marked as infinity and says more than that",
    "its x is not below the field's prime p",
    "no point of the curve y^2 = x^3 + 4 has this x",
    "it is on the curve, but not in the group of prime order r",
)
"""Why bytes are no point, by `Problem` of `source/compressed.h`."""

LAMBDA = 0xd201000000010000 ** 2 - 1
"""x^2 - 1, x the curve's parameter: by so much (beta x, y) is (x, y), below 2^128."""


def pack(numbers: Sequence[int]) -> bytes:
    """Numbers one after the other, as the functions here take them."""
    return b"".join([number.to_bytes(NUMBER_BYTES, "little") for number in numbers])


def unpack(data: bytes) -> list[int]:
    """What `pack` packed."""
    return [int.from_bytes(each, "little") for each in pieces(data, NUMBER_BYTES)]


def pieces(data: bytes, size: int) -> list[bytes]:
    """Points or numbers that lie one after the other, `size` bytes each."""
    return [data[place:place + size] for place in range(0, len(data), size)]


def powers_of(base: int, count: int) -> list[int]:
    """``base^i`` modulo r for i below `count`: compute_powers of the consensus specification."""
    powers = [1]
    for _ in range(count - 1):
        powers.append(powers[-1] * base % ORDER)
    return powers[:count]


def decompress(data: bytes, in_subgroup: bool = True, threads: int | None = None
               ) -> tuple[bytes, tuple[int, str] | None]:
    """Points from 48 bytes each, and the index of the first that is none, with the reason.

    `in_subgroup`: whether their order is looked at.
    """
    count = len(data) // COMPRESSED_BYTES
    points = ctypes.create_string_buffer(max(1, count * POINT_BYTES))
    found = int(library().bls12_381_decompress(data, count, in_subgroup, threads or cores(),
                                               points))
    wrong = None if found < 0 else (found // 8, PROBLEMS[found % 8])
    return points.raw[:count * POINT_BYTES], wrong


def compress(points: bytes) -> bytes:
    """48 bytes for each point."""
    count = len(points) // POINT_BYTES
    data = ctypes.create_string_buffer(max(1, count * COMPRESSED_BYTES))
    library().bls12_381_compress(points, count, data)
    return data.raw[:count * COMPRESSED_BYTES]


def weighted_sum(points: bytes, scalars: bytes, threads: int | None = None,
                 progress: Progress | None = None) -> bytes:
    """``sum(scalars[i] * points[i])`` as one point, by buckets (Pippenger)."""
    count = len(scalars) // NUMBER_BYTES
    if len(points) != count * POINT_BYTES or len(scalars) != count * NUMBER_BYTES:
        raise ValueError(f"{len(points)} bytes of points do not fit {len(scalars)} of scalars")
    code, result = library(), ctypes.create_string_buffer(POINT_BYTES)
    finish(lambda control, fault: code.bls12_381_sum(
        points, scalars, count, control, result, fault), threads, progress)
    return result.raw


def sums_of_rows(points: bytes, places: Sequence[int], scalars: bytes, row: int,
                 threads: int | None = None, progress: Progress | None = None) -> bytes:
    """Points ``result[i] = sum(scalars[k] * points[places[k]])``, `row` terms k for each i."""
    count, terms = len(points) // POINT_BYTES, len(places)
    if len(scalars) != terms * NUMBER_BYTES or terms % row:
        raise ValueError(f"{terms} places, {len(scalars)} bytes of scalars, {row} terms a row")
    rows = terms // row
    code, result = library(), ctypes.create_string_buffer(max(1, rows * POINT_BYTES))
    indices = (ctypes.c_uint32 * terms)(*places)
    starts = (ctypes.c_uint64 * (rows + 1))(*range(0, terms + 1, row))
    finish(lambda control, fault: code.bls12_381_combinations(
        points, count, indices, scalars, starts, rows, control, result, fault), threads, progress)
    return result.raw[:rows * POINT_BYTES]


def transform_points(points: bytes, power: int, root: int, threads: int | None = None,
                     progress: Progress | None = None) -> bytes:
    """Of every 2^power points in turn: ``result[i] = sum(root^(i j) * points[j])``.

    `root` has the order 2^power modulo r. A product of a point takes 128 doublings.
    """
    size = 1 << power
    count = len(points) // POINT_BYTES // size
    if len(points) != count * size * POINT_BYTES:
        raise ValueError(f"{len(points)} bytes are no multiple of {size} points")
    factors = [part for factor in powers_of(root, max(1, size // 2))
               for part in (factor % LAMBDA, factor // LAMBDA)]
    code, data = library(), ctypes.create_string_buffer(points, max(1, len(points)))
    table = pack(factors)
    finish(lambda control, fault: code.bls12_381_transform_points(
        data, count, power, table, control, fault), threads, progress)
    return data.raw[:len(points)]


def transform(numbers: bytes, power: int, root: int, scale: int = 1, threads: int | None = None
              ) -> bytes:
    """Of every 2^power numbers in turn: ``result[i] = scale * sum(root^(i j) * numbers[j])``."""
    size = 1 << power
    count = len(numbers) // NUMBER_BYTES // size
    if len(numbers) != count * size * NUMBER_BYTES:
        raise ValueError(f"{len(numbers)} bytes are no multiple of {size} numbers")
    data, fault = ctypes.create_string_buffer(numbers, max(1, len(numbers))), Fault()
    if library().bls12_381_transform(data, count, power, pack([root]), pack([scale]),
                                     threads or cores(), fault):
        raise to_error(fault)
    return data.raw[:len(numbers)]


def quotient(values: bytes, roots: bytes, at: int) -> tuple[int, bytes]:
    """f(at), and the values of ``(f - f(at)) / (X - at)``, from f's values at `roots`.

    `roots`: all roots of unity of an order, in any order; `at` may be one of them.
    """
    result = ctypes.create_string_buffer(max(1, len(values)))
    return _opened(values, roots, at, result), result.raw[:len(values)]


def value_at(values: bytes, roots: bytes, at: int) -> int:
    """f(at) alone; as for `quotient`."""
    return _opened(values, roots, at, None)


def _opened(values: bytes, roots: bytes, at: int, result: ctypes.Array[ctypes.c_char] | None
            ) -> int:
    if len(values) != len(roots):
        raise ValueError(f"{len(values)} bytes of values at {len(roots)} bytes of roots")
    value, fault = ctypes.create_string_buffer(NUMBER_BYTES), Fault()
    if library().bls12_381_quotient(values, roots, len(values) // NUMBER_BYTES, pack([at]), value,
                                    result, fault):
        raise to_error(fault)
    return int.from_bytes(value.raw, "little")

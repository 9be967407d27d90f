"""The transforms of a Groth16 prover by their definition, and the cycles that the unit takes."""

from collections.abc import Sequence

from proofmill.hdl.field import PrimeField
from proofmill.hdl.transform_shape import TransformShape, root_of_unity

ALL, THREE = 1, 3
"""Passes that wait for all before them; that wait for the third one before."""


def quotient(field: PrimeField, a: Sequence[int], b: Sequence[int]) -> list[int]:
    """The scalars of the points H: ``a' b' - c'`` on the odd roots of order 2n.

    a', b', c' are the values there of the polynomials of degree n - 1 that take a, b and a b on the
    n-th roots, each by its sum: O(n^2). (snarkjs 0.7, groth16_prove.js.)
    """
    modulus, count = field.modulus, len(a)
    power = count.bit_length() - 1
    root = root_of_unity(field, power + 1)
    powers = [pow(root, n, modulus) for n in range(2 * count)]

    def moved(values: Sequence[int]) -> list[int]:
        share = pow(count, -1, modulus)
        coefficients = [share * sum(
            value * powers[-2 * i * j % (2 * count)] for i, value in enumerate(values)) % modulus
            for j in range(count)]
        return [sum(c * powers[(2 * i + 1) * j % (2 * count)]
                    for j, c in enumerate(coefficients)) % modulus for i in range(count)]

    products = [x * y % modulus for x, y in zip(a, b, strict=True)]
    return [(x * y - z) % modulus
            for x, y, z in zip(moved(a), moved(b), moved(products), strict=True)]


def one_way(field: PrimeField, values: Sequence[int], *, inverse: bool = False, coset: int = 0
            ) -> list[int]:
    """The values of a polynomial at ``h^coset w^i``, w of order n, h of order 4n, from its
    coefficients, the lowest first; or back. Each by its sum: O(n^2)."""
    modulus, count = field.modulus, len(values)
    h = root_of_unity(field, count.bit_length() + 1)
    if not inverse:
        return [sum(value * pow(h, (4 * i + coset) * j, modulus)
                    for j, value in enumerate(values)) % modulus for i in range(count)]
    share = pow(count, -1, modulus)
    return [share * sum(value * pow(h, -(4 * i + coset) * j, modulus)
                        for i, value in enumerate(values)) % modulus for j in range(count)]


def one_way_passes(power: int) -> list[tuple[int, int]]:
    """(slots, what it waits for) of the passes of one vector: a table of 2n powers, and stages each
    of which waits for the one before."""
    return [(1, ALL), *((1 << k, ALL) for k in range(power + 1)), *[(1 << power >> 1, ALL)] * power]


def passes(power: int) -> list[tuple[int, int]]:
    """(slots, what it waits for) of every pass over vectors of 2 ** `power` values, in order."""
    count = 1 << power
    return [*_table(power), (count, ALL), *_stages(count, 2 * power), (count, ALL), (count, ALL)]


def _table(power: int) -> list[tuple[int, int]]:
    return [(1, ALL), *((1 << k, ALL) for k in range(power))]


def _stages(count: int, stages: int) -> list[tuple[int, int]]:
    return [(count // 2, THREE)] * (3 * stages)


def tiles(power: int, tile: int) -> list[list[tuple[int, int]]]:
    """The passes of every tile of 2 ** `tile` values, in order; one where all fit into it.

    See `hdl.transform_passes.Passes`: the upper stages of the inverse transform on tiles of
    columns, the lower stages both ways, the upper ones of the forward transform on columns. The
    first tile of each makes a table; with columns, the others turn it on to their own.
    """
    if power <= tile:
        return [passes(power)]
    above, count = power - tile, 1 << tile
    lowest = tile - above
    columns = [(1, ALL)]
    for level in range(above):
        columns += [(1, ALL), *((1 << k, ALL) for k in range(lowest + level))]
    twist = [(1 << lowest + level, THREE) for level in range(above)]
    around: list[tuple[int, int]] = [(count, ALL)]
    begin = [(count // 2, ALL)]  # after a table, whatever comes waits for it

    def part(table: list[tuple[int, int]], body: list[tuple[int, int]],
             between: list[tuple[int, int]], end: list[tuple[int, int]]
             ) -> list[list[tuple[int, int]]]:
        first = body if body[0][1] == ALL else begin + body[1:]
        last = (1 << above) - 1
        return [[*(table + first if n == 0 else body), *(between if n < last else []), *end]
                for n in range(last + 1)]

    return [*part(columns, around + _stages(count, above), twist, []),
            *part(_table(tile), _stages(count, 2 * tile), [], []),
            *part(columns, _stages(count, above), twist, around * 2)]


def products(power: int, tile: int | None = None) -> int:
    """Products, and so slots, that vectors of 2 ** `power` values take; in tiles of 2 ** `tile`."""
    return sum(slots for each in tiles(power, power if tile is None else tile)
               for slots, _ in each)


def butterflies(power: int) -> int:
    """Butterflies of all stages, both ways, of three vectors of 2 ** `power` values."""
    return 3 * power << power


def cycles(shape: TransformShape, power: int) -> int:
    """Cycles in which products are made or waited for, exactly the gateware's: of every tile, from
    its first slot to where its last result may be read."""
    return sum(_cycles(shape, each) for each in tiles(power, shape.power))


def one_way_cycles(shape: TransformShape, power: int) -> int:
    """Cycles of a transform of one vector, likewise."""
    return _cycles(shape, one_way_passes(power))


def _cycles(shape: TransformShape, tile: list[tuple[int, int]]) -> int:
    every, clock, ends = shape.interval, 0, list[int]()
    for slots, behind in tile:
        ready = ends[-behind] if len(ends) >= behind else 0
        clock = -(-max(clock, ready) // every) * every
        last = clock + (slots - 1) * every
        ends.append(last + shape.latency)
        clock = last + every
    return max(ends)

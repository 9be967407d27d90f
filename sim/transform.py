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


def passes(power: int) -> list[tuple[int, int]]:
    """(slots, what it waits for) of every pass over vectors of 2 ** `power` values, in order."""
    count = 1 << power
    table = [(1, ALL), *((1 << k, ALL) for k in range(power))]
    stages = [(count // 2, THREE)] * (2 * power * 3)
    return [*table, (count, ALL), *stages, (count, ALL), (count, ALL)]


def products(power: int) -> int:
    """Products, and so slots, that vectors of 2 ** `power` values take."""
    return sum(slots for slots, _ in passes(power))


def cycles(shape: TransformShape, power: int) -> int:
    """Cycles from the first slot to where the last result may be read, exactly the gateware's."""
    every, clock, ends = shape.interval, 0, list[int]()
    for slots, behind in passes(power):
        ready = ends[-behind] if len(ends) >= behind else 0
        clock = -(-max(clock, ready) // every) * every
        last = clock + (slots - 1) * every
        ends.append(last + shape.latency)
        clock = last + every
    return max(ends)

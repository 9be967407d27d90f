"""Polynomials over the scalar field as vectors of coefficients, lowest first."""

from collections.abc import Sequence

import numpy as np

from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import SCALAR_MODULUS
from proofmill.host.prover.curve.scalars import Vector, geometric
from proofmill.host.prover.native import polynomials as native
from proofmill.host.prover.native.library import library_if_there


def constant(value: int) -> Vector:
    """One number, shape (1,), to be broadcast."""
    return scalars.from_integers([value])


def evaluate(coefficients: Vector, point: int) -> int:
    """The value at a point."""
    if (code := library_if_there()) is not None:
        contiguous = np.ascontiguousarray(coefficients)
        value = native.value_at(code, contiguous.ctypes.data, len(contiguous),
                                scalars.number_bytes(point))
        return scalars.to_integers(np.frombuffer(value, scalars.DTYPE))[0]
    products = coefficients * geometric(point, len(coefficients))
    return scalars.to_integers(np.atleast_1d(np.add.reduce(products)))[0]


def quotient_and_rest(coefficients: Vector, root: int) -> tuple[Vector, int]:
    """The quotient by ``X - root``, one coefficient shorter, and the rest, p(root).

    The quotient's coefficient i is ``root^-(i + 1) * sum(p_j root^j for j > i)``.
    """
    if (code := library_if_there()) is not None:
        divided = coefficients.copy()
        native.divide(code, divided.ctypes.data, len(divided), scalars.number_bytes(root))
        return divided[1:], scalars.to_integers(divided[:1])[0]
    sums = np.add.accumulate(coefficients * geometric(root, len(coefficients)))
    inverse = pow(root, -1, SCALAR_MODULUS)
    result: Vector = (sums[-1:] - sums[:-1]) * (
        geometric(inverse, len(sums) - 1) * constant(inverse))
    return result, scalars.to_integers(sums[-1:])[0]


def divide(coefficients: Vector, root: int) -> Vector:
    """The quotient by ``X - root`` of what is 0 there; ValueError where it is not."""
    result, rest = quotient_and_rest(coefficients, root)
    if rest:
        raise ValueError("the divisor is no factor")
    return result


def blinded(coefficients: Vector, blinding: Sequence[int]) -> Vector:
    """The polynomial plus ``(b_0 + b_1 X + ..) (X^n - 1)``, which is 0 in the domain of n."""
    size, count = len(coefficients), len(blinding)
    extra = scalars.from_integers(blinding)
    result = np.concatenate((coefficients, extra))
    result[:count] -= extra
    assert len(result) == size + count
    return result


def folded(coefficients: Vector, size: int, shift: int) -> Vector:
    """A polynomial of any degree modulo ``X^size - shift^size``, which is 0 where `on_coset`
    evaluates it."""
    result = coefficients[:size].copy()
    power = pow(shift, size, SCALAR_MODULUS)
    factor = power
    for start in range(size, len(coefficients), size):
        part = coefficients[start:start + size]
        result[:len(part)] += part * constant(factor)
        factor = factor * power % SCALAR_MODULUS
    return result


def on_coset(coefficients: Vector, size: int, shift: int) -> Vector:
    """The values at ``shift * w^i``, w of order `size`, of a polynomial of any degree."""
    return scalars.transform(folded(coefficients, size, shift), shift)


def running_product(numerators: Vector, denominators: Vector) -> Vector:
    """``result[i]``: the product of the first i numerators over that of the first i denominators,
    shape (n + 1,). Raises ZeroDivisionError where a denominator is zero.
    """
    above = np.multiply.accumulate(numerators)
    below = np.multiply.accumulate(denominators[::-1])[::-1]
    whole = scalars.to_integers(below[:1])[0]
    if whole == 0:
        raise ZeroDivisionError("a denominator is zero")
    result = scalars.zeros(len(numerators) + 1)
    result[:1] = constant(1)
    # 1 over the first i is the product of those after, over that of all.
    result[1:-1] = above[:-1] * below[1:]
    result[-1:] = above[-1:]
    result[1:] *= constant(pow(whole, -1, SCALAR_MODULUS))
    return result


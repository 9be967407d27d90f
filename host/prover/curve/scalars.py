"""Vectors over the scalar field of BN254 and number-theoretic transforms of them.

A `Vector` is a NumPy array of zk_dtypes' ``bn254_sf_mont``: each element is four limbs that hold
v * 2^256 mod r, and ``+ - * /`` work element by element. Plain integers come and go as limbs of
shape (n, 4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import (
    LIMBS,
    MONTGOMERY_RADIX,
    NUMBER_BYTES,
    SCALAR_MODULUS,
    Limbs,
    from_limbs,
    to_limbs,
)
from proofmill.host.prover.native import polynomials
from proofmill.host.prover.native.library import Library, library_if_there

try:
    import zk_dtypes
except ImportError as error:
    raise ProofmillError(
        f"the scalar field (the Python package zk_dtypes) cannot be loaded: {error}; "
        "run `pip install 'zk_dtypes>=0.0.17'`, which has wheels for Linux x86-64 and macOS"
    ) from error

Vector: TypeAlias = NDArray[Any]
"""Scalar-field elements, zk_dtypes' ``bn254_sf_mont``, shape (n,)."""

DTYPE: Any = np.dtype(zk_dtypes.bn254_sf_mont)

TWO_ADICITY = 28
"""2^28 is the largest power of two that divides r - 1: no longer transform exists."""

NON_RESIDUE = 5
"""The least quadratic non-residue modulo r; roots of unity are its powers, as in snarkjs."""

BROADCAST_FROM = 16
"""Below this inner length, repeated twiddle factors are faster than broadcast ones."""


def from_raw(limbs: Limbs) -> Vector:
    """Limbs (n, 4) that already hold v * 2^256 mod r, as a vector; a view where possible."""
    # A file's section may begin at any byte.
    vector: Vector = np.require(limbs, np.uint64, ("C", "A")).view(DTYPE).reshape(-1)
    return vector


def to_raw(vector: Vector) -> Limbs:
    """The limbs v * 2^256 mod r of a vector, shape (n, 4); a view where possible."""
    return np.ascontiguousarray(vector).view(np.uint64).reshape(-1, LIMBS)


def _raw_constant(value: int) -> Vector:
    return from_raw(to_limbs([value]))


# A product of zk_dtypes is left * right / 2^256 on the limbs.
_INTO = _raw_constant(MONTGOMERY_RADIX * MONTGOMERY_RADIX % SCALAR_MODULUS)
_OUT = _raw_constant(1)


def from_plain(limbs: Limbs) -> Vector:
    """Plain integers below r, shape (n, 4), as a vector."""
    return from_raw(limbs) * _INTO


def to_plain(vector: Vector) -> Limbs:
    """The values of `vector` as plain integers below r, shape (n, 4)."""
    return to_raw(vector * _OUT)


def to_montgomery_limbs(limbs: Limbs) -> Limbs:
    """Plain integers (n, 4) as the limbs v * 2^256 mod r that mcl takes, contiguous."""
    return to_raw(from_plain(limbs))


def to_double_montgomery_limbs(limbs: Limbs) -> Limbs:
    """Plain integers (n, 4) as v * 2^512 mod r, the form of a ``.zkey``'s coefficients.

    The product of such limbs and plain ones, both taken by `from_raw`, is an ordinary `Vector`:
    a product divides by 2^256.
    """
    return to_raw(from_plain(limbs) * _INTO)


def from_double_montgomery_limbs(limbs: Limbs) -> Vector:
    """What `to_double_montgomery_limbs` took, as a vector."""
    return from_raw(limbs) * _OUT


def from_integers(values: Iterable[int]) -> Vector:
    """Python integers, taken modulo r, as a vector."""
    return from_plain(to_limbs(value % SCALAR_MODULUS for value in values))


def to_integers(vector: Vector) -> list[int]:
    """The values of `vector` as Python integers."""
    return from_limbs(to_plain(vector))


def zeros(count: int) -> Vector:
    """The zero vector of length `count`."""
    return np.zeros(count, dtype=DTYPE)


def powers(base: int, count: int) -> Vector:
    """``base^0, base^1, ..., base^(count - 1)``; the caller must not write to it."""
    return _powers(base % SCALAR_MODULUS, count)


def geometric(base: int, count: int) -> Vector:
    """As `powers`, a vector of the caller's own that nobody keeps."""
    result = zeros(max(count, 1))
    result[:1] = from_integers([1])
    known = 1
    while known < count:
        more = min(known, count - known)
        result[known:known + more] = result[:more] * from_integers(
            [pow(base, known, SCALAR_MODULUS)])
        known += more
    return result[:count]


@lru_cache(maxsize=32)
def _powers(base: int, count: int) -> Vector:
    result = geometric(base, count)
    result.flags.writeable = False
    return result


def root_of_unity(power: int) -> int:
    """The primitive 2^power-th root of unity 5^((r - 1) / 2^power), 0 <= power <= 28."""
    if not 0 <= power <= TWO_ADICITY:
        raise ValueError(f"no root of unity of order 2^{power} modulo r; at most 2^{TWO_ADICITY}")
    return pow(NON_RESIDUE, (SCALAR_MODULUS - 1) >> power, SCALAR_MODULUS)


def transform(coefficients: Vector, shift: int = 1) -> Vector:
    """Evaluate a polynomial: ``result[i] = f(shift * w^i)``, w the root of unity of order n.

    `coefficients[j]` belongs to x^j; n must be a power of two. O(n log n). By the native library
    where it is there, else by NumPy.
    """
    power = _log2(len(coefficients))
    if (code := library_if_there()) is not None:
        return _natively(code, coefficients, power, shift, False)
    shifted = coefficients if shift == 1 else coefficients * geometric(shift, 1 << power)
    return _transform(shifted, _plan(power, False))


def inverse_transform(values: Vector, shift: int = 1) -> Vector:
    """The coefficients of the polynomial with ``f(shift * w^i) = values[i]``: undoes
    `transform`."""
    power = _log2(len(values))
    if (code := library_if_there()) is not None:
        return _natively(code, values, power, shift, True)
    result = _transform(values, _plan(power, True))
    result *= from_integers([pow(1 << power, -1, SCALAR_MODULUS)])
    return result if shift == 1 else result * geometric(
        pow(shift, -1, SCALAR_MODULUS), 1 << power)


def to_shifted_domain(values: Vector, shift: int) -> Vector:
    """From ``f(w^i)`` to ``f(shift * w^i)``, for a polynomial of degree below n."""
    return transform(inverse_transform(values), shift)


def _natively(code: Library, values: Vector, power: int, shift: int, inverse: bool) -> Vector:
    """`transform`, or `inverse_transform`, by the native library, of a copy."""
    result = values.copy()
    polynomials.transform(code, result.ctypes.data, power, number_bytes(shift), inverse)
    return result


def number_bytes(value: int) -> bytes:
    """A number modulo r as the 32 bytes that a vector has of it."""
    raw = value * MONTGOMERY_RADIX % SCALAR_MODULUS
    return raw.to_bytes(NUMBER_BYTES, "little")


@dataclass(frozen=True)
class _Plan:
    """The twiddle factors of each stage, shaped to be multiplied without further thought."""

    stages: Sequence[tuple[int, int, Vector]]


@lru_cache(maxsize=16)
def _plan(power: int, inverse: bool) -> _Plan:
    size = 1 << power
    root = root_of_unity(power)
    roots = powers(pow(root, -1, SCALAR_MODULUS) if inverse else root, max(size // 2, 1))
    stages = []
    inner = 1
    while inner < size:
        half = size // (2 * inner)
        factors = roots[::inner][:half].reshape(half, 1)
        if inner < BROADCAST_FROM:
            factors = np.repeat(factors, inner, axis=1)
        stages.append((half, inner, factors))
        inner *= 2
    return _Plan(stages)


def _transform(values: Vector, plan: _Plan) -> Vector:
    """Stockham's transform: each stage sorts as it goes, so that nothing is bit-reversed."""
    for half, inner, factors in plan.stages:
        low, high = values.reshape(2, half, inner)
        result = np.empty((half, 2, inner), dtype=DTYPE)
        result[:, 0] = low + high
        result[:, 1] = (low - high) * factors
        values = result
    return values.reshape(-1)


def _log2(size: int) -> int:
    power = size.bit_length() - 1
    if size < 1 or size != 1 << power or power > TWO_ADICITY:
        raise ValueError(f"a transform needs a power of two of values, not {size}")
    return power

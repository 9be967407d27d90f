"""A difference of points as snarkjs computes it where the first is no point: what it hashes then.

For powers of tau of just a circuit's size, snarkjs 0.7 hashes one difference too many, of whatever
follows section 2 in the file (`host.prover.groth16.phase2`). Its numbers need not be below p, on
which wasmcurves' additions rely, so that its sums are not sums modulo p; the hash of the circuit,
which all contributions to a key are for, depends on them. Here are the same operations on 256 bits.

Formulas: Explicit-Formulas Database, short Weierstrass curves with a = 0, Jacobian coordinates,
mmadd-2007-bl (Bernstein, Lange).
"""

from proofmill.hdl.curve import Group
from proofmill.host.prover.curve.limbs import (
    BASE_MODULUS,
    RADIX_INVERSE,
    Limbs,
    from_limbs,
    to_limbs,
)

_RADIX = 1 << 256
_NEGATED_INVERSE = -pow(BASE_MODULUS, -1, _RADIX) % _RADIX


def difference(left: Limbs, right: Limbs) -> Limbs:
    """``left - right``, shape (8,); `left` may be any 64 bytes, `right` is a point of G1."""
    x1, y1 = from_limbs(left)
    x2, y = from_limbs(right)
    y2 = _sub(0, y)
    h, rise = _sub(x2, x1), _sub(y2, y1)
    hh = _mul(h, h)
    i = _add(hh, hh)
    i = _add(i, i)
    j, r, v = _mul(h, i), _add(rise, rise), _mul(x1, i)
    x3 = _sub(_sub(_mul(r, r), j), _add(v, v))
    twice = _mul(y1, j)
    y3 = _sub(_mul(_sub(v, x3), r), _add(twice, twice))
    # From here on everything is a remainder modulo p again: kept times 2^256, as a point is.
    z = _add(h, h) * RADIX_INVERSE % BASE_MODULUS
    inverse = pow(z, -1, BASE_MODULUS)
    return to_limbs([x3 * inverse**2 % BASE_MODULUS, y3 * inverse**3 % BASE_MODULUS]).reshape(
        2 * 4 * Group.G1.degree)


def _add(a: int, b: int) -> int:
    total = a + b
    return (total - BASE_MODULUS if total >= BASE_MODULUS else total) % _RADIX


def _sub(a: int, b: int) -> int:
    return (a - b + (BASE_MODULUS if a < b else 0)) % _RADIX


def _mul(a: int, b: int) -> int:
    """a b / 2^256 by Montgomery's reduction, one p less where that leaves no less than 0."""
    product = a * b
    quotient = product * _NEGATED_INVERSE % _RADIX
    total = (product + quotient * BASE_MODULUS) >> 256
    return (total - BASE_MODULUS if total >= BASE_MODULUS else total) % _RADIX

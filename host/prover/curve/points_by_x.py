"""Points by their x and by which of y and -y is meant, in plain integers; p = 3 mod 4."""

from proofmill.hdl.curve import Group
from proofmill.hdl.field import BN254_BASE
from proofmill.sim.curve import Affine, Coordinate, Equation, inverse, plus, times

_B_G2 = times((3, 0), inverse((9, 1), BN254_BASE.modulus), BN254_BASE.modulus)
CURVES = {Group.G1: Equation(BN254_BASE.modulus, (3,)),
          Group.G2: Equation(BN254_BASE.modulus, _B_G2)}
"""BN254's."""


def point_at(curve: Equation, x: Coordinate, larger: bool) -> Affine:
    """The point of the curve with this x and with the larger one of y and -y, or with the smaller;
    None where there is none."""
    p = curve.modulus
    y = square_root(plus(times(times(x, x, p), x, p), curve.b, p), p)
    if y is None:
        return None
    return (x, y) if is_larger(y, p) == larger else curve.negate((x, y))


def is_larger(value: Coordinate, p: int) -> bool:
    """Whether it is the larger of a value and its negative: by the imaginary part, if there is one,
    else by the real one."""
    part = value[-1] if value[-1] else value[0]
    return part > p // 2


def square_root(value: Coordinate, p: int) -> Coordinate | None:
    """A root in Fp or Fp2 = Fp[u]/(u^2 + 1); None where there is none.

    In Fp2, with n^2 the norm of a + b u, a root is x + b / (2 x) u for x^2 = (a + n) / 2,
    or (a - n) / 2 (G. Adj, F. Rodriguez-Henriquez, "Square Root Computation over Even Extension
    Fields", the complex method).
    """
    if len(value) == 1:
        root = pow(value[0], (p + 1) // 4, p)
        return (root,) if root * root % p == value[0] % p else None
    a, b = value
    if b == 0:
        real = square_root((a,), p)
        if real is not None:
            return (real[0], 0)
        imaginary = square_root((-a % p,), p)
        return None if imaginary is None else (0, imaginary[0])
    norm = square_root(((a * a + b * b) % p,), p)
    if norm is None:
        return None
    half = pow(2, -1, p)
    for sign in (norm[0], -norm[0]):
        found = square_root(((a + sign) * half % p,), p)
        if found is not None and found[0]:
            return (found[0], b * half * pow(found[0], -1, p) % p)
    return None

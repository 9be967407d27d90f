"""Points of y^2 = x^3 + b by the group law as it is taught, and the accelerator's formula.

A coordinate is a tuple of integers: one for Fp, two for Fp2 = Fp[u] / (u^2 + 1). An affine point
is a pair of coordinates, or None at infinity.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from proofmill.hdl import formulas
from proofmill.hdl.curve import TWIST_SCALE, Curve, Group

Coordinate = tuple[int, ...]
Affine = tuple[Coordinate, Coordinate] | None
Homogeneous = tuple[Coordinate, Coordinate, Coordinate]


def times(a: Coordinate, b: Coordinate, modulus: int) -> Coordinate:
    """``a * b`` in Fp or Fp2."""
    if len(a) == 1:
        return (a[0] * b[0] % modulus,)
    return ((a[0] * b[0] - a[1] * b[1]) % modulus, (a[0] * b[1] + a[1] * b[0]) % modulus)


def plus(a: Coordinate, b: Coordinate, modulus: int) -> Coordinate:
    """``a + b`` in Fp or Fp2."""
    return tuple((one + two) % modulus for one, two in zip(a, b, strict=True))


def minus(a: Coordinate, b: Coordinate, modulus: int) -> Coordinate:
    """``a - b`` in Fp or Fp2."""
    return tuple((one - two) % modulus for one, two in zip(a, b, strict=True))


def inverse(a: Coordinate, modulus: int) -> Coordinate:
    """``1 / a``; in Fp2 the conjugate over the norm. ValueError for zero."""
    if len(a) == 1:
        return (pow(a[0], -1, modulus),)
    norm = pow(a[0] * a[0] + a[1] * a[1], -1, modulus)
    return (a[0] * norm % modulus, -a[1] * norm % modulus)


@dataclass(frozen=True)
class Equation:
    """y^2 = x^3 + b modulo `modulus`."""

    modulus: int
    b: Coordinate

    def holds(self, point: Affine) -> bool:
        """Whether `point` is on the curve."""
        if point is None:
            return True
        x, y = point
        cube = times(times(x, x, self.modulus), x, self.modulus)
        return times(y, y, self.modulus) == plus(cube, self.b, self.modulus)

    def negate(self, p: Affine) -> Affine:
        """-P."""
        return None if p is None else (p[0], tuple(-part % self.modulus for part in p[1]))

    def add(self, p: Affine, q: Affine) -> Affine:
        """P + Q: the third point on the line through both, mirrored."""
        if p is None or q is None:
            return q if p is None else p
        if p == self.negate(q):
            return None
        modulus = self.modulus
        if p == q:  # the tangent
            square = times(p[0], p[0], modulus)
            rise = plus(plus(square, square, modulus), square, modulus)
            run = plus(p[1], p[1], modulus)
        else:
            rise, run = minus(q[1], p[1], modulus), minus(q[0], p[0], modulus)
        slope = times(rise, inverse(run, modulus), modulus)
        x = minus(minus(times(slope, slope, modulus), p[0], modulus), q[0], modulus)
        return x, minus(times(slope, minus(p[0], x, modulus), modulus), p[1], modulus)

    def multiply(self, scalar: int, p: Affine) -> Affine:
        """P + P + ... + P, `scalar` times."""
        if scalar < 0:
            return self.multiply(-scalar, self.negate(p))
        total: Affine = None
        for bit in bin(scalar)[2:]:
            total = self.add(total, total)
            if bit == "1":
                total = self.add(total, p)
        return total

    def points(self) -> Iterator[Affine]:
        """Every point, infinity first, by trying all coordinates: for toy moduli."""
        yield None
        roots: dict[Coordinate, list[Coordinate]] = {}
        elements = list(product(range(self.modulus), repeat=len(self.b)))
        for y in elements:
            roots.setdefault(times(y, y, self.modulus), []).append(y)
        for x in elements:
            cube = times(times(x, x, self.modulus), x, self.modulus)
            for y in roots.get(plus(cube, self.b, self.modulus), []):
                yield x, y


def equation(curve: Curve, group: Group) -> Equation:
    """The curve on which the accelerator adds the points of `group`."""
    return Equation(curve.base.modulus, curve.b[group])


def to_affine(point: Homogeneous, modulus: int) -> Affine:
    """(x / z, y / z); coordinates need not be reduced, and may all be scaled alike."""
    x, y, z = (tuple(part % modulus for part in coordinate) for coordinate in point)
    if not any(z):
        return None
    scale = inverse(z, modulus)
    return times(x, scale, modulus), times(y, scale, modulus)


def to_homogeneous(point: Affine, scale: Coordinate, modulus: int) -> Homogeneous:
    """(x : y : 1), or (0 : 1 : 0) at infinity, times `scale`."""
    zero = tuple(0 for _ in scale)
    if point is None:
        return zero, scale, zero
    return times(point[0], scale, modulus), times(point[1], scale, modulus), scale


class Residue:
    """An integer modulo `modulus`: what `hdl.formulas` needs of a value, and no more."""

    def __init__(self, value: int, modulus: int) -> None:
        self.value, self.modulus = value % modulus, modulus

    def __add__(self, other: "Residue") -> "Residue":
        return Residue(self.value + other.value, self.modulus)

    def __sub__(self, other: "Residue") -> "Residue":
        return Residue(self.value - other.value, self.modulus)

    def __mul__(self, other: "Residue") -> "Residue":
        return Residue(self.value * other.value, self.modulus)

    def __lshift__(self, count: int) -> "Residue":
        return Residue(self.value << count, self.modulus)


def complete_sum(curve: Curve, group: Group, p: Homogeneous, q: Homogeneous) -> Homogeneous:
    """`hdl.formulas.complete_addition` on integers modulo p."""
    formula: Any = formulas.complete_addition
    quadratic: Any = formulas.Quadratic

    def symbol(coordinate: Coordinate) -> Any:
        parts = [Residue(part, curve.base.modulus) for part in coordinate]
        return parts[0] if len(parts) == 1 else quadratic(*parts)

    x, y, z = formula(formulas.Point(*map(symbol, p)), formulas.Point(*map(symbol, q)),
                      curve.times_3b[group])
    if group is Group.G1:
        return (x.value,), (y.value,), (z.value,)
    return ((x.re.value, x.im.value), (y.re.value, y.im.value), (z.re.value, z.im.value))


def to_scaled_twist(point: Affine, modulus: int) -> Affine:
    """BN254's G2 point on the curve the accelerator adds on: (x s^2, y s^3)."""
    if point is None:
        return None
    square = times(TWIST_SCALE, TWIST_SCALE, modulus)
    return (times(point[0], square, modulus),
            times(point[1], times(square, TWIST_SCALE, modulus), modulus))


def from_scaled_twist(point: Affine, modulus: int) -> Affine:
    """The inverse of `to_scaled_twist`."""
    if point is None:
        return None
    scale = inverse(TWIST_SCALE, modulus)
    square = times(scale, scale, modulus)
    return (times(point[0], square, modulus),
            times(point[1], times(square, scale, modulus), modulus))


def loaded(curve: Curve, group: Group, point: Affine, unit: Coordinate | None = None
           ) -> Coordinate:
    """`point`'s coordinates as they go into the accelerator's memory; all zero at infinity.

    They are x and y times the constant that the accelerator takes for z, `Curve.unit` if it is not
    another.
    """
    if point is None:
        return (0,) * (2 * group.degree)
    x, y, _ = to_homogeneous(point, unit or curve.unit[group], curve.base.modulus)
    return x + y

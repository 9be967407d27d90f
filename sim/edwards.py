"""Points of y^2 = x^3 + b as points of -x^2 + y^2 = 1 + d x^2 y^2, and the sums of these.

A curve that has points of order two, and whose constants have the square roots, is birationally
equivalent to a twisted Edwards curve with a = -1 (Bernstein, Birkner, Joye, Lange and Peters,
"Twisted Edwards curves", AFRICACRYPT 2008, eprint 2008/013), through Montgomery's form:

    u = s (x - r), v = s y        with r^3 = -b and s = 1 / sqrt(3 r^2)
    x' = c u / v, y' = (u - 1) / (u + 1)        with c^2 = -(3 r s + 2) / s

Points are as in `sim.curve`, None at infinity, which is (0, 1) here. All in G1.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from proofmill.hdl import formulas
from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.field import square_root
from proofmill.sim.curve import Affine, Residue

Numbers = tuple[int, ...]
"""A point's coordinates: affine two, extended four, prepared three."""

NEUTRAL = (0, 1)


@dataclass(frozen=True)
class Form:
    """The twisted Edwards form of a curve: its d, and r, s and c of the map."""

    modulus: int
    d: int
    r: int
    s: int
    c: int

    def holds(self, point: Numbers) -> bool:
        """Whether an affine point is on it."""
        x, y = (part * part % self.modulus for part in point)
        return (y - x - 1 - self.d * x * y) % self.modulus == 0

    def add(self, p: Numbers, q: Numbers) -> Numbers:
        """The affine law, by its definition; ValueError where it has no value."""
        (x1, y1), (x2, y2), m = p, q, self.modulus
        mixed = self.d * x1 * x2 * y1 * y2
        return ((x1 * y2 + y1 * x2) * pow(1 + mixed, -1, m) % m,
                (y1 * y2 + x1 * x2) * pow(1 - mixed, -1, m) % m)

    def of(self, point: Affine) -> Numbers:
        """A point of the curve here. ValueError for those that have none: two of the three of order
        two, and those of order four with u = -1. None of them is of odd order."""
        if point is None:
            return NEUTRAL
        (x,), (y,), m = *point, self.modulus
        u, v = self.s * (x - self.r) % m, self.s * y % m
        if u == v == 0:
            return 0, m - 1  # the other one of order two
        if v == 0 or u == m - 1:
            raise ValueError(f"the point {point} is of order two or four and has no place on the "
                             "twisted Edwards curve; points of the group of odd order have one")
        return self.c * u * pow(v, -1, m) % m, (u - 1) * pow(u + 1, -1, m) % m

    def back(self, point: Numbers) -> Affine:
        """The inverse of `of`."""
        (x, y), m = point, self.modulus
        if x == 0:
            return None if y == 1 else ((self.r,), (0,))
        u = (1 + y) * pow(1 - y, -1, m) % m
        inverse = pow(self.s, -1, m)
        return ((u * inverse + self.r) % m,), (self.c * u * pow(x, -1, m) * inverse % m,)

    def prepared(self, point: Numbers) -> Numbers:
        """An affine point as a key would have it: y - x, y + x, 2 d x y."""
        (x, y), m = point, self.modulus
        return (y - x) % m, (y + x) % m, 2 * self.d * x * y % m

    def extended(self, point: Numbers, scale: int = 1) -> Numbers:
        """An affine point in extended coordinates, all times `scale`."""
        x, y = point
        return tuple(part * scale % self.modulus for part in (x, y, 1, x * y))

    def affine(self, point: Numbers) -> Numbers:
        """(x / z, y / z); ValueError where z is zero, as never of points of odd order."""
        x, y, z, _ = point
        inverse = pow(z, -1, self.modulus)
        return x * inverse % self.modulus, y * inverse % self.modulus

    def mixed_sum(self, p: Numbers, q: Numbers) -> Numbers:
        """`hdl.formulas.edwards_mixed` on integers: `p` extended, `q` prepared."""
        formula: Any = formulas.edwards_mixed
        total = formula(formulas.Extended(*self._residues(p)), formulas.Prepared(
            *self._residues(q)))
        return tuple(part.value for part in total)

    def full_sum(self, p: Numbers, q: Numbers) -> Numbers:
        """`hdl.formulas.edwards_addition` on integers, of two points in extended coordinates."""
        formula: Any = formulas.edwards_addition
        total = formula(formulas.Extended(*self._residues(p)), formulas.Extended(
            *self._residues(q)), Residue(2 * self.d, self.modulus))
        return tuple(part.value for part in total)

    def _residues(self, point: Numbers) -> list[Residue]:
        return [Residue(part, self.modulus) for part in point]


@cache
def edwards_form(curve: Curve) -> Form:
    """The form of a curve's G1 with r = -1, b being 1; ValueError where it has none."""
    m = curve.base.modulus
    if curve.b[Group.G1] != (1,):
        raise ValueError(f"{curve.name}: the point of order two is known of y^2 = x^3 + 1 alone")
    s = square_root(pow(3, -1, m), m)
    for sign in (1, -1):  # of s, as the published form has it: the smaller root first
        root = sign * s % m
        a = (2 - 3 * root) * pow(root, -1, m) % m
        try:
            c = square_root(-a, m)
        except ValueError:
            continue
        d = (2 + 3 * root) * pow(root, -1, m) % m * pow(a, -1, m) % m
        return Form(m, d, m - 1, root, c)
    raise ValueError(f"{curve.name} has no twisted Edwards form with a = -1: a root is missing")

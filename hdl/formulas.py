"""Curve formulas, written once over anything that can be added, subtracted, multiplied, shifted.

The same function runs on Python integers (the golden model), on the symbols of `hdl.graph` (from
which the scheduler makes a datapath, with the bound of every value) and, over `Quadratic`, on the
quadratic extension of either. A shift ``x << n`` stands for ``x * 2 ** n``.
"""

from typing import NamedTuple


class Point(NamedTuple):
    """Homogeneous projective coordinates: the affine point is (x / z, y / z); z = 0 at infinity."""

    x: object
    y: object
    z: object


class Extended(NamedTuple):
    """Extended coordinates on -x^2 + y^2 = 1 + d x^2 y^2: the affine point is (x / z, y / z), and
    t = x y / z; (0 : 1 : 1 : 0) is the neutral one."""

    x: object
    y: object
    z: object
    t: object


class Prepared(NamedTuple):
    """An affine point of that curve as a file has it for `edwards_mixed`: y - x, y + x, 2 d x y."""

    minus: object
    plus: object
    product: object


class Quadratic:
    """``re + im * u`` with u^2 = -1, over whatever `re` and `im` are.

    The product takes three products of the base (Karatsuba): with r = a.re * b.re and
    i = a.im * b.im it is (r - i) + ((a.re + a.im) * (b.re + b.im) - r - i) * u.
    """

    def __init__(self, re, im):
        self.re, self.im = re, im

    def __add__(self, other):
        return Quadratic(self.re + other.re, self.im + other.im)

    def __sub__(self, other):
        return Quadratic(self.re - other.re, self.im - other.im)

    def __lshift__(self, count):
        return Quadratic(self.re << count, self.im << count)

    def __mul__(self, other):
        re, im = self.re * other.re, self.im * other.im
        both = (self.re + self.im) * (other.re + other.im)
        return Quadratic(re - im, both - re - im)

    def __iter__(self):
        return iter((self.re, self.im))


def complete_addition(p, q, times_3b):
    """P + Q on y^2 = x^3 + b in 12 products: right for every pair of points, equal or infinite.

    Algorithm 7 of Renes, Costello and Batina, "Complete addition formulas for prime order
    elliptic curves" (EUROCRYPT 2016, eprint 2015/1060). Complete where the group has no point
    of order two; where the curve has one, right for any two points whose difference is none, as
    those of odd order: for others all three coordinates come out as zero. `times_3b` multiplies a
    value by 3 * b.
    """
    xx, yy, zz = p.x * q.x, p.y * q.y, p.z * q.z
    xy = (p.x + p.y) * (q.x + q.y) - xx - yy  # x1 y2 + x2 y1
    yz = (p.y + p.z) * (q.y + q.z) - yy - zz
    xz = (p.x + p.z) * (q.x + q.z) - xx - zz
    xx3 = (xx << 1) + xx
    zz3b, xz3b = times_3b(zz), times_3b(xz)
    plus, minus = yy + zz3b, yy - zz3b
    return Point(
        x=xy * minus - yz * xz3b,
        y=minus * plus + xx3 * xz3b,
        z=plus * yz + xx3 * xy,
    )


def edwards_mixed(p, q):
    """`p`, extended, plus `q`, prepared, on -x^2 + y^2 = 1 + d x^2 y^2 in 7 products.

    Hisil, Wong, Carter and Dawson, "Twisted Edwards curves revisited" (ASIACRYPT 2008, eprint
    2008/522), 3.1, unified: right for any two points of odd order, equal, opposite or neutral.
    """
    return _edwards((p.y - p.x) * q.minus, (p.y + p.x) * q.plus, p.t * q.product, p.z << 1)


def edwards_addition(p, q, two_d):
    """The same of two points in extended coordinates, as two sums are, in 9 products: one by the
    constant 2 d."""
    return _edwards((p.y - p.x) * (q.y - q.x), (p.y + p.x) * (q.y + q.x),
                    p.t * (q.t * two_d), (p.z * q.z) << 1)


def _edwards(a, b, c, d):
    e, f, g, h = b - a, d - c, d + c, b + a
    return Extended(x=e * f, y=g * h, z=f * g, t=e * h)


def times_3(value):
    """3 b for b = 1, the constant of BLS12-377's G1."""
    return (value << 1) + value


def times_9(value):
    """3 b for b = 3, the constant of BN254's G1: one shift and one addition."""
    return (value << 3) + value


def times_12(value):
    """3 b for b = 4, the constant of BLS12-381's G1; over `Quadratic` each part by itself."""
    return (value << 3) + (value << 2)


def times_12_plus_12u(value):
    """3 b for b = 4 + 4 u, the constant of BLS12-381's G2.

        (re + im u)(12 + 12 u) = 12 (re - im) + 12 (re + im) u
    """
    re, im = value.re, value.im
    return times_12(Quadratic(re - im, re + im))


def times_12_plus_15u(value):
    """3 b for b = 4 + 5 u, the constant of the curve that stands for BN254's G2.

    BN254's twist has b' = 3 / (9 + u), whose triple is a dense constant. Any curve with
    b = b' * s^6 is isomorphic to it through (x, y) -> (x s^2, y s^3), and 4 + 5 u is the smallest
    such b: a multiplication by 12 + 15 u is shifts and additions, so G2 has no more products than
    the formula itself. `hdl.curve.TWIST_SCALE` is s.

        (re + im u)(12 + 15 u) = (12 re - 15 im) + (15 re + 12 im) u
    """
    re, im = value.re, value.im
    return Quadratic(
        (re << 3) + (re << 2) + im - (im << 4),
        (im << 3) + (im << 2) - re + (re << 4),
    )

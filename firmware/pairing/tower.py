"""Arithmetic in the tower over BN254's base field, on symbols.

Fp2 = Fp[u] / (u^2 + 1), xi = 9 + u, Fp6 = Fp2[v] / (v^3 - xi), Fp12 = Fp6[w] / (w^2 - v), so that
an element of Fp12 is six of Fp2, the coefficients of 1, w, ..., w^5 with w^6 = xi.

Additions are free of products but not of time: what is wanted with few sums after the products
is chosen before what has the fewest products. Some functions give a small known multiple of the
product, which they name as the *scale*: a pairing's last step takes any factor in Fp to 1.
"""

from collections.abc import Iterator, Sequence

from proofmill.firmware.straight_line import Builder, Symbol
from proofmill.hdl.curve import quadratic_power
from proofmill.hdl.field import BN254_BASE

P = BN254_BASE.modulus


class Fp2:
    """``re + im u``: three products for a product (Karatsuba), two for a square."""

    def __init__(self, re: Symbol, im: Symbol) -> None:
        self.re, self.im = re, im

    def __iter__(self) -> Iterator[Symbol]:
        return iter((self.re, self.im))

    def __add__(self, other: "Fp2") -> "Fp2":
        return Fp2(self.re + other.re, self.im + other.im)

    def __sub__(self, other: "Fp2") -> "Fp2":
        return Fp2(self.re - other.re, self.im - other.im)

    def __neg__(self) -> "Fp2":
        return Fp2(-self.re, -self.im)

    def __mul__(self, other: "Fp2") -> "Fp2":
        re, im = self.re * other.re, self.im * other.im
        both = (self.re + self.im) * (other.re + other.im)
        return Fp2(re - im, both - re - im)

    def square(self) -> "Fp2":
        """``(re + im)(re - im) + 2 re im u``."""
        return Fp2((self.re + self.im) * (self.re - self.im), (self.re * self.im).times(2))

    def times(self, number: int) -> "Fp2":
        """`number` times, a small integer."""
        return Fp2(self.re.times(number), self.im.times(number))

    def scaled(self, factor: Symbol) -> "Fp2":
        """Times an element of Fp."""
        return Fp2(self.re * factor, self.im * factor)

    def by_xi(self) -> "Fp2":
        """``(9 + u)(re + im u) = (9 re - im) + (9 im + re) u``: a sum of three terms each."""
        single = all(len(part.terms) <= 1 for part in self)
        value = self if single else self.computed()
        return Fp2(value.re.times(9) - value.im, value.im.times(9) + value.re)

    def by_u(self) -> "Fp2":
        return Fp2(-self.im, self.re)

    def conjugate(self) -> "Fp2":
        return Fp2(self.re, -self.im)

    def computed(self) -> "Fp2":
        """See `Symbol.computed`."""
        return Fp2(self.re.computed(), self.im.computed())


def beside_squares(x: Fp2, y: Fp2) -> tuple[Fp2, int]:
    """(x y, 1), or where the processor saves products (2 x y, 2), by (x + y)^2 - x^2 - y^2: for
    factors whose squares are wanted anyway, two products instead of three."""
    if not x.re.builder.saves_products:
        return (x * y).computed(), 1
    squares = x.square().computed() + y.square().computed()
    return ((x + y).square() - squares).computed(), 2


Fp6 = list[Fp2]
Fp12 = list[Fp2]


def computed(values: Sequence[Fp2]) -> list[Fp2]:
    return [value.computed() for value in values]


def add(a: Sequence[Fp2], b: Sequence[Fp2]) -> list[Fp2]:
    return [x + y for x, y in zip(a, b, strict=True)]


def subtract(a: Sequence[Fp2], b: Sequence[Fp2]) -> list[Fp2]:
    return [x - y for x, y in zip(a, b, strict=True)]


def times(a: Sequence[Fp2], number: int) -> list[Fp2]:
    return [value.times(number) for value in a]


def by_v(a: Fp6) -> Fp6:
    """``v (a0 + a1 v + a2 v^2)``."""
    return [a[2].by_xi(), a[0], a[1]]


def halves(f: Fp12) -> tuple[Fp6, Fp6]:
    """a and b of ``a + b w``."""
    return f[0::2], f[1::2]


def joined(a: Fp6, b: Fp6) -> Fp12:
    """``a + b w``."""
    return [part for pair in zip(a, b, strict=True) for part in pair]


SCALE = 4
"""What `fp6_product` and `product` multiply the product by."""


def fp6_product(a: Fp6, b: Fp6) -> Fp6:
    """Four times the product, in 5 products of Fp2.

    Toom's interpolation at 0, 1, -1, u and infinity (Cook, "On the minimum computation time of
    functions", 1966): with c = a b, S = c(1) + c(-1), D = c(1) - c(-1) and
    E = -u (2 c(u) + S - 4 c0 - 4 c4) it is 4 c1 = D + E, 4 c3 = D - E, 4 c2 = 2 S - 4 c0 - 4 c4.
    """
    (a1, a_1, au), (b1, b_1, bu) = (computed(_at_three(x)) for x in (a, b))
    c0, c4 = (a[0] * b[0]).computed(), (a[2] * b[2]).computed()
    p1, p_1, pu = (a1 * b1).computed(), (a_1 * b_1).computed(), (au * bu).computed()
    plus, minus = (p1 + p_1).computed(), (p1 - p_1).computed()
    ends = (c0 + c4).computed()
    odd = -(pu.times(2) + plus - ends.times(4)).computed().by_u()
    return [c0.times(4) + (minus - odd).computed().by_xi(),
            minus + odd + c4.by_xi().computed().times(4),
            plus.times(2) - ends.times(4)]


def _at_three(a: Fp6) -> list[Fp2]:
    """a(1), a(-1), a(u)."""
    even = (a[0] + a[2]).computed()
    return [even + a[1], even - a[1], a[0] - a[2] + a[1].by_u()]


def by_linear(a: Fp6, m: Sequence[Fp2]) -> Fp6:
    """Twice ``a (m0 + m1 v)``, in 4 products of Fp2: Toom's at 0, 1, -1 and infinity."""
    c0, c3 = (a[0] * m[0]).computed(), (a[2] * m[1]).computed()
    even = (a[0] + a[2]).computed()
    p1 = ((even + a[1]) * (m[0] + m[1])).computed()
    p_1 = ((even - a[1]) * (m[0] - m[1])).computed()
    return [c0.times(2) + c3.by_xi().computed().times(2),
            p1 - p_1 - c3.times(2), p1 + p_1 - c0.times(2)]


def product(f: Fp12, g: Fp12) -> Fp12:
    """Four times the product: three of Fp6 (Karatsuba), 45 of Fp."""
    (a, b), (c, d) = halves(f), halves(g)
    ac, bd = computed(fp6_product(a, c)), computed(fp6_product(b, d))
    cross = fp6_product(computed(add(a, b)), computed(add(c, d)))
    return computed(joined(add(ac, by_v(bd)), subtract(subtract(cross, ac), bd)))


def square(f: Fp12) -> Fp12:
    """The square, by two products of Fp6 in Karatsuba's form: 36 of Fp, two sums less after them
    than Toom's 30. ``(a + b)(a + v b) - a b - v a b + 2 a b w``, which is complex squaring
    (Devegili et al., eprint 2006/471)."""
    a, b = halves(f)
    ab = computed(_karatsuba(a, b))
    both = _karatsuba(computed(add(a, b)), computed(add(a, by_v(b))))
    return computed(joined(subtract(subtract(both, ab), by_v(ab)), times(ab, 2)))


def scaled_square(f: Fp12) -> Fp12:
    """`square`, or where the processor saves products `SCALE` times the square, by Toom's: 30 of
    Fp."""
    if not f[0].re.builder.saves_products:
        return square(f)
    a, b = halves(f)
    ab = computed(fp6_product(a, b))
    both = fp6_product(computed(add(a, b)), computed(add(a, by_v(b))))
    return computed(joined(subtract(subtract(both, ab), by_v(ab)), times(ab, 2)))


def _karatsuba(a: Fp6, b: Fp6) -> Fp6:
    """The product, in 6 products of Fp2."""
    p = [(x * y).computed() for x, y in zip(a, b, strict=True)]
    q = [(a[i] + a[j]) * (b[i] + b[j]) - p[i] - p[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    return [p[0] + q[2].computed().by_xi(), q[0] + p[2].by_xi(), q[1] + p[1]]


def conjugate(f: Fp12) -> Fp12:
    """f^(p^6): w becomes -w."""
    return [-x if n & 1 else x for n, x in enumerate(f)]


FROBENIUS = {k: [quadratic_power((9, 1), n * (P ** k - 1) // 6, P) for n in range(6)]
             for k in (1, 2, 3)}
"""xi^(n (p^k - 1) / 6): what w^n takes on in a p^k-th power."""


def by_constant(builder: Builder, x: Fp2, c: tuple[int, int]) -> Fp2:
    """x times a constant: two products where that lies in Fp, none where it is 1 or -1."""
    if c[1]:
        return x * Fp2(builder.constant(c[0]), builder.constant(c[1]))
    if c[0] in (1, P - 1):
        return x if c[0] == 1 else -x
    return x.scaled(builder.constant(c[0]))


def frobenius(builder: Builder, f: Fp12, k: int) -> Fp12:
    """f^(p^k), k from 1 to 3."""
    return computed([by_constant(builder, x.conjugate() if k & 1 else x, FROBENIUS[k][n])
                     for n, x in enumerate(f)])

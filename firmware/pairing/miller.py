"""Miller's loop of the optimal ate pairing, on symbols.

``f_{6x+2,Q}(P) l_{[6x+2]Q, psi Q}(P) l_{[6x+2]Q + psi Q, -psi^2 Q}(P)`` (Vercauteren, "Optimal
pairings", eprint 2008/096), where psi is the twist's image of the p-th power. A line is
``l0 + l1 w + l3 w^3``. Where a pairing's last step takes a factor to 1, any in Fp2, formulas leave
it away or put it in.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from proofmill.firmware.pairing.tower import (
    FROBENIUS,
    Fp2,
    Fp12,
    add,
    beside_squares,
    by_constant,
    by_linear,
    by_v,
    computed,
    halves,
    joined,
    product,
    scaled_square,
    subtract,
    times,
)
from proofmill.firmware.straight_line import Builder, Symbol, signed_digits

X = 4965661367192848881
"""The curve's parameter: p = 36 x^4 + 36 x^3 + 24 x^2 + 6 x + 1, r = p - 6 x^2."""

LOOP = 6 * X + 2

Line = tuple[Fp2, Fp2, Fp2]


class G1Point(NamedTuple):
    """(x / z, y / z); (0 : y : 0) at infinity, whose lines are elements of Fp2."""

    x: Symbol
    y: Symbol
    z: Symbol


class G2Point(NamedTuple):
    """On the twist y^2 = x^3 + 3 / xi, affine."""

    x: Fp2
    y: Fp2


class Running(NamedTuple):
    """The loop's multiple of Q, (x / z, y / z)."""

    x: Fp2
    y: Fp2
    z: Fp2


def double(t: Running) -> tuple[Running, Line]:
    """2 T and the tangent's line, before P goes into it: 22 products, two deep; where the processor
    saves products, 20.

    After Costello, Lange and Naehrig (eprint 2009/615) and Aranha et al. (2010/526), times xi^2,
    which leaves no product by 3 / xi: with B = xi y^2 and E = 9 z^2 it is
    x' = 2 xi x y (B - 3 E), y' = (B + 3 E)^2 - 12 E^2, z' = 8 xi B y z, and the line
    2 xi y z y_P - 3 xi x^2 x_P w + (B - E) w^3.
    """
    (xy, scale), (yz, _) = beside_squares(t.x, t.y), beside_squares(t.y, t.z)
    b, e = t.y.square().by_xi().computed(), t.z.square().times(9).computed()
    minus, plus = (b - e.times(3)).computed(), (b + e.times(3)).computed()
    doubled = computed([
        (xy * minus).computed().by_xi().computed().times(2 // scale),
        plus.square() - e.square().computed().times(12),
        (b * yz).computed().by_xi().computed().times(8 // scale)])
    return Running(*doubled), (yz.by_xi().computed().times(2 // scale),
                               -(t.x.square().computed().times(3)).computed().by_xi(), b - e)


def add_point(t: Running, q: G2Point) -> tuple[Running, Line]:
    """T + Q and the chord's line: with theta = y - y_Q z and lam = x - x_Q z it is
    lam y_P - theta x_P w + (theta x_Q - lam y_Q) w^3.

    49 products, three deep:
    x' = lam^2 (lam^2 - 2 lam x) + lam z theta^2,
    y' = lam^2 (3 theta x - theta lam - lam y) - theta z theta^2, z' = lam^2 lam z.
    Where the processor saves products, 37, four deep, as in the sources of `double`: with
    g = x lam^2 and h = lam^3 + z theta^2 - 2 g it is x' = lam h, y' = theta (g - h) - lam^3 y.
    """
    theta, lam = (t.y - q.y * t.z).computed(), (t.x - q.x * t.z).computed()
    c, d = theta.square().computed(), lam.square().computed()
    line = (lam, -theta, theta * q.x - lam * q.y)
    if lam.re.builder.saves_products:
        cube, g = (lam * d).computed(), (t.x * d).computed()
        h = (cube + (t.z * c).computed() - g.times(2)).computed()
        return Running(*computed([
            lam * h, theta * (g - h).computed() - cube * t.y, t.z * cube])), line
    lam_z, lam_x, lam_y = (lam * t.z).computed(), (lam * t.x).computed(), (lam * t.y).computed()
    theta_x, theta_z = (theta * t.x).computed(), (theta * t.z).computed()
    inner = (theta_x.times(3) - (theta * lam).computed() - lam_y).computed()
    added = computed([d * (d - lam_x.times(2)).computed() + lam_z * c,
                      d * inner - theta_z * c, d * lam_z])
    return Running(*added), line


def at(line: Line, p: G1Point) -> Line:
    """The line's value at P, times z: ``l0 y + l1 x w + l3 z w^3``."""
    l0, l1, l3 = line
    return (l0.computed().scaled(p.y), l1.computed().scaled(p.x), l3.computed().scaled(p.z))


def by_line(f: Fp12, line: Line) -> Fp12:
    """Twice ``f (l0 + l1 w + l3 w^3)``: 11 products of Fp2."""
    a, b = halves(f)
    l0, l1, l3 = line
    bl = computed(by_linear(b, [l1, l3]))
    al = [(part * l0).computed() for part in a]
    cross = by_linear(computed(add(a, b)), computed([l0 + l1, l3]))
    al = times(al, 2)
    return computed(joined(add(al, by_v(bl)), subtract(subtract(cross, al), bl)))


def line_product(builder: Builder, one: Line, other: Line) -> Fp12:
    """Two lines multiplied, off the chain of f: 6 products of Fp2."""
    (l0, l1, l3), (m0, m1, m3) = computed(one), computed(other)
    p0, p1, p3 = (l0 * m0).computed(), (l1 * m1).computed(), (l3 * m3).computed()
    return [*computed([
        p0 + p3.by_xi(), (l0 + l1) * (m0 + m1) - p0 - p1, p1,
        (l0 + l3) * (m0 + m3) - p0 - p3, (l1 + l3) * (m1 + m3) - p1 - p3]), zero(builder)]


def zero(builder: Builder) -> Fp2:
    return Fp2(builder.nothing(), builder.nothing())


def psi(builder: Builder, q: G2Point, k: int) -> G2Point:
    """psi^k Q: untwisted, raised to the power of p^k, twisted again."""
    x, y = (part.conjugate() if k & 1 else part for part in q)
    return G2Point(by_constant(builder, x, FROBENIUS[k][2]).computed(),
                   by_constant(builder, y, FROBENIUS[k][3]).computed())


class Stored(NamedTuple):
    """A pair whose Q is fixed: P, and the lines of Q in the order of their use, each the (slope,
    constant) of ``y - slope x w + constant w^3``, from the key."""

    p: G1Point
    lines: Iterator[tuple[Fp2, Fp2]]

    def line(self) -> Line:
        """The next line's value at P, times z."""
        slope, constant = next(self.lines)
        y = Fp2(self.p.y, zero(self.p.y.builder).re)
        return y, -slope.scaled(self.p.x), constant.scaled(self.p.z)


class Loop:
    """Miller's loop of one pair, and of `stored` ones with the same squares: `run` gives f, and
    leaves the multiple of Q in `running`."""

    def __init__(self, builder: Builder, p: G1Point, q: G2Point,
                 stored: Sequence[Stored] = ()) -> None:
        self.builder, self.p, self.q, self.stored = builder, p, q, stored
        one = Fp2(builder.constant(1), builder.nothing())
        self.running = Running(q.x, q.y, one)
        self.f: Fp12 | None = None

    def run(self) -> Fp12:
        digits = signed_digits(LOOP)[-2::-1]
        for digit in digits:
            if self.f is not None:
                self.f = scaled_square(self.f)
            steps = [self._double()]
            if digit:
                steps.append(self._add(self.q if digit > 0 else G2Point(self.q.x, -self.q.y)))
            self._multiply(steps)
        second = psi(self.builder, self.q, 2)
        self._multiply([self._add(psi(self.builder, self.q, 1)),
                        self._add(G2Point(second.x, -second.y))])
        assert self.f is not None
        return self.f

    def outside(self) -> Sequence[Fp2]:
        """Zero, zero and not zero if Q has order r: x and y by which the multiple at the end,
        [6x+2] Q + psi Q - psi^2 Q, differs from -psi^3 Q, and its z.

        That is enough: the norm of 6x + 2 + psi - psi^2 + psi^3 and the order of the twist have
        r alone in common; and a step that meets an exception of the formulas ends in z = 0.
        """
        third, (x, y, z) = psi(self.builder, self.q, 3), self.running
        return [*computed([x - third.x * z, y + third.y * z]), z]

    def _double(self) -> list[Line]:
        """The lines of a step, all pairs'."""
        self.running, line = double(self.running)
        return [at(line, self.p), *(pair.line() for pair in self.stored)]

    def _add(self, q: G2Point) -> list[Line]:
        self.running, line = add_point(self.running, q)
        return [at(line, self.p), *(pair.line() for pair in self.stored)]

    def _multiply(self, steps: list[list[Line]]) -> None:
        """f times the lines of these steps: of one pair, those of all steps at once, of several,
        those of each."""
        if self.stored:
            for lines in steps:
                self._multiply_together(lines)
        else:
            self._multiply_together([line for lines in steps for line in lines])

    def _multiply_together(self, lines: list[Line]) -> None:
        """f times lines, which are multiplied with each other first: that is off f's chain."""
        nothing = zero(self.builder)
        if len(lines) > 1:
            *others, one, two = lines
            found = line_product(self.builder, one, two)
            for line in others:
                found = by_line(found, line)
            self.f = found if self.f is None else product(self.f, found)
        elif self.f is None:
            l0, l1, l3 = lines[0]
            self.f = [l0, l1, nothing, l3, nothing, nothing]
        else:
            self.f = by_line(self.f, lines[0])

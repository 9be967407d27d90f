"""The final exponentiation, on symbols: f^(MULTIPLE (p^12 - 1) / r)."""

from proofmill.firmware.pairing.miller import X
from proofmill.firmware.pairing.tower import (
    SCALE,
    Fp2,
    Fp12,
    P,
    add,
    beside_squares,
    by_v,
    computed,
    conjugate,
    fp6_product,
    frobenius,
    halves,
    joined,
    product,
    subtract,
    times,
)
from proofmill.firmware.straight_line import Builder, Symbol, Term, signed_digits

MULTIPLE = 2 * X * (6 * X * X + 3 * X + 1)
"""What the exponent has more than (p^12 - 1) / r. It has no factor in common with r, so the values
are those of a pairing too: it is the usual one to this power."""


class Unit:
    """An element of the cyclotomic subgroup, the order of which is p^4 - p^2 + 1: `f` is `scale`
    times it, a known number."""

    def __init__(self, builder: Builder, f: Fp12, scale: int = 1) -> None:
        self.builder, self.f, self.scale = builder, f, scale

    def __mul__(self, other: "Unit") -> "Unit":
        return Unit(self.builder, product(self.f, other.f), self.scale * other.scale * SCALE % P)

    def inverse(self) -> "Unit":
        """The conjugate over Fp6."""
        return Unit(self.builder, conjugate(self.f), self.scale)

    def frobenius(self, k: int) -> "Unit":
        return Unit(self.builder, frobenius(self.builder, self.f, k), self.scale)

    def unscaled(self) -> "Unit":
        """The scale taken away: 12 products."""
        if self.scale == 1:
            return self
        factor = self.builder.constant(pow(self.scale, -1, P))
        return Unit(self.builder, [part.scaled(factor) for part in self.f])

    def square(self) -> "Unit":
        """By squares in Fp4 = Fp2[s], s = w^3, the conjugate there written ': for
        a + b w + c w^2 it is (3 a^2 - 2 a') + (3 s c^2 + 2 b') w + (3 b^2 - 2 c') w^2 (Granger and
        Scott, eprint 2009/565). 21 products; where the processor saves them their 18, which have
        one sum more after them."""
        f = self.unscaled().f
        (a1, scale), (b1, _), (c1, _) = (beside_squares(f[n], f[n + 3]) for n in range(3))
        six = 6 // scale
        a0, b0, c0 = (_even(f[n], f[n + 3], f[linear])
                      for n, linear in ((0, 0), (1, 2), (2, 4)))
        return Unit(self.builder, computed([
            a0, c1.by_xi().computed().times(six) + f[1].times(2),
            b0, a1.times(six) + f[3].times(2), c0, b1.times(six) + f[5].times(2)]))

    def power_of_x(self) -> "Unit":
        """To the power of X: 62 squares one after the other, and beside them, from the lowest digit
        on, what the digits other than 0 multiply."""
        found: Unit | None = None
        power = self.unscaled()
        digits = signed_digits(X)
        for n, digit in enumerate(digits):
            if digit:
                part = power if digit > 0 else power.inverse()
                found = part if found is None else found * part
            if n + 1 < len(digits):
                power = power.square()
        assert found is not None
        return found.unscaled()


def _halved(symbol: Symbol) -> Symbol:
    """Half of terms that are all doubled."""
    return Symbol(symbol.builder, (Term(node, shift - 1, negative)
                                   for node, shift, negative in symbol.terms))


def _even(x: Fp2, y: Fp2, linear: Fp2) -> Fp2:
    """``3 (x^2 + xi y^2) - 2 linear``, two sums deep after the products."""
    (p, q), (r, s) = x.square(), y.square()
    q, s = _halved(q), _halved(s)  # the products themselves, of which a square has twice
    return Fp2((p + r.times(9)).computed().times(3)
               - (s.times(6) + linear.re.times(2)).computed(),
               (q + s.times(9)).computed().times(6)
               + (r.times(3) - linear.im.times(2)).computed())


def final_exponentiation(builder: Builder, f: Fp12) -> Unit:
    """f^(MULTIPLE (p^12 - 1) / r), times a known scale."""
    return _hard(_easy(builder, computed(f)))


def _easy(builder: Builder, f: Fp12) -> Unit:
    """f^((p^6 - 1)(p^2 + 1)). With f = a + b w, N = a^2 - v b^2 in Fp6 and N N' = n in Fp it is
    f^(p^6 - 1) = (conjugate of f)^2 N' / n: one inversion in Fp."""
    a, b = halves(f)
    aa, bb = fp6_product(a, a), computed(fp6_product(b, b))
    n0, n1, n2 = computed(subtract(aa, by_v(bb)))  # SCALE N
    adjoint = computed([n0.square() - (n1 * n2).computed().by_xi(),
                        n2.square().computed().by_xi() - n0 * n1, n1.square() - n0 * n2])
    t = (n0 * adjoint[0] + (n2 * adjoint[1] + n1 * adjoint[2]).computed().by_xi()).computed()
    norm = (t.re * t.re + t.im * t.im).computed()
    inverse = builder.inverse(norm)
    # SCALE N times it is 1.
    inverted = [(part * t.conjugate()).computed().scaled(inverse).computed() for part in adjoint]
    ab = fp6_product(*halves(computed(conjugate(f))))
    squared = computed(joined(add(aa, by_v(bb)), times(ab, 2)))  # SCALE (conjugate of f)^2
    one, two = (fp6_product(part, inverted) for part in halves(squared))
    unit = Unit(builder, computed(joined(one, two)), SCALE)
    return unit.frobenius(2) * unit


def _hard(unit: Unit) -> Unit:
    """To the power of MULTIPLE (p^4 - p^2 + 1) / r, which is 12 x^3 + 12 x^2 + 6 x + 1
    + (12 x^3 + 6 x^2 + 4 x) p + (12 x^3 + 6 x^2 + 6 x) p^2 + (12 x^3 + 6 x^2 + 4 x - 1) p^3
    (Fuentes-Castaneda, Knapp and Rodriguez-Henriquez, SAC 2011; the sequence is Duquesne and
    Ghammam's, eprint 2015/192)."""
    unit = unit.unscaled()
    two_x = unit.power_of_x().square()
    six_x = (two_x * two_x.square()).unscaled()
    six_xx = six_x.power_of_x()
    third = six_xx.square().power_of_x() * (six_xx * six_x)  # 12 x^3 + 6 x^2 + 6 x
    second = third * two_x.inverse()                         # 12 x^3 + 6 x^2 + 4 x
    first = third * six_xx * unit
    last = (second * unit.inverse()).frobenius(3)
    return (first * second.frobenius(1)) * (third.frobenius(2) * last)

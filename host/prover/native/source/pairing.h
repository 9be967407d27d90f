// The optimal Ate pairing on BN254, on this processor alone, to check a proof before it is given out.
//
// Fp12 = Fp2[w] / (w^6 - xi), xi = 9 + u. The curve of G2 is the twist y^2 = x^3 + 3 / xi; (x, y) on it
// stands for (x w^2, y w^3) on y^2 = x^3 + 3 over Fp12.
#pragma once
#include "points.h"

namespace {

// z of the Barreto-Naehrig family: p and r are polynomials in it. The loop runs over 6 z + 2.
constexpr u64 BN_PARAMETER = 4965661367192848881u;
constexpr u128 ATE_LOOP = 6 * (u128)BN_PARAMETER + 2;

// c[0] + c[1] v + c[2] v^2, v^3 = xi.
struct Fp6 {
    Fp2 c[3];

    // xi a = (9 re - im) + (9 im + re) u.
    static Fp2 by_xi(const Fp2 &a) {
        Fp2 eight = Fp2::twice(Fp2::twice(Fp2::twice(a))), nine = Fp2::add(eight, a);
        return {Fp::sub(nine.re, a.im), Fp::add(nine.im, a.re)};
    }
    static Fp6 add(const Fp6 &a, const Fp6 &b) {
        return {{Fp2::add(a.c[0], b.c[0]), Fp2::add(a.c[1], b.c[1]), Fp2::add(a.c[2], b.c[2])}};
    }
    static Fp6 sub(const Fp6 &a, const Fp6 &b) {
        return {{Fp2::sub(a.c[0], b.c[0]), Fp2::sub(a.c[1], b.c[1]), Fp2::sub(a.c[2], b.c[2])}};
    }
    static Fp6 neg(const Fp6 &a) { return {{Fp2::neg(a.c[0]), Fp2::neg(a.c[1]), Fp2::neg(a.c[2])}}; }
    static Fp6 by_v(const Fp6 &a) { return {{by_xi(a.c[2]), a.c[0], a.c[1]}}; }
    // Karatsuba: six products.
    static NOINLINE Fp6 mul(const Fp6 &a, const Fp6 &b) {
        const Fp2 p0 = Fp2::mul(a.c[0], b.c[0]), p1 = Fp2::mul(a.c[1], b.c[1]), p2 = Fp2::mul(a.c[2], b.c[2]);
        auto cross = [&](int i, int j, const Fp2 &x, const Fp2 &y) {
            return Fp2::sub(Fp2::sub(Fp2::mul(Fp2::add(a.c[i], a.c[j]), Fp2::add(b.c[i], b.c[j])), x), y);
        };
        return {{Fp2::add(p0, by_xi(cross(1, 2, p1, p2))), Fp2::add(cross(0, 1, p0, p1), by_xi(p2)),
                 Fp2::add(cross(0, 2, p0, p2), p1)}};
    }
    // The norm of c0 + c1 v + c2 v^2 over Fp2 by its conjugates (Beuchat et al., ePrint 2010/354, algorithm 17).
    static Fp6 inverse(const Fp6 &a) {
        const Fp2 t0 = Fp2::sub(Fp2::sqr(a.c[0]), by_xi(Fp2::mul(a.c[1], a.c[2])));
        const Fp2 t1 = Fp2::sub(by_xi(Fp2::sqr(a.c[2])), Fp2::mul(a.c[0], a.c[1]));
        const Fp2 t2 = Fp2::sub(Fp2::sqr(a.c[1]), Fp2::mul(a.c[0], a.c[2]));
        const Fp2 norm = Fp2::add(Fp2::mul(a.c[0], t0),
                                  by_xi(Fp2::add(Fp2::mul(a.c[2], t1), Fp2::mul(a.c[1], t2))));
        const Fp2 factor = Fp2::inverse(norm);
        return {{Fp2::mul(t0, factor), Fp2::mul(t1, factor), Fp2::mul(t2, factor)}};
    }
};

// even + odd w, w^2 = v: the coefficients of w^0, w^2, w^4 and of w^1, w^3, w^5.
struct Fp12 {
    Fp6 even, odd;

    static Fp12 one() {
        Fp12 a;
        memset(&a, 0, sizeof a);
        a.even.c[0] = Fp2::one();
        return a;
    }
    bool is_one() const { const Fp12 unit = one(); return !memcmp(this, &unit, sizeof unit); }
    static NOINLINE Fp12 mul(const Fp12 &a, const Fp12 &b) {
        const Fp6 e = Fp6::mul(a.even, b.even), o = Fp6::mul(a.odd, b.odd);
        const Fp6 cross = Fp6::mul(Fp6::add(a.even, a.odd), Fp6::add(b.even, b.odd));
        return {Fp6::add(e, Fp6::by_v(o)), Fp6::sub(Fp6::sub(cross, e), o)};
    }
    // (e + o)(e + v o) = e^2 + v o^2 + (1 + v) e o.
    static NOINLINE Fp12 sqr(const Fp12 &a) {
        const Fp6 product = Fp6::mul(a.even, a.odd);
        const Fp6 t = Fp6::mul(Fp6::add(a.even, a.odd), Fp6::add(a.even, Fp6::by_v(a.odd)));
        return {Fp6::sub(Fp6::sub(t, product), Fp6::by_v(product)), Fp6::add(product, product)};
    }
    // a^(p^6); the inverse of what the final exponentiation has made unitary.
    static Fp12 conjugate(const Fp12 &a) { return {a.even, Fp6::neg(a.odd)}; }
    static Fp12 inverse(const Fp12 &a) {
        const Fp6 norm = Fp6::inverse(Fp6::sub(Fp6::mul(a.even, a.even), Fp6::by_v(Fp6::mul(a.odd, a.odd))));
        return {Fp6::mul(a.even, norm), Fp6::neg(Fp6::mul(a.odd, norm))};
    }
    Fp2 &coefficient(int power) { return power & 1 ? odd.c[power / 2] : even.c[power / 2]; }
    static Fp12 power(const Fp12 &base, u64 exponent) {
        Fp12 result = base;
        for (int bit = 62 - __builtin_clzll(exponent); bit >= 0; bit--) {
            result = sqr(result);
            if (exponent >> bit & 1) result = mul(result, base);
        }
        return result;
    }
};

class Pairing {
  public:
    Pairing() {
        // gamma = xi^((p - 1) / 6): w^p = gamma w.
        u64 exponent[4], remainder = 0;
        for (int i = 3; i >= 0; i--) {
            const u128 value = (u128)remainder << 64 | (BaseModulus::P[i] - (i == 0));
            exponent[i] = (u64)(value / 6);
            remainder = (u64)(value % 6);
        }
        Fp one = Fp::one(), nine = Fp::from_plain({{9, 0, 0, 0}});
        const Fp2 xi = {nine, one};
        Fp2 root = Fp2::one();
        for (int bit = 255; bit >= 0; bit--) {
            root = Fp2::sqr(root);
            if (exponent[bit / 64] >> (bit % 64) & 1) root = Fp2::mul(root, xi);
        }
        gamma_[0] = Fp2::one();
        for (int i = 1; i < 6; i++) gamma_[i] = Fp2::mul(gamma_[i - 1], root);
    }

    // Whether the product of e(g1[i], g2[i]) is 1; pairs with a point at infinity count as 1. The points
    // must be on their curves, those of G2 of order r: others give a wrong answer, nothing worse.
    bool product_is_one(const Affine<Fp> *g1, const Affine<Fp2> *g2, int count) const {
        return final_power(miller(g1, g2, count)).is_one();
    }

  private:
    static constexpr int MOST_PAIRS = 8;

    // For every pair, f times the line through t and q (the tangent if they are the same) at p, and t
    // becomes t + q. With slope s on the twist the line is y_p - s x_p w + (s x_t - y_t) w^3. All slopes
    // share one inversion (Montgomery's trick, see additions.h).
    static void step(Fp12 &f, Affine<Fp2> *t, const Affine<Fp2> *q, const Affine<Fp> *p, int pairs, bool tangent) {
        Fp2 above[MOST_PAIRS], below[MOST_PAIRS], before[MOST_PAIRS], product = Fp2::one();
        for (int i = 0; i < pairs; i++) {
            if (tangent) {
                const Fp2 square = Fp2::sqr(t[i].x);
                above[i] = Fp2::add(Fp2::twice(square), square);
                below[i] = Fp2::twice(t[i].y);
            } else {
                above[i] = Fp2::sub(q[i].y, t[i].y);
                below[i] = Fp2::sub(q[i].x, t[i].x);
            }
            before[i] = product;
            product = Fp2::mul(product, below[i]);
        }
        Fp2 inverse = Fp2::inverse(product);
        for (int i = pairs - 1; i >= 0; i--) {
            const Fp2 slope = Fp2::mul(above[i], Fp2::mul(inverse, before[i]));
            inverse = Fp2::mul(inverse, below[i]);
            by_line(f, p[i].y, Fp2::neg(Fp2::scale(slope, p[i].x)), Fp2::sub(Fp2::mul(slope, t[i].x), t[i].y));
            const Fp2 x = Fp2::sub(Fp2::sub(Fp2::sqr(slope), t[i].x), tangent ? t[i].x : q[i].x);
            t[i] = {x, Fp2::sub(Fp2::mul(slope, Fp2::sub(t[i].x, x)), t[i].y)};
        }
    }
    // f * (a + b w + c w^3) with a in Fp: (e + o w)(a + (b + c v) w).
    static void by_line(Fp12 &f, const Fp &a, const Fp2 &b, const Fp2 &c) {
        const Fp6 even = scale(f.even, a), odd = scale(f.odd, a);
        f = {Fp6::add(even, Fp6::by_v(by_two(f.odd, b, c))), Fp6::add(odd, by_two(f.even, b, c))};
    }
    static Fp6 scale(const Fp6 &a, const Fp &by) {
        return {{Fp2::scale(a.c[0], by), Fp2::scale(a.c[1], by), Fp2::scale(a.c[2], by)}};
    }
    // a (b + c v)
    static Fp6 by_two(const Fp6 &a, const Fp2 &b, const Fp2 &c) {
        return {{Fp2::add(Fp2::mul(a.c[0], b), Fp6::by_xi(Fp2::mul(a.c[2], c))),
                 Fp2::add(Fp2::mul(a.c[1], b), Fp2::mul(a.c[0], c)),
                 Fp2::add(Fp2::mul(a.c[2], b), Fp2::mul(a.c[1], c))}};
    }
    // The p-th power of a point, on the twist.
    Affine<Fp2> frobenius(const Affine<Fp2> &q) const {
        return {Fp2::mul(Fp2::conjugate(q.x), gamma_[2]), Fp2::mul(Fp2::conjugate(q.y), gamma_[3])};
    }
    Fp12 frobenius(const Fp12 &a) const {
        Fp12 r = a;
        for (int i = 0; i < 6; i++) r.coefficient(i) = Fp2::mul(Fp2::conjugate(r.coefficient(i)), gamma_[i]);
        return r;
    }

    // (F. Vercauteren, "Optimal pairings", ePrint 2008/096, section IV.B.)
    Fp12 miller(const Affine<Fp> *g1, const Affine<Fp2> *g2, int count) const {
        Affine<Fp> p[MOST_PAIRS];
        Affine<Fp2> q[MOST_PAIRS], t[MOST_PAIRS];
        int pairs = 0;
        for (int i = 0; i < count && pairs < MOST_PAIRS; i++) {
            if (g1[i].is_infinity() || g2[i].is_infinity()) continue;
            p[pairs] = g1[i];
            q[pairs] = t[pairs] = g2[i];
            pairs++;
        }
        Fp12 f = Fp12::one();
        for (int bit = 63; bit >= 0; bit--) {
            f = Fp12::sqr(f);
            step(f, t, t, p, pairs, true);
            if (ATE_LOOP >> bit & 1) step(f, t, q, p, pairs, false);
        }
        // To the power p, then to minus the power p^2.
        for (int i = 0; i < pairs; i++) q[i] = frobenius(q[i]);
        step(f, t, q, p, pairs, false);
        for (int i = 0; i < pairs; i++) {
            q[i] = frobenius(q[i]);
            q[i].y = Fp2::neg(q[i].y);
        }
        step(f, t, q, p, pairs, false);
        return f;
    }
    // f^(k (p^12 - 1) / r) with k prime to r: (p^6 - 1)(p^2 + 1), then L. Fuentes-Castaneda, E. Knapp,
    // F. Rodriguez-Henriquez, "Faster hashing to G2", SAC 2011, section 5: with
    // a = f^(12 z^3 + 6 z^2 + 6 z), b = a f^(-2z) it is a f^(6 z^2) f * b^p * a^(p^2) * (b f^-1)^(p^3).
    Fp12 final_power(const Fp12 &value) const {
        Fp12 f = Fp12::mul(Fp12::conjugate(value), Fp12::inverse(value));
        f = Fp12::mul(frobenius(frobenius(f)), f);
        const Fp12 two = Fp12::sqr(Fp12::power(f, BN_PARAMETER));
        const Fp12 six = Fp12::mul(Fp12::sqr(two), two);
        const Fp12 six_square = Fp12::power(six, BN_PARAMETER);
        const Fp12 twelve_cube = Fp12::sqr(Fp12::power(six_square, BN_PARAMETER));
        const Fp12 a = Fp12::mul(Fp12::mul(twelve_cube, six_square), six);
        const Fp12 b = Fp12::mul(a, Fp12::conjugate(two));
        Fp12 result = Fp12::mul(Fp12::mul(a, six_square), f);
        result = Fp12::mul(result, frobenius(b));
        result = Fp12::mul(result, frobenius(frobenius(a)));
        const Fp12 last = frobenius(frobenius(frobenius(Fp12::mul(b, Fp12::conjugate(f)))));
        return Fp12::mul(result, last);
    }

    Fp2 gamma_[6];
};

// y^2 = x^3 + 3, canonical coordinates, or infinity.
inline bool on_curve(const Affine<Fp> &p) {
    if (!p.x.is_canonical() || !p.y.is_canonical()) return false;
    if (p.is_infinity()) return true;
    return Fp::sqr(p.y) == Fp::add(Fp::mul(Fp::sqr(p.x), p.x), Fp::from_plain({{3, 0, 0, 0}}));
}
// xi y^2 = xi x^3 + 3, or infinity.
inline bool on_curve(const Affine<Fp2> &p) {
    if (!p.x.is_canonical() || !p.y.is_canonical()) return false;
    if (p.is_infinity()) return true;
    const Fp2 three = {Fp::from_plain({{3, 0, 0, 0}}), Fp::zero()};
    const Fp2 cube = Fp2::mul(Fp2::sqr(p.x), p.x);
    return Fp6::by_xi(Fp2::sub(Fp2::sqr(p.y), cube)) == three;
}
// On the curve, and r times the point is infinity.
inline bool in_group(const Affine<Fp2> &p) {
    if (!on_curve(p)) return false;
    return Point<Fp2>::times(Point<Fp2>::of(p), ScalarModulus::P).is_infinity();
}

// e(A, B) = e(alpha, beta) e(L, gamma) e(C, delta)?
struct VerifyingKey {
    Affine<Fp> alpha;
    Affine<Fp2> beta, gamma, delta;
};
inline bool is_valid(const VerifyingKey &key, const Affine<Fp> &signals, const Affine<Fp> &a, const Affine<Fp2> &b,
                     const Affine<Fp> &c) {
    if (!on_curve(a) || !in_group(b) || !on_curve(c)) return false;
    const Affine<Fp> g1[] = {{a.x, Fp::neg(a.y)}, key.alpha, signals, c};
    const Affine<Fp2> g2[] = {b, key.beta, key.gamma, key.delta};
    return Pairing().product_is_one(g1, g2, 4);
}

}  // namespace

// Single points of y^2 = x^3 + b: what is left once sums of many have become sums of few.
#pragma once
#include "field.h"

namespace {

// (x, y) as a .zkey stores it; (0, 0) is infinity, since b is not a square times 0.
template <class F> struct Affine {
    F x, y;
    static Affine infinity() { return {F::zero(), F::zero()}; }
    static Affine load(const void *address) { return read_as<Affine>(address); }
    bool is_infinity() const { return x.is_zero() && y.is_zero(); }
};

// x = X / ZZ, y = Y / ZZZ, ZZ^3 = ZZZ^2; ZZ = 0 is infinity.
//
// Formulas: Explicit-Formulas Database, short Weierstrass curves with a = 0, XYZZ coordinates,
// dbl-2008-s-1, madd-2008-s, add-2008-s (Sutherland).
template <class F> struct Point {
    F x, y, zz, zzz;

    static Point infinity() { return {F::zero(), F::zero(), F::zero(), F::zero()}; }
    static Point of(const Affine<F> &a) {
        return a.is_infinity() ? infinity() : Point{a.x, a.y, F::one(), F::one()};
    }
    bool is_infinity() const { return zz.is_zero(); }

    static NOINLINE Point twice(const Point &p) {
        if (p.is_infinity()) return p;
        F u = F::twice(p.y), v = F::sqr(u), w = F::mul(u, v), s = F::mul(p.x, v);
        F square = F::sqr(p.x), m = F::add(F::twice(square), square);
        F x = F::sub(F::sqr(m), F::twice(s));
        return {x, F::sub(F::mul(m, F::sub(s, x)), F::mul(w, p.y)), F::mul(v, p.zz), F::mul(w, p.zzz)};
    }
    static NOINLINE Point add(const Point &p, const Point &q) {
        if (q.is_infinity()) return p;
        if (p.is_infinity()) return q;
        F x1 = F::mul(p.x, q.zz), x2 = F::mul(q.x, p.zz);
        F y1 = F::mul(p.y, q.zzz), y2 = F::mul(q.y, p.zzz);
        F d = F::sub(x2, x1), r = F::sub(y2, y1);
        if (d.is_zero()) return r.is_zero() ? twice(p) : infinity();
        F dd = F::sqr(d), ddd = F::mul(d, dd), v = F::mul(x1, dd);
        F x = F::sub(F::sub(F::sqr(r), ddd), F::twice(v));
        return {x, F::sub(F::mul(r, F::sub(v, x)), F::mul(y1, ddd)),
                F::mul(F::mul(p.zz, q.zz), dd), F::mul(F::mul(p.zzz, q.zzz), ddd)};
    }
    static Point add(const Point &p, const Affine<F> &q) { return add(p, of(q)); }
    // scalar * p, four bits at a time; the scalar is a plain integer of 256 bits.
    static Point times(const Point &p, const u64 *scalar) {
        Point multiples[16];
        multiples[0] = infinity();
        for (int i = 1; i < 16; i++) multiples[i] = add(multiples[i - 1], p);
        Point total = infinity();
        for (int digit = 63; digit >= 0; digit--) {
            for (int i = 0; i < 4; i++) total = twice(total);
            total = add(total, multiples[scalar[digit / 16] >> (4 * (digit % 16)) & 15]);
        }
        return total;
    }
    static Affine<F> affine(const Point &p) {
        if (p.is_infinity()) return Affine<F>::infinity();
        F cube = F::inverse(p.zzz), one = F::mul(cube, p.zz);  // 1 / z^3, 1 / z
        return {F::mul(p.x, F::sqr(one)), F::mul(p.y, cube)};
    }
};

}  // namespace

// One element of a prime field at a time: as many words as its prime has, times 2^BITS (Montgomery form),
// BITS being 64 a word; canonical.
#pragma once
#include "modulus.h"

namespace {

template <class M> struct Field {
    static constexpr int WORDS = M::WORDS, BITS = 64 * WORDS;
    u64 v[WORDS];
    typedef M Modulus;
    typedef Words<WORDS> Number;
    // Whether 4 p < 2^BITS: only then may operands be sums that are not reduced.
    static constexpr bool ROOMY = M::P[WORDS - 1] >> 62 == 0;
    static constexpr u64 NEGATED_INVERSE = negated_inverse<M>();

    static INLINE Field zero() { return {}; }
    static INLINE Field of(const Number &n) {
        Field f;
        UNROLL for (int i = 0; i < WORDS; i++) f.v[i] = n.word[i];
        return f;
    }
    static INLINE Field one() { return of(PowerOfTwo<M, BITS>::value); }
    static INLINE Field load(const void *address) { return read_as<Field>(address); }
    INLINE bool is_zero() const {
        u64 any = 0;
        UNROLL for (int i = 0; i < WORDS; i++) any |= v[i];
        return any == 0;
    }
    INLINE bool operator==(const Field &o) const {
        u64 any = 0;
        UNROLL for (int i = 0; i < WORDS; i++) any |= v[i] ^ o.v[i];
        return any == 0;
    }
    bool is_canonical() const { return is_below<WORDS>(v, M::P); }

    // Below 2 p to below p.
    static INLINE Field subtract_once(const u64 *t) {
        Field less;
        Carry borrow = 0;
        UNROLL for (int i = 0; i < WORDS; i++) less.v[i] = chain_subtract(t[i], M::P[i], borrow);
        UNROLL for (int i = 0; i < WORDS; i++) less.v[i] = borrow ? t[i] : less.v[i];
        CHECK(less.is_canonical());
        return less;
    }
    static INLINE Field add(const Field &a, const Field &b) { return subtract_once(sum(a, b).v); }
    // a + b without reduction, below 2 p: an operand for one product.
    static INLINE Field sum(const Field &a, const Field &b) {
        Field t;
        Carry carry = 0;
        UNROLL for (int i = 0; i < WORDS; i++) t.v[i] = chain_add(a.v[i], b.v[i], carry);
        return t;
    }
    static INLINE Field twice(const Field &a) { return add(a, a); }
    static INLINE Field sub(const Field &a, const Field &b) {
        Field t;
        Carry borrow = 0, carry = 0;
        UNROLL for (int i = 0; i < WORDS; i++) t.v[i] = chain_subtract(a.v[i], b.v[i], borrow);
        u64 all = 0 - (u64)borrow;
        UNROLL for (int i = 0; i < WORDS; i++) t.v[i] = chain_add(t.v[i], M::P[i] & all, carry);
        return t;
    }
    static INLINE Field reduced(const Field &a) { return subtract_once(a.v); }
    static INLINE Field neg(const Field &a) { return sub(zero(), a); }

    // a b / 2^BITS, for a, b below 2 p where the prime is ROOMY, else canonical ones; canonical.
    //
    // Word by word (CIOS; Koc, Acar, Kaliski, IEEE Micro 16(3), 1996). The total stays below
    // a + p + 1 < 2^BITS, so no further word is needed; 4 p < 2^BITS, or a and b below p, make the result
    // less than 2 p.
    static INLINE Field mul(const Field &a, const Field &b) {
        CHECK(ROOMY || (a.is_canonical() && b.is_canonical()));
        u64 t[WORDS] = {};
        UNROLL for (int i = 0; i < WORDS; i++) {
            u128 x = (u128)a.v[0] * b.v[i] + t[0];
            u64 quotient = (u64)x * NEGATED_INVERSE;
            u128 y = (u128)quotient * M::P[0] + (u64)x;
            UNROLL for (int j = 1; j < WORDS; j++) {
                x = (u128)a.v[j] * b.v[i] + t[j] + (u64)(x >> 64);
                y = (u128)quotient * M::P[j] + (u64)x + (u64)(y >> 64);
                t[j - 1] = (u64)y;
            }
            t[WORDS - 1] = (u64)(x >> 64) + (u64)(y >> 64);
        }
        return subtract_once(t);
    }
    // (a b + c d) / 2^BITS, for canonical operands and a ROOMY prime; canonical.
    //
    // As `mul` with two rows at a time and one reduction: the total stays below a + c + p + 1 < 2^BITS, and
    // the result below 2 p^2 / 2^BITS + p < 2 p.
    static INLINE Field product_sum(const Field &a, const Field &b, const Field &c, const Field &d) {
        static_assert(ROOMY, "three times the prime has no room");
        CHECK(a.is_canonical() && b.is_canonical() && c.is_canonical() && d.is_canonical());
        u64 t[WORDS] = {};
        UNROLL for (int i = 0; i < WORDS; i++) {
            u128 x = (u128)a.v[0] * b.v[i] + t[0];
            u128 z = (u128)c.v[0] * d.v[i] + (u64)x;
            u64 quotient = (u64)z * NEGATED_INVERSE;
            u128 y = (u128)quotient * M::P[0] + (u64)z;
            UNROLL for (int j = 1; j < WORDS; j++) {
                x = (u128)a.v[j] * b.v[i] + t[j] + (u64)(x >> 64);
                z = (u128)c.v[j] * d.v[i] + (u64)x + (u64)(z >> 64);
                y = (u128)quotient * M::P[j] + (u64)z + (u64)(y >> 64);
                t[j - 1] = (u64)y;
            }
            t[WORDS - 1] = (u64)(x >> 64) + (u64)(z >> 64) + (u64)(y >> 64);
        }
        return subtract_once(t);
    }
    static INLINE Field sqr(const Field &a) { return mul(a, a); }
    static INLINE Field from_plain(const Field &a) {
        return mul(a, of(PowerOfTwo<M, 2 * BITS>::value));
    }
    static INLINE Field to_plain(const Field &a) { return mul(a, {{1}}); }

    static NOINLINE Field power(Field base, const u64 *exponent, int words) {
        Field result = one();
        for (int bit = 64 * words - 1; bit >= 0; bit--) {
            result = sqr(result);
            if (exponent[bit / 64] >> (bit % 64) & 1) result = mul(result, base);
        }
        return result;
    }
    static Field power(const Field &base, u64 exponent) { return power(base, &exponent, 1); }

    // 1 / a; 0 for 0. Not in constant time.
    //
    // Binary greatest common divisor, 31 steps at a time on the leading 33 and trailing 31 bits
    // (T. Pornin, "Optimized Binary GCD for Modular Inversion", ePrint 2020/972, section 3).
    static NOINLINE Field inverse(const Field &of_this) {
        if (of_this.is_zero()) return of_this;
        u64 a[WORDS], b[WORDS];
        memcpy(a, of_this.v, sizeof a);
        memcpy(b, M::P, sizeof b);
        Field u = {{1}}, v = zero();
        while (!is_zero_words(a, WORDS)) {
            Step step = thirty_one_steps(a, b);
            u64 next_a[WORDS], next_b[WORDS];
            if (combine(next_a, a, b, step.f0, step.g0)) { negate(next_a); step.f0 = -step.f0; step.g0 = -step.g0; }
            if (combine(next_b, a, b, step.f1, step.g1)) { negate(next_b); step.f1 = -step.f1; step.g1 = -step.g1; }
            memcpy(a, next_a, sizeof a);
            memcpy(b, next_b, sizeof b);
            Field next_u = combine_modulo(u, v, step.f0, step.g0);
            v = combine_modulo(u, v, step.f1, step.g1);
            u = next_u;
        }
        // v = 1 / (a 2^BITS) in plain form: twice times 2^BITS gives Montgomery form.
        Field square = of(PowerOfTwo<M, 2 * BITS>::value);
        return mul(mul(v, square), square);
    }

  private:
    struct Step { int64_t f0, g0, f1, g1; };

    static Step thirty_one_steps(const u64 *a, const u64 *b) {
        constexpr u64 LOW = ((u64)1 << 31) - 1;
        int top = WORDS - 1;
        while (top > 0 && !(a[top] | b[top])) top--;
        u64 x = a[0], y = b[0];
        if (top > 0) {
            int shift = __builtin_clzll(a[top] | b[top]);
            x = a[top] << shift | (shift ? a[top - 1] >> (64 - shift) : 0);
            y = b[top] << shift | (shift ? b[top - 1] >> (64 - shift) : 0);
            x = (x & ~LOW) | (a[0] & LOW);
            y = (y & ~LOW) | (b[0] & LOW);
        }
        Step s = {1, 0, 0, 1};
        for (int i = 0; i < 31; i++) {
            if (x & 1) {
                if (x < y) { exchange(x, y); exchange(s.f0, s.f1); exchange(s.g0, s.g1); }
                x -= y;
                s.f0 -= s.f1;
                s.g0 -= s.g1;
            }
            x >>= 1;
            s.f1 *= 2;
            s.g1 *= 2;
        }
        return s;
    }
    // An unsigned word times a signed factor of at most 32 bits.
    static INLINE i128 times(u64 word, int64_t factor) {
        i128 product = (i128)((u128)word * (u64)factor);
        return factor < 0 ? product - (i128)((u128)word << 64) : product;
    }
    // WORDS + 1 words of a f + b g, two's complement.
    static INLINE void linear(u64 *t, const u64 *a, const u64 *b, int64_t f, int64_t g) {
        i128 carry = 0;
        UNROLL for (int i = 0; i < WORDS; i++) {
            carry += times(a[i], f) + times(b[i], g);
            t[i] = (u64)carry;
            carry >>= 64;
        }
        t[WORDS] = (u64)carry;
    }
    static INLINE void shift_31(u64 *out, const u64 *t) {
        UNROLL for (int i = 0; i < WORDS; i++) out[i] = t[i] >> 31 | t[i + 1] << 33;
    }
    // out = (a f + b g) / 2^31, which is exact; answers whether it is negative.
    static INLINE bool combine(u64 *out, const u64 *a, const u64 *b, int64_t f, int64_t g) {
        u64 t[WORDS + 1];
        linear(t, a, b, f, g);
        CHECK((t[0] & 0x7fffffff) == 0);
        shift_31(out, t);
        return (int64_t)t[WORDS] < 0;
    }
    // (u f + v g) / 2^31 modulo p, canonical. |f| + |g| <= 2^31, so the sum is within one p of the
    // range, and the multiple of p that makes it divisible adds less than one p more.
    static INLINE Field combine_modulo(const Field &u, const Field &v, int64_t f, int64_t g) {
        u64 t[WORDS + 1];
        linear(t, u.v, v.v, f, g);
        u64 quotient = (t[0] * NEGATED_INVERSE) & 0x7fffffff;
        u128 carry = 0;
        UNROLL for (int i = 0; i < WORDS; i++) {
            carry += (u128)quotient * M::P[i] + t[i];
            t[i] = (u64)carry;
            carry >>= 64;
        }
        t[WORDS] += (u64)carry;
        Field r;
        shift_31(r.v, t);
        if ((int64_t)t[WORDS] < 0) {
            u64 c = 0;
            UNROLL for (int i = 0; i < WORDS; i++) r.v[i] = add_carry(r.v[i], M::P[i], c);
        }
        return subtract_once(r.v);
    }
    static INLINE void negate(u64 *a) {
        u64 borrow = 0;
        UNROLL for (int i = 0; i < WORDS; i++) a[i] = subtract_borrow(0, a[i], borrow);
    }
};

typedef Field<BaseModulus> Fp;
typedef Field<ScalarModulus> Fr;

// Fp2 = Fp[u] / (u^2 + 1): re + im u.
struct Fp2 {
    Fp re, im;
    static constexpr int WORDS = 2 * Fp::WORDS;

    static INLINE Fp2 zero() { return {Fp::zero(), Fp::zero()}; }
    static INLINE Fp2 one() { return {Fp::one(), Fp::zero()}; }
    static INLINE Fp2 load(const void *address) { return read_as<Fp2>(address); }
    INLINE bool is_zero() const { return re.is_zero() && im.is_zero(); }
    INLINE bool operator==(const Fp2 &o) const { return re == o.re && im == o.im; }
    bool is_canonical() const { return re.is_canonical() && im.is_canonical(); }
    static INLINE Fp2 add(const Fp2 &a, const Fp2 &b) { return {Fp::add(a.re, b.re), Fp::add(a.im, b.im)}; }
    static INLINE Fp2 twice(const Fp2 &a) { return add(a, a); }
    static INLINE Fp2 sub(const Fp2 &a, const Fp2 &b) { return {Fp::sub(a.re, b.re), Fp::sub(a.im, b.im)}; }
    static INLINE Fp2 reduced(const Fp2 &a) { return {Fp::reduced(a.re), Fp::reduced(a.im)}; }
    static INLINE Fp2 neg(const Fp2 &a) { return {Fp::neg(a.re), Fp::neg(a.im)}; }
    static INLINE Fp2 conjugate(const Fp2 &a) { return {a.re, Fp::neg(a.im)}; }
    static INLINE Fp2 scale(const Fp2 &a, const Fp &by) { return {Fp::mul(a.re, by), Fp::mul(a.im, by)}; }
    static NOINLINE Fp2 mul(const Fp2 &a, const Fp2 &b) {
        return {Fp::product_sum(a.re, b.re, a.im, Fp::neg(b.im)), Fp::product_sum(a.re, b.im, a.im, b.re)};
    }
    static NOINLINE Fp2 sqr(const Fp2 &a) {
        Fp product = Fp::mul(a.re, a.im);
        return {Fp::mul(Fp::sum(a.re, a.im), Fp::sub(a.re, a.im)), Fp::twice(product)};
    }
    static Fp2 inverse(const Fp2 &a) {
        Fp norm = Fp::inverse(Fp::add(Fp::sqr(a.re), Fp::sqr(a.im)));
        return {Fp::mul(a.re, norm), Fp::neg(Fp::mul(a.im, norm))};
    }
};

}  // namespace

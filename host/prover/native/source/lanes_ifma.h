// Eight elements of a prime field side by side on AVX-512 IFMA: 5 limbs of 52 bits.
//
// With PROOFMILL_EMULATE_IFMA the few instructions used here are computed in plain words, so that
// tests run this class on any processor.
#pragma once
#include "bounds.h"
#include "field.h"

#ifndef PROOFMILL_EMULATE_IFMA
#include <immintrin.h>
#endif

namespace {

constexpr u64 MASK_52 = ((u64)1 << 52) - 1;

#ifdef PROOFMILL_EMULATE_IFMA
struct Vector { u64 x[8]; };
#define EACH_LANE(value) Vector r; for (int l = 0; l < 8; l++) r.x[l] = (value); return r
INLINE Vector multiply_low(Vector c, Vector a, Vector b) { EACH_LANE(c.x[l] + (u64)((u128)(a.x[l] & MASK_52) * (b.x[l] & MASK_52) & MASK_52)); }
INLINE Vector multiply_high(Vector c, Vector a, Vector b) { EACH_LANE(c.x[l] + (u64)((u128)(a.x[l] & MASK_52) * (b.x[l] & MASK_52) >> 52)); }
INLINE Vector plus(Vector a, Vector b) { EACH_LANE(a.x[l] + b.x[l]); }
INLINE Vector minus(Vector a, Vector b) { EACH_LANE(a.x[l] - b.x[l]); }
INLINE Vector both(Vector a, Vector b) { EACH_LANE(a.x[l] & b.x[l]); }
INLINE Vector either(Vector a, Vector b) { EACH_LANE(a.x[l] | b.x[l]); }
template <int BITS> INLINE Vector right(Vector a) { EACH_LANE(a.x[l] >> BITS); }
template <int BITS> INLINE Vector left(Vector a) { EACH_LANE(a.x[l] << BITS); }
INLINE Vector signed_right_52(Vector a) { EACH_LANE((u64)((int64_t)a.x[l] >> 52)); }
INLINE Vector all(u64 value) { EACH_LANE(value); }
INLINE Vector choose(u32 lanes, Vector a, Vector b) { EACH_LANE(lanes >> l & 1 ? a.x[l] : b.x[l]); }
INLINE u32 equal(Vector a, Vector b) { u32 m = 0; for (int l = 0; l < 8; l++) m |= (u32)(a.x[l] == b.x[l]) << l; return m; }
INLINE Vector gather(const u64 *const *from, int word) { EACH_LANE(read_as<u64>(from[l] + word)); }
INLINE void scatter(u64 *const *to, int word, Vector a) { for (int l = 0; l < 8; l++) memcpy(to[l] + word, &a.x[l], 8); }
#else
typedef __m512i Vector;
INLINE Vector multiply_low(Vector c, Vector a, Vector b) { return _mm512_madd52lo_epu64(c, a, b); }
INLINE Vector multiply_high(Vector c, Vector a, Vector b) { return _mm512_madd52hi_epu64(c, a, b); }
INLINE Vector plus(Vector a, Vector b) { return _mm512_add_epi64(a, b); }
INLINE Vector minus(Vector a, Vector b) { return _mm512_sub_epi64(a, b); }
INLINE Vector both(Vector a, Vector b) { return _mm512_and_si512(a, b); }
INLINE Vector either(Vector a, Vector b) { return _mm512_or_si512(a, b); }
template <int BITS> INLINE Vector right(Vector a) { return _mm512_srli_epi64(a, BITS); }
template <int BITS> INLINE Vector left(Vector a) { return _mm512_slli_epi64(a, BITS); }
INLINE Vector signed_right_52(Vector a) { return _mm512_srai_epi64(a, 52); }
INLINE Vector all(u64 value) { return _mm512_set1_epi64((long long)value); }
INLINE Vector choose(u32 lanes, Vector a, Vector b) { return _mm512_mask_blend_epi64((__mmask8)lanes, b, a); }
INLINE u32 equal(Vector a, Vector b) { return _mm512_cmpeq_epi64_mask(a, b); }
INLINE Vector gather(const u64 *const *from, int word) { return _mm512_i64gather_epi64(_mm512_loadu_si512(from), (const void *)(sizeof(u64) * word), 1); }
INLINE void scatter(u64 *const *to, int word, Vector a) { _mm512_i64scatter_epi64((void *)(sizeof(u64) * word), _mm512_loadu_si512(to), a, 1); }
#endif

// An element v is kept as v * 2^260 modulo p where both operands of a product are. All limbs but the
// top one are below 2^52 at all times, the top one below 2^52 as well since values stay below 80 p.
template <class M> struct IfmaLanes {
    Vector v[5];
    CHECKED(u64 parts;)  // the value is at most parts * p / 1024

    typedef IfmaLanes V;
    typedef Field<M> Scalar;
    static constexpr int LANES = 8;
    static constexpr int RADIX_BITS = ifma::RADIX_BITS;

    static INLINE Vector limb(int position) { return all(limb_of(M::P, position, 52)); }

    // a b / 2^260 modulo p, a limb of b at a time; the high halves are summed on their own, which
    // makes two short chains of one long one.
    static INLINE V mul(const V &a, const V &b) {
        CHECKED(a.check(); b.check();)
        const Vector zero = all(0), inverse = all(negated_inverse<M>() & MASK_52);
        Vector t[5] = {zero, zero, zero, zero, zero};
        UNROLL for (int i = 0; i < 5; i++) {
            Vector high[5];
            UNROLL for (int j = 0; j < 5; j++) {
                t[j] = multiply_low(t[j], a.v[j], b.v[i]);
                high[j] = multiply_high(zero, a.v[j], b.v[i]);
            }
            reduce_row(t, high, inverse);
        }
        V r = settled(t);
        CHECKED(r.parts = ifma::PRODUCT_BASE * PARTS + a.parts * b.parts / (ifma::PRODUCT_SHRINK * PARTS) + 1; r.check();)
        return r;
    }
    static NOINLINE V product(const V &a, const V &b) { return mul(a, b); }
    // (a b + c d) / 2^260 modulo p, carried: `mul` with two rows at a time and one reduction.
    static NOINLINE V product_sum(const V &a, const V &b, const V &c, const V &d) {
        CHECKED(a.check(); b.check(); c.check(); d.check();)
        const Vector zero = all(0), inverse = all(negated_inverse<M>() & MASK_52);
        Vector t[5] = {zero, zero, zero, zero, zero};
        UNROLL for (int i = 0; i < 5; i++) {
            Vector high[5];
            UNROLL for (int j = 0; j < 5; j++) {
                t[j] = multiply_low(multiply_low(t[j], a.v[j], b.v[i]), c.v[j], d.v[i]);
                high[j] = multiply_high(multiply_high(zero, a.v[j], b.v[i]), c.v[j], d.v[i]);
            }
            reduce_row(t, high, inverse);
        }
        V r = settled(t);
        CHECKED(r.parts = ifma::PRODUCT_BASE * PARTS + (a.parts * b.parts + c.parts * d.parts) / (ifma::PRODUCT_SHRINK * PARTS) + 1;
                r.check();)
        return r;
    }
    static INLINE V sqr(const V &a) { return mul(a, a); }

    static INLINE V add(const V &a, const V &b) {
        Vector t[5];
        UNROLL for (int j = 0; j < 5; j++) t[j] = plus(a.v[j], b.v[j]);
        V r = settled(t);
        CHECKED(r.parts = a.parts + b.parts; r.check();)
        return r;
    }
    // a - b + 16 p.
    static INLINE V sub(const V &a, const V &b) {
        CHECK(b.parts <= ifma::DIFFERENCE * PARTS);
        Vector t[5];
        UNROLL for (int j = 0; j < 5; j++)
            t[j] = minus(plus(a.v[j], all(limb_of(M::P, j, 52) * ifma::DIFFERENCE)), b.v[j]);
        V r = settled(t);
        CHECKED(r.parts = a.parts + ifma::DIFFERENCE * PARTS; r.check();)
        return r;
    }
    // 4 p - a in the lanes of `lanes`, else a.
    static INLINE V negate_where(u32 lanes, const V &a) {
        CHECK(a.parts <= ifma::NEGATION * PARTS);
        Vector t[5];
        UNROLL for (int j = 0; j < 5; j++) t[j] = minus(all(limb_of(M::P, j, 52) * ifma::NEGATION), a.v[j]);
        V r = settled(t);
        CHECKED(r.parts = ifma::NEGATION * PARTS;)
        return select(lanes, r, a);
    }
    static INLINE V select(u32 lanes, const V &a, const V &b) {
        V r;
        UNROLL for (int j = 0; j < 5; j++) r.v[j] = choose(lanes, a.v[j], b.v[j]);
        CHECKED(r.parts = greatest(a.parts, b.parts); r.check();)
        return r;
    }
    static INLINE V carry(const V &a) { return a; }
    static INLINE V tidy(const V &a) { return reduce(a); }
    static INLINE V operand(const V &a) { return a; }
    static INLINE V subtrahend(const V &a) { return a; }

    // Below 1.01 p: as in lanes_avx2.h, the quotient estimated from the top limb, of 46 bits for p.
    static INLINE V reduce(const V &a) {
        CHECKED(a.check();)
        constexpr u64 ESTIMATE = (u64)(((u128)1 << 97) / ((M::P[3] >> 16) + 1));
        Vector quotient = right<45>(multiply_high(all(0), a.v[4], all(ESTIMATE)));
        Vector t[5];
        UNROLL for (int j = 0; j < 5; j++) {
            t[j] = minus(a.v[j], multiply_low(all(0), quotient, limb(j)));
            if (j) t[j] = minus(t[j], multiply_high(all(0), quotient, limb(j - 1)));
        }
        V r = settled(t);
        CHECKED(r.parts = REDUCED_PARTS; r.check();)
        return r;
    }
    static INLINE V canonical(const V &a) {
        V x = reduce(a);
        Vector t[5];
        UNROLL for (int j = 0; j < 5; j++) t[j] = minus(x.v[j], limb(j));
        V less = settled(t);
        u32 negative = equal(right<63>(less.v[4]), all(1));
        CHECKED(less.parts = PARTS; x.parts = PARTS;)
        V r;
        UNROLL for (int j = 0; j < 5; j++) r.v[j] = choose(negative, x.v[j], less.v[j]);
        CHECKED(r.parts = PARTS; r.check();)
        return r;
    }
    static INLINE V broadcast(const Number &n) {
        V r;
        UNROLL for (int j = 0; j < 5; j++) r.v[j] = all(limb_of(n.word, j, 52));
        CHECKED(r.parts = LOADED_PARTS;)
        return r;
    }
    static INLINE V one() { return broadcast(PowerOfTwo<M, RADIX_BITS>::value); }
    static INLINE V zero() { return broadcast(Number{{0, 0, 0, 0}}); }

    static INLINE V load(const u64 *const *from, int offset, u64 parts = PARTS) {
        Vector w0 = gather(from, offset), w1 = gather(from, offset + 1), w2 = gather(from, offset + 2),
               w3 = gather(from, offset + 3), mask = all(MASK_52);
        V r;
        r.v[0] = both(w0, mask);
        r.v[1] = both(either(right<52>(w0), left<12>(w1)), mask);
        r.v[2] = both(either(right<40>(w1), left<24>(w2)), mask);
        r.v[3] = both(either(right<28>(w2), left<36>(w3)), mask);
        r.v[4] = right<16>(w3);
        CHECKED(r.parts = parts; r.check();)
        (void)parts;
        return r;
    }
    INLINE void store(u64 *const *to, int offset) const {
        CHECKED(check(); CHECK(parts <= LOADED_PARTS);)
        scatter(to, offset, either(v[0], left<52>(v[1])));
        scatter(to, offset + 1, either(right<12>(v[1]), left<40>(v[2])));
        scatter(to, offset + 2, either(right<24>(v[2]), left<28>(v[3])));
        scatter(to, offset + 3, either(right<36>(v[3]), left<16>(v[4])));
    }
    static INLINE u32 alike(const V &a, const V &b) { return equal(a.v[0], b.v[0]); }
    static INLINE u32 near_zero(const V &a) { return equal(a.v[0], all(0)); }

  private:
    // A multiple of p that makes the lowest limb 0 modulo 2^52 is added, and that limb taken off.
    static INLINE void reduce_row(Vector *t, Vector *high, const Vector &inverse) {
        const Vector quotient = multiply_low(all(0), t[0], inverse);
        UNROLL for (int j = 0; j < 5; j++) {
            t[j] = multiply_low(t[j], quotient, limb(j));
            high[j] = multiply_high(high[j], quotient, limb(j));
        }
        const Vector carry = right<52>(t[0]);
        UNROLL for (int j = 0; j < 4; j++) t[j] = plus(t[j + 1], high[j]);
        t[4] = high[4];
        t[0] = plus(t[0], carry);
    }
    // Limbs below 2^52 from limbs of up to 63 bits and a sign.
    static INLINE V settled(const Vector *t) {
        V r;
        Vector carry = all(0), mask = all(MASK_52);
        UNROLL for (int j = 0; j < 5; j++) {
            Vector x = plus(t[j], carry);
            r.v[j] = j < 4 ? both(x, mask) : x;
            carry = signed_right_52(x);
        }
        return r;
    }
#ifdef PROOFMILL_CHECKED
    void check() const {
        CHECK(parts <= ifma::REDUCIBLE * PARTS);
        for (int j = 0; j < 5; j++) {
            u64 lane[8], *to[8];
            for (int l = 0; l < 8; l++) to[l] = &lane[l];
            scatter(to, 0, v[j]);
            u64 most = j < 4 ? MASK_52 : (u64)(((u128)(M::P[3] >> 16) + 1) * parts / PARTS) + 1;
            for (int l = 0; l < 8; l++) CHECK(lane[l] <= most);
        }
    }
#endif
};

template <class M> using Lanes = IfmaLanes<M>;

}  // namespace
